/*
 * Random messages for the firmware transfer, from a seed: offers, chunks in any order, STOP, mutated and cut ones, answers,
 * lost connections and jumps of time. Built with AddressSanitizer and UndefinedBehaviorSanitizer; each message has exactly its
 * size, from malloc. The callbacks check that octets come in order, within the image, and that only a right image is installed.
 *
 *     fuzz-firmware SEED INPUTS     prints the numbers of installations, of written chunks and of discarded images
 */
#include "../../hw/client/holdfast_fw.c"

#include <stdio.h>
#include <stdlib.h>

enum { IMAGES = 3, IMAGE_BYTES = 200, CHUNK_MAX = 16, SLOTS = 3, PAGE = 32 };

static uint8_t images[IMAGES][IMAGE_BYTES], stored[IMAGE_BYTES], frame[HF_FRAME_BYTES(HF_FW_PACKET_BYTES(CHUNK_MAX))];
static uint8_t payloads[SLOTS * HF_FW_PAYLOAD_BYTES];
static uint32_t record_image, record_size, written;
static hf_slot slots[SLOTS];
static hf_topic topics[2] = {{.kind = HF_PREDEFINED, .id = 1}, {.kind = HF_PREDEFINED, .id = 2}};
static hf_client client;
static hf_fw fw;
static uint32_t now_ms, installations, chunks, discarded;
static uint64_t state;

/* xorshift64*, as in fuzz.c. */
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

static void on_write(void *user, const uint8_t *bytes, size_t n) { (void)user, (void)bytes, (void)n; }
static uint32_t read_clock(void *user) { return (void)user, now_ms; }
static bool on_message(void *user, const hf_message *message) { return (void)user, hf_fw_on_message(&fw, message); }
static void on_state(void *user, hf_event event, uint16_t value) { (void)user, hf_fw_on_state(&fw, event, value); }

static uint32_t crc_of_image(uint8_t index) { return ~crc_octets(0xffffffff, images[index], IMAGE_BYTES); }

static bool accept(void *user, const hf_fw_offer *offer, const char **reason) {
  (void)user;
  *reason = "refused by chance";
  require(strlen(offer->version) > 0 && strlen(offer->version) <= HF_FW_TEXT_BYTES_MAX, "a version has 1 to 64 octets");
  return offer->size == IMAGE_BYTES && draw(50) > 0;
}

static uint32_t resume(void *user, const hf_fw_offer *offer) {
  (void)user;
  if (record_image != offer->image || record_size != offer->size) written = 0;
  record_image = offer->image;
  record_size = offer->size;
  if (written < record_size) written -= written % PAGE;
  return written;
}

static bool write_flash(void *user, uint32_t offset, const uint8_t *octets, uint16_t n) {
  (void)user;
  require(offset == written, "octets are written in order");
  require(n > 0 && n <= CHUNK_MAX && offset + n <= record_size, "a write is within its bounds");
  if (draw(200) == 0) return false;
  memcpy(stored + offset, octets, n);
  if (draw(300) == 0) stored[offset] ^= 1;
  written += n;
  chunks++;
  return true;
}

static bool read_flash(void *user, uint32_t offset, uint8_t *octets, uint16_t n) {
  (void)user;
  require(n > 0 && n <= 64 && offset + n <= record_size && written == record_size, "a read is within the complete image");
  memcpy(octets, stored + offset, n);
  return draw(200) > 0;
}

static void discard(void *user) {
  (void)user;
  record_size = 0;
  discarded++;
}

static bool install(void *user, const hf_fw_offer *offer) {
  (void)user;
  require(~crc_octets(0xffffffff, stored, IMAGE_BYTES) == offer->image, "an installed image has the right CRC-32");
  record_size = 0;
  installations++;
  return draw(4) > 0;
}

static const hf_fw_config fw_config = {.client = &client, .up = &topics[0], .down = &topics[1], .version = "1.0", .window = 4,
                                       .chunk_bytes = CHUNK_MAX, .timeout_ms = 100, .accept = accept, .resume = resume,
                                       .write = write_flash, .read = read_flash, .discard = discard, .install = install};
static const hf_config config = {.client_id = "s1", .retry_ms = 50, .topics = topics, .topics_n = 2, .slots = slots,
                                 .slots_n = SLOTS, .window = 1, .payloads = payloads,
                                 .payload_bytes_max = HF_FW_PAYLOAD_BYTES, .frame = frame, .frame_bytes = sizeof frame,
                                 .write = on_write, .millis = read_clock, .on_message = on_message, .on_state = on_state};

static void boot(void) {
  require(hf_init(&client, &config) == HF_OK && hf_fw_init(&fw, &fw_config) == HF_OK, "the configuration is possible");
  hf_connect(&client);
}

