// Clients and backend of mode lines: COUNT JSON-RPC messages, each client keeping MODE of them outstanding.
// Every answer is checked against the message it belongs to; none may be missing, doubled or wrong.
#include "ends.h"

enum { PART = 256, BATCH = 65536, DEPTH_MAX = 256 };

/* Bytes of a line that is not complete, and bytes that the kernel has not taken yet. */
struct side {
  struct watched watched;
  char part[PART];
  size_t partBytes;
  char *held;
  size_t heldBytes;
};

struct client {
  struct side side;
  long expected[DEPTH_MAX]; // By place: the id whose answer is to come, 0 for none.
  double since[DEPTH_MAX];
};

static struct client *all;
static int depth;
static long issued, done;
static float *times;

static char out[BATCH];
static size_t outBytes;

static void flush_to(struct side *s) {
  ssize_t sent = s->heldBytes ? 0 : send(s->watched.fd, out, outBytes, MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) die("send");
  if (sent < 0) sent = 0;
  if ((size_t)sent < outBytes) {
    s->held = realloc(s->held, s->heldBytes + outBytes - sent);
    memcpy(s->held + s->heldBytes, out + sent, outBytes - sent);
    s->heldBytes += outBytes - sent;
    watch(epoll, EPOLL_CTL_MOD, s->watched.fd, EPOLLIN | EPOLLOUT, s);
  }
  outBytes = 0;
}

static void flush_held(struct side *s) {
  ssize_t sent = send(s->watched.fd, s->held, s->heldBytes, MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) die("send");
  if (sent > 0) memmove(s->held, s->held + sent, s->heldBytes -= sent);
  if (s->heldBytes == 0) watch(epoll, EPOLL_CTL_MOD, s->watched.fd, EPOLLIN, s);
}

/* Calls `take` with the id of each line. Returns 0 when the peer has ended. */
static int read_ids(struct side *s, void (*take)(struct side *s, long id)) {
  static char room[PART + BATCH + 1];
  char *bytes = room + PART, *end, *from = bytes - s->partBytes, *stop;
  if (s->heldBytes) flush_held(s);
  ssize_t size = recv(s->watched.fd, bytes, BATCH, MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return 1;
  if (size <= 0) return 0;
  memcpy(from, s->part, s->partBytes);
  end = bytes + size;
  *end = 0;
  while ((stop = memchr(from, '\n', end - from))) {
    *stop = 0;
    char *id = strstr(from, "\"id\":");
    if (!id) die(from);
    take(s, atol(id + 5));
    from = stop + 1;
  }
  s->partBytes = end - from;
  if (s->partBytes > PART) die("a line too long");
  memcpy(s->part, from, s->partBytes);
  return 1;
}

/* The backend */

static void answer(struct side *s, long id) {
  const char *form = "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":{\"value\":\"7\",\"worker\":\"one\"}}\n";
  outBytes += sprintf(out + outBytes, form, id);
  if (outBytes > BATCH - PART) flush_to(s);
}

static void serve(struct watched *self) {
  struct side *s = (struct side *)self;
  if (!read_ids(s, answer)) {
    close(self->fd);
    free(s->held);
    free(s);
    return;
  }
  if (outBytes) flush_to(s);
}

void lines_adopt(int fd) {
  struct side *s = calloc(1, sizeof *s);
  s->watched = (struct watched){serve, fd};
  no_delay(fd);
  watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, s);
}

/* The clients */

static void ask(struct client *c, int place) {
  const char *form = "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"sum\",\"params\":[\"3\",\"4\"]}\n";
  long id = ++issued * DEPTH_MAX + place;
  c->expected[place] = id;
  c->since[place] = now();
  outBytes += sprintf(out + outBytes, form, id);
  if (outBytes > BATCH - PART) flush_to(&c->side);
}

static int ascending(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void take(struct side *s, long id) {
  struct client *c = (struct client *)s;
  int place = id % DEPTH_MAX;
  if (id <= 0 || c->expected[place] != id) die("an answer nobody waits for");
  c->expected[place] = 0;
  if (!run.isGoing) {
    if (++done == run.connections) report_ready();
    return;
  }
  times[done++] = (now() - c->since[place]) * 1e6;
  if (issued < run.count) ask(c, place);
  if (done < run.count) return;
  qsort(times, done, sizeof *times, ascending);
  report_done(times[done / 2], times[(long)(done * 0.99)], 0);
}

static void receive(struct watched *self) {
  struct side *s = (struct side *)self;
  if (!read_ids(s, take)) die("early end");
  if (outBytes) flush_to(s);
}

void lines_open(void) {
  free(all);
  free(times);
  all = calloc(run.connections, sizeof *all);
  times = calloc(run.count + 1, sizeof *times);
  depth = atoi(run.mode);
  issued = done = 0;
  if (depth < 1 || depth > DEPTH_MAX) die("MODE is how many are outstanding");
  for (int i = 0; i < run.connections; i++) {
    struct side *s = &all[i].side;
    s->watched = (struct watched){receive, connect_to(run.port)};
    if (s->watched.fd < 0) die("connect");
    watch(epoll, EPOLL_CTL_ADD, s->watched.fd, EPOLLIN, s);
    ask(&all[i], 0);
    flush_to(s);
  }
}

void lines_go(void) {
  issued = done = 0;
  for (int i = 0; i < run.connections; i++) {
    for (int place = 0; place < depth && issued < run.count; place++) ask(&all[i], place);
    flush_to(&all[i].side);
  }
}

void lines_close(void) {
  for (int i = 0; i < run.connections; i++) {
    close(all[i].side.watched.fd);
    free(all[i].side.held);
  }
}
