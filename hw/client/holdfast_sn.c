/*
 * The client of holdfast_sn.h, in three layers from the bottom up:
 *
 *     octets ⇄ frames (COBS, CRC-32) ⇄ packets (MQTT-SN 1.2 §5) ⇄ the client: one request, one window, one session
 *
 * Invariants: any bytes from the line are handled; `frame` is the only buffer between calls and is never overrun; at most
 * one request (CONNECT, REGISTER, SUBSCRIBE, PINGREQ, DISCONNECT) is unanswered; unanswered packets are repeated after
 * `retry_ms`; a slot is free again only after the gateway's answer. Topic ids are valid for one connection, since a gateway
 * that has lost the session may have assigned them to other topics.
 */
#include "holdfast_sn.h"

#include <string.h>

/* Message types (MQTT-SN 1.2 §5.2.2, table 3). */
enum {
  NONE = 0x00, /* value of ADVERTISE, which this client neither sends nor reads */
  CONNECT = 0x04,
  CONNACK = 0x05,
  WILLTOPICREQ = 0x06,
  WILLTOPIC = 0x07,
  WILLMSGREQ = 0x08,
  WILLMSG = 0x09,
  REGISTER = 0x0a,
  REGACK = 0x0b,
  PUBLISH = 0x0c,
  PUBACK = 0x0d,
  SUBSCRIBE = 0x12,
  SUBACK = 0x13,
  PINGREQ = 0x16,
  PINGRESP = 0x17,
  DISCONNECT = 0x18
};

/* Flags (§5.3.4) and return codes (§5.3.10). */
enum { DUP = 0x80, RETAIN = 0x10, WILL = 0x08, CLEAN = 0x04, QOS_SHIFT = 5, TWO_BITS = 0x03 };
enum { ACCEPTED = 0, CONGESTION = 1, INVALID_TOPIC_ID = 2, NOT_SUPPORTED = 3 };
enum { PROTOCOL_ID = 0x01, LONG_LENGTH = 0x01 };

enum { WAITING, SENT, ANSWERED }; /* stages of a slot */

enum {
  CRC_BYTES = 4,
  GROUP_BYTES = 254,     /* largest number of octets after one COBS code octet */
  CHUNK_BYTES = 32,      /* on the stack, for one call of `write` */
  RETRIES_MAX = 5,       /* then the connection is lost: N_retry of §7.2 is 3 to 5 */
  CONNECT_DOUBLINGS = 4, /* the pause between CONNECTs is doubled up to 16 * retry_ms */
  FRAME_BYTES_MIN = 16
};

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* Adds one octet to a CRC-32/ISO-HDLC, four bits at a time: a table of 16 entries instead of 256. */
static uint32_t crc_octet(uint32_t crc, uint8_t octet) {
  static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                     0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                     0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  crc ^= octet;
  crc = (crc >> 4) ^ table[crc & 0x0f];
  return (crc >> 4) ^ table[crc & 0x0f];
}

static uint32_t crc_of(const uint8_t *bytes, uint16_t n) {
  uint32_t crc = 0xffffffff;
  for (uint16_t i = 0; i < n; i++) crc = crc_octet(crc, bytes[i]);
  return ~crc;
}

/* Packet to be sent: header, the caller's bytes, CRC-32. */
typedef struct {
  uint8_t head[10]; /* four octets for Length and MsgType, then at most six of fixed fields */
  uint8_t start, end;
  const uint8_t *tail;
  uint16_t tail_bytes;
  uint8_t crc[CRC_BYTES];
} packet;

static uint8_t octet_at(const packet *p, uint16_t at) {
  const uint16_t head_bytes = (uint16_t)(p->end - p->start);
  if (at < head_bytes) return p->head[p->start + at];
  at = (uint16_t)(at - head_bytes);
  return at < p->tail_bytes ? p->tail[at] : p->crc[at - p->tail_bytes];
}

typedef struct {
  const hf_config *config;
  uint8_t bytes[CHUNK_BYTES];
  uint8_t n;
} chunk;

static void flush(chunk *out) {
  out->config->write(out->config->user, out->bytes, out->n);
  out->n = 0;
}

static void put(chunk *out, uint8_t octet) {
  if (out->n == CHUNK_BYTES) flush(out);
  out->bytes[out->n++] = octet;
}

