/*
 * The firmware transfer under test (`holdfast_fw.c` over `holdfast_sn.c`), in the form of `driver.c`: commands on stdin, output
 * on stdout, and a clock that the test sets. The flash keeps its content over `boot`, which loses all else.
 *
 *     boot KEY=VALUE …     fault refuse|write|damage|read|install|old VALUE
 *     at MS · poll · feed HEX · publish LINE QOS HEX · connect · sleep S · wake · state
 *
 * Each command is answered by lines (`write HEX`, `installed VERSION`, `state …`, `= NUMBER`) and a dot.
 */
#include "holdfast_fw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 80000, FLASH_BYTES = 65536, TOPICS = 3 };

/* State that survives `boot`: a record, and the octets of one image. */
static struct {
  char version[HF_FW_TEXT_BYTES_MAX + 1];
  uint32_t image, size, written;
  uint8_t octets[FLASH_BYTES];
} flash = {.version = "1.0"};

static struct {
  bool refuses, fails_read, fails_install, starts_old;
  long fails_write, damages;
} fault = {.fails_write = -1};

static hf_client client;
static hf_config config;
static hf_fw fw;
static hf_fw_config fw_config;
static uint32_t now_ms, page_bytes;
static uint16_t sleep_s;
static uint8_t octets[LINE_MAX_BYTES / 2];
static char line[LINE_MAX_BYTES];
static bool is_writing;

static void end_write(void) {
  if (is_writing) printf("\n");
  is_writing = false;
}

static void on_write(void *user, const uint8_t *bytes, size_t n) {
  (void)user;
  if (!is_writing) printf("write ");
  is_writing = true;
  for (size_t i = 0; i < n; i++) printf("%02x", bytes[i]);
}

static uint32_t read_clock(void *user) {
  (void)user;
  return now_ms;
}

static bool on_message(void *user, const hf_message *message) {
  (void)user;
  if (hf_fw_on_message(&fw, message)) return true;
  end_write();
  printf("message %s\n", message->topic->name);
  return true;
}

static void on_state(void *user, hf_event event, uint16_t value) {
  static const char *const names[] = {"up", "down", "sleeps", "acknowledged", "rejected", "connect-refused", "subscribe-refused"};
  (void)user;
  if (hf_fw_on_state(&fw, event, value)) return;
  end_write();
  printf("state %s %u\n", names[event], value);
}

static bool accept(void *user, const hf_fw_offer *offer, const char **reason) {
  (void)user;
  if (!fault.refuses && offer->size <= FLASH_BYTES) return true;
  *reason = "the image is too large";
  return false;
}

static uint32_t resume(void *user, const hf_fw_offer *offer) {
  (void)user;
  if (flash.image != offer->image || flash.size != offer->size) {
    flash.image = offer->image;
    flash.size = offer->size;
    flash.written = 0;
  }
  if (flash.written < flash.size) flash.written -= flash.written % page_bytes;
  return flash.written;
}

static bool write_flash(void *user, uint32_t offset, const uint8_t *bytes, uint16_t n) {
  (void)user;
  if (offset != flash.written || n == 0 || n > fw_config.chunk_bytes) abort();
  if (fault.fails_write >= 0 && offset + n > (uint32_t)fault.fails_write) return false;
  memcpy(flash.octets + offset, bytes, n);
  if (offset == 0 && fault.damages > 0) {
    fault.damages--;
    flash.octets[0] ^= 0xff;
  }
  flash.written += n;
  return true;
}

static bool read_flash(void *user, uint32_t offset, uint8_t *bytes, uint16_t n) {
  (void)user;
  if (n == 0 || n > 64 || offset + n > flash.written) abort();
  memcpy(bytes, flash.octets + offset, n);
  return !fault.fails_read;
}

static void discard(void *user) {
  (void)user;
  flash.size = 0;
}

static bool install(void *user, const hf_fw_offer *offer) {
  (void)user;
  if (fault.fails_install) return false;
  if (!fault.starts_old) strcpy(flash.version, offer->version);
  flash.size = 0;
  end_write();
  printf("installed %s\n", flash.version);
  return true;
}

static uint16_t read_hex(const char *hex) {
  uint32_t n = 0;
  for (; hex != NULL && hex[0] != 0 && hex[1] != 0; hex += 2) {
    const char pair[3] = {hex[0], hex[1], 0};
    octets[n++] = (uint8_t)strtoul(pair, NULL, 16);
  }
  return (uint16_t)n;
}

/* Loses the RAM: new memory, filled with other octets. */
static void *fresh(void *old, size_t n) {
  free(old);
  void *memory = malloc(n);
  if (memory == NULL) abort();
  memset(memory, 0xa5, n);
  return memory;
}

