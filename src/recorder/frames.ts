/**
 * Frames within the bytes of a channel, decoded by the codec of the driver. A reader may begin in the middle of a
 * stream; bytes that it cannot read are shown as they came.
 */
import { type Frame, type FrameSource, limitIn, unread } from '../base/recorded-frame.ts';
import { HUB, type Subject } from '../base/step.ts';
import { MqttFraming } from '../codec/mqtt-framing.ts';
import { MqttReader } from '../codec/mqtt-wire.ts';
import { findDriver } from '../driver/drivers.ts';

export function frameSource({ driver, options }: Subject): FrameSource {
  if (driver === HUB) return new MqttSource(limitIn(options));
  return findDriver(driver)?.newFrameSource(options) ?? RAW;
}

/** Source for a driver that this program does not have. */
const RAW: FrameSource = { read: (bytes) => [unread(bytes, 'no codec for this driver')] };

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
