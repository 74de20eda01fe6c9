/*
 * holdfast_fw: firmware images from the gateway, over the MQTT-SN client of holdfast_sn.h.
 *
 * Two more files to copy (this one and holdfast_fw.c). Six functions to write: `accept`, `resume`, `write`, `read`,
 * `discard`, `install`. C99, no malloc, no globals. All memory is the caller's.
 *
 *     hf_init, hf_fw_init ─▶ hf_connect ─▶ repeatedly: hf_feed, hf_poll, hf_fw_poll
 *     on_message calls hf_fw_on_message, on_state calls hf_fw_on_state
 *
 *     idle ─OFFER─▶ pulling ─▶ verifying ─CRC-32 right─▶ received ─STATE acknowledged─▶ installed
 *       ▲              │ STOP, failure, no answer            │ STOP
 *       └──────────────┴─────────────────────────────────────┘
 *
 * The subdevice pulls the image: the gateway sends only what a GET permits. After a power failure the transfer continues at
 * the octet that `resume` returns. `install` is called once the CRC-32 over the image, as `read` returns it, is right and
 * the gateway has acknowledged it. The CRC-32 detects damage, not forgery: an image from an untrusted network needs a
 * signature that `install` or the boot loader checks.
 *
 * The table of topics has two more entries with HF_NOT: "$fw/up" and "$fw/down". Both are HF_NAMED, and the gateway registers
 * the second one before its first offer; or both are HF_PREDEFINED, if the gateway's configuration contains their ids. The
 * client needs payload_bytes_max of at least HF_FW_PAYLOAD_BYTES, and a frame for packets of at least
 * HF_FW_PACKET_BYTES(chunk_bytes).
 *
 * A subdevice that sleeps gets an offer when it wakes. For the transfer it must stay awake: call hf_connect while
 * hf_fw_is_active, and hf_sleep after it.
 *
 * Functions of this file may be called in on_message and on_state of the client, but not in the callbacks of this file.
 *
 * Messages: src/codec/firmware-messages.ts of the gateway, docs/firmware.md.
 */
#ifndef HOLDFAST_FW_H
#define HOLDFAST_FW_H

#include "holdfast_sn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Largest version and reason, octets. */
#define HF_FW_TEXT_BYTES_MAX 64
/* Largest message of a subdevice: STATE with a reason. */
#define HF_FW_PAYLOAD_BYTES (6 + HF_FW_TEXT_BYTES_MAX)
/* Largest packet of a transfer with chunks of this number of octets: CHUNK, or OFFER. */
#define HF_FW_PACKET_BYTES(chunk_bytes) ((chunk_bytes) > 81 ? (chunk_bytes) + 18 : 99)

/* Image that the gateway offers. */
typedef struct {
  uint32_t image; /* CRC-32/ISO-HDLC of the image */
  uint32_t size;  /* octets, 1 to 2^32 − 1 */
  uint8_t md5[16];
  char version[HF_FW_TEXT_BYTES_MAX + 1]; /* UTF-8, ends with 0 */
} hf_fw_offer;

typedef enum { HF_FW_IDLE, HF_FW_PULLING, HF_FW_VERIFYING, HF_FW_RECEIVED, HF_FW_INSTALLED } hf_fw_state;

typedef struct {
  hf_client *client;
  const hf_topic *up;     /* entry "$fw/up" of the client's table */
  const hf_topic *down;   /* entry "$fw/down" */
  const char *version;    /* version of the running firmware: UTF-8 without control characters, 1 to 64 octets */
  uint8_t window;         /* chunks permitted by a GET, 1 to 255; about 4 to 8 */
  uint16_t chunk_bytes;   /* largest chunk, 1 to 4078 octets; about 64 to 512 */
  uint16_t timeout_ms;    /* silence before octets are asked for again; about 2000, 1 to 65535. Doubled up to 16 times */

  void *user; /* passed to each callback */
  /* Returns true if the subdevice takes this image. After false, `reason` is reported: a constant text of at most 64 octets,
     or as it was. */
  bool (*accept)(void *user, const hf_fw_offer *offer, const char **reason);
  /* Prepares the flash for this image. Returns the number of its first octets that are durable by the caller's own record in
     flash, 0 if the record is of another image. The next `write` begins there: octets after it are written again. */
  uint32_t (*resume)(void *user, const hf_fw_offer *offer);
  /* Writes the next octets, 1 to chunk_bytes, not aligned to pages. Returns true if they are durable, or will be: a page that
     is not full may wait in RAM until the image is complete (offset + n = size). */
  bool (*write)(void *user, uint32_t offset, const uint8_t *octets, uint16_t n);
  /* Reads octets of the complete image, 1 to 64. */
  bool (*read)(void *user, uint32_t offset, uint8_t *octets, uint16_t n);
  /* Forgets the record of the image: its octets are wrong or unreadable, and `resume` must return 0. */
  void (*discard)(void *user);
  /* Installs the complete image: usually marks it for the boot loader and restarts. May not return. Returns false if the
     image cannot be installed. After true the subdevice must restart soon: no version is reported before it. */
  bool (*install)(void *user, const hf_fw_offer *offer);
} hf_fw_config;

/* The caller may read `state`, `offer` and `offset` (octets of the image so far); other fields are internal. */
typedef struct {
  const hf_fw_config *config;
  hf_fw_state state;
  hf_fw_offer offer;
  uint32_t offset;
  uint32_t verified;    /* octets in the CRC */
  uint32_t crc;
  uint32_t progress_ms; /* time of the last GET or chunk */
  uint16_t version_id;  /* number of the unacknowledged VERSION, 0: none */
  uint16_t state_id;    /* number of the unacknowledged STATE, 0: none */
  uint16_t taken;       /* chunks since the last GET */
  uint8_t silences;
  uint8_t due_state;    /* STATE to be sent, 0: none */
  bool is_version_due, is_get_due;
  bool is_lost;         /* the next GET asks for octets again */
  bool is_gap_reported;
  const char *reason;   /* of the STATE to be sent */
} hf_fw;

/* Initialises the transfer, after hf_init. The configuration must outlive it. @returns HF_OK, HF_BAD_TOPIC, HF_BAD_MEMORY
 * (payload_bytes_max or `frame` of the client is too small), HF_BAD_FUNCTION or HF_BAD_SETTING */
int hf_fw_init(hf_fw *fw, const hf_fw_config *config);
/* Handles a message. Call it first in on_message, and return true if it returns true. @returns whether the message belonged
 * to the transfer */
bool hf_fw_on_message(hf_fw *fw, const hf_message *message);
/* Handles an event. Call it first in on_state. @returns whether the event belonged to a message of the transfer */
bool hf_fw_on_state(hf_fw *fw, hf_event event, uint16_t value);
/* Sends due messages, and checks a part of a complete image. Call it after hf_poll. */
void hf_fw_poll(hf_fw *fw);
/* @returns true while the subdevice should stay awake for a transfer */
bool hf_fw_is_active(const hf_fw *fw);

#ifdef __cplusplus
}
#endif
#endif