static void boot(void) {
  static hf_topic *topics;
  static char *version;
  bool is_predefined = false;
  long window = 4, chunk = 128, timeout = 2000, packet = 0, payload = HF_FW_PAYLOAD_BYTES;
  page_bytes = 256;
  config.retry_ms = 1000;
  config.window = 1;
  config.slots_n = 4;
  for (char *key = strtok(NULL, "= "); key != NULL; key = strtok(NULL, "= ")) {
    const long number = atol(strtok(NULL, "= "));
    if (strcmp(key, "window") == 0) window = number;
    else if (strcmp(key, "chunk") == 0) chunk = number;
    else if (strcmp(key, "timeout") == 0) timeout = number;
    else if (strcmp(key, "page") == 0) page_bytes = (uint32_t)number;
    else if (strcmp(key, "packet") == 0) packet = number;
    else if (strcmp(key, "payload") == 0) payload = number;
    else if (strcmp(key, "predefined") == 0) is_predefined = number != 0;
    else if (strcmp(key, "retry") == 0) config.retry_ms = (uint16_t)number;
    else if (strcmp(key, "slots") == 0) config.slots_n = (uint8_t)number;
    else if (strcmp(key, "messages") == 0) config.window = (uint8_t)number;
    else exit(64);
  }
  topics = fresh(topics, TOPICS * sizeof topics[0]);
  memset(topics, 0, TOPICS * sizeof topics[0]);
  topics[0].name = "$fw/up";
  topics[1].name = "$fw/down";
  topics[2].name = "t";
  for (uint16_t i = 0; is_predefined && i < 2; i++) {
    topics[i].kind = HF_PREDEFINED;
    topics[i].id = (uint16_t)(i + 1);
  }
  config.client_id = "s1";
  config.topics = topics;
  config.topics_n = TOPICS;
  config.slots = fresh(config.slots, config.slots_n * sizeof(hf_slot));
  config.payload_bytes_max = (uint16_t)payload;
  config.payloads = fresh(config.payloads, (size_t)config.slots_n * config.payload_bytes_max + 1);
  if (packet == 0) packet = HF_FW_PACKET_BYTES(chunk);
  config.frame_bytes = (uint16_t)HF_FRAME_BYTES(packet);
  config.frame = fresh(config.frame, config.frame_bytes);
  config.write = on_write;
  config.millis = read_clock;
  config.on_message = on_message;
  config.on_state = on_state;
  version = fresh(version, strlen(flash.version) + 1);
  strcpy(version, flash.version);
  fw_config = (hf_fw_config){.client = &client, .up = &topics[0], .down = &topics[1], .version = version,
                             .window = (uint8_t)window, .chunk_bytes = (uint16_t)chunk, .timeout_ms = (uint16_t)timeout,
                             .accept = accept, .resume = resume, .write = write_flash, .read = read_flash,
                             .discard = discard, .install = install};
  memset(&client, 0xa5, sizeof client);
  memset(&fw, 0xa5, sizeof fw);
  const int wrong = hf_init(&client, &config);
  printf("= %d\n", wrong == HF_OK ? hf_fw_init(&fw, &fw_config) : wrong);
}

static void set_fault(void) {
  const char *name = strtok(NULL, " ");
  const long value = atol(strtok(NULL, " "));
  if (strcmp(name, "refuse") == 0) fault.refuses = value != 0;
  else if (strcmp(name, "write") == 0) fault.fails_write = value;
  else if (strcmp(name, "damage") == 0) fault.damages = value;
  else if (strcmp(name, "read") == 0) fault.fails_read = value != 0;
  else if (strcmp(name, "install") == 0) fault.fails_install = value != 0;
  else if (strcmp(name, "old") == 0) fault.starts_old = value != 0;
  else exit(64);
}

static void publish(void) {
  const hf_topic *topic = &config.topics[atoi(strtok(NULL, " "))];
  const int8_t qos = (int8_t)atoi(strtok(NULL, " "));
  const hf_message message = {topic, octets, read_hex(strtok(NULL, " ")), qos};
  printf("= %d\n", (int)hf_publish(&client, &message));
}

static void feed(void) {
  const uint16_t n = read_hex(strtok(NULL, " "));
  uint8_t *bytes = malloc(n == 0 ? 1 : n);
  if (bytes == NULL) abort();
  memcpy(bytes, octets, n);
  hf_feed(&client, bytes, n);
  free(bytes);
}

/* One pass of the main loop. */
static void poll(void) {
  hf_poll(&client);
  hf_fw_poll(&fw);
  if (sleep_s > 0 && hf_fw_is_active(&fw)) hf_connect(&client);
  else if (sleep_s > 0) hf_sleep(&client, sleep_s);
  hf_poll(&client);
}

static void obey(const char *word) {
  if (strcmp(word, "boot") == 0) boot();
  else if (strcmp(word, "fault") == 0) set_fault();
  else if (strcmp(word, "at") == 0) now_ms = (uint32_t)strtoul(strtok(NULL, " "), NULL, 10);
  else if (strcmp(word, "poll") == 0) poll();
  else if (strcmp(word, "feed") == 0) feed();
  else if (strcmp(word, "publish") == 0) publish();
  else if (strcmp(word, "connect") == 0) hf_connect(&client);
  else if (strcmp(word, "sleep") == 0) sleep_s = (uint16_t)atoi(strtok(NULL, " "));
  else if (strcmp(word, "wake") == 0) hf_wake(&client);
  else if (strcmp(word, "state") == 0) printf("state client %d fw %d offset %u\n", client.state, fw.state, fw.offset);
  else exit(64);
}

int main(void) {
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    obey(strtok(line, " "));
    end_write();
    printf(".\n");
    fflush(stdout);
  }
  return 0;
}
