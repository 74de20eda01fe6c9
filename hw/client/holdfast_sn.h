/*
 * holdfast_sn: MQTT-SN 1.2 client in sn-cobs frames, for microcontrollers and for POSIX.
 *
 * Two files to copy (this one and holdfast_sn.c), three functions to write: `write`, `millis`, `on_message`.
 * C99, no malloc, no globals, no libc beyond memcpy, memcmp, memchr, memset and strlen. All memory is the caller's.
 *
 *     hf_init ─▶ hf_connect ─▶ repeatedly: hf_feed(received bytes), hf_poll()
 *
 * Guarantees: a QoS 1 message that hf_publish has accepted is sent until the gateway has acknowledged or rejected it, over
 * reconnections, in order (with `window` 1 also on a noisy line). The outcome is reported as HF_ACKNOWLEDGED or HF_REJECTED.
 * A message from the gateway is acknowledged only after `on_message` has accepted it. A power failure loses messages in RAM.
 * Functions must not be called from two threads, or from an interrupt and the main loop, at the same time. Callbacks may
 * call all functions but hf_feed, hf_poll and hf_init.
 *
 * Source: "MQTT For Sensor Networks (MQTT-SN) Protocol Specification", version 1.2, 2013.
 */
#ifndef HOLDFAST_SN_H
#define HOLDFAST_SN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Size of `frame` for packets of this number of octets: plus a CRC-32, and a COBS code octet for each 254. */
#define HF_FRAME_BYTES(packet_bytes_max) ((packet_bytes_max) + 4 + ((packet_bytes_max) + 4) / 254 + 1)
/* Number of messages by which the gateway recognises repetitions. */
#define HF_WINDOW_MAX 16
/* Largest topic name, will topic or client id, octets: fits in the gateway's smallest packet limit, 256. */
#define HF_NAME_BYTES_MAX 240
/* Largest payload, octets: fits in the gateway's highest packet limit, 4096. The default limit is 1024 (packet_bytes_max). */
#define HF_PAYLOAD_BYTES_MAX 4087

/* Kinds of topics in packets (MQTT-SN 1.2 §6.7). */
typedef enum {
  HF_NAMED,      /* by an id of the gateway; the client registers the name */
  HF_PREDEFINED, /* by the id in `id`, which the gateway's configuration contains */
  HF_SHORT       /* by its two octets */
} hf_topic_kind;

typedef enum { HF_NOT, HF_QOS_0, HF_QOS_1 } hf_subscribe;

/* Entry of the caller's table of topics: to publish, to subscribe, or with room for names from the gateway. */
typedef struct {
  const char *name;       /* NULL for a predefined id, or for an entry with `room` */
  hf_topic_kind kind;
  hf_subscribe subscribe; /* at each connection; the name may then be a filter with wildcards */
  uint16_t id;            /* HF_PREDEFINED: set by the caller. Otherwise by the gateway, for this connection; 0: none yet */
  char *room;             /* memory for a name from the gateway that matches a wildcard subscription, or NULL */
  uint8_t room_bytes;
  bool is_subscribed;     /* for this connection; set by the client */
} hf_topic;

/* Message in either direction. */
typedef struct {
  const hf_topic *topic; /* to publish: an entry of the table */
  const uint8_t *payload;
  uint16_t bytes;
  int8_t qos; /* 1, 0, or −1: sent at once, without a connection, to a predefined or short topic (§6.8) */
} hf_message;

/* Memory for one message that waits for its acknowledgement; used by the client only. */
typedef struct {
  uint32_t sent_ms;
  uint16_t message_id;
  uint16_t bytes;
  uint8_t topic;
  uint8_t qos;
  uint8_t stage;
  uint8_t tries;  /* in this connection */
  bool is_repeat; /* was sent before, in any connection: has DUP */
} hf_slot;

typedef enum { HF_OFF, HF_CONNECTING, HF_CONNECTED, HF_FALLING_ASLEEP, HF_ASLEEP, HF_AWAKE, HF_LEAVING } hf_state;

typedef enum {
  HF_UP,               /* connected */
  HF_DOWN,             /* the connection is lost, and the client connects again; or ended after hf_disconnect */
  HF_SLEEPS,           /* no message is left: the processor may sleep, for less than the duration */
  HF_ACKNOWLEDGED,            /* value: result of hf_publish; the gateway has custody of the message */
  HF_REJECTED,         /* value: result of hf_publish; the gateway rejects the message permanently */
  HF_CONNECT_REFUSED,  /* value: return code (§5.3.10); repeated with growing pauses */
  HF_SUBSCRIBE_REFUSED /* value: index in the table; not repeated in this connection */
} hf_event;