/* Passes a packet of the gateway in a frame. */
static void feed(const uint8_t *packet, uint8_t n) {
  uint8_t plain[16], framed[20] = {0};
  uint8_t code_at = 1, out = 2;
  memcpy(plain, packet, n);
  const uint32_t crc = ~crc_octets(0xffffffff, packet, n);
  for (uint8_t i = 0; i < 4; i++) plain[n + i] = (uint8_t)(crc >> (8 * i));
  for (uint8_t i = 0; i < n + 4; i++) {
    if (plain[i] != 0) framed[out++] = plain[i];
    if (plain[i] != 0) continue;
    framed[code_at] = (uint8_t)(out - code_at);
    code_at = out++;
  }
  framed[code_at] = (uint8_t)(out - code_at);
  framed[out++] = 0;
  hf_feed(&client, framed, out);
  hf_poll(&client);
}

/* Acknowledges or rejects the oldest publication. */
static void answer(uint8_t return_code) {
  const uint16_t id = slots[client.oldest].message_id;
  const uint8_t puback[7] = {7, 0x0d, 0, 1, (uint8_t)(id >> 8), (uint8_t)id, return_code};
  if (client.waiting > 0) feed(puback, sizeof puback);
}

/* Passes a message of exactly this size, sometimes mutated or cut. */
static void pass(uint8_t *bytes, uint16_t n) {
  if (draw(12) == 0) bytes[draw(n)] = (uint8_t)draw(256);
  if (draw(20) == 0) n = (uint16_t)draw(n + 1u);
  uint8_t *copy = malloc(n == 0 ? 1 : n);
  if (copy == NULL) abort();
  memcpy(copy, bytes, n);
  const hf_message message = {&topics[1], copy, n, 0};
  require(hf_fw_on_message(&fw, &message), "a message of the topic belongs to the transfer");
  free(copy);
}

static void pass_offer(uint8_t index) {
  uint8_t bytes[OFFER_BYTES + HF_FW_TEXT_BYTES_MAX + 1] = {OFFER};
  const uint16_t text_bytes = (uint16_t)(draw(20) == 0 ? draw(66) : 3);
  put_number(bytes + 2, crc_of_image(index));
  put_number(bytes + 6, draw(30) == 0 ? draw(0x7fffffff) * 2 : IMAGE_BYTES);
  memset(bytes + OFFER_BYTES, 'v', text_bytes);
  pass(bytes, (uint16_t)(OFFER_BYTES + text_bytes));
}

/* Usually the next chunk of the image, and sometimes another one. */
static void pass_chunk(uint8_t index) {
  uint8_t bytes[CHUNK_BYTES + CHUNK_MAX + 1] = {CHUNK};
  const uint16_t n = (uint16_t)(draw(30) == 0 ? draw(CHUNK_MAX + 2) : CHUNK_MAX);
  const uint32_t at = draw(4) == 0 ? draw(IMAGE_BYTES) : fw.offset % IMAGE_BYTES;
  const uint16_t left = (uint16_t)(IMAGE_BYTES - at);
  const uint16_t kept = n < left || draw(10) == 0 ? n : left;
  put_number(bytes + 1, crc_of_image(index));
  put_number(bytes + 5, draw(50) == 0 ? 0xfffffff8u + draw(8) : at);
  memcpy(bytes + CHUNK_BYTES, images[index] + at, kept < left ? kept : left);
  pass(bytes, (uint16_t)(CHUNK_BYTES + kept));
}

static void step(void) {
  uint8_t stop[STOP_BYTES] = {STOP};
  const uint8_t index = (uint8_t)(fw.offer.image == crc_of_image(1) ? 1 : 0);
  switch (draw(40)) {
    case 0:
    case 1:
      pass_offer((uint8_t)(draw(8) == 0 ? draw(IMAGES) : index));
      break;
    case 2:
      put_number(stop + 1, crc_of_image((uint8_t)draw(IMAGES)));
      if (draw(8) == 0) pass(stop, sizeof stop);
      break;
    case 3:
      if (draw(10) == 0) boot();
      break;
    case 4:
      if (draw(4) == 0) feed((const uint8_t[]){2, 0x18}, 2); /* DISCONNECT */
      break;
    case 5:
      feed((const uint8_t[]){3, 0x05, 0}, 3); /* CONNACK */
      break;
    case 6:
    case 7:
    case 8:
      answer(draw(20) > 0 ? 0 : 3);
      break;
    case 9:
      now_ms += draw(10) == 0 ? draw(20000) : draw(200);
      hf_poll(&client);
      hf_fw_poll(&fw);
      break;
    default:
      pass_chunk((uint8_t)(draw(20) == 0 ? draw(IMAGES) : index));
      hf_poll(&client);
      hf_fw_poll(&fw);
      break;
  }
  require(fw.offset <= fw.offer.size || fw.state == HF_FW_IDLE, "the offset is within the image");
}

int main(int argc, char **argv) {
  state = 0x9e3779b97f4a7c15ull ^ (argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
  const long inputs = argc > 2 ? atol(argv[2]) : 1000;
  for (uint8_t i = 0; i < IMAGES; i++) {
    for (uint16_t at = 0; at < IMAGE_BYTES; at++) images[i][at] = (uint8_t)draw(256);
  }
  boot();
  for (long i = 0; i < inputs; i++) step();
  printf("%u %u %u\n", installations, chunks, discarded);
  return 0;
}
