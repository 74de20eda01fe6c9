/*
 * Records what a process does to the files of one folder and what passes on its serial lines and TCP connections, in one
 * totally ordered trace. To be loaded with LD_PRELOAD; built and used by the crash tests alone, never by the product.
 *
 * Environment (the recorder's; children of the process do not inherit the recorder):
 *   CRASH_STATE   the folder, absolute; operations elsewhere are not recorded
 *   CRASH_TRACE   the trace, appended to
 *   CRASH_FAIL    a file with two numbers: which fsync of a file there is the first to fail, and how many after it fail
 *                 too. They do nothing and return EIO (0: none). Those of the folder itself do not count, SQLite does not
 *                 look at their outcome; nor do files in folders below, such as the confirmed configuration: they hold no
 *                 message, and the gateway continues without them
 *
 * What makes a trace honest: bytes that leave are recorded before the call that lets them go, bytes that come after the
 * call that got them, and an fsync counts from the record of its end, for what was written before the record of its
 * begin. So a recorded acknowledgement never looks later, and a recorded flush never earlier, than it was.
 *
 * One record: five little-endian 64-bit numbers (kind, serial, object, argument, length), then `length` bytes.
 * `trace.ts` lists the kinds.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { START = 1, CREATE, WRITE, FSYNC_BEGIN, FSYNC_END, FSYNC_FAILED, TRUNCATE, UNLINK, RENAME, OUT, LEFT, IN, FOLDER, MKDIR };
/* The argument of OUT and IN. */
enum stream { NONE = 0, TTY = 1, TCP = 2 };

/* /dev/pts: majors 136 to 143 (Linux, admin-guide/devices.txt). */
#define PTS_MAJOR_MIN 136
#define PTS_MAJOR_MAX 143
#define FILES_MAX 1024
#define TRACE_FD_MIN 512 /* out of the way of the descriptors of the process */

static struct { dev_t dev; ino_t ino; int is_nested; } files[FILES_MAX];
static int file_count;
static int trace_fd = -1;
static uint64_t last_serial;
static long fail_from, fail_to, fsyncs;
static const char *folder;
static size_t folder_length;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void put(const void *bytes, size_t length) {
  ssize_t (*real)(int, const void *, size_t) = REAL(write);
  for (size_t done = 0; done < length;) {
    ssize_t n = real(trace_fd, (const char *)bytes + done, length - done);
    if (n < 0 && errno != EINTR) abort(); /* a trace with a hole proves nothing */
    if (n > 0) done += (size_t)n;
  }
}

/* The serial of the record; 0 when nothing is recorded. Keeps errno. */
static uint64_t record(enum kind kind, uint64_t object, int64_t argument, const struct iovec *parts, int count) {
  if (trace_fd < 0) return 0;
  int saved = errno;
  uint64_t length = 0;
  for (int i = 0; i < count; i += 1) length += parts[i].iov_len;
  pthread_mutex_lock(&mutex);
  uint64_t serial = ++last_serial;
  uint64_t head[5] = {kind, serial, object, (uint64_t)argument, length};
  put(head, sizeof head);
  for (int i = 0; i < count; i += 1) put(parts[i].iov_base, parts[i].iov_len);
  pthread_mutex_unlock(&mutex);
  errno = saved;
  return serial;
}

static uint64_t record_bytes(enum kind kind, uint64_t object, int64_t argument, const void *bytes, size_t length) {
  struct iovec part = {(void *)bytes, length};
  return record(kind, object, argument, &part, 1);
}

static int is_ours(const char *path) {
  if (folder == NULL || path == NULL || strncmp(path, folder, folder_length) != 0) return 0;
  return path[folder_length] == '/' || path[folder_length] == '\0';
}

/* The number of the file when it was opened below the folder; 0 otherwise. `is_nested`: the file is in a folder below. */
static uint64_t file_with_place(int fd, int *is_nested) {
  struct stat st;
  int saved = errno, found = 0;
  if (fstat(fd, &st) == 0) {
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < file_count; i += 1)
      if (files[i].dev == st.st_dev && files[i].ino == st.st_ino) {
        found = 1;
        *is_nested = files[i].is_nested; /* the last one: a number is used again after a deletion */
      }
    pthread_mutex_unlock(&mutex);
  }
  errno = saved;
  return found ? st.st_ino : 0;
}

static uint64_t file_of(int fd) {
  int is_nested;
  return file_with_place(fd, &is_nested);
}

static enum stream stream_of(int fd, uint64_t *object) {
  struct stat st;
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  int saved = errno;
  enum stream stream = NONE;
  if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode)) {
    unsigned major_number = major(st.st_rdev);
    if (major_number >= PTS_MAJOR_MIN && major_number <= PTS_MAJOR_MAX) stream = TTY;
    *object = st.st_rdev;
  } else if (S_ISSOCK(st.st_mode) && getsockname(fd, (struct sockaddr *)&address, &length) == 0) {
    if (address.ss_family == AF_INET || address.ss_family == AF_INET6) stream = TCP;
    *object = st.st_ino;
  }
  errno = saved;
  return stream;
}