/* 00 COBS(packet, CRC-32 little-endian) 00. */
static void write_frame(hf_client *c, packet *p) {
  chunk out = {c->config, {0}, 0};
  const uint16_t packet_bytes = (uint16_t)(p->end - p->start + p->tail_bytes);
  const uint16_t n = (uint16_t)(packet_bytes + CRC_BYTES);
  uint32_t crc = 0xffffffff;
  for (uint16_t i = 0; i < packet_bytes; i++) crc = crc_octet(crc, octet_at(p, i));
  crc = ~crc;
  for (uint8_t i = 0; i < CRC_BYTES; i++) p->crc[i] = (uint8_t)(crc >> (8 * i));
  put(&out, 0);
  for (uint16_t from = 0;;) {
    uint8_t run = 0;
    while (from + run < n && run < GROUP_BYTES && octet_at(p, (uint16_t)(from + run)) != 0) run++;
    put(&out, (uint8_t)(run + 1));
    for (uint8_t i = 0; i < run; i++) put(&out, octet_at(p, (uint16_t)(from + i)));
    from = (uint16_t)(from + run);
    if (from == n) break;
    if (run < GROUP_BYTES) from++; /* the zero that the code octet replaces */
  }
  put(&out, 0);
  flush(&out);
  c->sent_ms = c->now_ms;
}

/* Decodes the octets between two delimiters in place. @returns octets of the packet, 0: damaged */
static uint16_t open_frame(uint8_t *bytes, uint16_t n) {
  uint16_t out = 0;
  for (uint16_t at = 0; at < n;) {
    const uint8_t code = bytes[at];
    if (code > n - at) return 0;
    for (uint8_t i = 1; i < code; i++) bytes[out++] = bytes[at + i];
    at = (uint16_t)(at + code);
    if (code <= GROUP_BYTES && at < n) bytes[out++] = 0;
  }
  if (out <= CRC_BYTES) return 0;
  out = (uint16_t)(out - CRC_BYTES);
  const uint32_t crc = crc_of(bytes, out);
  for (uint8_t i = 0; i < CRC_BYTES; i++) {
    if (bytes[out + i] != (uint8_t)(crc >> (8 * i))) return 0;
  }
  return out;
}

/* ---- packets ----------------------------------------------------------------------------------------------------- */

static uint16_t word_at(const uint8_t *bytes) { return (uint16_t)((bytes[0] << 8) | bytes[1]); }

static packet begin_packet(uint8_t type) {
  packet p = {{0}, 0, 4, NULL, 0, {0}};
  p.head[3] = type;
  return p;
}

static void put_octet(packet *p, uint8_t octet) { p->head[p->end++] = octet; }

static void put_word(packet *p, uint16_t word) {
  put_octet(p, (uint8_t)(word >> 8));
  put_octet(p, (uint8_t)word);
}

static void put_text(packet *p, const char *text) {
  p->tail = (const uint8_t *)text;
  p->tail_bytes = (uint16_t)strlen(text);
}

static void send(hf_client *c, packet *p) {
  const uint16_t rest = (uint16_t)(p->end - 3 + p->tail_bytes); /* from MsgType on */
  if (rest < 0xff) {
    p->start = 2;
    p->head[2] = (uint8_t)(rest + 1);
  } else { /* the three-octet form (§5.2.1) */
    p->head[0] = LONG_LENGTH;
    p->head[1] = (uint8_t)((rest + 3) >> 8);
    p->head[2] = (uint8_t)(rest + 3);
  }
  write_frame(c, p);
}

/* REGACK and PUBACK. */
static void acknowledge(hf_client *c, uint8_t type, const uint8_t *ids, uint8_t return_code) {
  packet p = begin_packet(type);
  put_word(&p, word_at(ids));
  put_word(&p, word_at(ids + 2));
  put_octet(&p, return_code);
  send(c, &p);
}

/* ---- topics ------------------------------------------------------------------------------------------------------ */

static uint16_t short_id(const char *name) { return (uint16_t)(((uint8_t)name[0] << 8) | (uint8_t)name[1]); }

/* @returns topic id of a PUBLISH to this topic, 0: the topic must be registered first */
static uint16_t id_of(const hf_topic *topic) { return topic->kind == HF_SHORT ? short_id(topic->name) : topic->id; }

