/*
 * Random input for the C client, from a seed: golden packets, mutated packets in valid frames, damaged frames, noise, in
 * pieces of any size, mixed with all calls of the API and with jumps of time. Built with AddressSanitizer and
 * UndefinedBehaviorSanitizer. Guard octets also protect the memory of the client, and assertions check its bounds. The first
 * packets are read from stdin, one in hex per line.
 *
 *     fuzz SEED INPUTS     prints the numbers of accepted messages and acknowledgements
 */
#include "../../hw/client/holdfast_sn.c"

#include <stdio.h>
#include <stdlib.h>

enum {
  GUARD_BYTES = 16,
  GUARD = 0xa5,
  PACKET_BYTES = 96,
  PAYLOAD_BYTES = 40,
  ROOM_BYTES = 12,
  SLOTS = 5,
  TOPICS = 6,
  CORPUS_MAX = 128,
  INPUT_MAX = 1024
};

#define GUARDED(bytes) ((bytes) + GUARD_BYTES)

static uint8_t frame[GUARDED(HF_FRAME_BYTES(PACKET_BYTES))];
static uint8_t payloads[GUARDED(SLOTS * PAYLOAD_BYTES)];
static char rooms[2][GUARDED(ROOM_BYTES)];
static hf_slot slots[SLOTS + 1]; /* the last one is a guard */
static hf_topic topics[TOPICS + 1];
static hf_config config;
static hf_client client;
static uint32_t now_ms, messages, acknowledged;
static uint64_t state;
static uint8_t corpus[CORPUS_MAX][PACKET_BYTES];
static uint16_t corpus_bytes[CORPUS_MAX];
static uint32_t corpus_n;
static uint8_t input[INPUT_MAX];
static uint16_t input_n;

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016. */
static uint32_t draw(uint32_t below) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (uint32_t)((state * 2685821657736338717ull) >> 33) % below;
}

