/*
 * Subdevice on Linux: publishes each line of stdin on `t`, and prints messages on `cmd`.
 *
 *     holdfast-subdevice DEVICE CLIENT_ID [WINDOW [RETRY_MS [KEEP_ALIVE_S [SLEEP_S [FLASH [WRITES]]]]]]
 *
 * The line is set to 115200 8N1, raw. Prints `queued N` for each line and later `acknowledged N` or `rejected N`; `message TEXT`;
 * `up` and `down`. With SLEEP_S it sleeps, and wakes for each line and after half of that time. Ends when stdin has ended and
 * everything is acknowledged. With FLASH, a folder (file_flash.h), it takes firmware from the gateway, prints `installed VERSION`,
 * and restarts in the same process when no message waits. With WRITES it ends with status 75 after that number of chunks, as if
 * the power failed. Source: termios(3), poll(2).
 */
#define _POSIX_C_SOURCE 200809L
#include "file_flash.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 16, PAYLOAD_BYTES = 200, PACKET_BYTES = 512, STEP_MS = 5, USAGE = 64, NO_DEVICE = 66 };
enum { CHUNK_BYTES = 256, CHUNKS = 8, TIMEOUT_MS = 2000 };

typedef struct {
  int fd;
  hf_client client;
  uint16_t sleep_s;
  uint32_t slept_ms;
  bool has_flash;
  file_flash flash;
  hf_fw fw;
} subdevice;

/* The three functions of a port. If the line accepts no more bytes, the rest is lost and the frame is repeated. */
static void write_bytes(void *user, const uint8_t *bytes, size_t n) {
  const subdevice *self = user;
  while (n > 0) {
    const ssize_t written = write(self->fd, bytes, n);
    if (written < 0 && errno != EINTR && errno != EAGAIN) return;
    if (written > 0) {
      bytes += written;
      n -= (size_t)written;
    }
    if (written < 0 && errno == EAGAIN) {
      struct pollfd room = {self->fd, POLLOUT, 0};
      if (poll(&room, 1, 1000) <= 0) return;
    }
  }
}

static uint32_t read_clock(void *user) {
  struct timespec now;
  (void)user;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

static bool on_message(void *user, const hf_message *message) {
  subdevice *self = user;
  if (self->has_flash && hf_fw_on_message(&self->fw, message)) return true;
  printf("message %.*s\n", (int)message->bytes, (const char *)message->payload);
  return true;
}

static void on_state(void *user, hf_event event, uint16_t value) {
  subdevice *self = user;
  if (self->has_flash && hf_fw_on_state(&self->fw, event, value)) return;
  if (event == HF_SLEEPS) self->slept_ms = read_clock(NULL);
  if (event == HF_UP) printf("up\n");
  if (event == HF_DOWN) printf("down\n");
  if (event == HF_ACKNOWLEDGED) printf("acknowledged %u\n", value);
  if (event == HF_REJECTED) printf("rejected %u\n", value);
  if (event == HF_CONNECT_REFUSED) fprintf(stderr, "the gateway refuses this client id: return code %u\n", value);
  if (event == HF_SUBSCRIBE_REFUSED) fprintf(stderr, "the gateway refuses the subscription to cmd\n");
}

static int open_line(const char *path) {
  struct termios settings;
  const int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 || tcgetattr(fd, &settings) != 0) return -1;
  settings.c_iflag = 0; /* raw: no XON/XOFF, no echo, no translation */
  settings.c_oflag = 0;
  settings.c_lflag = 0;
  settings.c_cflag = CS8 | CREAD | CLOCAL;
  settings.c_cc[VMIN] = 1;
  settings.c_cc[VTIME] = 0;
  cfsetispeed(&settings, B115200);
  cfsetospeed(&settings, B115200);
  return tcsetattr(fd, TCSANOW, &settings) == 0 ? fd : -1;
}

/* Publishes one line of stdin, if there is one and a free slot. */
static void publish_line(subdevice *self, const hf_topic *topic, bool *is_over) {
  char text[PAYLOAD_BYTES + 2];
  if (fgets(text, sizeof text, stdin) == NULL) {
    *is_over = true;
    return;
  }
  const hf_message message = {topic, (const uint8_t *)text, (uint16_t)strcspn(text, "\n"), 1};
  const int32_t number = hf_publish(&self->client, &message);
  if (number > 0) printf("queued %d\n", (int)number);
  else fprintf(stderr, "not accepted: %d (see holdfast_sn.h): %s\n", (int)number, text);
}

/* Sends due messages of the transfer, and stays awake for it. */
static void drive_transfer(subdevice *self) {
  hf_fw_poll(&self->fw);
  if (self->sleep_s == 0) return;
  if (hf_fw_is_active(&self->fw)) hf_connect(&self->client);
  else hf_sleep(&self->client, self->sleep_s);
}

