/*
 * The transfer of holdfast_fw.h.
 *
 * Invariants: octets are written in their order, each once per `resume`; a chunk that is not the next one changes nothing;
 * GET is sent after each half of the window and confirms the octets before its offset; a gap leads to one GET with AGAIN,
 * and each silence to another, with growing pauses. After SILENCES_MAX silences the transfer pauses, and VERSION asks the
 * gateway for a new offer. No VERSION follows the STATE "received" before the restart. Messages that find no free slot of the client stay due, and hf_fw_poll tries again.
 */
#include "holdfast_fw.h"

#include <string.h>

/* Kinds of messages. */
enum { VERSION = 0x01, GET = 0x02, STATE = 0x03, OFFER = 0x81, CHUNK = 0x82, STOP = 0x83 };
/* States in STATE. */
enum { NONE = 0, RECEIVED = 1, REFUSED = 2, FAILED = 3 };

enum {
  AGAIN = 0x01,
  MD5_BYTES = 16,
  GET_BYTES = 13,
  STATE_BYTES = 6,
  OFFER_BYTES = 26, /* before the version */
  CHUNK_BYTES = 9,  /* before the octets of the image */
  STOP_BYTES = 5,
  DOUBLINGS_MAX = 4,
  SILENCES_MAX = 8,
  READ_BYTES = 64,  /* on the stack */
  CHECK_BYTES = 4096 /* of the image, in one hf_fw_poll: 65 ms of a Cortex-M0+ at 8 MHz */
};

