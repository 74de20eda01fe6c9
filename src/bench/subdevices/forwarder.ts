/**
 * Simulated forwarder: many subdevices, each with its own channel, on one line to the gateway. Packets from a subdevice
 * are encapsulated with the address of its node. Encapsulated packets for a node are unpacked. Source: MQTT-SN 1.2
 * §5.5.
 */

import { encodeFrame, FrameReader } from '../../codec/mqttsn-cobs.ts';
import { decodePacket } from '../../codec/mqttsn-decode.ts';
import { encodePacket } from '../../codec/mqttsn-encode.ts';
import type { Channel, ChannelListener, OpenChannel } from '../../ports.ts';

/** Largest packet that the gateway's links carry. */
const PACKET_BYTES_MAX = 4096;

interface Radio {
  readonly node: Uint8Array;
  readonly listener: ChannelListener;
  readonly reader: FrameReader;
}

export class Forwarder {
  readonly #openLine: OpenChannel;
  readonly #radios = new Map<string, Radio>();
  #line: Channel | undefined;
  #isLineOpen = false;
  #reader = new FrameReader(PACKET_BYTES_MAX);

  /**
   * @param openLine called when the first subdevice opens its channel. After the line has closed, it is called again
   * when the next subdevice opens its channel
   */
  constructor(openLine: OpenChannel) {
    this.#openLine = openLine;
  }

  /** Channel of the subdevice at that node. */
  channelOf(node: Uint8Array): OpenChannel {
    const key = Buffer.from(node).toString('hex');
    return (listener) => {
      const radio: Radio = { node, listener, reader: new FrameReader(PACKET_BYTES_MAX) };
      this.#radios.set(key, radio);
      if (this.#line === undefined) this.#open();
      else if (this.#isLineOpen) queueMicrotask(() => listener.opened());
      return {
        queuedBytes: 0,
        write: (bytes) => {
          if (this.#radios.get(key) === radio) this.#carryUp(radio, bytes);
        },
        close: (reason) => {
          if (this.#radios.get(key) !== radio) return;
          this.#radios.delete(key);
          queueMicrotask(() => listener.closed(reason));
        },
      };
    };
  }

  #open(): void {
    this.#reader = new FrameReader(PACKET_BYTES_MAX);
    this.#line = this.#openLine({
      opened: () => {
        this.#isLineOpen = true;
        for (const { listener } of this.#radios.values()) listener.opened();
      },
      bytes: (bytes) => this.#carryDown(bytes),
      closed: (reason) => {
        this.#line = undefined;
        this.#isLineOpen = false;
        const radios = [...this.#radios.values()];
        this.#radios.clear();
        for (const { listener } of radios) listener.closed(reason);
      },
    });
  }

  #carryUp({ node, reader }: Radio, bytes: Uint8Array): void {
    for (const packet of reader.push(bytes))
      this.#line?.write(encodeFrame(encodePacket({ kind: 'encapsulated', radius: 0, node, packet })));
  }

  #carryDown(bytes: Uint8Array): void {
    for (const frame of this.#reader.push(bytes)) {
      const packet = decodePacket(frame);
      if (!packet.ok || packet.value.kind !== 'encapsulated') continue; // packets for the forwarder itself are ignored
      const key = Buffer.from(packet.value.node).toString('hex');
      this.#radios.get(key)?.listener.bytes(encodeFrame(packet.value.packet));
    }
  }
}