/* @returns index in the table, or topics_n */
static uint8_t find_topic(const hf_client *c, hf_topic_kind kind, uint16_t id) {
  uint8_t i = 0;
  while (i < c->config->topics_n && (c->config->topics[i].kind != kind || id_of(&c->config->topics[i]) != id)) i++;
  return i;
}

static void learn(hf_client *c, hf_topic *topic, uint16_t id) {
  const uint8_t owner = find_topic(c, HF_NAMED, id);
  if (owner < c->config->topics_n) c->config->topics[owner].id = 0;
  topic->id = id;
}

/* Returns an entry with room for this name: a free one, or the next in turn, whose name is lost until the next REGISTER. */
static hf_topic *make_room(hf_client *c, const uint8_t *name, uint16_t n) {
  for (uint8_t tries = 0; tries < c->config->topics_n; tries++) {
    hf_topic *topic = &c->config->topics[c->next_room];
    c->next_room = c->next_room + 1 < c->config->topics_n ? (uint8_t)(c->next_room + 1) : 0;
    if (topic->room == NULL || topic->room_bytes <= n) continue;
    memcpy(topic->room, name, n);
    topic->room[n] = 0;
    topic->name = topic->room;
    topic->id = 0;
    return topic;
  }
  return NULL;
}

/* REGISTER by the gateway (§6.10). */
static void take_register(hf_client *c, const uint8_t *body, uint16_t n) {
  const uint16_t name_bytes = (uint16_t)(n - 4);
  const uint16_t id = word_at(body);
  hf_topic *topic = NULL;
  for (uint8_t i = 0; i < c->config->topics_n && topic == NULL; i++) {
    hf_topic *line = &c->config->topics[i];
    if (line->kind == HF_NAMED && line->name != NULL && strlen(line->name) == name_bytes &&
        memcmp(line->name, body + 4, name_bytes) == 0) {
      topic = line;
    }
  }
  const bool is_reserved = id == 0 || id == 0xffff; /* §5.3.11 */
  if (topic == NULL && !is_reserved) topic = make_room(c, body + 4, name_bytes);
  if (topic != NULL && !is_reserved) learn(c, topic, id);
  acknowledge(c, REGACK, body, is_reserved ? INVALID_TOPIC_ID : topic == NULL ? NOT_SUPPORTED : ACCEPTED);
}

/* ---- the client -------------------------------------------------------------------------------------------------- */

static void tell(hf_client *c, hf_event event, uint16_t value) {
  if (c->config->on_state != NULL) c->config->on_state(c->config->user, event, value);
}

static bool is_past(const hf_client *c, uint32_t since_ms, uint32_t pause_ms) {
  return (uint32_t)(c->now_ms - since_ms) >= pause_ms;
}

static uint16_t next_id(hf_client *c) {
  c->last_message_id = c->last_message_id == 0xffff ? 1 : (uint16_t)(c->last_message_id + 1);
  return c->last_message_id;
}

/* Begins a request, which hf_poll sends and repeats until `request` is NONE. */
static void ask(hf_client *c, uint8_t type) {
  c->request = type;
  c->request_tries = 0;
}

static void ask_topic(hf_client *c, uint8_t type, uint8_t topic) {
  ask(c, type);
  c->request_id = next_id(c);
  c->request_topic = topic;
}

static void connect(hf_client *c) {
  const bool was_up = c->state != HF_CONNECTING && c->state != HF_OFF;
  c->state = HF_CONNECTING;
  ask(c, CONNECT);
  if (was_up) tell(c, HF_DOWN, 0);
}

static void leave(hf_client *c, hf_state state, hf_event event) {
  c->state = state;
  c->request = NONE;
  tell(c, event, 0);
}

/* Slots are a ring, indexed without a division, which some processors do not have. */
static hf_slot *slot_at(hf_client *c, uint8_t place) {
  const int at = c->oldest + place;
  return &c->config->slots[at < c->config->slots_n ? at : at - c->config->slots_n];
}

static uint8_t window_of(const hf_client *c) {
  return c->waiting < c->config->window ? c->waiting : c->config->window;
}

