/**
 * Decoded frames within the bytes of a channel. One table gives the codec for each driver. A reader may begin in the
 * middle of a stream. Bytes that it cannot decode are shown unchanged.
 */
import { HUB, type Subject } from '../base/step.ts';
import { framingOf, type PacketReader } from '../codec/framing.ts';
import { decodeText, type LineEncoding, LineReader } from '../codec/lines.ts';
import { MqttFraming } from '../codec/mqtt-framing.ts';
import { MqttReader } from '../codec/mqtt-wire.ts';
import { decodePacket } from '../codec/mqttsn-decode.ts';
import { ModbusSource } from './modbus-frames.ts';
import type { Frame, FrameSource } from './recorded-frame.ts';

type NewSource = (packetBytesMax: number, options: object) => FrameSource;

/** Driver → source of frames. */
const SOURCES: Readonly<Record<string, NewSource>> = {
  [HUB]: (packetBytesMax) => new MqttSource(packetBytesMax),
  mqttsn: (packetBytesMax, options) => new SnSource(packetBytesMax, options),
  modbus: () => new ModbusSource(),
  lines: (_, options) => new LineSource(options),
};

/** Recorded bytes are read without regard to pauses between them. */
const NO_IDLE = 0;
const NEWLINE = 0x0a;
/** Used if the options give no size: the largest packet of any link. */
const PACKET_BYTES_MAX = 4096;

export function frameSource({ driver, options }: Subject): FrameSource {
  const limit = 'packetBytesMax' in options ? Number(options.packetBytesMax) : Number.NaN;
  const newSource = Object.hasOwn(SOURCES, driver) ? SOURCES[driver] : undefined;
  return newSource?.(Number.isSafeInteger(limit) && limit > 0 ? limit : PACKET_BYTES_MAX, options) ?? RAW;
}

/** Source for an unknown driver. */
const RAW: FrameSource = { read: (bytes) => [unread(bytes, 'no codec for this driver')] };

class SnSource implements FrameSource {
  readonly #reader: PacketReader;

  constructor(packetBytesMax: number, options: object) {
    const isRaw = 'framing' in options && options.framing === 'sn-raw';
    this.#reader = framingOf(isRaw ? 'sn-raw' : 'sn-cobs').newReader(packetBytesMax);
  }

  read(bytes: Uint8Array): Frame[] {
    const badBefore = this.#reader.crcErrors + this.#reader.oversizeFrames;
    const frames = this.#reader.push(bytes, NO_IDLE).map((packet): Frame => {
      const read = decodePacket(packet);
      return read.ok ? { bytes: packet, packet: read.value, problem: undefined } : unread(packet, read.problem);
    });
    const bad = this.#reader.crcErrors + this.#reader.oversizeFrames - badBefore;
    return bad === 0 ? frames : [...frames, unread(bytes, `frames with a wrong CRC, or too large: ${bad}`)];
  }
}

/** After this many bytes without a line end, the bytes are shown unchanged. */
const UNENDED_BYTES = 256;

/** Lines with all their octets, including a carriage return that is not part of the message. */
class LineSource implements FrameSource {
  readonly #reader: LineReader;
  readonly #encoding: LineEncoding;
  #shownBytes = 0;

  constructor(options: object) {
    const given = 'delimiter' in options && options.delimiter instanceof Uint8Array ? options.delimiter : undefined;
    const delimiter = given === undefined || given.length === 0 ? Uint8Array.of(NEWLINE) : given;
    this.#encoding = 'encoding' in options && options.encoding !== 'utf-8' ? 'latin1' : 'utf-8';
    this.#reader = new LineReader({ delimiter, lineBytesMax: PACKET_BYTES_MAX, encoding: 'bytes' });
  }

  read(bytes: Uint8Array): Frame[] {
    const lines = this.#reader.push(bytes).map((line): Frame => {
      const text = decodeText(line, this.#encoding);
      if (text === undefined) return unread(line, 'a line that is not valid UTF-8');
      const packet = { kind: 'line', text };
      return { bytes: line, packet, problem: undefined };
    });
    return [...lines, ...this.#unended(bytes)];
  }

  #unended(bytes: Uint8Array): Frame[] {
    const { unendedBytes } = this.#reader;
    if (unendedBytes < this.#shownBytes) this.#shownBytes = 0;
    if (unendedBytes < this.#shownBytes + UNENDED_BYTES) return [];
    this.#shownBytes = unendedBytes;
    return [unread(bytes, `${unendedBytes} bytes so far, and no end of a line`)];
  }
}

class MqttSource implements FrameSource {
  readonly #packetBytesMax: number;
  #framing: MqttFraming;
  #reader: MqttReader;

  constructor(packetBytesMax: number) {
    this.#packetBytesMax = packetBytesMax;
    this.#framing = new MqttFraming({ packetBytesMax });
    this.#reader = new MqttReader({ packetBytesMax, skipsLargePublish: true });
  }

  read(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    for (const raw of this.#framing.push(bytes)) {
      if (!raw.ok) return [...frames, this.#giveUp(bytes, raw.problem)];
      const packet = new Uint8Array(raw.value.bytes);
      for (const read of this.#reader.push(packet)) {
        if (!read.ok) return [...frames, this.#giveUp(packet, read.problem)];
        frames.push({ bytes: packet, packet: read.value, problem: undefined });
      }
    }
    return frames;
  }

  /** Gives up the stream position; the next chunk may begin with a packet. */
  #giveUp(bytes: Uint8Array, problem: string): Frame {
    this.#framing = new MqttFraming({ packetBytesMax: this.#packetBytesMax });
    this.#reader = new MqttReader({ packetBytesMax: this.#packetBytesMax, skipsLargePublish: true });
    return unread(bytes, problem);
  }
}

function unread(bytes: Uint8Array, problem: string): Frame {
  return { bytes: new Uint8Array(bytes), packet: undefined, problem };
}
