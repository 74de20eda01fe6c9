/*
 * A subdevice on Serial1: sends A0 once a second, switches the LED on `led` (payload 1 or 0).
 * Serial1 at 115200 8N1 is the line to the gateway; Serial is free for output. Boards with one port only (Uno): use Serial
 * instead, and print nothing.
 */
#include <Arduino.h>
#include <holdfast_sn.h>

enum { SLOTS = 4, PAYLOAD_BYTES = 16, PACKET_BYTES = 64, SEND_EVERY_MS = 1000 };

static hf_topic topics[2];
static hf_slot slots[SLOTS];
static uint8_t payloads[SLOTS * PAYLOAD_BYTES];
static uint8_t frame[HF_FRAME_BYTES(PACKET_BYTES)];
static hf_config config;
static hf_client client;
static uint32_t last_sent_ms;

/* The three functions of a port. */
static void write_bytes(void *, const uint8_t *bytes, size_t n) { Serial1.write(bytes, n); }
static uint32_t read_clock(void *) { return (uint32_t)millis(); }
static bool on_message(void *, const hf_message *message) {
  digitalWrite(LED_BUILTIN, message->bytes > 0 && message->payload[0] == '1' ? HIGH : LOW);
  return true;
}

static void send_reading(void) {
  const uint16_t reading = (uint16_t)analogRead(A0);
  const uint8_t payload[2] = {(uint8_t)(reading >> 8), (uint8_t)reading};
  const hf_message message = {&topics[0], payload, sizeof payload, 1};
  if (hf_publish(&client, &message) > 0) last_sent_ms = (uint32_t)millis(); /* without a free slot: again in the next loop */
}

void setup() {
  pinMode(LED_BUILTIN, OUTPUT);
  Serial1.begin(115200);
  topics[0].name = "a0";
  topics[0].kind = HF_SHORT; /* two octets: needs no id from the gateway */
  topics[1].name = "led";
  topics[1].subscribe = HF_QOS_1;
  config.client_id = "arduino-1";
  config.keep_alive_s = 60;
  config.retry_ms = 1000;
  config.first_message_id = (uint16_t)((analogRead(A1) << 6) ^ analogRead(A2)); /* unconnected pins: noise */
  config.topics = topics;
  config.topics_n = 2;
  config.slots = slots;
  config.slots_n = SLOTS;
  config.window = 1;
  config.payloads = payloads;
  config.payload_bytes_max = PAYLOAD_BYTES;
  config.frame = frame;
  config.frame_bytes = sizeof frame;
  config.write = write_bytes;
  config.millis = read_clock;
  config.on_message = on_message;
  while (hf_init(&client, &config) != HF_OK) digitalWrite(LED_BUILTIN, HIGH); /* a configuration error: see holdfast_sn.h */
  hf_connect(&client);
}

void loop() {
  while (Serial1.available() > 0) {
    const uint8_t octet = (uint8_t)Serial1.read();
    hf_feed(&client, &octet, 1);
  }
  if (millis() - last_sent_ms >= SEND_EVERY_MS) send_reading();
  hf_poll(&client);
}
