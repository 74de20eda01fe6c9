/*
 * The C client under test: commands on stdin, output on stdout, and a clock that the test sets. All memory of the client has
 * exactly the configured size, from malloc, so that AddressSanitizer detects each access beyond it.
 *
 *     topic n|p|s|r NAME|ID|ROOM SUBSCRIBE    will QOS RETAIN TOPIC HEX    init KEY=VALUE …
 *     at MS · poll · feed HEX · publish LINE QOS HEX · take 0|1 · connect · disconnect · sleep S · wake · counters
 *
 * Each command is answered by lines (`write HEX`, `message TOPIC QOS HEX`, `state EVENT VALUE`, `= NUMBER`) and a dot.
 */
#include "holdfast_sn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 20000, TOPICS_MAX = 16 };

static hf_client client;
static hf_config config;
static hf_topic topics[TOPICS_MAX];
static uint32_t now_ms;
static bool takes = true;
static uint8_t octets[LINE_MAX_BYTES / 2];
static char line[LINE_MAX_BYTES];
static bool is_writing;

static void end_write(void) {
  if (is_writing) printf("\n");
  is_writing = false;
}

static void print_hex(const uint8_t *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) printf("%02x", bytes[i]);
}

/* Prints the pieces of a frame in one line. */
static void on_write(void *user, const uint8_t *bytes, size_t n) {
  (void)user;
  if (!is_writing) printf("write ");
  is_writing = true;
  print_hex(bytes, n);
}

static uint32_t read_clock(void *user) {
  (void)user;
  return now_ms;
}

static bool on_message(void *user, const hf_message *message) {
  (void)user;
  end_write();
  if (message->topic->name != NULL) printf("message %s %d ", message->topic->name, message->qos);
  else printf("message #%u %d ", message->topic->id, message->qos);
  print_hex(message->payload, message->bytes);
  printf("\n");
  return takes;
}

static void on_state(void *user, hf_event event, uint16_t value) {
  static const char *const names[] = {"up", "down", "sleeps", "acknowledged", "rejected", "connect-refused", "subscribe-refused"};
  (void)user;
  end_write();
  printf("state %s %u\n", names[event], value);
}

static uint16_t read_hex(const char *hex) {
  uint16_t n = 0;
  for (; hex != NULL && hex[0] != 0 && hex[1] != 0; hex += 2) {
    const char pair[3] = {hex[0], hex[1], 0};
    octets[n++] = (uint8_t)strtoul(pair, NULL, 16);
  }
  return n;
}

static void *copy_of(const void *bytes, size_t n) {
  void *copy = malloc(n == 0 ? 1 : n);
  if (copy == NULL) abort();
  if (n > 0) memcpy(copy, bytes, n);
  return copy;
}

static char *text_of(const char *text) { return copy_of(text, strlen(text) + 1); }

static void add_topic(void) {
  hf_topic *topic = &topics[config.topics_n++];
  const char kind = *strtok(NULL, " ");
  const char *value = strtok(NULL, " ");
  memset(topic, 0, sizeof *topic);
  topic->kind = kind == 'p' ? HF_PREDEFINED : kind == 's' ? HF_SHORT : HF_NAMED;
  if (kind == 'p') topic->id = (uint16_t)atoi(value);
  else if (kind == 'r') topic->room_bytes = (uint8_t)atoi(value);
  else topic->name = text_of(value);
  if (kind == 'r') topic->room = calloc(1, topic->room_bytes);
  topic->subscribe = (hf_subscribe)atoi(strtok(NULL, " "));
}

static void set_will(void) {
  config.will_qos = (uint8_t)atoi(strtok(NULL, " "));
  config.will_retain = atoi(strtok(NULL, " ")) != 0;
  config.will_topic = text_of(strtok(NULL, " "));
  config.will_bytes = read_hex(strtok(NULL, " "));
  config.will_message = copy_of(octets, config.will_bytes);
}

static void init(void) {
  long packet_bytes = 1024;
  config.client_id = "s1";
  config.retry_ms = 1000;
  config.window = 1;
  config.slots_n = 4;
  config.payload_bytes_max = 1024;
  for (char *key = strtok(NULL, "= "); key != NULL; key = strtok(NULL, "= ")) {
    const char *value = strtok(NULL, "= ");
    const long number = atol(value);
    if (strcmp(key, "id") == 0) config.client_id = text_of(value);
    else if (strcmp(key, "clean") == 0) config.is_clean = number != 0;
    else if (strcmp(key, "keep") == 0) config.keep_alive_s = (uint16_t)number;
    else if (strcmp(key, "retry") == 0) config.retry_ms = (uint16_t)number;
    else if (strcmp(key, "first") == 0) config.first_message_id = (uint16_t)number;
    else if (strcmp(key, "window") == 0) config.window = (uint8_t)number;
    else if (strcmp(key, "slots") == 0) config.slots_n = (uint8_t)number;
    else if (strcmp(key, "payload") == 0) config.payload_bytes_max = (uint16_t)number;
    else if (strcmp(key, "packet") == 0) packet_bytes = number;
    else exit(64);
  }
  config.topics = copy_of(topics, config.topics_n * sizeof topics[0]);
  config.slots = malloc(config.slots_n == 0 ? 1 : config.slots_n * sizeof(hf_slot));
  config.payloads = malloc((size_t)config.slots_n * config.payload_bytes_max + 1);
  config.frame_bytes = (uint16_t)HF_FRAME_BYTES(packet_bytes);
  config.frame = malloc(config.frame_bytes);
  config.write = on_write;
  config.millis = read_clock;
  config.on_message = on_message;
  config.on_state = on_state;
  printf("= %d\n", hf_init(&client, &config));
}

static void publish(void) {
  hf_message message;
  memset(&message, 0, sizeof message);
  message.topic = &config.topics[atoi(strtok(NULL, " "))];
  message.qos = (int8_t)atoi(strtok(NULL, " "));
  message.bytes = read_hex(strtok(NULL, " "));
  message.payload = copy_of(octets, message.bytes);
  const int number = (int)hf_publish(&client, &message);
  free((void *)message.payload);
  end_write();
  printf("= %d\n", number);
}

static void feed(void) {
  const uint16_t n = read_hex(strtok(NULL, " "));
  uint8_t *bytes = copy_of(octets, n);
  hf_feed(&client, bytes, n);
  free(bytes);
}

static void obey(const char *word) {
  if (strcmp(word, "topic") == 0) add_topic();
  else if (strcmp(word, "will") == 0) set_will();
  else if (strcmp(word, "init") == 0) init();
  else if (strcmp(word, "at") == 0) now_ms = (uint32_t)strtoul(strtok(NULL, " "), NULL, 10);
  else if (strcmp(word, "poll") == 0) hf_poll(&client);
  else if (strcmp(word, "feed") == 0) feed();
  else if (strcmp(word, "publish") == 0) publish();
  else if (strcmp(word, "take") == 0) takes = atoi(strtok(NULL, " ")) != 0;
  else if (strcmp(word, "connect") == 0) hf_connect(&client);
  else if (strcmp(word, "disconnect") == 0) hf_disconnect(&client);
  else if (strcmp(word, "sleep") == 0) hf_sleep(&client, (uint16_t)atoi(strtok(NULL, " ")));
  else if (strcmp(word, "wake") == 0) hf_wake(&client);
  else if (strcmp(word, "counters") == 0) printf("counters %u %u\n", client.damaged_frames, client.malformed_packets);
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