static uint32_t number_at(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_number(uint8_t *bytes, uint32_t number) {
  for (uint8_t i = 0; i < 4; i++) bytes[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* Adds octets to a CRC-32/ISO-HDLC, four bits at a time. */
static uint32_t crc_octets(uint32_t crc, const uint8_t *octets, uint16_t n) {
  static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                     0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                     0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  for (uint16_t i = 0; i < n; i++) {
    crc ^= octets[i];
    crc = (crc >> 4) ^ table[crc & 0x0f];
    crc = (crc >> 4) ^ table[crc & 0x0f];
  }
  return crc;
}

static uint32_t now_of(const hf_fw *fw) {
  const hf_config *config = fw->config->client->config;
  return config->millis(config->user);
}

static bool is_reachable(const hf_fw *fw) {
  const hf_state state = fw->config->client->state;
  return state == HF_CONNECTED || state == HF_FALLING_ASLEEP || state == HF_AWAKE;
}

/* ---- messages to the gateway -------------------------------------------------------------------------------------- */

static int32_t publish(const hf_fw *fw, const uint8_t *bytes, size_t n, int8_t qos) {
  const hf_message message = {fw->config->up, bytes, (uint16_t)n, qos};
  return hf_publish(fw->config->client, &message);
}

static size_t put_text(uint8_t *bytes, const char *text) {
  const size_t n = strlen(text);
  const size_t kept = n < HF_FW_TEXT_BYTES_MAX ? n : HF_FW_TEXT_BYTES_MAX;
  memcpy(bytes, text, kept);
  return kept;
}

static bool send_state(hf_fw *fw) {
  uint8_t bytes[STATE_BYTES + HF_FW_TEXT_BYTES_MAX] = {STATE, fw->due_state};
  put_number(bytes + 2, fw->offer.image);
  const int32_t id = publish(fw, bytes, STATE_BYTES + put_text(bytes + STATE_BYTES, fw->reason), 1);
  if (id > 0) fw->state_id = (uint16_t)id;
  return id > 0;
}

static bool send_version(hf_fw *fw) {
  uint8_t bytes[1 + HF_FW_TEXT_BYTES_MAX] = {VERSION};
  const int32_t id = publish(fw, bytes, 1 + put_text(bytes + 1, fw->config->version), 1);
  if (id > 0) fw->version_id = (uint16_t)id;
  return id > 0;
}

static bool send_get(hf_fw *fw) {
  const uint16_t chunk_bytes = fw->config->chunk_bytes;
  uint8_t bytes[GET_BYTES] = {GET, fw->is_lost ? AGAIN : 0, fw->config->window, (uint8_t)(chunk_bytes >> 8),
                              (uint8_t)chunk_bytes};
  put_number(bytes + 5, fw->offer.image);
  put_number(bytes + 9, fw->offset);
  if (publish(fw, bytes, GET_BYTES, 0) < 0) return false;
  fw->is_lost = false;
  fw->taken = 0;
  fw->progress_ms = now_of(fw);
  return true;
}

static void send_due(hf_fw *fw) {
  if (fw->is_version_due && send_version(fw)) fw->is_version_due = false;
  /* a repeated VERSION after "received" would look like the old version after the installation */
  const bool waits = fw->due_state == RECEIVED && fw->version_id != 0;
  if (fw->due_state != NONE && !waits && send_state(fw)) fw->due_state = NONE;
  if (fw->is_get_due && is_reachable(fw) && send_get(fw)) fw->is_get_due = false;
}

/* ---- the transfer ------------------------------------------------------------------------------------------------- */

static void ask(hf_fw *fw, bool is_lost) {
  fw->is_get_due = true;
  fw->is_lost = fw->is_lost || is_lost;
  fw->is_gap_reported = false;
}

static void restart_timer(hf_fw *fw) {
  fw->progress_ms = now_of(fw);
  fw->silences = 0;
  fw->is_gap_reported = false;
}

static void end(hf_fw *fw) {
  fw->state = HF_FW_IDLE;
  fw->is_get_due = false;
  if (fw->due_state == RECEIVED) fw->due_state = NONE;
}

static void report(hf_fw *fw, uint8_t state, const char *reason) {
  fw->due_state = state;
  fw->reason = reason;
  fw->state_id = 0; /* the outcome of an earlier STATE is of no interest any more */
}

static void fail(hf_fw *fw, const char *reason) {
  end(fw);
  report(fw, FAILED, reason);
}

static void begin_check(hf_fw *fw) {
  fw->state = HF_FW_VERIFYING;
  fw->is_get_due = false;
  fw->verified = 0;
  fw->crc = 0xffffffff;
}

/* Checks the next octets of a complete image. */
static void check(hf_fw *fw) {
  const hf_fw_config *config = fw->config;
  uint8_t octets[READ_BYTES];
  for (uint16_t checked = 0; checked < CHECK_BYTES && fw->verified < fw->offer.size; checked += READ_BYTES) {
    const uint32_t left = fw->offer.size - fw->verified;
    const uint16_t n = left < READ_BYTES ? (uint16_t)left : READ_BYTES;
    if (!config->read(config->user, fw->verified, octets, n)) {
      config->discard(config->user);
      fail(fw, "reading the flash failed");
      return;
    }
    fw->crc = crc_octets(fw->crc, octets, n);
    fw->verified += n;
  }
  if (fw->verified < fw->offer.size) return;
  if (~fw->crc == fw->offer.image) {
    fw->state = HF_FW_RECEIVED;
    report(fw, RECEIVED, "");
  } else {
    config->discard(config->user);
    fail(fw, "the CRC-32 of the image is wrong");
  }
}

/* Continues or begins a transfer. */
static void take_offer(hf_fw *fw, const uint8_t *bytes, uint16_t n) {
  const hf_fw_config *config = fw->config;
  const char *reason = "the subdevice does not take this image";
  const uint32_t image = number_at(bytes + 2), size = number_at(bytes + 6);
  const bool is_same = image == fw->offer.image && size == fw->offer.size;
  if (size == 0) return;
  if (is_same && fw->state == HF_FW_PULLING) {
    ask(fw, false);
    return;
  }
  if (is_same && (fw->state == HF_FW_VERIFYING || fw->state == HF_FW_RECEIVED)) return;
  if (is_same && fw->state == HF_FW_INSTALLED) {
    report(fw, RECEIVED, "");
    return;
  }
  end(fw);
  fw->offer.image = image;
  fw->offer.size = size;
  memcpy(fw->offer.md5, bytes + 10, MD5_BYTES);
  memset(fw->offer.version, 0, sizeof fw->offer.version);
  memcpy(fw->offer.version, bytes + OFFER_BYTES, (size_t)(n - OFFER_BYTES));
  if (!config->accept(config->user, &fw->offer, &reason)) {
    report(fw, REFUSED, reason);
    return;
  }
  fw->due_state = NONE;
  fw->state_id = 0;
  fw->offset = config->resume(config->user, &fw->offer);
  if (fw->offset == size) {
    begin_check(fw);
    return;
  }
  if (fw->offset > size) fw->offset = 0;
  fw->state = HF_FW_PULLING;
  restart_timer(fw);
  ask(fw, true); /* the gateway may have sent more octets before a restart */
}

static void take_chunk(hf_fw *fw, uint32_t offset, const uint8_t *octets, uint16_t n) {
  const hf_fw_config *config = fw->config;
  if (fw->state != HF_FW_PULLING || n > config->chunk_bytes || offset < fw->offset) return;
  if (offset > fw->offer.size || n > fw->offer.size - offset) return;
  if (offset > fw->offset) {
    if (!fw->is_gap_reported) ask(fw, true);
    fw->is_gap_reported = true;
    return;
  }
  if (!config->write(config->user, offset, octets, n)) {
    fail(fw, "writing to the flash failed");
    return;
  }
  fw->offset += n;
  fw->taken++;
  restart_timer(fw);
  if (fw->offset == fw->offer.size) begin_check(fw);
  else if (fw->taken * 2u >= config->window) ask(fw, false);
}

static void drive_timer(hf_fw *fw) {
  const uint8_t doublings = fw->silences < DOUBLINGS_MAX ? fw->silences : DOUBLINGS_MAX;
  const uint32_t pause_ms = (uint32_t)fw->config->timeout_ms << doublings;
  if (fw->state != HF_FW_PULLING || fw->is_get_due || fw->config->client->state != HF_CONNECTED) return;
  if ((uint32_t)(now_of(fw) - fw->progress_ms) < pause_ms) return;
  fw->silences++;
  if (fw->silences <= SILENCES_MAX) {
    ask(fw, true);
    return;
  }
  end(fw);
  if (fw->version_id == 0) fw->is_version_due = true;
}

/* The gateway has answered STATE. */
static void take_answer(hf_fw *fw, hf_event event) {
  fw->state_id = 0;
  if (fw->state != HF_FW_RECEIVED) return;
  fw->state = HF_FW_IDLE;
  if (event != HF_ACKNOWLEDGED) return;
  fw->state = HF_FW_INSTALLED;
  if (!fw->config->install(fw->config->user, &fw->offer)) fail(fw, "installing the image failed");
}

/* ---- functions of the API ----------------------------------------------------------------------------------------- */

/* @returns whether the frame has HF_FRAME_BYTES(packet_bytes) octets, without a division */
static bool has_room(const hf_config *config, uint16_t packet_bytes) {
  const uint16_t n = (uint16_t)(packet_bytes + 4);
  return config->frame_bytes > n && n < 254u * (uint32_t)(config->frame_bytes - n);
}

int hf_fw_init(hf_fw *fw, const hf_fw_config *config) {
  if (config->accept == NULL || config->resume == NULL || config->write == NULL || config->read == NULL ||
      config->discard == NULL || config->install == NULL) {
    return HF_BAD_FUNCTION;
  }
  if (config->client == NULL || config->version == NULL || config->version[0] == 0 ||
      strlen(config->version) > HF_FW_TEXT_BYTES_MAX || config->window == 0 || config->chunk_bytes == 0 ||
      config->chunk_bytes > HF_PAYLOAD_BYTES_MAX - CHUNK_BYTES || config->timeout_ms == 0) {
    return HF_BAD_SETTING;
  }
  if (config->up == NULL || config->down == NULL || config->up == config->down) return HF_BAD_TOPIC;
  const hf_config *client = config->client->config;
  if (client->payload_bytes_max < HF_FW_PAYLOAD_BYTES || !has_room(client, (uint16_t)HF_FW_PACKET_BYTES(config->chunk_bytes))) {
    return HF_BAD_MEMORY;
  }
  memset(fw, 0, sizeof *fw);
  fw->config = config;
  fw->reason = "";
  return HF_OK;
}

bool hf_fw_on_message(hf_fw *fw, const hf_message *message) {
  const uint8_t *bytes = message->payload;
  const uint16_t n = message->bytes;
  if (message->topic != fw->config->down) return false;
  if (n > OFFER_BYTES && n <= OFFER_BYTES + HF_FW_TEXT_BYTES_MAX && bytes[0] == OFFER) {
    take_offer(fw, bytes, n);
  } else if (n > CHUNK_BYTES && bytes[0] == CHUNK) {
    if (number_at(bytes + 1) == fw->offer.image) {
      take_chunk(fw, number_at(bytes + 5), bytes + CHUNK_BYTES, (uint16_t)(n - CHUNK_BYTES));
    }
  } else if (n >= STOP_BYTES && bytes[0] == STOP) {
    if (number_at(bytes + 1) == fw->offer.image && hf_fw_is_active(fw)) end(fw);
  }
  send_due(fw);
  return true;
}

bool hf_fw_on_state(hf_fw *fw, hf_event event, uint16_t value) {
  bool is_own = false;
  if (event == HF_UP) {
    fw->is_lost = true; /* chunks of an earlier connection do not arrive */
    restart_timer(fw);
    /* while it installs, the old version would say that the installation has failed */
    if (fw->version_id == 0 && fw->state != HF_FW_RECEIVED && fw->state != HF_FW_INSTALLED) fw->is_version_due = true;
  } else if (event == HF_DOWN) {
    fw->is_get_due = false;
  } else if ((event == HF_ACKNOWLEDGED || event == HF_REJECTED) && value != 0) {
    if (value == fw->version_id) {
      fw->version_id = 0;
      is_own = true;
    } else if (value == fw->state_id) {
      take_answer(fw, event);
      is_own = true;
    }
  }
  send_due(fw);
  return is_own;
}

void hf_fw_poll(hf_fw *fw) {
  if (fw->state == HF_FW_VERIFYING) check(fw);
  drive_timer(fw);
  send_due(fw);
}

bool hf_fw_is_active(const hf_fw *fw) {
  return fw->state == HF_FW_PULLING || fw->state == HF_FW_VERIFYING || fw->state == HF_FW_RECEIVED;
}