/* CONNACK, accepted: begins a new connection. */
static void begin_connection(hf_client *c) {
  c->request = NONE;
  c->had_session = true;
  c->accepted_id = 0;
  for (uint8_t i = 0; i < c->config->topics_n; i++) {
    hf_topic *topic = &c->config->topics[i];
    topic->is_subscribed = false;
    if (topic->kind == HF_NAMED) topic->id = 0;
  }
  for (uint8_t i = 0; i < c->waiting; i++) {
    hf_slot *slot = slot_at(c, i);
    slot->tries = 0;
    if (slot->stage == SENT) slot->stage = WAITING;
  }
  c->state = HF_CONNECTED;
  tell(c, HF_UP, 0);
}

static void answer_slot(hf_client *c, hf_slot *slot, hf_event event) {
  slot->stage = ANSWERED;
  const uint16_t message_id = slot->message_id;
  while (c->waiting > 0 && slot_at(c, 0)->stage == ANSWERED) {
    c->oldest = c->oldest + 1 < c->config->slots_n ? (uint8_t)(c->oldest + 1) : 0;
    c->waiting--;
  }
  if (message_id != 0 || event != HF_ACKNOWLEDGED) tell(c, event, message_id);
}

static void send_publish(hf_client *c, uint8_t flags, uint16_t message_id, const hf_message *message) {
  packet p = begin_packet(PUBLISH);
  put_octet(&p, (uint8_t)(flags | message->topic->kind));
  put_word(&p, id_of(message->topic));
  put_word(&p, message_id);
  p.tail = message->payload;
  p.tail_bytes = message->bytes;
  send(c, &p);
}

static void transmit(hf_client *c, hf_slot *slot) {
  const hf_config *config = c->config;
  const hf_message message = {&config->topics[slot->topic],
                              config->payloads + (size_t)(slot - config->slots) * config->payload_bytes_max,
                              slot->bytes, (int8_t)slot->qos};
  const uint8_t dup = slot->is_repeat ? DUP : 0;
  slot->sent_ms = c->now_ms;
  slot->stage = SENT;
  slot->tries++;
  slot->is_repeat = slot->qos == 1;
  send_publish(c, (uint8_t)(dup | (slot->qos << QOS_SHIFT)), slot->message_id, &message);
  if (slot->qos == 0) answer_slot(c, slot, HF_ACKNOWLEDGED);
}

/* "Rejected: congestion", or an id that the gateway does not know: this and all later messages are sent again in order. */
static void hold_from(hf_client *c, uint8_t place) {
  for (uint8_t i = place; i < c->waiting; i++) {
    hf_slot *slot = slot_at(c, i);
    slot->tries = 0;
    if (slot->stage == SENT) slot->stage = WAITING;
  }
  c->is_held = true;
  c->held_ms = c->now_ms;
}

static void take_puback(hf_client *c, const uint8_t *body) {
  uint8_t place = 0;
  const uint16_t message_id = word_at(body + 2);
  while (place < c->waiting && (slot_at(c, place)->stage != SENT || slot_at(c, place)->message_id != message_id)) place++;
  if (place == c->waiting) { /* QoS 0 has no acknowledgement, but its id may be rejected (§5.4.13) */
    const uint8_t line = find_topic(c, HF_NAMED, word_at(body));
    if (body[4] == INVALID_TOPIC_ID && line < c->config->topics_n) c->config->topics[line].id = 0;
    return;
  }
  hf_slot *slot = slot_at(c, place);
  hf_topic *topic = &c->config->topics[slot->topic];
  if (body[4] == ACCEPTED) {
    answer_slot(c, slot, HF_ACKNOWLEDGED);
  } else if (body[4] == CONGESTION) {
    hold_from(c, place);
  } else if (body[4] == INVALID_TOPIC_ID && topic->kind == HF_NAMED) {
    topic->id = 0;
    hold_from(c, place);
  } else {
    answer_slot(c, slot, HF_REJECTED);
  }
}

/* Repeats a request after congestion: after the pause, as without an answer. */
static void take_regack(hf_client *c, const uint8_t *body) {
  if (c->request != REGISTER || word_at(body + 2) != c->request_id) return;
  c->request_tries = 1;
  if (body[4] == CONGESTION) return;
  c->request = NONE;
  if (body[4] == ACCEPTED) {
    learn(c, &c->config->topics[c->request_topic], word_at(body));
    return;
  }
  for (uint8_t i = 0; i < c->waiting; i++) {
    hf_slot *slot = slot_at(c, i);
    if (slot->stage == WAITING && slot->topic == c->request_topic) {
      answer_slot(c, slot, HF_REJECTED);
      return;
    }
  }
}

