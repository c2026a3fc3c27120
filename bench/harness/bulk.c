// The clients of bulk transfers: COUNT bytes in all, `download` or `upload`, every one accounted for.
#include "ends.h"

struct client {
  struct watched watched;
  long missing;
  char answer[32]; // Of an upload: the size the backend saw.
  size_t answerBytes;
};

static char zeros[262144];
static struct client *all;
static long each;
static int isUploading, openCount;

static void finish(struct client *c) {
  if (isUploading ? atol(c->answer) != each : c->missing != 0) {
    fprintf(stderr, "%ld bytes missing, the backend said '%s'\n", c->missing, c->answer);
    exit(1);
  }
  close(c->watched.fd);
  c->watched.fd = -1;
  if (--openCount == 0) report_done(0, 0, 0);
}

static void download(struct watched *self) {
  struct client *c = (struct client *)self;
  ssize_t size = recv(self->fd, zeros, 1 << 20, MSG_TRUNC | MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size < 0) die("download");
  c->missing -= size;
  if (size == 0) finish(c);
}

static void hear(struct client *c) {
  size_t room = sizeof c->answer - 1 - c->answerBytes;
  ssize_t size = recv(c->watched.fd, c->answer + c->answerBytes, room, MSG_DONTWAIT);
  if (size > 0) c->answerBytes += size;
  if (size < 0 && errno != EAGAIN) die("upload's answer");
  if (size == 0) finish(c);
}

static void upload(struct watched *self) {
  struct client *c = (struct client *)self;
  if (c->missing == 0) return hear(c);
  size_t size = c->missing < (long)sizeof zeros ? (size_t)c->missing : sizeof zeros;
  ssize_t sent = send(self->fd, zeros, size, MSG_DONTWAIT);
  if (sent < 0 && errno == EAGAIN) return;
  if (sent < 0) die("upload");
  if ((c->missing -= sent) > 0) return;
  shutdown(self->fd, SHUT_WR);
  watch(epoll, EPOLL_CTL_MOD, self->fd, EPOLLIN, c);
}

void bulk_open(void) {
  isUploading = !strcmp(run.mode, "upload");
  each = run.count / run.connections;
  run.count = each * run.connections;
  free(all);
  all = calloc(run.connections, sizeof *all);
  openCount = run.connections;
  for (int i = 0; i < run.connections; i++) {
    int fd = connect_to(run.port);
    if (fd < 0) die("connect");
    all[i] = (struct client){.watched = {isUploading ? upload : download, fd}, .missing = each};
  }
  report_ready();
}

void bulk_go(void) {
  char command[32];
  int size = snprintf(command, sizeof command, "D%ld\n", each);
  for (int i = 0; i < run.connections; i++) {
    struct client *c = &all[i];
    if (!isUploading) send(c->watched.fd, command, size, 0);
    watch(epoll, EPOLL_CTL_ADD, c->watched.fd, isUploading ? EPOLLOUT : EPOLLIN, c);
  }
}

void bulk_close(void) {
  for (int i = 0; i < run.connections; i++)
    if (all[i].watched.fd >= 0) close(all[i].watched.fd);
}
