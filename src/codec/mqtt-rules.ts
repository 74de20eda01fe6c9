/**
 * Rules of MQTT 3.1.1 that the parsing library does not check, applied to the bytes of one whole packet.
 *
 * This check runs between the framing and the library. A packet that passes is well formed, so the library has nothing
 * to interpret. Total over all bytes; only reads.
 *
 * Source: MQTT 3.1.1; the tags are its conformance statements (appendix B).
 */
import { isUtf8 } from 'node:buffer';
import { filterProblem, topicProblem } from '../base/topic.ts';
import type { RawPacket } from './mqtt-framing.ts';

export interface RuleProblem {
  readonly problem: string;
  readonly tag?: string;
}

/**
 * Tag of a CONNECT with another protocol level. A server answers such a CONNECT with CONNACK 1 and closes the
 * connection.
 */
export const LEVEL_TAG = 'MQTT-3.1.2-2';

/** Table 3.1: 4 is MQTT 3.1.1. */
const PROTOCOL_LEVEL = 4;

/** Control packet types by number, table 2.1. */
const TYPE = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
} as const;

/** Violation of the standard in this packet. `undefined`: none. */
export function problemIn(packet: RawPacket): RuleProblem | undefined {
  const type = packet.first >> 4;
  const flags = packet.first & 0x0f;
  if (type !== TYPE.publish && flags !== requiredFlags(type)) {
    return { problem: `reserved flags ${flags} in a packet of type ${type}`, tag: 'MQTT-2.2.2-2' };
  }
  const fields = new Fields(packet.body);
  switch (type) {
    case TYPE.connect:
      readConnect(fields);
      break;
    case TYPE.connack:
      readConnack(fields);
      break;
    case TYPE.publish:
      readPublish(fields, flags);
      break;
    case TYPE.puback:
    case TYPE.pubrec:
    case TYPE.pubrel:
    case TYPE.pubcomp:
    case TYPE.unsuback:
      readPacketId(fields);
      break;
    case TYPE.subscribe:
      readSubscribe(fields);
      break;
    case TYPE.suback:
      readSuback(fields);
      break;
    case TYPE.unsubscribe:
      readUnsubscribe(fields);
      break;
    case TYPE.pingreq:
    case TYPE.pingresp:
    case TYPE.disconnect:
      break;
    default:
      return { problem: `reserved packet type ${type} (table 2.1)` };
  }
  return fields.finish();
}

/** Flags that table 2.2 requires for a packet type. */
function requiredFlags(type: number): number {
  return type === TYPE.pubrel || type === TYPE.subscribe || type === TYPE.unsubscribe ? 0b0010 : 0;
}

function readConnect(fields: Fields): void {
  const name = fields.text();
  fields.demand(name === 'MQTT', 'protocol name that is not MQTT', 'MQTT-3.1.2-1');
  const level = fields.byte();
  fields.demand(level === PROTOCOL_LEVEL, `protocol level ${level}`, LEVEL_TAG);
  const flags = fields.byte();
  const hasUsername = (flags & 0x80) !== 0;
  const hasPassword = (flags & 0x40) !== 0;
  const hasWill = (flags & 0x04) !== 0;
  const willQos = (flags >> 3) & 0b11;
  fields.demand((flags & 0x01) === 0, 'reserved CONNECT flag', 'MQTT-3.1.2-3');
  fields.demand(hasWill || willQos === 0, 'will QoS without a will', 'MQTT-3.1.2-13');
  fields.demand(willQos !== 3, 'will QoS 3', 'MQTT-3.1.2-14');
  fields.demand(hasWill || (flags & 0x20) === 0, 'will retain without a will', 'MQTT-3.1.2-15');
  fields.demand(hasUsername || !hasPassword, 'password without a username', 'MQTT-3.1.2-22');
  fields.uint16();
  fields.text();
  if (hasWill) {
    fields.topic();
    fields.skip(fields.uint16());
  }
  if (hasUsername) fields.text();
  if (hasPassword) fields.skip(fields.uint16());
}