static void take_suback(hf_client *c, const uint8_t *body) {
  if (c->request != SUBSCRIBE || word_at(body + 3) != c->request_id) return;
  c->request_tries = 1;
  if (body[5] == CONGESTION) return;
  c->request = NONE;
  hf_topic *topic = &c->config->topics[c->request_topic];
  topic->is_subscribed = true; /* also if rejected: not tried again in this connection */
  if (body[5] != ACCEPTED) tell(c, HF_SUBSCRIBE_REFUSED, c->request_topic);
  else if (topic->kind == HF_NAMED && word_at(body + 1) != 0) learn(c, topic, word_at(body + 1));
}

/* PUBLISH by the gateway: acknowledged after `on_message` has accepted it, and a repetition at once (§6.13). */
static void take_publish(hf_client *c, const uint8_t *body, uint16_t n) {
  const uint8_t qos = (body[0] >> QOS_SHIFT) & TWO_BITS;
  const uint16_t message_id = word_at(body + 3);
  const uint32_t crc = crc_of(body + 1, (uint16_t)(n - 1));
  const uint16_t id = word_at(body + 1);
  const uint8_t line = find_topic(c, (hf_topic_kind)(body[0] & TWO_BITS), id);
  uint8_t return_code = INVALID_TOPIC_ID;
  if (qos == 2) {
    return_code = NOT_SUPPORTED; /* QoS 2 is not supported, as in the gateway */
  } else if (qos == 1 && (body[0] & DUP) != 0 && message_id == c->accepted_id && crc == c->accepted_crc) {
    return_code = ACCEPTED;
  } else if (id != 0 && line < c->config->topics_n) {
    const hf_message message = {&c->config->topics[line], body + 5, (uint16_t)(n - 5), qos == 1 ? 1 : 0};
    return_code = c->config->on_message(c->config->user, &message) ? ACCEPTED : CONGESTION;
  }
  if (qos == 1 && return_code == ACCEPTED) {
    c->accepted_id = message_id;
    c->accepted_crc = crc;
  }
  if (qos == 1 || qos == 2 || return_code == INVALID_TOPIC_ID) acknowledge(c, PUBACK, body + 1, return_code);
}

static void take_connack(hf_client *c, uint8_t return_code) {
  if (c->state != HF_CONNECTING) return; /* to a repeated CONNECT */
  if (return_code == ACCEPTED) begin_connection(c);
  else tell(c, HF_CONNECT_REFUSED, return_code);
}

/* The will (§6.3): the gateway requests topic and message before CONNACK. */
static void send_will(hf_client *c, uint8_t type) {
  const hf_config *config = c->config;
  if (c->state != HF_CONNECTING || config->will_topic == NULL) return;
  packet p = begin_packet(type);
  if (type == WILLTOPIC) {
    put_octet(&p, (uint8_t)((config->will_qos << QOS_SHIFT) | (config->will_retain ? RETAIN : 0)));
    put_text(&p, config->will_topic);
  } else {
    p.tail = config->will_message;
    p.tail_bytes = config->will_bytes;
  }
  send(c, &p);
}

static void take_pingresp(hf_client *c) {
  if (c->state == HF_AWAKE && c->request == PINGREQ) {
    c->collects = false;
    if (c->waiting > 0) connect(c); /* a message to send: back to active (§6.14) */
    else leave(c, HF_ASLEEP, HF_SLEEPS);
  } else if (c->request == PINGREQ) {
    c->request = NONE;
  }
}

static void answer_ping(hf_client *c) {
  packet p = begin_packet(PINGRESP);
  send(c, &p);
}

/* PINGREQ with the client id: the gateway sends the buffered messages, then PINGRESP (§6.14). */
static void collect(hf_client *c) {
  c->state = HF_AWAKE;
  ask(c, PINGREQ);
}

