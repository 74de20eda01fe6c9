/*
 * holdfast_sn: the subdevice's end of the wire. MQTT-SN 1.2 in sn-cobs frames, for microcontrollers and for POSIX.
 *
 * Two files to copy (this one and holdfast_sn.c), three functions to write: `write`, `millis`, `on_message`.
 * C99, no malloc, no globals, no libc beyond memcpy, memcmp, memchr, memset and strlen. All memory is the caller's.
 *
 *     hf_init ─▶ hf_connect ─▶ for ever: hf_feed(what came), hf_poll()
 *
 * What it promises: a QoS 1 message that hf_publish took is sent until the gateway has acknowledged or refused it, over
 * reconnections, in order (with `window` 1 also on a noisy line); and is told of with HF_TAKEN or HF_REJECTED. A message
 * from the gateway is acknowledged only after `on_message` has taken it. What is in RAM is lost with the power.
 * Nothing here may be called from two threads, or from an interrupt and the main loop, at a time; callbacks may call
 * anything but hf_feed, hf_poll and hf_init.
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

/* Octets of `frame` that take packets of up to so many octets: a CRC-32, and a COBS code octet for each 254. */
#define HF_FRAME_BYTES(packet_bytes_max) ((packet_bytes_max) + 4 + ((packet_bytes_max) + 4) / 254 + 1)
/* The gateway remembers so many publications to tell repetitions from news. */
#define HF_WINDOW_MAX 16
/* Octets of a topic name, a will topic or a client id: a packet with one fits the gateway's smallest limit, 256. */
#define HF_NAME_BYTES_MAX 240
/* A packet with so many fits the gateway's hard limit, 4096; its default limit is 1024, set by packet_bytes_max. */
#define HF_PAYLOAD_BYTES_MAX 4087

/* How a topic is named on the wire (MQTT-SN 1.2 §6.7). */
typedef enum {
  HF_NAMED,      /* by an id that the gateway gives and this client asks for by itself */
  HF_PREDEFINED, /* by the id in `id`, known to the gateway by its configuration */
  HF_SHORT       /* by its two octets */
} hf_topic_kind;

typedef enum { HF_NOT, HF_QOS_0, HF_QOS_1 } hf_subscribe;

/* One line of the caller's table of topics: what it publishes to, what it subscribes to, and room for surprises. */
typedef struct {
  const char *name;       /* NULL for a predefined id, or for a line with `room` */
  hf_topic_kind kind;
  hf_subscribe subscribe; /* at each connection; the name may then be a filter with wildcards */
  uint16_t id;            /* HF_PREDEFINED: yours. Else the gateway's, for this connection; 0: none yet */
  char *room;             /* memory for a name that the gateway brings under a wildcard subscription, or NULL */
  uint8_t room_bytes;
  bool is_subscribed;     /* for this connection; set by the client */
} hf_topic;

/* A message, either way. */
typedef struct {
  const hf_topic *topic; /* to publish: a line of the table */
  const uint8_t *payload;
  uint16_t bytes;
  int8_t qos; /* 1, 0, or −1: sent at once, without a connection, to a predefined or short topic (§6.8) */
} hf_message;

/* Memory for one message that waits for its acknowledgement; the client's own. */
typedef struct {
  uint32_t sent_ms;
  uint16_t message_id;
  uint16_t bytes;
  uint8_t topic;
  uint8_t qos;
  uint8_t stage;
  uint8_t tries;  /* in this connection */
  bool is_repeat; /* was sent before, in whatever connection: goes with DUP */
} hf_slot;

typedef enum { HF_OFF, HF_CONNECTING, HF_CONNECTED, HF_FALLING_ASLEEP, HF_ASLEEP, HF_AWAKE, HF_LEAVING } hf_state;

typedef enum {
  HF_UP,               /* connected */
  HF_DOWN,             /* the connection is lost, and being made again; or ended, after hf_disconnect */
  HF_SLEEPS,           /* all is said: the processor may sleep, for less than the duration */
  HF_TAKEN,            /* value: the number hf_publish gave; the gateway answers for the message from now on */
  HF_REJECTED,         /* value: the number hf_publish gave; the gateway never will take it */
  HF_CONNECT_REFUSED,  /* value: return code (§5.3.10); tried again, more and more rarely */
  HF_SUBSCRIBE_REFUSED /* value: line of the table; not tried again in this connection */
} hf_event;