typedef struct {
  const char *client_id;     /* id of this subdevice in the gateway's configuration; A-Z a-z 0-9 _ - */
  bool is_clean;             /* the first connection after hf_init ends the old session; later ones continue the new one */
  uint16_t keep_alive_s;     /* 0: none; a missing gateway is then detected only by publishing */
  uint16_t retry_ms;         /* pause before a repetition; about 1000 on a wire, 1 to 65535 */
  uint16_t first_message_id; /* different at each start (a counter in flash, noise of an ADC): with the same one, a message
                                equal to one before a reset may count as its repetition */
  const char *will_topic;    /* NULL: no will */
  const uint8_t *will_message;
  uint16_t will_bytes;
  uint8_t will_qos;          /* 0 or 1 */
  bool will_retain;

  hf_topic *topics;
  uint8_t topics_n;
  hf_slot *slots;             /* memory for waiting messages; at least `window` */
  uint8_t slots_n;
  uint8_t window;             /* 1 keeps the order on any line (§6.6); up to HF_WINDOW_MAX is faster on a clean one */
  uint8_t *payloads;          /* slots_n * payload_bytes_max octets */
  uint16_t payload_bytes_max;
  uint8_t *frame;             /* HF_FRAME_BYTES(largest packet from the gateway) octets */
  uint16_t frame_bytes;

  void *user; /* passed to each callback */
  /* Writes all bytes in order. May block; must not call the client. Lost bytes cost a repetition. */
  void (*write)(void *user, const uint8_t *bytes, size_t n);
  /* Returns monotonic milliseconds, which may wrap. */
  uint32_t (*millis)(void *user);
  /* Returns true if the message is accepted. After false the gateway repeats a QoS 1 message after its pause. */
  bool (*on_message)(void *user, const hf_message *message);
  /* Called for events. May be NULL. */
  void (*on_state)(void *user, hf_event event, uint16_t value);
} hf_config;

/* The caller may read `state`, `waiting`, `damaged_frames` and `malformed_packets`; other fields are internal. */
typedef struct {
  const hf_config *config;
  hf_state state;
  uint8_t waiting;            /* messages not yet acknowledged */
  uint16_t damaged_frames;    /* wrong CRC-32, invalid COBS, or larger than `frame` */
  uint16_t malformed_packets; /* in valid frames */
  uint8_t oldest;             /* slot */
  uint16_t last_message_id;
  uint16_t sleep_s; /* requested sleep; 0: stay awake */
  uint32_t now_ms, heard_ms, sent_ms;
  uint32_t held_ms;
  bool is_held;   /* the gateway is congested: no new message during a pause */
  bool had_session;
  bool collects; /* hf_wake has requested the buffered messages, and PINGRESP is missing */
  uint8_t request; /* message type of the unanswered request, 0: none */
  uint8_t request_tries;
  uint8_t request_topic;
  uint16_t request_id;
  uint32_t request_ms;
  uint16_t accepted_id; /* last QoS 1 message accepted in this connection, 0: none */
  uint32_t accepted_crc;
  uint8_t next_room;
  uint16_t frame_n;
  bool is_oversize;
} hf_client;

/* Errors, as negative numbers. On success hf_publish returns 0 or the number of the message. */
enum {
  HF_OK = 0,
  HF_FULL = -1,         /* no slot is free: repeat after the next HF_ACKNOWLEDGED */
  HF_TOO_LARGE = -2,    /* more than payload_bytes_max */
  HF_BAD_TOPIC = -3,    /* not in the table, named and QoS −1, name too long, or an entry without a name */
  HF_BAD_QOS = -4,      /* not −1, 0 or 1 */
  HF_BAD_WINDOW = -5,   /* `window` is 0, above HF_WINDOW_MAX or above slots_n */
  HF_BAD_MEMORY = -6,   /* `slots`, `payloads`, `topics` or `frame` is missing, `frame` is below 16 octets,
                           or payload_bytes_max is above HF_PAYLOAD_BYTES_MAX */
  HF_BAD_FUNCTION = -7, /* `write`, `millis` or `on_message` is missing */
  HF_BAD_SETTING = -8   /* `client_id` or the will empty or too long, retry_ms 0, will_qos above 1 */
};

/* Initialises a client. The configuration and its memory must outlive the client. @returns HF_OK or an error */
int hf_init(hf_client *client, const hf_config *config);
/* Connects, and stays connected. Cancels hf_sleep. */
void hf_connect(hf_client *client);
/* Ends the connection without the will. Waiting messages wait for hf_connect. */
void hf_disconnect(hf_client *client);
/* Sleeps when no answer is missing, and reports HF_SLEEPS. Call hf_wake within duration_s, 1 to 65535 (§6.14). */
void hf_sleep(hf_client *client, uint16_t duration_s);
/* Wakes: receives the buffered messages, sends waiting ones, and sleeps again. */
void hf_wake(hf_client *client);
/* Accepts a message and copies its payload. @returns number of the message, 1 to 65535 (QoS 0 and −1: 0), or an error: the
 * message was not accepted */
int32_t hf_publish(hf_client *client, const hf_message *message);
/* Handles bytes from the line, in pieces of any size. */
void hf_feed(hf_client *client, const uint8_t *bytes, size_t n);
/* Sends due packets. Call at least every retry_ms. */
void hf_poll(hf_client *client);

#ifdef __cplusplus
}
#endif
#endif
