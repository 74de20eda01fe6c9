/*
 * A subdevice on a Raspberry Pi Pico: sends the chip's temperature sensor once a second to `temperature` (raw, two octets),
 * switches the LED on `led` (payload 1 or 0). UART 0, GPIO 0 (TX) and 1 (RX), 115200 8N1, 3.3 V.
 *
 * The UART's interrupt puts bytes into a ring, the main loop takes them out: one writer, one reader, an index each.
 */
#include "holdfast_sn.h"

#include "hardware/adc.h"
#include "hardware/irq.h"
#include "hardware/uart.h"
#include "pico/stdlib.h"
#include "pico/unique_id.h"

enum {
  TX_PIN = 0,
  RX_PIN = 1,
  BAUD = 115200,
  TEMPERATURE_INPUT = 4,
  RING_BYTES = 1024, /* 89 ms at 115200 baud; a power of two */
  SLOTS = 8,
  PAYLOAD_BYTES = 16,
  PACKET_BYTES = 256,
  SEND_EVERY_MS = 1000
};

static volatile uint8_t ring[RING_BYTES];
static volatile uint32_t ring_in, ring_out;

static hf_topic topics[] = {{.name = "temperature"}, {.name = "led", .subscribe = HF_QOS_1}};
static hf_slot slots[SLOTS];
static uint8_t payloads[SLOTS * PAYLOAD_BYTES], frame[HF_FRAME_BYTES(PACKET_BYTES)];
static char client_id[2 * PICO_UNIQUE_BOARD_ID_SIZE_BYTES + 1];
static hf_client client;

/* A full ring loses the byte. The CRC-32 of the frame detects this, and the gateway repeats the packet. */
static void on_uart(void) {
  while (uart_is_readable(uart0)) {
    const uint8_t octet = (uint8_t)uart_getc(uart0);
    if (ring_in - ring_out == RING_BYTES) continue;
    ring[ring_in % RING_BYTES] = octet;
    ring_in = ring_in + 1;
  }
}

/* The three functions of a port. */
static void write_bytes(void *user, const uint8_t *bytes, size_t n) {
  (void)user;
  uart_write_blocking(uart0, bytes, n);
}

static uint32_t read_clock(void *user) {
  (void)user;
  return to_ms_since_boot(get_absolute_time());
}

static bool on_message(void *user, const hf_message *message) {
  (void)user;
  gpio_put(PICO_DEFAULT_LED_PIN, message->bytes > 0 && message->payload[0] == '1');
  return true;
}

/* Noise of the temperature sensor, so that message numbers differ at each start. */
static uint16_t draw_number(void) {
  uint16_t number = 0;
  for (int i = 0; i < 16; i++) number = (uint16_t)((number << 1) ^ adc_read());
  return number;
}

static void start(void) {
  static hf_config config;
  gpio_init(PICO_DEFAULT_LED_PIN);
  gpio_set_dir(PICO_DEFAULT_LED_PIN, true);
  adc_init();
  adc_set_temp_sensor_enabled(true);
  adc_select_input(TEMPERATURE_INPUT);
  pico_get_unique_board_id_string(client_id, sizeof client_id);
  uart_init(uart0, BAUD);
  gpio_set_function(TX_PIN, GPIO_FUNC_UART);
  gpio_set_function(RX_PIN, GPIO_FUNC_UART);
  irq_set_exclusive_handler(UART0_IRQ, on_uart);
  irq_set_enabled(UART0_IRQ, true);
  uart_set_irq_enables(uart0, true, false);
  config = (hf_config){.client_id = client_id, .keep_alive_s = 60, .retry_ms = 1000, .first_message_id = draw_number(),
                       .topics = topics, .topics_n = 2, .slots = slots, .slots_n = SLOTS, .window = 1,
                       .payloads = payloads, .payload_bytes_max = PAYLOAD_BYTES, .frame = frame,
                       .frame_bytes = sizeof frame, .write = write_bytes, .millis = read_clock,
                       .on_message = on_message};
  if (hf_init(&client, &config) != HF_OK) panic("the configuration is not possible: see holdfast_sn.h");
  hf_connect(&client);
}

int main(void) {
  start();
  for (uint32_t sent_ms = 0;;) {
    while (ring_out != ring_in) {
      const uint8_t octet = ring[ring_out % RING_BYTES];
      ring_out = ring_out + 1;
      hf_feed(&client, &octet, 1);
    }
    if (read_clock(NULL) - sent_ms >= SEND_EVERY_MS) {
      const uint16_t raw = adc_read();
      const uint8_t payload[2] = {(uint8_t)(raw >> 8), (uint8_t)raw};
      const hf_message message = {&topics[0], payload, sizeof payload, 1};
      if (hf_publish(&client, &message) > 0) sent_ms = read_clock(NULL); /* without a free slot: again in the next loop */
    }
    hf_poll(&client);
  }
}
