// A cheap backend: every request head (no bodies) gets the same answer.
// usage: answers HEAD_AND_BODY_FILE (keep|close)
// `close` ends the connection after its first answer, as an HTTP/1.0 server does.
#include "loopback.h"

struct connection {
  int fd;
  char tail[3]; // A head's end may be split over two reads.
  const char *rest;
  size_t restBytes; // Of an answer the kernel did not take whole.
};

static char *answer;
static size_t answerBytes;
static int closing, epoll;

static void finish(struct connection *c) {
  close(c->fd);
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
  ssize_t sent = send(c->fd, c->rest, c->restBytes, MSG_DONTWAIT);
  if (sent > 0) c->rest += sent, c->restBytes -= sent;
  if (sent < 0 && errno != EAGAIN) return finish(c);
  if (c->restBytes == 0) watch(epoll, EPOLL_CTL_MOD, c->fd, EPOLLIN, c);
}

static void serve(struct connection *c) {
  static char room[65536 + 3];
  char *bytes = room + 3;
  if (c->restBytes) return write_rest(c);
  ssize_t size = recv(c->fd, bytes, sizeof room - 3, MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) return finish(c);
  for (int heads = count_heads(c, bytes, size); heads > 0; heads--) {
    ssize_t sent = send(c->fd, answer, answerBytes, MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) return finish(c);
    if (sent < 0) sent = 0;
    if ((size_t)sent < answerBytes) { // The clients never pipeline, so this was the last one.
      c->rest = answer + sent, c->restBytes = answerBytes - sent;
      return watch(epoll, EPOLL_CTL_MOD, c->fd, EPOLLOUT, c);
    }
    if (closing) shutdown(c->fd, SHUT_WR); // The client's FIN closes it; see recv above.
  }
}

static void load_answer(const char *path) {
  FILE *file = fopen(path, "r");
  answer = malloc(1 << 20);
  if (!file || !(answerBytes = fread(answer, 1, 1 << 20, file))) die(path);
  fclose(file);
}

int main(int argc, char **argv) {
  if (argc != 3) return fputs("usage: answers FILE keep|close\n", stderr), 2;
  load_answer(argv[1]);
  closing = !strcmp(argv[2], "close");
  allow_many_files();
  epoll = epoll_create1(0);
  int listener = listen_on(0), on = 1;
  watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
  struct epoll_event events[512];
  for (;;) {
    int count = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr) {
        serve(events[i].data.ptr);
        continue;
      }
      for (int fd; (fd = accept4(listener, NULL, NULL, 0)) >= 0;) {
        struct connection *c = calloc(1, sizeof *c);
        c->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, c);
      }
    }
  }
}
