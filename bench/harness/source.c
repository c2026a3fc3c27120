// The backend of bulk transfers.
// "D<bytes>\n" asks for that many zero bytes; anything else is an upload, answered with its size at its FIN.
#include "ends.h"

struct connection {
  struct watched watched;
  long received, missing; // `missing`: zero bytes still to send.
};

static char zeros[262144];

static void finish(struct connection *c) {
  close(c->watched.fd);
  free(c);
}

static void supply(struct connection *c) {
  // One piece a turn: the clients are served by the same process.
  size_t size = c->missing < (long)sizeof zeros ? (size_t)c->missing : sizeof zeros;
  ssize_t sent = send(c->watched.fd, zeros, size, MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) return finish(c);
  if (sent > 0) c->missing -= sent;
  if (c->missing > 0) return;
  shutdown(c->watched.fd, SHUT_WR);
  watch(epoll, EPOLL_CTL_MOD, c->watched.fd, EPOLLIN, c);
}

static void acknowledge(struct connection *c) {
  char text[32];
  int size = snprintf(text, sizeof text, "%ld\n", c->received);
  send(c->watched.fd, text, size, MSG_DONTWAIT);
  finish(c);
}

static void take(struct watched *self) {
  struct connection *c = (struct connection *)self;
  char command[32] = "";
  if (c->missing > 0) return supply(c);
  if (c->received == 0 &&
      recv(self->fd, command, sizeof command - 1, MSG_PEEK | MSG_DONTWAIT) > 0 && *command == 'D') {
    c->received = recv(self->fd, command, sizeof command - 1, MSG_DONTWAIT);
    c->missing = atol(command + 1);
    return watch(epoll, EPOLL_CTL_MOD, self->fd, EPOLLOUT, c);
  }
  // MSG_TRUNC throws the bytes away without copying: the core is left to the others on it.
  ssize_t size = recv(self->fd, zeros, 1 << 20, MSG_TRUNC | MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size < 0) return finish(c);
  if (size == 0) return acknowledge(c);
  c->received += size;
}

void source_adopt(int fd) {
  struct connection *c = calloc(1, sizeof *c);
  c->watched = (struct watched){take, fd};
  watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, c);
}
