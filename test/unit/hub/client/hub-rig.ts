/** The hub client in a rig: packets instead of bytes on its wire, and a manual clock. */
import type { MqttPacket } from '../../../../src/codec/mqtt.ts';
import { encodeMqtt, MqttReader } from '../../../../src/codec/mqtt-wire.ts';
import { HubClient } from '../../../../src/hub/client/hub-client.ts';
import type { HubAction, HubClientOptions, HubInput } from '../../../../src/hub/client/hub-contract.ts';

export const OPTIONS: HubClientOptions = {
  credentials: () => ({ clientId: 'gw', username: 'user', password: Uint8Array.of(1, 2) }),
  signsWith: 'password',
  will: undefined,
  keepAliveS: 60,
  connectMsMax: 8000,
  answerMsMax: 5000,
  firstDialAtMs: 0,
  reconnect: { floorMs: 5000, ceilingMs: 60_000 },
  packetBytesMax: 70_000,
  random: () => 0.5,
};

type Report = Exclude<HubAction, { kind: 'open' | 'write' | 'close' }>;

export class HubBench {
  readonly client: HubClient;
  nowMs = 0;
  readonly #reader = new MqttReader({ packetBytesMax: 70_000 });
  #sent: MqttPacket[] = [];
  #reports: Report[] = [];
  #asked: string[] = [];

  constructor(options: Partial<HubClientOptions> = {}) {
    this.client = new HubClient({ ...OPTIONS, ...options });
  }

  input(...inputs: HubInput[]): this {
    for (const input of inputs) for (const action of this.client.handle(input, this.nowMs)) this.#sort(action);
    return this;
  }

  /** Packets from the hub. */
  receive(...packets: MqttPacket[]): this {
    return this.input({ kind: 'bytes', bytes: Buffer.concat(packets.map((packet) => encodeMqtt(packet))) });
  }

  /** Online client; earlier packets and reports are removed. */
  online(sessionPresent = false): this {
    this.input({ kind: 'start' }, { kind: 'opened' }).receive({ kind: 'connack', sessionPresent, returnCode: 0 });
    this.sent();
    this.reports();
    this.asked();
    return this;
  }

  /** Advances the clock, and wakes the client whenever its timer is due. */
  pass(ms: number): this {
    const endMs = this.nowMs + ms;
    for (let atMs = this.client.wakeAtMs(); atMs !== undefined && atMs <= endMs; atMs = this.client.wakeAtMs()) {
      this.nowMs = Math.max(this.nowMs, atMs);
      this.input({ kind: 'wake' });
    }
    this.nowMs = endMs;
    return this;
  }

  sent(): MqttPacket[] {
    return this.#sent.splice(0);
  }

  reports(): Report[] {
    return this.#reports.splice(0);
  }

  /** Actions for the channel. */
  asked(): string[] {
    return this.#asked.splice(0);
  }

  #sort(action: HubAction): void {
    if (action.kind === 'open') this.#asked.push('open');
    else if (action.kind === 'close') this.#asked.push(`close: ${action.reason}`);
    else if (action.kind !== 'write') this.#reports.push(action);
    else
      for (const packet of this.#reader.push(action.bytes)) {
        if (!packet.ok) throw new Error(packet.problem);
        this.#sent.push(packet.value);
      }
  }
}
