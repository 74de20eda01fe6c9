/** MQTT-SN packets within recorded bytes, framed or bare. */
import { type Frame, type FrameSource, limitIn, unread } from '../../base/recorded-frame.ts';
import { framingOf, type PacketReader } from '../../codec/framing.ts';
import { decodePacket } from '../../codec/mqttsn-decode.ts';

/** Idle time given to a reader of recorded bytes: the pauses between them are not recorded. */
const NO_IDLE = 0;

export class SnSource implements FrameSource {
  readonly #reader: PacketReader;

  /** @param options from the header of a recording, unchecked */
  constructor(options: object) {
    const isRaw = 'framing' in options && options.framing === 'sn-raw';
    this.#reader = framingOf(isRaw ? 'sn-raw' : 'sn-cobs').newReader(limitIn(options));
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