static void require(bool is_so, const char *what) {
  if (is_so) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void on_write(void *user, const uint8_t *bytes, size_t n) {
  (void)user;
  require(n > 0 && n <= CHUNK_BYTES && bytes != NULL, "a write is a small piece");
}

static uint32_t read_clock(void *user) {
  (void)user;
  return now_ms;
}

static bool on_message(void *user, const hf_message *message) {
  (void)user;
  uint32_t sum = 0;
  for (uint16_t i = 0; i < message->bytes; i++) sum += message->payload[i]; /* ASan detects an invalid read */
  require(message->bytes <= PACKET_BYTES, "a message is no larger than a packet");
  require(message->topic->name == NULL || strlen(message->topic->name) > 0, "a name is NULL or not empty");
  messages++;
  return (sum & 3) != 0;
}

static void on_state(void *user, hf_event event, uint16_t value) {
  (void)user;
  if (event == HF_ACKNOWLEDGED || event == HF_REJECTED) acknowledged++;
  if (value == 7 && draw(2) == 0) hf_connect(&client); /* a callback may call the API */
}

static bool is_guard(const void *bytes, size_t n) {
  const uint8_t *octets = bytes;
  while (n > 0 && octets[n - 1] == GUARD) n--;
  return n == 0;
}

static void check(void) {
  require(is_guard(frame + HF_FRAME_BYTES(PACKET_BYTES), GUARD_BYTES), "frame keeps its bound");
  require(is_guard(payloads + SLOTS * PAYLOAD_BYTES, GUARD_BYTES), "payloads keep their bound");
  require(is_guard(rooms[0] + ROOM_BYTES, GUARD_BYTES) && is_guard(rooms[1] + ROOM_BYTES, GUARD_BYTES), "rooms keep theirs");
  require(is_guard(&slots[SLOTS], sizeof slots[SLOTS]), "slots keep theirs");
  require(is_guard(&topics[TOPICS], sizeof topics[TOPICS]), "topics keep theirs");
  require(client.waiting <= SLOTS && client.oldest < SLOTS, "the ring is a ring");
  require(client.frame_n <= config.frame_bytes, "no more is held than a frame");
}

static void begin(void) {
  const hf_topic table[TOPICS] = {{"t", HF_NAMED, HF_NOT, 0, NULL, 0, false},
                                  {"c/#", HF_NAMED, HF_QOS_1, 0, NULL, 0, false},
                                  {NULL, HF_PREDEFINED, HF_QOS_0, 0x1234, NULL, 0, false},
                                  {"ab", HF_SHORT, HF_NOT, 0, NULL, 0, false},
                                  {NULL, HF_NAMED, HF_NOT, 0, rooms[0], ROOM_BYTES, false},
                                  {NULL, HF_NAMED, HF_NOT, 0, rooms[1], ROOM_BYTES, false}};
  memset(frame, GUARD, sizeof frame);
  memset(payloads, GUARD, sizeof payloads);
  memset(rooms, GUARD, sizeof rooms);
  memset(slots, GUARD, sizeof slots);
  memset(topics, GUARD, sizeof topics);
  memcpy(topics, table, sizeof table);
  config = (hf_config){
      .client_id = "fuzz", .is_clean = draw(2) == 0, .keep_alive_s = (uint16_t)draw(100),
      .retry_ms = (uint16_t)(1 + draw(2000)), .first_message_id = (uint16_t)(draw(2) == 0 ? 65530 : 0),
      .will_topic = draw(2) == 0 ? "w" : NULL, .topics = topics, .topics_n = TOPICS,
      .slots = slots, .slots_n = SLOTS, .window = (uint8_t)(1 + draw(SLOTS)),
      .payloads = payloads, .payload_bytes_max = PAYLOAD_BYTES,
      .frame = frame, .frame_bytes = HF_FRAME_BYTES(PACKET_BYTES),
      .write = on_write, .millis = read_clock, .on_message = on_message, .on_state = on_state};
  now_ms = draw(2) == 0 ? 0xfffff000u : 0;
  require(hf_init(&client, &config) == HF_OK, "the configuration is good");
  hf_connect(&client);
}

static void append(void *user, const uint8_t *bytes, size_t n) {
  (void)user;
  for (size_t i = 0; i < n && input_n < INPUT_MAX; i++) input[input_n++] = bytes[i];
}

/* Appends a packet in a valid frame, made by the client's own writer. */
static void append_frame(const uint8_t *bytes, uint16_t n) {
  hf_config writer_config;
  hf_client writer;
  memset(&writer_config, 0, sizeof writer_config);
  memset(&writer, 0, sizeof writer);
  writer_config.write = append;
  writer.config = &writer_config;
  packet p = {{0}, 0, 0, bytes, n, {0}};
  write_frame(&writer, &p);
}

/* Appends an answer to the open request of the client, since random answers would rarely match. */
static void append_answer(void) {
  const uint8_t code = (uint8_t)(draw(4) == 0 ? draw(5) : 0);
  const uint16_t id = client.request == NONE ? slot_at(&client, 0)->message_id : client.request_id;
  const uint8_t connack[] = {3, CONNACK, code};
  const uint8_t puback[] = {7, PUBACK, 0, 1, (uint8_t)(id >> 8), (uint8_t)id, code};
  const uint8_t regack[] = {7, REGACK, 0, (uint8_t)(1 + draw(4)), (uint8_t)(id >> 8), (uint8_t)id, code};
  const uint8_t suback[] = {8, SUBACK, 0x20, 0, (uint8_t)draw(4), (uint8_t)(id >> 8), (uint8_t)id, code};
  const uint8_t pingresp[] = {2, PINGRESP};
  const uint8_t disconnect[] = {2, DISCONNECT};
  switch (client.request) {
    case CONNECT: append_frame(connack, sizeof connack); break;
    case REGISTER: append_frame(regack, sizeof regack); break;
    case SUBSCRIBE: append_frame(suback, sizeof suback); break;
    case PINGREQ: append_frame(pingresp, sizeof pingresp); break;
    case DISCONNECT: append_frame(disconnect, sizeof disconnect); break;
    default: append_frame(puback, sizeof puback); break;
  }
}

/* Appends REGISTER with a name of any length, so that the limits of `room` are tested. */
static void append_register(void) {
  uint8_t bytes[PACKET_BYTES] = {0, REGISTER, 0, (uint8_t)(1 + draw(4)), 0, 1};
  const uint16_t n = (uint16_t)(7 + draw(2 * ROOM_BYTES));
  memset(bytes + 6, 'a' + (int)draw(26), (size_t)n - 6);
  bytes[0] = (uint8_t)n;
  append_frame(bytes, n);
}

static void append_mutant(void) {
  uint8_t bytes[PACKET_BYTES];
  const uint32_t which = draw(corpus_n);
  uint16_t n = corpus_bytes[which];
  memcpy(bytes, corpus[which], sizeof bytes);
  for (uint32_t left = draw(4); left > 0 && n > 0; left--) bytes[draw(n)] = (uint8_t)draw(256);
  if (draw(4) == 0) n = (uint16_t)draw(PACKET_BYTES);
  if (draw(2) == 0 && n > 0) bytes[0] = (uint8_t)n; /* a correct Length reaches more code */
  append_frame(bytes, n);
}

static void make_input(void) {
  input_n = 0;
  switch (draw(8)) {
    case 0:
      for (uint32_t left = draw(300); left > 0; left--) input[input_n++] = (uint8_t)draw(draw(2) == 0 ? 4 : 256);
      break;
    case 1:
      append_mutant();
      input[draw(input_n)] ^= (uint8_t)(1 << draw(8));
      break;
    case 2:
      append_register();
      break;
    case 3:
    case 4:
      append_answer();
      break;
    default:
      append_mutant();
  }
}

static void ask_something(void) {
  const hf_message message = {&topics[draw(TOPICS)], input, (uint16_t)draw(PAYLOAD_BYTES + 2), (int8_t)((int)draw(4) - 1)};
  switch (draw(40)) {
    case 0: hf_sleep(&client, (uint16_t)draw(600)); break;
    case 1: case 2: hf_wake(&client); break;
    case 3: case 4: hf_connect(&client); break;
    case 5: if (draw(8) == 0) hf_disconnect(&client); break;
    case 6: now_ms += draw(100000); break;
    default: if (draw(3) == 0) (void)hf_publish(&client, &message);
  }
  now_ms += draw(50);
  hf_poll(&client);
}

static void read_corpus(void) {
  static char line[70000];
  while (corpus_n < CORPUS_MAX && fgets(line, sizeof line, stdin) != NULL) {
    uint16_t n = 0;
    unsigned octet = 0;
    for (const char *at = line; n < PACKET_BYTES && sscanf(at, "%2x", &octet) == 1; at += 2) corpus[corpus_n][n++] = (uint8_t)octet;
    if (n > 0) corpus_bytes[corpus_n++] = n;
  }
}

int main(int argc, char **argv) {
  if (argc != 3) return 64;
  state = strtoull(argv[1], NULL, 10) | 1;
  read_corpus();
  require(corpus_n > 0, "packets come on stdin");
  for (long left = atol(argv[2]), age = 0; left > 0; left--, age--) {
    if (age == 0) {
      begin();
      age = 500;
    }
    make_input();
    for (uint16_t at = 0; at < input_n;) {
      const uint16_t piece = (uint16_t)(1 + draw(input_n));
      const uint16_t n = piece < input_n - at ? piece : (uint16_t)(input_n - at);
      hf_feed(&client, input + at, n);
      at = (uint16_t)(at + n);
    }
    ask_something();
    check();
  }
  printf("messages %u acknowledged %u\n", messages, acknowledged);
  return 0;
}
