/* LD_PRELOAD: a driver that keeps an opening. An opening of HANG_OPEN_PATH does not return while the file
   HANG_OPEN_FROM is there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void wait_for(const char *path) {
  const char *hangs = getenv("HANG_OPEN_PATH");
  const char *from = getenv("HANG_OPEN_FROM");
  if (hangs == NULL || from == NULL || strcmp(path, hangs) != 0) return;
  while (access(from, F_OK) == 0) usleep(50000);
}

#define OPEN(name)                                                     \
  int name(const char *path, int flags, ...) {                         \
    static int (*real)(const char *, int, ...);                        \
    if (real == NULL) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
    va_list more;                                                      \
    va_start(more, flags);                                             \
    int mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, int) : 0; \
    va_end(more);                                                      \
    wait_for(path);                                                    \
    return real(path, flags, mode);                                    \
  }

OPEN(open)
OPEN(open64)