__attribute__((constructor)) static void begin(void) {
  const char *trace = getenv("CRASH_TRACE"), *failure = getenv("CRASH_FAIL");
  folder = getenv("CRASH_STATE");
  unsetenv("LD_PRELOAD");
  if (trace == NULL || folder == NULL) return;
  folder = strdup(folder);
  folder_length = strlen(folder);
  if (failure != NULL) {
    char digits[32] = "";
    int fd = REAL(open)(failure, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, digits, sizeof digits - 1) < 0) abort();
    close(fd);
    char *rest;
    fail_from = strtol(digits, &rest, 10);
    fail_to = fail_from + strtol(rest, NULL, 10);
  }
  int fd = REAL(open)(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  trace_fd = fcntl(fd, F_DUPFD_CLOEXEC, TRACE_FD_MIN);
  if (trace_fd < 0) abort();
  close(fd);
  record(START, 0, 0, NULL, 0);
}

static void note_opened(int fd, const char *path, int existed) {
  struct stat st;
  if (fd < 0 || fstat(fd, &st) != 0) return;
  pthread_mutex_lock(&mutex);
  if (file_count == FILES_MAX) abort();
  files[file_count].dev = st.st_dev;
  files[file_count].is_nested = strlen(path) > folder_length && strchr(path + folder_length + 1, '/') != NULL;
  files[file_count++].ino = st.st_ino;
  pthread_mutex_unlock(&mutex);
  if (S_ISDIR(st.st_mode)) record_bytes(FOLDER, st.st_ino, 0, path, strlen(path));
  else record_bytes(CREATE, st.st_ino, existed, path, strlen(path));
}

#define OPEN(name)                                                       \
  int name(const char *path, int flags, ...) {                           \
    va_list list;                                                        \
    va_start(list, flags);                                               \
    int mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(list, int) : 0;  \
    va_end(list);                                                        \
    int ours = is_ours(path), existed = ours && access(path, F_OK) == 0; \
    int fd = REAL(name)(path, flags, mode);                              \
    if (ours) note_opened(fd, path, existed);                            \
    return fd;                                                           \
  }
OPEN(open)
OPEN(open64)

static ssize_t note_written(int fd, const void *bytes, ssize_t written, int64_t offset) {
  uint64_t file = written > 0 ? file_of(fd) : 0;
  if (file != 0) record_bytes(WRITE, file, offset, bytes, (size_t)written);
  return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  return note_written(fd, bytes, REAL(pwrite64)(fd, bytes, length, offset), offset);
}

static int flush(int fd, int (*real)(int)) {
  int is_nested = 0;
  uint64_t file = file_with_place(fd, &is_nested);
  if (file == 0) return real(fd);
  uint64_t begun = record(FSYNC_BEGIN, file, 0, NULL, 0);
  struct stat st;
  int is_folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
  long n = is_folder || is_nested ? -1 : __atomic_add_fetch(&fsyncs, 1, __ATOMIC_SEQ_CST);
  int is_failing = n > 0 && n >= fail_from && n <= fail_to;
  int result = is_failing ? -1 : real(fd);
  if (is_failing) errno = EIO;
  record(result == 0 ? FSYNC_END : FSYNC_FAILED, file, (int64_t)begun, NULL, 0);
  return result;
}

int fsync(int fd) { return flush(fd, REAL(fsync)); }

int fdatasync(int fd) { return flush(fd, REAL(fdatasync)); }

int ftruncate64(int fd, off64_t length) {
  int result = REAL(ftruncate64)(fd, length);
  uint64_t file = result == 0 ? file_of(fd) : 0;
  if (file != 0) record(TRUNCATE, file, length, NULL, 0);
  return result;
}

int unlink(const char *path) {
  int result = REAL(unlink)(path);
  if (result == 0 && is_ours(path)) record_bytes(UNLINK, 0, 0, path, strlen(path));
  return result;
}

int mkdir(const char *path, mode_t mode) {
  int result = REAL(mkdir)(path, mode);
  if (result == 0 && is_ours(path) && path[folder_length] == '/') record_bytes(MKDIR, 0, 0, path, strlen(path));
  return result;
}

int rename(const char *from, const char *to) {
  int result = REAL(rename)(from, to);
  struct iovec parts[2] = {{(void *)from, strlen(from) + 1}, {(void *)to, strlen(to)}};
  if (result == 0 && (is_ours(from) || is_ours(to))) record(RENAME, 0, 0, parts, 2);
  return result;
}

/* Records the call before it is made: the other end may know it in the next instant. */
#define SEND(call, parts, count)                                                  \
  uint64_t object = 0, serial = 0;                                                \
  enum stream stream = stream_of(fd, &object);                                    \
  if (stream != NONE) serial = record(OUT, object, stream, parts, count);         \
  ssize_t left = call;                                                            \
  if (serial != 0) record(LEFT, serial, left < 0 ? 0 : (int64_t)left, NULL, 0);   \
  return left;

ssize_t write(int fd, const void *bytes, size_t length) {
  ssize_t (*real)(int, const void *, size_t) = REAL(write);
  if (file_of(fd) != 0) {
    int64_t offset = lseek(fd, 0, SEEK_CUR);
    return note_written(fd, bytes, real(fd, bytes, length), offset);
  }
  struct iovec part = {(void *)bytes, length};
  SEND(real(fd, bytes, length), &part, 1)
}

ssize_t writev(int fd, const struct iovec *parts, int count) { SEND(REAL(writev)(fd, parts, count), parts, count) }

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  SEND(REAL(sendmsg)(fd, message, flags), message->msg_iov, (int)message->msg_iovlen)
}

ssize_t read(int fd, void *bytes, size_t length) {
  uint64_t object = 0;
  ssize_t got = REAL(read)(fd, bytes, length);
  enum stream stream = got > 0 ? stream_of(fd, &object) : NONE;
  if (stream != NONE) record_bytes(IN, object, stream, bytes, (size_t)got);
  return got;
}