/* Runs until stdin has ended or an image is installed, and everything is acknowledged. */
static void run(subdevice *self, const hf_topic *topic, bool *is_over) {
  uint8_t bytes[256];
  while (self->client.waiting > 0 || !(*is_over || self->flash.is_installed)) {
    const bool has_room = !*is_over && !self->flash.is_installed && self->client.waiting < SLOTS;
    struct pollfd ready[2] = {{self->fd, POLLIN, 0}, {has_room ? STDIN_FILENO : -1, POLLIN, 0}};
    poll(ready, 2, STEP_MS);
    if ((ready[1].revents & (POLLIN | POLLHUP)) != 0) publish_line(self, topic, is_over);
    const ssize_t n = read(self->fd, bytes, sizeof bytes);
    if (n > 0) hf_feed(&self->client, bytes, (size_t)n);
    const bool is_time = self->client.waiting > 0 || read_clock(NULL) - self->slept_ms >= self->sleep_s * 500u;
    if (self->client.state == HF_ASLEEP && is_time) hf_wake(&self->client);
    hf_poll(&self->client);
    if (self->has_flash) drive_transfer(self);
  }
}

/* Begins as after a start of the processor. @returns HF_OK or an error */
static int start(subdevice *self, const hf_config *config, hf_fw_config *fw_config, const char *folder) {
  const int wrong = hf_init(&self->client, config);
  if (wrong != HF_OK || folder == NULL) return wrong;
  file_flash_use(&self->flash, fw_config);
  return hf_fw_init(&self->fw, fw_config);
}

int main(int argc, char **argv) {
  static subdevice self;
  static hf_slot slots[SLOTS];
  static uint8_t payloads[SLOTS * PAYLOAD_BYTES], frame[HF_FRAME_BYTES(PACKET_BYTES)];
  static hf_topic topics[] = {{"t", HF_NAMED, HF_NOT, 0, NULL, 0, false}, {"cmd", HF_NAMED, HF_QOS_1, 0, NULL, 0, false},
                              {"$fw/up", HF_NAMED, HF_NOT, 0, NULL, 0, false}, {"$fw/down", HF_NAMED, HF_NOT, 0, NULL, 0, false}};
  static hf_fw_config fw_config = {.client = &self.client, .up = &topics[2], .down = &topics[3], .window = CHUNKS,
                                   .chunk_bytes = CHUNK_BYTES, .timeout_ms = TIMEOUT_MS};
  if (argc < 3) {
    fprintf(stderr, "usage: %s DEVICE CLIENT_ID [WINDOW [RETRY_MS [KEEP_ALIVE_S [SLEEP_S [FLASH [WRITES]]]]]]\n", argv[0]);
    return USAGE;
  }
  const char *folder = argc > 7 ? argv[7] : NULL;
  const hf_config config = {.client_id = argv[2], .keep_alive_s = (uint16_t)(argc > 5 ? atoi(argv[5]) : 60),
                            .retry_ms = (uint16_t)(argc > 4 ? atoi(argv[4]) : 1000),
                            .first_message_id = (uint16_t)getpid(), .topics = topics,
                            .topics_n = folder == NULL ? 2 : 4,
                            .slots = slots, .slots_n = SLOTS, .window = (uint8_t)(argc > 3 ? atoi(argv[3]) : 1),
                            .payloads = payloads, .payload_bytes_max = PAYLOAD_BYTES,
                            .frame = frame, .frame_bytes = sizeof frame, .user = &self, .write = write_bytes,
                            .millis = read_clock, .on_message = on_message, .on_state = on_state};
  setvbuf(stdin, NULL, _IONBF, 0); /* unbuffered, so that poll(2) reports remaining input */
  setvbuf(stdout, NULL, _IOLBF, 0);
  self.fd = open_line(argv[1]);
  if (self.fd < 0) {
    fprintf(stderr, "cannot open %s as a serial line: %s\n", argv[1], strerror(errno));
    return NO_DEVICE;
  }
  self.sleep_s = (uint16_t)(argc > 6 ? atoi(argv[6]) : 0);
  for (bool is_over = false; !is_over;) {
    if (folder != NULL && !file_flash_open(&self.flash, folder)) {
      fprintf(stderr, "cannot open the folder %s: %s\n", folder, strerror(errno));
      return NO_DEVICE;
    }
    if (argc > 8) self.flash.writes_left = atol(argv[8]);
    const int wrong = start(&self, &config, &fw_config, folder);
    if (wrong != HF_OK) {
      fprintf(stderr, "the configuration is not possible: %d (see holdfast_sn.h)\n", wrong);
      return USAGE;
    }
    self.has_flash = folder != NULL;
    if (self.sleep_s > 0) hf_sleep(&self.client, self.sleep_s);
    else hf_connect(&self.client);
    run(&self, &topics[0], &is_over);
    if (folder != NULL) close(self.flash.folder);
  }
  return 0;
}