function readConnack(fields: Fields): void {
  const flags = fields.byte();
  const returnCode = fields.byte();
  fields.demand(flags <= 1, 'reserved CONNACK flags (§3.2.2.1)');
  fields.demand(returnCode <= 5, `reserved CONNACK return code ${returnCode} (table 3.1)`);
  fields.demand(
    returnCode === 0 || flags === 0,
    `session present in a rejection (CONNACK ${returnCode})`,
    'MQTT-3.2.2-4',
  );
}

function readPublish(fields: Fields, flags: number): void {
  const qos = (flags >> 1) & 0b11;
  fields.demand(qos !== 3, 'QoS 3', 'MQTT-3.3.1-4');
  fields.demand(qos !== 0 || (flags & 0b1000) === 0, 'DUP with QoS 0', 'MQTT-3.3.1-2');
  fields.topic();
  if (qos !== 0) readPacketId(fields);
  fields.skipRest();
}

function readSubscribe(fields: Fields): void {
  readPacketId(fields);
  fields.demand(!fields.isAtEnd, 'SUBSCRIBE without a filter', 'MQTT-3.8.3-3');
  while (!fields.isAtEnd) {
    fields.filter();
    // The standard writes this tag with a hyphen in place of the first dot.
    fields.demand(fields.byte() <= 2, 'reserved bits or QoS 3 in a subscription', 'MQTT-3-8.3-4');
  }
}

function readSuback(fields: Fields): void {
  readPacketId(fields);
  fields.demand(!fields.isAtEnd, 'SUBACK without a return code (§3.9.3)');
  while (!fields.isAtEnd) {
    const code = fields.byte();
    fields.demand(code <= 2 || code === 0x80, `reserved SUBACK return code ${code}`, 'MQTT-3.9.3-2');
  }
}

function readUnsubscribe(fields: Fields): void {
  readPacketId(fields);
  fields.demand(!fields.isAtEnd, 'UNSUBSCRIBE without a filter', 'MQTT-3.10.3-2');
  while (!fields.isAtEnd) fields.filter();
}

function readPacketId(fields: Fields): void {
  fields.demand(fields.uint16() !== 0, 'packet identifier 0', 'MQTT-2.3.1-1');
}

/** Reads one body from front to back and keeps the first problem. After a problem every read returns an empty value. */
class Fields {
  readonly #body: Buffer;
  #at = 0;
  #problem: RuleProblem | undefined;

  constructor(body: Uint8Array) {
    this.#body = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }

  /** True at the end of the packet, and after a problem, so that loops end. */
  get isAtEnd(): boolean {
    return this.#problem !== undefined || this.#at >= this.#body.length;
  }

  /** Returns the first problem, if there is one. Bytes that belong to no field are a problem. */
  finish(): RuleProblem | undefined {
    if (!this.isAtEnd) return { problem: `${this.#body.length - this.#at} bytes left over` };
    return this.#problem;
  }

  demand(holds: boolean, problem: string, tag?: string): void {
    if (holds || this.#problem !== undefined) return;
    this.#problem = tag === undefined ? { problem } : { problem, tag };
  }

  skip(length: number): void {
    this.demand(this.#at + length <= this.#body.length, 'packet that ends within a field');
    this.#at += length;
  }

  skipRest(): void {
    this.#at = Math.max(this.#at, this.#body.length);
  }

  byte(): number {
    this.skip(1);
    return this.#problem === undefined ? this.#body.readUInt8(this.#at - 1) : 0;
  }

  uint16(): number {
    this.skip(2);
    return this.#problem === undefined ? this.#body.readUInt16BE(this.#at - 2) : 0;
  }

  /** Reads a UTF-8 string with a length field in front (§1.5.3). */
  text(): string {
    const length = this.uint16();
    this.skip(length);
    if (this.#problem !== undefined) return '';
    const bytes = this.#body.subarray(this.#at - length, this.#at);
    this.demand(isUtf8(bytes), 'text that is not UTF-8', 'MQTT-1.5.3-1');
    this.demand(!bytes.includes(0), 'NUL in a text', 'MQTT-1.5.3-2');
    return bytes.toString();
  }

  topic(): void {
    this.#refuse(topicProblem(this.text()));
  }

  filter(): void {
    this.#refuse(filterProblem(this.text()));
  }

  #refuse(problem: RuleProblem | undefined): void {
    if (problem !== undefined) this.demand(false, problem.problem, problem.tag);
  }
}
