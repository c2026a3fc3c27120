// The backend of bulk transfers.
// "D<bytes>\n" asks for that many zero bytes; anything else is an upload, answered with its size at its FIN.
#include "loopback.h"

struct connection {
  int fd;
  long received, missing; // `missing`: zero bytes still to send.
};

static int epoll;
static char zeros[262144];

static void finish(struct connection *c) {
  close(c->fd);
  free(c);
}

static void supply(struct connection *c) {
  while (c->missing > 0) {
    size_t size = c->missing < (long)sizeof zeros ? (size_t)c->missing : sizeof zeros;
    ssize_t sent = send(c->fd, zeros, size, MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) return watch(epoll, EPOLL_CTL_MOD, c->fd, EPOLLOUT, c);
    if (sent < 0) return finish(c);
    c->missing -= sent;
  }
  shutdown(c->fd, SHUT_WR);
  watch(epoll, EPOLL_CTL_MOD, c->fd, EPOLLIN, c);
}

static void acknowledge(struct connection *c) {
  char text[32];
  int size = snprintf(text, sizeof text, "%ld\n", c->received);
  send(c->fd, text, size, MSG_DONTWAIT);
  finish(c);
}

static void take(struct connection *c) {
  char command[32] = "";
  if (c->received == 0) {
    ssize_t size = recv(c->fd, command, sizeof command - 1, MSG_PEEK | MSG_DONTWAIT);
    if (size > 0 && *command == 'D') {
      c->received = recv(c->fd, command, sizeof command - 1, MSG_DONTWAIT);
      c->missing = atol(command + 1);
      return supply(c);
    }
  }
  // MSG_TRUNC throws the bytes away without copying: the core is left to the others on it.
  ssize_t size = recv(c->fd, zeros, 1 << 20, MSG_TRUNC | MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size < 0) return finish(c);
  if (size == 0) return acknowledge(c);
  c->received += size;
}

int main(void) {
  allow_many_files();
  epoll = epoll_create1(0);
  int listener = listen_on(0);
  watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
  struct epoll_event events[64];
  for (;;) {
    int count = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < count; i++) {
      struct connection *c = events[i].data.ptr;
      if (c && c->missing > 0) supply(c);
      else if (c) take(c);
      else
        for (int fd; (fd = accept4(listener, NULL, NULL, 0)) >= 0;) {
          c = calloc(1, sizeof *c);
          c->fd = fd;
          watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, c);
        }
    }
  }
}
