// The clients: COUNT requests over CONNECTIONS connections, each waiting for its answer, timed.
//   keep           the connections are opened and used once before "ready", and stay
//   client-closes  a connection a request; we send FIN after the answer and wait for the peer's
//   peer-closes    a connection a request; the peer sends FIN after the answer, then we close
#include "ends.h"

enum { HEAD_LIMIT = 4096, OPENING = 64, FAILED_LIMIT = 100 };

struct client {
  struct watched watched;
  long missing; // Bytes of the answer still to come; -1 while its head is not complete.
  double since;
  size_t headBytes;
  char head[HEAD_LIMIT]; // Only used while a head is split over reads, or looked at.
};

static char request[16384];
static size_t requestBytes;
static struct client *all;
static int opened, isKept, isClientClosing;
static long issued, done, failed;
static float *times;

static void receive(struct watched *self);

void load_init(const char *file) {
  FILE *stream = fopen(file, "r");
  if (!stream || !(requestBytes = fread(request, 1, sizeof request, stream))) die(file);
  fclose(stream);
}

static void send_request(struct client *c) {
  issued++;
  c->missing = -1;
  c->since = now();
  send(c->watched.fd, request, requestBytes, MSG_DONTWAIT);
}

static void connect_client(struct client *c) {
  double since = now();
  while ((c->watched.fd = connect_to(run.port)) < 0)
    if (++failed > FAILED_LIMIT) die("connect");
  c->watched.on = receive;
  watch(epoll, EPOLL_CTL_ADD, c->watched.fd, EPOLLIN, c);
  c->headBytes = 0;
  send_request(c);
  c->since = since; // The connect belongs to the answer's time.
}

static void disconnect(struct client *c) {
  if (c->watched.fd >= 0) close(c->watched.fd);
  c->watched.fd = -1;
}

static void reopen(struct client *c) {
  disconnect(c);
  if (run.isGoing && run.rate == 0 && issued < run.count) connect_client(c);
}

static void fail(struct client *c, const char *why) {
  if (++failed > FAILED_LIMIT) {
    fprintf(stderr, "too many failures, the last: %s\n", why);
    exit(1);
  }
  issued--;
  reopen(c);
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void open_more(void) {
  while (opened < run.connections && opened - done < OPENING) connect_client(&all[opened++]);
}

static void answered(struct client *c) {
  if (!run.isGoing) {
    if (++done == run.connections) report_ready();
    else open_more();
    return;
  }
  times[done++] = (now() - c->since) * 1e6;
  if (isClientClosing) shutdown(c->watched.fd, SHUT_WR);
  if (isKept && issued < run.count) send_request(c);
  if (done < run.count) return;
  qsort(times, done, sizeof *times, ascending);
  report_done(times[done / 2], times[(long)(done * 0.99)], failed);
}

/* Returns how many bytes of the answer are still to come, -1 while its head is not complete. */
static long missing_after_head(struct client *c, const char *bytes, size_t size) {
  size_t room = HEAD_LIMIT - 1 - c->headBytes, taken = size < room ? size : room;
  memcpy(c->head + c->headBytes, bytes, taken);
  c->head[c->headBytes + taken] = 0;
  char *end = strstr(c->head, "\r\n\r\n");
  if (!end) {
    c->headBytes += taken;
    return -1;
  }
  if (strncmp(c->head, "HTTP/1.1 200", 12)) die("an answer other than 200");
  char *length = strcasestr(c->head, "\r\ncontent-length:");
  if (!length || length > end) die("an answer without Content-Length");
  long whole = end + 4 - c->head + atol(length + 17);
  long missing = whole - (long)(c->headBytes + size);
  if (missing < 0) die("a longer answer than announced");
  c->headBytes = 0;
  return missing;
}

static void receive(struct watched *self) {
  static char bytes[65536];
  struct client *c = (struct client *)self;
  if (self->fd < 0) return; // Closed in this turn.
  ssize_t size = recv(self->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size < 0) return fail(c, strerror(errno));
  if (size == 0) return c->missing == 0 && !isKept ? reopen(c) : fail(c, "early end");
  if (c->missing == 0) return fail(c, "bytes after the answer");
  if (c->missing > 0) c->missing -= size;
  else c->missing = missing_after_head(c, bytes, size);
  if (c->missing == 0) answered(c);
}

void load_open(void) {
  free(all);
  free(times);
  all = calloc(run.connections, sizeof *all);
  times = calloc(run.count + 1, sizeof *times);
  opened = issued = done = failed = 0;
  isKept = !strcmp(run.mode, "keep");
  isClientClosing = !strcmp(run.mode, "client-closes");
  for (int i = 0; i < run.connections; i++) all[i].watched.fd = -1;
  if (isKept) open_more();
  else report_ready();
}

void load_go(void) {
  issued = done = 0;
  for (int i = 0; i < run.connections && issued < run.count && run.rate == 0; i++)
    if (isKept) send_request(&all[i]);
    else connect_client(&all[i]);
}

void load_pace(void) {
  static int next;
  if (run.rate == 0) return;
  double due = (now() - run.start) * run.rate;
  for (int tries = 0; issued < due && issued < run.count && tries < run.connections; tries++) {
    struct client *c = &all[next = (next + 1) % run.connections];
    if (c->watched.fd < 0) connect_client(c);
  }
}

void load_close(void) {
  for (int i = 0; i < run.connections; i++) disconnect(&all[i]);
}
