// Moves BYTES in all over CONNECTIONS connections and checks that every one of them arrived.
// usage: bulk PORT CONNECTIONS BYTES (download|upload)
// Prints "ready", waits for a line, prints "done BYTES SECONDS 0 0 0".
#include "loopback.h"

struct connection {
  int fd;
  long missing;
  char answer[32]; // Of an upload: the size the backend saw.
  size_t answerBytes;
};

static int epoll, uploading, open_count;
static char zeros[262144];

static void finish(struct connection *c) {
  if (uploading ? atol(c->answer) != c->missing : c->missing != 0) {
    fprintf(stderr, "%ld bytes missing, the backend said '%s'\n", c->missing, c->answer);
    exit(1);
  }
  close(c->fd);
  open_count--;
}

static void download(struct connection *c) {
  ssize_t size = recv(c->fd, zeros, 1 << 20, MSG_TRUNC | MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size < 0) die("download");
  c->missing -= size;
  if (size == 0) finish(c);
}

static void upload(struct connection *c, long each) {
  while (c->missing > 0) {
    size_t size = c->missing < (long)sizeof zeros ? (size_t)c->missing : sizeof zeros;
    ssize_t sent = send(c->fd, zeros, size, MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) die("upload");
    if ((c->missing -= sent) > 0) continue;
    shutdown(c->fd, SHUT_WR);
    watch(epoll, EPOLL_CTL_MOD, c->fd, EPOLLIN, c);
    return;
  }
  size_t room = sizeof c->answer - 1 - c->answerBytes;
  ssize_t size = recv(c->fd, c->answer + c->answerBytes, room, MSG_DONTWAIT);
  if (size > 0) c->answerBytes += size;
  if (size < 0 && errno != EAGAIN) die("upload's answer");
  if (size != 0) return;
  c->missing = each;
  finish(c);
}

int main(int argc, char **argv) {
  if (argc != 5) return fputs("usage: bulk PORT CONNECTIONS BYTES MODE\n", stderr), 2;
  int connections = atoi(argv[2]);
  long each = atol(argv[3]) / connections;
  uploading = !strcmp(argv[4], "upload");
  allow_many_files();
  epoll = epoll_create1(0);
  struct connection *all = calloc(connections, sizeof *all);
  for (int i = 0; i < connections; i++, open_count++) {
    if ((all[i].fd = connect_to(atoi(argv[1]))) < 0) die("connect");
    all[i].missing = each;
    watch(epoll, EPOLL_CTL_ADD, all[i].fd, uploading ? EPOLLOUT : EPOLLIN, &all[i]);
  }
  ready_and_wait_for_go();
  double start = now();
  char command[32];
  int size = snprintf(command, sizeof command, "D%ld\n", each);
  for (int i = 0; i < connections && !uploading; i++) send(all[i].fd, command, size, 0);
  struct epoll_event events[64];
  while (open_count > 0) {
    int count = epoll_wait(epoll, events, 64, 10000);
    if (count == 0) return fputs("no byte moved for 10 s\n", stderr), 1;
    for (int i = 0; i < count; i++)
      if (uploading) upload(events[i].data.ptr, each);
      else download(events[i].data.ptr);
  }
  printf("done %ld %.6f 0 0 0\n", each * connections, now() - start);
  hold_until_stdin_ends();
}
