// Both ends of a proxy, in one process: the clients and the backend.
// usage: ends requests ANSWER_FILE (keep|close) REQUEST_FILE
//        ends bytes
//        ends lines
//
// One process that never sleeps while it measures: a packet to a sleeping process costs its *sender* an
// interrupt to another core. A proxy fast enough to keep its peers busy would not pay that, a slower one
// would pay it for every packet, and neither would with peers on other machines.
//
// Prints "listening PORT" (the backend's), then obeys lines on stdin:
//   open PORT CONNECTIONS COUNT MODE RATE   answered by "ready"
//   go                                      answered by "done COUNT SECONDS P50_US P99_US FAILED"
//   close                                   answered by "closed"
#include "ends.h"

enum { STUCK_SECONDS = 10 };

int epoll;
struct run run;

/* What clients and backend do. */
static const struct kind {
  const char *name;
  void (*adopt)(int fd);
  void (*open)(void);
  void (*go)(void);
  void (*pace)(void);
  void (*close)(void);
} kinds[] = {
    {"requests", answers_adopt, load_open, load_go, load_pace, load_close},
    {"bytes", source_adopt, bulk_open, bulk_go, NULL, bulk_close},
    {"lines", lines_adopt, lines_open, lines_go, NULL, lines_close},
};
static const struct kind *kind;

void report_ready(void) {
  run.isReady = 1;
  puts("ready");
  fflush(stdout);
}

void report_done(double p50, double p99, long failed) {
  printf("done %ld %.6f %.1f %.1f %ld\n", run.count, now() - run.start, p50, p99, failed);
  fflush(stdout);
  run.isGoing = 0;
  run.isDone = 1;
}

static void open_run(const char *line) {
  memset(&run, 0, sizeof run);
  if (sscanf(line, "open %d %d %ld %15s %lf", &run.port, &run.connections, &run.count, run.mode,
             &run.rate) != 5)
    die(line);
  kind->open();
}

static void obey(struct watched *self) {
  char line[128];
  ssize_t size = read(self->fd, line, sizeof line - 1);
  if (size <= 0) exit(0);
  line[size] = 0;
  if (*line == 'o') open_run(line);
  else if (*line == 'g') {
    run.isGoing = 1;
    run.start = now();
    kind->go();
  } else {
    kind->close();
    memset(&run, 0, sizeof run);
    puts("closed");
    fflush(stdout);
  }
}

static void adopt(struct watched *self) {
  for (int fd; (fd = accept4(self->fd, NULL, NULL, 0)) >= 0;)
    kind->adopt(fd);
}

static int turn(int timeoutMs) {
  struct epoll_event events[512];
  int ready = epoll_wait(epoll, events, 512, timeoutMs);
  for (int i = 0; i < ready; i++) {
    struct watched *w = events[i].data.ptr;
    w->on(w);
  }
  if (run.isGoing && kind->pace) kind->pace();
  return ready;
}

static void refuse_to_wait(double since) {
  if (now() - since < STUCK_SECONDS) return;
  fprintf(stderr, "nothing moved for %d s\n", STUCK_SECONDS);
  exit(1);
}

int main(int argc, char **argv) {
  for (const struct kind *each = kinds; argc > 1 && each < kinds + sizeof kinds / sizeof *kinds; each++)
    if (!strcmp(argv[1], each->name)) kind = each;
  int hasFiles = kind == kinds;
  if (!kind || argc != (hasFiles ? 5 : 2)) return fputs("see ends.c for its usage\n", stderr), 2;
  allow_many_files();
  epoll = epoll_create1(0);
  if (hasFiles) answers_init(argv[2], argv[3]), load_init(argv[4]);
  struct watched listener = {adopt, listen_on(0)}, orders = {obey, 0};
  watch(epoll, EPOLL_CTL_ADD, listener.fd, EPOLLIN, &listener);
  watch(epoll, EPOLL_CTL_ADD, orders.fd, EPOLLIN, &orders);
  double moved = now();
  for (long idle = 0;;) {
    int isOpening = run.port && !run.isReady;
    if (turn(run.isGoing ? 0 : isOpening ? 1000 : -1) || (!run.isGoing && !isOpening)) {
      moved = now();
      idle = 0;
    } else if (isOpening || ++idle % 1024 == 0) refuse_to_wait(moved);
  }
}
