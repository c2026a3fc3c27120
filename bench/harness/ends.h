// Both ends of a proxy in one process: the clients and the backend. See ends.c.
#include "loopback.h"

extern int epoll;

/* One run of the clients, as `open` asks for it. */
struct run {
  int port, connections;
  long count;    // Requests, bytes or messages.
  char mode[16]; // See load.c, bulk.c and lines.c.
  double rate;   // Connections a second; 0 is as fast as the answers come.
  double start;
  int isReady, isGoing, isDone;
};

extern struct run run;

void report_ready(void);
void report_done(double p50, double p99, long failed);

/* answers.c and load.c: requests */
void answers_init(const char *answerFile, const char *ends);
void answers_adopt(int fd);
void load_init(const char *requestFile);
void load_open(void);
void load_go(void);
void load_pace(void); // On every turn while going.
void load_close(void);

/* source.c and bulk.c: bytes */
void source_adopt(int fd);
void bulk_open(void);
void bulk_go(void);
void bulk_close(void);

/* lines.c: messages and their answers */
void lines_adopt(int fd);
void lines_open(void);
void lines_go(void);
void lines_close(void);
