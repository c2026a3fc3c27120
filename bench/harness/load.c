// Sends COUNT requests over CONNECTIONS connections, each waiting for its answer, and times them.
// usage: load PORT CONNECTIONS COUNT (keep|client-closes|peer-closes) REQUEST_FILE
//   keep           the connections are opened and used once before "ready", and stay
//   client-closes  a connection a request; we send FIN after the answer and wait for the peer's
//   peer-closes    a connection a request; the peer sends FIN after the answer, then we close
// Prints "ready", waits for a line, prints "done COUNT SECONDS P50_US P99_US FAILED".
#include "loopback.h"

enum { KEEP, CLIENT_CLOSES, PEER_CLOSES };
enum { HEAD_LIMIT = 4096, OPENING = 64, FAILED_LIMIT = 100 };

struct connection {
  int fd, ended;
  long missing; // Bytes of the answer still to come; -1 while its head is not complete.
  double since;
  size_t headBytes;
  char *head; // Only while a head is split over reads.
};

static int epoll, port, mode, counted;
static long issued, done, failed, count;
static char request[16384];
static size_t requestBytes;
static float *times;

static void send_request(struct connection *c) {
  issued++;
  c->missing = -1;
  c->since = now();
  send(c->fd, request, requestBytes, MSG_DONTWAIT);
}

static void open_connection(struct connection *c) {
  double since = now();
  while ((c->fd = connect_to(port)) < 0)
    if (++failed > FAILED_LIMIT) die("connect");
  watch(epoll, EPOLL_CTL_ADD, c->fd, EPOLLIN, c);
  c->ended = c->headBytes = 0;
  send_request(c);
  c->since = since; // The connect belongs to the answer's time.
}

static void reopen(struct connection *c) {
  close(c->fd);
  c->fd = -1;
  if (issued < count) open_connection(c);
}

static void fail(struct connection *c, const char *why) {
  if (++failed > FAILED_LIMIT) {
    fprintf(stderr, "too many failures, the last: %s\n", why);
    exit(1);
  }
  issued--;
  reopen(c);
}

static void answered(struct connection *c) {
  if (counted) times[done] = (now() - c->since) * 1e6;
  done++;
  if (mode == KEEP) {
    if (counted && issued < count) send_request(c);
  } else if (mode == CLIENT_CLOSES) shutdown(c->fd, SHUT_WR);
}

/* Returns how many bytes follow the head, or -1 when it is not complete. */
static long body_after_head(struct connection *c, char *bytes, size_t size) {
  if (!c->head) c->head = malloc(HEAD_LIMIT);
  size_t taken = size < HEAD_LIMIT - 1 - c->headBytes ? size : HEAD_LIMIT - 1 - c->headBytes;
  memcpy(c->head + c->headBytes, bytes, taken);
  c->head[c->headBytes + taken] = 0;
  char *end = strstr(c->head, "\r\n\r\n");
  if (!end) {
    c->headBytes += taken;
    return -1;
  }
  if (strncmp(c->head, "HTTP/1.1 200", 12)) {
    fprintf(stderr, "not a 200: %.60s\n", c->head);
    exit(1);
  }
  char *length = strcasestr(c->head, "\r\ncontent-length:");
  if (!length || length > end) die("an answer without Content-Length");
  long whole = end + 4 - c->head + atol(length + 17);
  long missing = whole - (long)(c->headBytes + size);
  c->headBytes = 0;
  return missing;
}

static void receive(struct connection *c) {
  static char bytes[65536];
  ssize_t size = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size < 0) return fail(c, strerror(errno));
  if (size == 0) return c->missing == 0 && mode != KEEP ? reopen(c) : fail(c, "early end");
  if (c->missing == 0) return fail(c, "bytes after the answer");
  if (c->missing > 0) c->missing -= size;
  else if ((c->missing = body_after_head(c, bytes, size)) == -1) return;
  if (c->missing == 0) answered(c);
  if (c->missing < -1) fail(c, "a longer answer than announced");
}

static void turn(void) {
  struct epoll_event events[512];
  int ready = epoll_wait(epoll, events, 512, 10000);
  if (ready == 0) {
    fprintf(stderr, "no answer for 10 s (%ld of %ld)\n", done, count);
    exit(1);
  }
  for (int i = 0; i < ready; i++) receive(events[i].data.ptr);
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void run(struct connection *all, int connections) {
  issued = done = 0;
  counted = 1;
  double start = now();
  for (int i = 0; i < connections && issued < count; i++)
    if (mode == KEEP) send_request(&all[i]);
    else open_connection(&all[i]);
  while (done < count) turn();
  double seconds = now() - start;
  qsort(times, count, sizeof *times, ascending);
  printf("done %ld %.6f %.1f %.1f %ld\n", count, seconds, times[count / 2],
         times[(long)(count * 0.99)], failed);
}

int main(int argc, char **argv) {
  if (argc != 6) return fputs("usage: load PORT CONNECTIONS COUNT MODE FILE\n", stderr), 2;
  port = atoi(argv[1]);
  int connections = atoi(argv[2]);
  long wanted = atol(argv[3]);
  mode = !strcmp(argv[4], "keep") ? KEEP : *argv[4] == 'c' ? CLIENT_CLOSES : PEER_CLOSES;
  FILE *file = fopen(argv[5], "r");
  if (!file || !(requestBytes = fread(request, 1, sizeof request, file))) die(argv[5]);
  allow_many_files();
  epoll = epoll_create1(0);
  times = calloc(wanted + 1, sizeof *times);
  struct connection *all = calloc(connections, sizeof *all);
  count = connections;
  for (int opened = 0; mode == KEEP && done < connections;) {
    while (opened < connections && opened - done < OPENING) open_connection(&all[opened++]);
    turn();
  }
  ready_and_wait_for_go();
  if ((count = wanted)) run(all, connections);
  hold_until_stdin_ends();
}
