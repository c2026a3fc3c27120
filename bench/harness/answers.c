// A cheap backend: every request head (no bodies) gets the same answer.
// With `close` it ends the connection after its first answer, as an HTTP/1.0 server does.
#include "ends.h"

struct connection {
  struct watched watched;
  char tail[3]; // A head's end may be split over two reads.
  const char *rest;
  size_t restBytes; // Of an answer the kernel did not take whole.
};

static char *answer;
static size_t answerBytes;
static int isClosing;

static void finish(struct connection *c) {
  close(c->watched.fd);
  free(c);
}

static int count_heads(struct connection *c, char *bytes, size_t size) {
  int heads = 0;
  memcpy(bytes - 3, c->tail, 3);
  char *at = bytes - 3, *end = bytes + size, *hit;
  while ((hit = memmem(at, end - at, "\r\n\r\n", 4))) heads++, at = hit + 4;
  if (at == end) memset(c->tail, 0, 3);
  else memcpy(c->tail, end - 3, 3);
  return heads;
}

static void write_rest(struct connection *c) {
  ssize_t sent = send(c->watched.fd, c->rest, c->restBytes, MSG_DONTWAIT);
  if (sent > 0) c->rest += sent, c->restBytes -= sent;
  if (sent < 0 && errno != EAGAIN) return finish(c);
  if (c->restBytes == 0) watch(epoll, EPOLL_CTL_MOD, c->watched.fd, EPOLLIN, c);
}

static void serve(struct watched *self) {
  static char room[65536 + 3];
  struct connection *c = (struct connection *)self;
  char *bytes = room + 3;
  if (c->restBytes) return write_rest(c);
  ssize_t size = recv(self->fd, bytes, sizeof room - 3, MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) return finish(c);
  for (int heads = count_heads(c, bytes, size); heads > 0; heads--) {
    ssize_t sent = send(self->fd, answer, answerBytes, MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return finish(c);
    if (sent < 0) sent = 0;
    if ((size_t)sent < answerBytes) { // The clients never pipeline, so this was the last one.
      c->rest = answer + sent, c->restBytes = answerBytes - sent;
      return watch(epoll, EPOLL_CTL_MOD, self->fd, EPOLLOUT, c);
    }
    if (isClosing) shutdown(self->fd, SHUT_WR); // The peer's FIN closes it; see recv above.
  }
}

void answers_adopt(int fd) {
  struct connection *c = calloc(1, sizeof *c);
  c->watched = (struct watched){serve, fd};
  no_delay(fd);
  watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, c);
}

void answers_init(const char *file, const char *ends) {
  FILE *stream = fopen(file, "r");
  answer = malloc(1 << 20);
  if (!stream || !(answerBytes = fread(answer, 1, 1 << 20, stream))) die(file);
  fclose(stream);
  isClosing = !strcmp(ends, "close");
}
