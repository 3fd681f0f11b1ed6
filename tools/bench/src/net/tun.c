/* The comparator: a tunnel whose every packet passes through a program, as Oakestra's does. `tun DEVICE LOCAL-PORT PEER-ADDRESS PEER-PORT` */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what) { perror(what); exit(1); }

int main(int argc, char **argv) {
  if (argc != 5) { fprintf(stderr, "usage: tun DEVICE LOCAL-PORT PEER-ADDRESS PEER-PORT\n"); return 2; }
  int tun = open("/dev/net/tun", O_RDWR);
  if (tun < 0) die("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strncpy(request.ifr_name, argv[1], IFNAMSIZ - 1);
  if (ioctl(tun, TUNSETIFF, &request) < 0) die("TUNSETIFF");
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))}, peer = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[4]))};
  if (udp < 0 || bind(udp, (struct sockaddr *)&own, sizeof own) < 0) die("bind");
  if (inet_pton(AF_INET, argv[3], &peer.sin_addr) != 1 || connect(udp, (struct sockaddr *)&peer, sizeof peer) < 0) die("peer");
  puts("up");
  fflush(stdout);
  char packet[65536];
  struct pollfd ready[2] = {{.fd = tun, .events = POLLIN}, {.fd = udp, .events = POLLIN}};
  for (;;) {
    if (poll(ready, 2, -1) < 0) die("poll");
    for (int side = 0; side < 2; side++) {
      if (!(ready[side].revents & POLLIN)) continue;
      ssize_t got = read(ready[side].fd, packet, sizeof packet);
      if (got > 0 && write(ready[1 - side].fd, packet, got) < 0 && side == 1) perror("a packet for the device");
    }
  }
}
