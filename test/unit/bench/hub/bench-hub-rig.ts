/**
 * Runs the bench hub's machine on virtual time, for its tests. Every packet that the hub sends is decoded and recorded
 * with its time.
 */

import { type HubRules, MAINLAND } from '../../../../src/bench/hub/bench-rules.ts';
import type { SessionView } from '../../../../src/bench/hub/client-sessions.ts';
import type { FaultCommand, HubFaults } from '../../../../src/bench/hub/faults.ts';
import type { HubEvent } from '../../../../src/bench/hub/hub-events.ts';
import { type BenchHubInput, BenchHubMachine } from '../../../../src/bench/hub/hub-machine.ts';
import type { ClientBytes } from '../../../../src/bench/hub/outgoing.ts';
import type { PlatformCommand } from '../../../../src/bench/hub/platform.ts';
import type { BenchService } from '../../../../src/bench/hub/service-contract.ts';
import type { Connack, Connect, MqttPacket, MqttQos, Publish } from '../../../../src/codec/mqtt.ts';
import { encodeMqtt, MqttReader } from '../../../../src/codec/mqtt-wire.ts';

export const HOUR_MS = 3_600_000;

/** Rules of the mainland hub without its limits on rates and keep alive. */
export const RELAXED: HubRules = {
  ...MAINLAND,
  connectIntervalMs: 0,
  keepAliveSMin: 0,
  uplinksPerS: 0,
  downlinksPerS: 0,
};

export interface Sent {
  readonly atMs: number;
  readonly connection: number;
  readonly packet: MqttPacket;
}

export class HubRig {
  readonly machine: BenchHubMachine;
  readonly arrivals: ClientBytes[] = [];
  readonly events: HubEvent[] = [];
  /** Connections that the hub closed, with the reason. */
  readonly ended = new Map<number, string>();
  readonly #sent: Sent[] = [];
  readonly #readers = new Map<number, MqttReader>();
  #lastConnection = 0;
  nowMs = 0;

  constructor(rules: Partial<HubRules> = {}, wallMinusUpMs = 0, services: readonly BenchService[] = []) {
    this.machine = new BenchHubMachine({ ...RELAXED, ...rules }, wallMinusUpMs, services);
  }

  /** Opens a TCP connection. */
  open(): number {
    this.#lastConnection += 1;
    this.#handle({ kind: 'accepted', connection: this.#lastConnection });
    return this.#lastConnection;
  }

  send(connection: number, packet: MqttPacket): void {
    this.sendBytes(connection, encodeMqtt(packet));
  }

  sendBytes(connection: number, bytes: Uint8Array): void {
    this.#handle({ kind: 'bytes', connection, bytes });
  }

  /** Opens a connection and sends CONNECT. Default: a lasting session. */
  connect(clientId: string, fields: Partial<Connect> = {}): number {
    const connection = this.open();
    this.send(connection, { ...CONNECT, clientId, ...fields });
    return connection;
  }

  /** Returns the CONNACK of a connection; `undefined`: none. */
  connack(connection: number): Connack | undefined {
    return this.sentTo(connection).find((packet) => packet.kind === 'connack');
  }

  subscribe(connection: number, filter: string, qos: MqttQos = 1): void {
    this.send(connection, { kind: 'subscribe', packetId: 1, subscriptions: [{ filter, qos }] });
  }

  publish(connection: number, topic: string, fields: Partial<Publish> = {}): void {
    this.send(connection, { ...publishOf(topic), packetId: fields.qos === 0 ? undefined : 1, ...fields });
  }

  acknowledge(connection: number, packetId: number): void {
    this.send(connection, { kind: 'puback', packetId });
  }

  /** Publishes a message of the application side. */
  fromApplication(topic: string, text = '', qos: 0 | 1 = 1): void {
    this.#handle({ kind: 'applicationPublish', topic, payload: new TextEncoder().encode(text), qos });
  }

  disconnect(connection: number): void {
    this.send(connection, { kind: 'disconnect' });
  }

  /** Breaks the TCP connection. */
  cut(connection: number): void {
    this.#handle({ kind: 'gone', connection });
  }

  command(command: FaultCommand): void {
    this.#handle({ kind: 'fault', command });
  }

  /** Executes a command of the platform's operator. @returns the result code */
  administer(command: PlatformCommand): number {
    this.#handle({ kind: 'platform', command });
    const result = this.events.flatMap((event) => (event.kind === 'platformCommand' ? [event.result] : [])).at(-1);
    if (result === undefined) throw new Error('the command had no result');
    return result;
  }

  set(faults: Partial<HubFaults>): void {
    this.command({ kind: 'set', faults });
  }

  /** Advances the time. The machine is woken at each time that it requests. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let wakeAtMs = this.machine.wakeAtMs(); wakeAtMs !== undefined && wakeAtMs <= untilMs; ) {
      this.nowMs = Math.max(this.nowMs, wakeAtMs);
      this.#handle({ kind: 'wake' });
      const nextMs = this.machine.wakeAtMs();
      if (nextMs !== undefined && nextMs <= wakeAtMs)
        throw new Error(`woken at ${wakeAtMs}, and requests to be woken at ${nextMs}`);
      wakeAtMs = nextMs;
    }
    this.nowMs = untilMs;
  }

  /** Packets that the hub sent on a connection, in order. */
  sentTo(connection: number): MqttPacket[] {
    return this.#sent.filter((sent) => sent.connection === connection).map(({ packet }) => packet);
  }

  /** PUBLISH packets that the hub sent on a connection, with their times. */
  messagesTo(connection: number): (Publish & { readonly atMs: number; readonly text: string })[] {
    return this.#sent.flatMap((sent) =>
      sent.connection === connection && sent.packet.kind === 'publish'
        ? [{ ...sent.packet, atMs: sent.atMs, text: new TextDecoder().decode(sent.packet.payload) }]
        : [],
    );
  }

  session(clientId: string): SessionView | undefined {
    return this.machine.sessions(this.nowMs).find((session) => session.clientId === clientId);
  }

  /** Number of messages stored for a client. */
  stored(clientId: string): number {
    return this.session(clientId)?.stored ?? 0;
  }

  #handle(input: BenchHubInput): void {
    for (const action of this.machine.handle(input, this.nowMs)) {
      switch (action.kind) {
        case 'send':
          this.#read(action.connection, action.bytes);
          break;
        case 'end':
          this.ended.set(action.connection, action.reason);
          break;
        case 'arrived':
          this.arrivals.push(action);
          break;
        case 'noted':
          this.events.push(action.event);
          break;
      }
    }
  }

  #read(connection: number, bytes: Uint8Array): void {
    const reader = this.#readers.get(connection) ?? new MqttReader({ packetBytesMax: 65_536 });
    this.#readers.set(connection, reader);
    for (const read of reader.push(bytes)) {
      if (!read.ok) throw new Error(`the hub sent an invalid packet: ${read.problem}`);
      this.#sent.push({ atMs: this.nowMs, connection, packet: read.value });
    }
  }
}

const CONNECT: Connect = {
  kind: 'connect',
  clientId: '',
  cleanSession: false,
  keepAliveS: 0,
  username: undefined,
  password: undefined,
  will: undefined,
};

function publishOf(topic: string): Publish {
  return { kind: 'publish', topic, payload: new Uint8Array(), qos: 1, retain: false, dup: false, packetId: 1 };
}
