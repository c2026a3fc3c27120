// The floor: a proxy that does nothing but copy bytes both ways with 64 KB buffers and pass each FIN on.
// usage: floor PORT BACKEND_PORT
#include "loopback.h"
#include <fcntl.h>

enum { BUFFER_BYTES = 65536 };

struct side {
  int fd, ended; // `ended`: this side sent FIN, and it was passed on.
  struct side *other;
  char *held; // What `other` sent and this side's kernel has not taken.
  size_t heldBytes;
  uint32_t watched;
};

static int epoll;
static char buffer[BUFFER_BYTES];

static void want(struct side *s) {
  uint32_t events = (s->ended || s->other->heldBytes ? 0 : EPOLLIN) | (s->heldBytes ? EPOLLOUT : 0);
  if (events == s->watched) return;
  s->watched = events;
  watch(epoll, EPOLL_CTL_MOD, s->fd, events, s);
}

static void finish(struct side *s) {
  struct side *other = s->other;
  close(s->fd), close(other->fd);
  free(s->held), free(other->held);
  s->fd = other->fd = -1; // Freed after this turn's events: one of them may name the other side.
}

static void flush_held(struct side *s) {
  ssize_t sent = send(s->fd, s->held, s->heldBytes, MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) return finish(s);
  if (sent > 0) memmove(s->held, s->held + sent, s->heldBytes -= sent);
  want(s), want(s->other);
}

static void copy(struct side *s) {
  struct side *to = s->other;
  ssize_t size = recv(s->fd, buffer, sizeof buffer, MSG_DONTWAIT), sent;
  if (size < 0 && errno == EAGAIN) return;
  if (size < 0) return finish(s);
  if (size == 0) {
    s->ended = 1;
    if (to->ended) return finish(s);
    shutdown(to->fd, SHUT_WR);
    return want(s);
  }
  if ((sent = send(to->fd, buffer, size, MSG_DONTWAIT)) == size) return;
  if (sent < 0 && errno != EAGAIN) return finish(s);
  if (sent < 0) sent = 0;
  if (!to->held) to->held = malloc(BUFFER_BYTES);
  memcpy(to->held, buffer + sent, to->heldBytes = size - sent);
  want(s), want(to);
}

static struct side *adopt(int client, int port) {
  struct side *pair = calloc(2, sizeof *pair);
  pair[0].other = &pair[1], pair[1].other = &pair[0];
  pair[0].fd = client, pair[1].fd = connect_to(port);
  if (pair[1].fd < 0) die("connect");
  int on = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (int i = 0; i < 2; i++) {
    pair[i].watched = EPOLLIN;
    watch(epoll, EPOLL_CTL_ADD, pair[i].fd, EPOLLIN, &pair[i]);
  }
  return pair;
}

static void turn(int listener, int port) {
  struct epoll_event events[512];
  struct side *gone[512];
  int ready = epoll_wait(epoll, events, 512, -1), goneCount = 0;
  for (int i = 0; i < ready; i++) {
    struct side *s = events[i].data.ptr;
    if (!s) {
      for (int fd; (fd = accept4(listener, NULL, NULL, 0)) >= 0;) adopt(fd, port);
      continue;
    }
    if (s->fd < 0) continue;
    if (s->heldBytes) flush_held(s);
    else copy(s);
    if (s->fd < 0) gone[goneCount++] = s < s->other ? s : s->other;
  }
  while (goneCount > 0) free(gone[--goneCount]);
}

int main(int argc, char **argv) {
  if (argc != 3) return fputs("usage: floor PORT BACKEND_PORT\n", stderr), 2;
  allow_many_files();
  epoll = epoll_create1(0);
  int listener = listen_on(atoi(argv[1])), port = atoi(argv[2]);
  watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
  for (;;) turn(listener, port);
}