/* DISCONNECT by the gateway: an answer, or the gateway does not know the client. */
static void take_disconnect(hf_client *c) {
  switch (c->state) {
    case HF_OFF:
    case HF_ASLEEP: /* hf_wake detects it */
      break;
    case HF_CONNECTING:
      if (c->request_tries > 1) c->request_tries = 1; /* the gateway is there: the shortest pause again */
      break;
    case HF_AWAKE:
      c->collects = false; /* no messages are buffered */
      connect(c);
      break;
    case HF_CONNECTED:
      connect(c);
      break;
    case HF_FALLING_ASLEEP:
      if (c->collects) collect(c);
      else leave(c, HF_ASLEEP, HF_SLEEPS);
      break;
    case HF_LEAVING:
      leave(c, HF_OFF, HF_DOWN);
      break;
  }
}

static bool has_connection(const hf_client *c) {
  return c->state == HF_CONNECTED || c->state == HF_FALLING_ASLEEP || c->state == HF_AWAKE;
}

/* @returns whether a packet of this type may have this number of octets after its type (§5.4) */
static bool is_well_formed(uint8_t type, const uint8_t *body, uint16_t n) {
  switch (type) {
    case WILLTOPICREQ:
    case WILLMSGREQ:
    case PINGRESP:
      return n == 0;
    case CONNACK:
      return n == 1;
    case REGACK:
    case PUBACK:
      return n == 5;
    case SUBACK:
      return n == 6;
    case REGISTER:
      return n >= 5 && memchr(body + 4, 0, (size_t)(n - 4)) == NULL;
    case PUBLISH: /* topic id type 3 is reserved (§5.3.4) */
      return n >= 5 && (body[0] & TWO_BITS) != TWO_BITS;
    case DISCONNECT:
      return n == 0 || n == 2;
    case PINGREQ: /* its client id does not matter on a wire */
      return true;
    default:
      return false;
  }
}

static void receive(hf_client *c, const uint8_t *bytes, uint16_t n) {
  const uint8_t head = bytes[0] == LONG_LENGTH ? 4 : 2;
  const uint16_t length = head == 4 && n >= 4 ? word_at(bytes + 1) : bytes[0];
  if (n < head || length != n || !is_well_formed(bytes[head - 1], bytes + head, (uint16_t)(n - head))) {
    c->malformed_packets++;
    return;
  }
  const uint8_t type = bytes[head - 1];
  const uint8_t *body = bytes + head;
  c->heard_ms = c->now_ms;
  switch (type) {
    case CONNACK:
      take_connack(c, body[0]);
      return;
    case WILLTOPICREQ:
      send_will(c, WILLTOPIC);
      return;
    case WILLMSGREQ:
      send_will(c, WILLMSG);
      return;
    case DISCONNECT:
      take_disconnect(c);
      return;
    default:
      break;
  }
  if (!has_connection(c)) return;
  if (c->state == HF_AWAKE) { /* more messages arrive: the time for PINGRESP begins again */
    c->request_tries = 1;
    c->request_ms = c->now_ms;
  }
  switch (type) {
    case REGISTER:
      take_register(c, body, (uint16_t)(n - head));
      break;
    case REGACK:
      take_regack(c, body);
      break;
    case PUBLISH:
      take_publish(c, body, (uint16_t)(n - head));
      break;
    case PUBACK:
      take_puback(c, body);
      break;
    case SUBACK:
      take_suback(c, body);
      break;
    case PINGREQ: /* the gateway tests the line (§6.11) */
      answer_ping(c);
      break;
    case PINGRESP:
      take_pingresp(c);
      break;
    default:
      break;
  }
}

void hf_feed(hf_client *c, const uint8_t *bytes, size_t n) {
  c->now_ms = c->config->millis(c->config->user);
  for (size_t i = 0; i < n; i++) {
    if (bytes[i] != 0) {
      if (c->frame_n < c->config->frame_bytes) c->config->frame[c->frame_n++] = bytes[i];
      else c->is_oversize = true;
      continue;
    }
    const uint16_t encoded_bytes = c->frame_n;
    const uint16_t packet_bytes = c->is_oversize ? 0 : open_frame(c->config->frame, encoded_bytes);
    c->frame_n = 0;
    c->is_oversize = false;
    if (packet_bytes > 0) receive(c, c->config->frame, packet_bytes);
    else if (encoded_bytes > 0) c->damaged_frames++;
  }
}

