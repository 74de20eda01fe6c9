/**
 * Bindings of a hub, added to a gateway's channel to a hub without bindings: answers `bind`, `unbind` and
 * `describe_sub_devices`. For an unbound subdevice it rejects `online` and SUBSCRIBE, and drops PUBLISH without an answer.
 */
import { createHmac } from 'node:crypto';
import type { MqttPacket, Publish, Subscribe } from '../../src/codec/mqtt.ts';
import { encodeMqtt, MqttReader } from '../../src/codec/mqtt-wire.ts';
import type { Channel, ChannelListener, OpenChannel } from '../../src/ports.ts';

interface NamedDevice {
  readonly product_id: string;
  readonly device_name: string;
  readonly random?: number;
  readonly timestamp?: number;
  readonly signature?: string;
}

interface Operation {
  readonly type: string;
  readonly payload?: { readonly status?: number; readonly devices?: readonly NamedDevice[] };
}

const PREFIX = '$gateway/operation/';

export class FakePlatform {
  /** Names of the bound devices. */
  readonly bound: Set<string>;
  readonly #secret: string;
  /** True for a hub without `describe_sub_devices`, and for lost requests. */
  isSilent = false;
  /** True for a hub whose results are lost. */
  losesResults = false;
  /** True for a hub that rejects SUBSCRIBE for subdevices that are not online in this connection. */
  asksOnlineFirst = false;
  readonly #online = new Set<string>();
  /** Number of dropped PUBLISH packets of unbound subdevices. */
  dropped = 0;
  /** Notices that the gateway acknowledged. */
  readonly acknowledged: string[] = [];
  #listener: ChannelListener | undefined;
  #resultTopic = '';

  constructor(bound: readonly string[], secret: string) {
    this.bound = new Set(bound);
    this.#secret = secret;
  }

  wrap(open: OpenChannel): OpenChannel {
    return (listener) => {
      const reader = new MqttReader({ packetBytesMax: 100_000 });
      this.#listener = listener;
      const channel: Channel = open({
        ...listener,
        opened: () => listener.opened(),
        bytes: (bytes) => listener.bytes(bytes),
        closed: (reason) => {
          this.#listener = undefined;
          this.#online.clear();
          listener.closed(reason);
        },
      });
      const write = (bytes: Uint8Array): void => {
        for (const packet of reader.push(bytes)) {
          if (!packet.ok) throw new Error(packet.problem);
          if (this.#passes(packet.value)) channel.write(encodeMqtt(packet.value));
        }
      };
      return { write, queuedBytes: 0, close: (reason) => channel.close(reason) };
    };
  }

  /** Changes a binding on the console. A gateway that is away gets no notice. */
  change(isBound: boolean, ...names: string[]): void {
    for (const name of names) {
      if (isBound) this.bound.add(name);
      else this.bound.delete(name);
    }
    const devices = names.map((device_name) => ({ product_id: 'SUBDEVICE1', device_name }));
    this.#say({ type: 'change', payload: { status: isBound ? 1 : 0, devices } });
  }

  #passes(packet: MqttPacket): boolean {
    if (packet.kind === 'subscribe') return this.#grants(packet);
    if (packet.kind !== 'publish') return true;
    if (packet.topic.startsWith(PREFIX)) return this.#operate(packet);
    const [, name = ''] = packet.topic.split('/');
    if (this.bound.has(name)) return true;
    this.dropped += 1;
    return false;
  }

  /** @returns false if the packet is rejected here */
  #grants({ packetId, subscriptions }: Subscribe): boolean {
    const [product, name = ''] = subscriptions[0]?.filter.split('/') ?? [];
    const isReady = this.bound.has(name) && (!this.asksOnlineFirst || this.#online.has(name));
    if (product !== 'SUBDEVICE1' || isReady) return true;
    this.#listener?.bytes(encodeMqtt({ kind: 'suback', packetId, returnCodes: [0x80] }));
    return false;
  }

  /** @returns whether the packet is passed to the hub */
  #operate({ topic, payload }: Publish): boolean {
    this.#resultTopic = `${PREFIX}result/${topic.slice(PREFIX.length)}`;
    const { type, payload: body } = JSON.parse(new TextDecoder().decode(payload)) as Operation;
    if (type === 'change' || type === 'unbind_all') this.acknowledged.push(type);
    if (this.isSilent || type === 'change') return false;
    if (type === 'describe_sub_devices') {
      const devices = [...this.bound].map((device_name) => ({ product_id: 'SUBDEVICE1', device_name }));
      this.#say({ type, payload: { devices } });
      return false;
    }
    const devices = (body?.devices ?? []).map((device) => {
      const { product_id, device_name } = device;
      return { product_id, device_name, result: this.#resultOf(type, device) };
    });
    this.#say({ type, payload: { devices } });
    return false;
  }

  #resultOf(type: string, device: NamedDevice): number {
    const isBound = this.bound.has(device.device_name);
    if (type === 'bind') {
      const text = `${device.product_id}${device.device_name};${device.random};${device.timestamp}`;
      if (createHmac('sha256', this.#secret).update(text).digest('base64') !== device.signature) return 803;
      this.bound.add(device.device_name);
      return isBound ? 809 : 0;
    }
    if (!isBound) return -1;
    if (type === 'unbind') this.bound.delete(device.device_name);
    if (type === 'online') this.#online.add(device.device_name);
    return 0;
  }

  #say(message: unknown): void {
    if (this.losesResults) return;
    const payload = new TextEncoder().encode(JSON.stringify(message));
    const flags = { qos: 0, retain: false, dup: false, packetId: undefined } as const;
    this.#listener?.bytes(encodeMqtt({ kind: 'publish', topic: this.#resultTopic, payload, ...flags }));
  }
}