typedef struct {
  const char *client_id;     /* what the gateway's configuration calls this subdevice; A-Z a-z 0-9 _ - */
  bool is_clean;             /* the first connection after hf_init ends the session there was (later ones go on with it) */
  uint16_t keep_alive_s;     /* 0: none, and then a dead gateway is noticed only by publishing */
  uint16_t retry_ms;         /* pause before a repetition; about 1000 on a wire, 1 to 65535 */
  uint16_t first_message_id; /* as different as can be between starts (a counter in flash, noise of an ADC): with the
                                same one, a message that equals one from before a reset may be taken for its repetition */
  const char *will_topic;    /* NULL: no will */
  const uint8_t *will_message;
  uint16_t will_bytes;
  uint8_t will_qos;          /* 0 or 1 */
  bool will_retain;

  hf_topic *topics;
  uint8_t topics_n;
  hf_slot *slots;             /* messages that may wait here; at least `window` */
  uint8_t slots_n;
  uint8_t window;             /* 1 keeps the order on any line (§6.6); up to HF_WINDOW_MAX is faster on a clean one */
  uint8_t *payloads;          /* slots_n * payload_bytes_max octets */
  uint16_t payload_bytes_max;
  uint8_t *frame;             /* HF_FRAME_BYTES(largest packet from the gateway) octets */
  uint16_t frame_bytes;

  void *user; /* given back in each call */
  /* All of it goes out, in order; may block, must not call back. What it loses costs a repetition. */
  void (*write)(void *user, const uint8_t *bytes, size_t n);
  /* Monotonic milliseconds; may wrap. */
  uint32_t (*millis)(void *user);
  /* true: taken, and now yours. false: not now; a QoS 1 message comes again after the gateway's pause. */
  bool (*on_message)(void *user, const hf_message *message);
  /* May be NULL. */
  void (*on_state)(void *user, hf_event event, uint16_t value);
} hf_config;

/* Read `state`, `waiting`, `damaged_frames` and `malformed_packets` as you like; the rest is the client's own. */
typedef struct {
  const hf_config *config;
  hf_state state;
  uint8_t waiting;            /* messages not yet acknowledged */
  uint16_t damaged_frames;    /* wrong CRC-32, no COBS, or larger than `frame` */
  uint16_t malformed_packets; /* in good frames */
  uint8_t oldest;             /* slot */
  uint16_t last_message_id;
  uint16_t sleep_s; /* wish; 0: stay awake */
  uint32_t now_ms, heard_ms, sent_ms;
  uint32_t held_ms;
  bool is_held;   /* the gateway is congested: nothing new for a pause */
  bool had_session;
  bool collects; /* hf_wake asked for what the gateway keeps, and has not got it */
  uint8_t request; /* message type of the one request without an answer, 0: none */
  uint8_t request_tries;
  uint8_t request_topic;
  uint16_t request_id;
  uint32_t request_ms;
  uint16_t taken_id; /* the last QoS 1 message taken in this connection, 0: none */
  uint32_t taken_crc;
  uint8_t next_room;
  uint16_t frame_n;
  bool is_oversize;
} hf_client;

/* What is wrong, as a negative number; what hf_publish gives else is 0 or the message's number. */
enum {
  HF_OK = 0,
  HF_FULL = -1,         /* no slot is free: try again after the next HF_TAKEN */
  HF_TOO_LARGE = -2,    /* more than payload_bytes_max */
  HF_BAD_TOPIC = -3,    /* not in the table, named and QoS −1, name too long, or a line without a name */
  HF_BAD_QOS = -4,      /* not −1, 0 or 1 */
  HF_BAD_WINDOW = -5,   /* `window` is 0, above HF_WINDOW_MAX or above slots_n */
  HF_BAD_MEMORY = -6,   /* `slots`, `payloads`, `topics` or `frame` is missing, `frame` is below 16 octets,
                           or payload_bytes_max is above HF_PAYLOAD_BYTES_MAX */
  HF_BAD_FUNCTION = -7, /* `write`, `millis` or `on_message` is missing */
  HF_BAD_SETTING = -8   /* `client_id` or the will empty or too long, retry_ms 0, will_qos above 1 */
};

/* The configuration and its memory stay the caller's, and must outlive the client. @returns HF_OK or what is wrong */
int hf_init(hf_client *client, const hf_config *config);
/* Connect, and stay connected; ends a wish to sleep. */
void hf_connect(hf_client *client);
/* End the connection without the will; what waits, waits for hf_connect. */
void hf_disconnect(hf_client *client);
/* Sleep as soon as nothing waits for an answer (then comes HF_SLEEPS); wake it within duration_s, 1 to 65535 (§6.14). */
void hf_sleep(hf_client *client, uint16_t duration_s);
/* Awake: collects what the gateway kept, says what waits here, and sleeps again. */
void hf_wake(hf_client *client);
/* Copies the payload. @returns the message's number, 1 to 65535 (QoS 0 and −1: 0), or what is wrong: then nothing was
 * taken */
int32_t hf_publish(hf_client *client, const hf_message *message);
/* Bytes from the line, in pieces of any size, as soon as they come. */
void hf_feed(hf_client *client, const uint8_t *bytes, size_t n);
/* Sends what is due. As often as you like, at least every retry_ms. */
void hf_poll(hf_client *client);

#ifdef __cplusplus
}
#endif
#endif