/* ---- sending ---------------------------------------------------------------------------------------------------- */

static void send_request(hf_client *c) {
  const hf_config *config = c->config;
  const hf_topic *topic = &config->topics[c->request_topic];
  packet p = begin_packet(c->request);
  switch (c->request) {
    case CONNECT:
      put_octet(&p, (uint8_t)((config->will_topic != NULL ? WILL : 0) | (config->is_clean && !c->had_session ? CLEAN : 0)));
      put_octet(&p, PROTOCOL_ID);
      put_word(&p, config->keep_alive_s);
      put_text(&p, config->client_id);
      break;
    case REGISTER:
      put_word(&p, 0);
      put_word(&p, c->request_id);
      put_text(&p, topic->name);
      break;
    case SUBSCRIBE:
      put_octet(&p, (uint8_t)((c->request_tries > 0 ? DUP : 0) | (topic->subscribe == HF_QOS_1 ? 1 << QOS_SHIFT : 0) |
                              (int)topic->kind));
      put_word(&p, c->request_id);
      if (topic->kind == HF_PREDEFINED) put_word(&p, topic->id);
      else put_text(&p, topic->name);
      break;
    case PINGREQ:
      if (c->state == HF_AWAKE) put_text(&p, config->client_id);
      break;
    default: /* DISCONNECT */
      if (c->state == HF_FALLING_ASLEEP) put_word(&p, c->sleep_s);
      break;
  }
  send(c, &p);
}

static void drive_request(hf_client *c) {
  uint32_t pause_ms = c->config->retry_ms;
  if (c->request == CONNECT && c->request_tries > 0) {
    const uint8_t doublings = (uint8_t)(c->request_tries - 1);
    pause_ms <<= doublings < CONNECT_DOUBLINGS ? doublings : CONNECT_DOUBLINGS;
  }
  if (c->request == NONE || (c->request_tries > 0 && !is_past(c, c->request_ms, pause_ms))) return;
  if (c->request_tries > RETRIES_MAX && c->request != CONNECT) {
    if (c->state == HF_LEAVING) leave(c, HF_OFF, HF_DOWN);
    else connect(c);
    return;
  }
  send_request(c);
  c->request_ms = c->now_ms;
  if (c->request_tries <= RETRIES_MAX) c->request_tries++;
}

/* Repeats unanswered packets, and sends the next messages. */
static void drive_window(hf_client *c) {
  if (c->is_held && is_past(c, c->held_ms, c->config->retry_ms)) c->is_held = false;
  for (uint8_t place = 0; place < window_of(c); place++) {
    hf_slot *slot = slot_at(c, place);
    if (slot->stage == SENT && is_past(c, slot->sent_ms, c->config->retry_ms)) {
      if (slot->tries > RETRIES_MAX) {
        connect(c);
        return;
      }
      transmit(c, slot);
    } else if (slot->stage == WAITING) {
      if (c->is_held) return;
      if (id_of(&c->config->topics[slot->topic]) == 0) {
        if (c->request == NONE) ask_topic(c, REGISTER, slot->topic);
        return; /* later messages wait */
      }
      const uint8_t waiting = c->waiting;
      transmit(c, slot);
      if (c->waiting < waiting) place = 0xff; /* QoS 0 left the window: begin again with the oldest */
    }
  }
}

static void begin_due_request(hf_client *c) {
  const uint32_t quiet_ms = (uint32_t)c->config->keep_alive_s * 500; /* half of the keep alive, with time for repetitions */
  for (uint8_t i = 0; i < c->config->topics_n; i++) {
    const hf_topic *topic = &c->config->topics[i];
    if (topic->subscribe != HF_NOT && !topic->is_subscribed) {
      ask_topic(c, SUBSCRIBE, i);
      return;
    }
  }
  if (c->sleep_s != 0 && c->waiting == 0) {
    c->state = HF_FALLING_ASLEEP;
    ask(c, DISCONNECT);
  } else if (quiet_ms != 0 && (is_past(c, c->sent_ms, quiet_ms) || is_past(c, c->heard_ms, quiet_ms))) {
    ask(c, PINGREQ);
  }
}

void hf_poll(hf_client *c) {
  c->now_ms = c->config->millis(c->config->user);
  if (c->state == HF_CONNECTED) drive_window(c);
  if (c->state == HF_CONNECTED && c->request == NONE) begin_due_request(c);
  drive_request(c);
}

