/* LD_PRELOAD: a card that takes its time. Each fsync of a file of the store, and each fdatasync of the file that the
   doctor writes beside it, is done, and then SLOW_FSYNC_MS pass, as long as the file SLOW_FSYNC_FROM is there; that grows by a byte for each. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void wait_for(int fd) {
  char link[64], path[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  const char *ms = getenv("SLOW_FSYNC_MS");
  const char *from = getenv("SLOW_FSYNC_FROM");
  if (ms != NULL && from != NULL && access(from, F_OK) == 0 && (strstr(path, "holdfast.db") != NULL || strstr(path, "doctor-sync") != NULL)) {
    struct timespec pause = {atoi(ms) / 1000, atoi(ms) % 1000 * 1000000L};
    nanosleep(&pause, NULL);
    int tally = open(from, O_WRONLY | O_APPEND);
    if (tally >= 0) {
      if (write(tally, ".", 1) != 1) abort();
      close(tally);
    }
  }
}

int fsync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  int result = real(fd);
  wait_for(fd);
  return result;
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  int result = real(fd);
  wait_for(fd);
  return result;
}
