/* One end of a measured path: `flow serve PORT`, or `flow rtt|connect|stream ADDRESS PORT COUNT` (stream: COUNT = MiB). Prints one JSON line. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (256 * 1024)

static void die(const char *what) { perror(what); exit(1); }

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int listening(int type, int port) {
  int fd = socket(AF_INET6, type, 0), on = 1, off = 0;
  if (fd < 0) die("socket");
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any, .sin6_port = htons(port)};
  if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0) die("bind");
  if (type == SOCK_STREAM && listen(fd, 128) < 0) die("listen");
  return fd;
}

/* The first byte says what is wanted: 'c' is sent back, 's' is followed by a stream whose end is answered. */
static void *answer(void *arg) {
  int fd = (int)(long)arg;
  char first, *buffer = malloc(CHUNK);
  if (buffer && read(fd, &first, 1) == 1) {
    if (first == 's') while (read(fd, buffer, CHUNK) > 0) ;
    if (write(fd, &first, 1) < 0) perror("answer");
  }
  free(buffer);
  close(fd);
  return NULL;
}

static void *echo(void *arg) {
  int fd = (int)(long)arg;
  char buffer[2048];
  struct sockaddr_storage from;
  for (;;) {
    socklen_t size = sizeof from;
    ssize_t got = recvfrom(fd, buffer, sizeof buffer, 0, (struct sockaddr *)&from, &size);
    if (got >= 0) sendto(fd, buffer, got, 0, (struct sockaddr *)&from, size);
  }
  return NULL;
}

static void serve(int port) {
  int tcp = listening(SOCK_STREAM, port);
  pthread_t thread;
  if (pthread_create(&thread, NULL, echo, (void *)(long)listening(SOCK_DGRAM, port))) die("thread");
  puts("up");
  fflush(stdout);
  for (;;) {
    int fd = accept(tcp, NULL, NULL);
    if (fd < 0) continue;
    if (pthread_create(&thread, NULL, answer, (void *)(long)fd) == 0) pthread_detach(thread);
    else close(fd);
  }
}

static int reach(const char *address, const char *port, int type) {
  struct addrinfo hints = {.ai_socktype = type, .ai_flags = AI_NUMERICHOST}, *found;
  if (getaddrinfo(address, port, &hints, &found)) { fprintf(stderr, "%s: no address\n", address); exit(1); }
  int fd = socket(found->ai_family, type, 0), on = 1;
  if (fd < 0) die("socket");
  if (type == SOCK_STREAM) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct timeval patience = {.tv_sec = 5};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, found->ai_addr, found->ai_addrlen) < 0) die("connect");
  freeaddrinfo(found);
  return fd;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void tell(double *us, int count) {
  qsort(us, count, sizeof *us, ascending);
  printf("{\"p50\":%.2f,\"p99\":%.2f}\n", us[count / 2], us[count * 99 / 100]);
}

static void rtt(const char *address, const char *port, int count) {
  int fd = reach(address, port, SOCK_DGRAM);
  char packet[64] = "ping";
  double *us = calloc(count, sizeof *us);
  if (!us) die("memory");
  for (int i = -count / 10; i < count; i++) {
    double began = now_us();
    if (send(fd, packet, sizeof packet, 0) < 0 || recv(fd, packet, sizeof packet, 0) < 0) die("rtt");
    if (i >= 0) us[i] = now_us() - began;
  }
  tell(us, count);
}

static void connecting(const char *address, const char *port, int count) {
  double *us = calloc(count, sizeof *us);
  if (!us) die("memory");
  for (int i = -count / 10; i < count; i++) {
    double began = now_us();
    int fd = reach(address, port, SOCK_STREAM);
    char byte = 'c';
    if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1) die("connect");
    if (i >= 0) us[i] = now_us() - began;
    close(fd);
  }
  tell(us, count);
}

static void streaming(const char *address, const char *port, int mebibytes) {
  int fd = reach(address, port, SOCK_STREAM);
  char *buffer = calloc(1, CHUNK), byte = 's';
  if (!buffer || write(fd, &byte, 1) != 1) die("stream");
  struct timeval patience = {.tv_sec = 120};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  double began = now_us();
  for (long left = (long)mebibytes << 20; left > 0;) {
    ssize_t sent = write(fd, buffer, left < CHUNK ? left : CHUNK);
    if (sent <= 0) die("stream");
    left -= sent;
  }
  shutdown(fd, SHUT_WR);
  if (read(fd, &byte, 1) != 1) die("the end of the stream");
  double us = now_us() - began;
  printf("{\"gbps\":%.3f,\"seconds\":%.3f}\n", ((double)mebibytes * (1 << 20) * 8) / us / 1e3, us / 1e6);
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "serve")) serve(atoi(argv[2]));
  if (argc != 5) { fprintf(stderr, "usage: flow serve PORT | flow rtt|connect|stream ADDRESS PORT COUNT\n"); return 2; }
  int count = atoi(argv[4]);
  if (count < 1) { fprintf(stderr, "COUNT must be at least 1\n"); return 2; }
  if (!strcmp(argv[1], "rtt")) rtt(argv[2], argv[3], count);
  else if (!strcmp(argv[1], "connect")) connecting(argv[2], argv[3], count);
  else streaming(argv[2], argv[3], count);
  return 0;
}