/* ---- functions of the API ---------------------------------------------------------------------------------------- */

static bool is_name(const char *name) {
  return name != NULL && name[0] != 0 && strlen(name) <= HF_NAME_BYTES_MAX;
}

static bool is_topic(const hf_topic *topic) {
  switch (topic->kind) {
    case HF_NAMED:
      return topic->room != NULL ? topic->subscribe == HF_NOT : is_name(topic->name);
    case HF_PREDEFINED:
      return topic->room == NULL && topic->id != 0 && topic->id != 0xffff;
    case HF_SHORT:
      return topic->room == NULL && topic->name != NULL && strlen(topic->name) == 2;
  }
  return false;
}

int hf_init(hf_client *c, const hf_config *config) {
  if (config->write == NULL || config->millis == NULL || config->on_message == NULL) return HF_BAD_FUNCTION;
  if (config->slots == NULL || config->topics == NULL || config->topics_n == 0 || config->frame == NULL ||
      (config->payloads == NULL && config->payload_bytes_max > 0) || config->frame_bytes < FRAME_BYTES_MIN ||
      config->payload_bytes_max > HF_PAYLOAD_BYTES_MAX) {
    return HF_BAD_MEMORY;
  }
  if (config->window == 0 || config->window > HF_WINDOW_MAX || config->window > config->slots_n) return HF_BAD_WINDOW;
  if (!is_name(config->client_id) || config->retry_ms == 0 || config->will_qos > 1 ||
      config->will_bytes > HF_PAYLOAD_BYTES_MAX || (config->will_topic != NULL && !is_name(config->will_topic))) {
    return HF_BAD_SETTING;
  }
  for (uint8_t i = 0; i < config->topics_n; i++) {
    if (!is_topic(&config->topics[i])) return HF_BAD_TOPIC;
  }
  memset(c, 0, sizeof *c);
  c->config = config;
  c->last_message_id = config->first_message_id;
  return HF_OK;
}

void hf_connect(hf_client *c) {
  c->sleep_s = 0;
  if (c->state != HF_CONNECTED && c->state != HF_CONNECTING) connect(c);
}

void hf_disconnect(hf_client *c) {
  c->sleep_s = 0;
  if (c->state == HF_OFF) return;
  c->state = HF_LEAVING;
  ask(c, DISCONNECT);
}

void hf_sleep(hf_client *c, uint16_t duration_s) {
  c->sleep_s = duration_s;
  if (c->state == HF_OFF || c->state == HF_LEAVING) connect(c);
}

void hf_wake(hf_client *c) {
  if (c->state != HF_ASLEEP) return;
  c->collects = true;
  if (c->waiting > 0) connect(c); /* publishing requires a connection; buffered messages are received after it */
  else collect(c);
}

int32_t hf_publish(hf_client *c, const hf_message *message) {
  const hf_config *config = c->config;
  uint8_t line = 0;
  while (line < config->topics_n && &config->topics[line] != message->topic) line++;
  if (line == config->topics_n || (message->topic->kind == HF_NAMED && message->topic->room != NULL)) return HF_BAD_TOPIC;
  if (message->qos < -1 || message->qos > 1) return HF_BAD_QOS;
  if (message->bytes > config->payload_bytes_max) return HF_TOO_LARGE;
  if (message->qos < 0) {
    if (message->topic->kind == HF_NAMED) return HF_BAD_TOPIC;
    c->now_ms = config->millis(config->user);
    send_publish(c, TWO_BITS << QOS_SHIFT, 0, message);
    return HF_OK;
  }
  if (c->waiting == config->slots_n) return HF_FULL;
  hf_slot *slot = slot_at(c, c->waiting);
  uint8_t *payload = config->payloads + (size_t)(slot - config->slots) * config->payload_bytes_max;
  if (message->bytes > 0) memcpy(payload, message->payload, message->bytes);
  memset(slot, 0, sizeof *slot);
  slot->topic = line;
  slot->qos = (uint8_t)message->qos;
  slot->bytes = message->bytes;
  slot->message_id = slot->qos == 1 ? next_id(c) : 0;
  c->waiting++;
  return slot->message_id;
}
