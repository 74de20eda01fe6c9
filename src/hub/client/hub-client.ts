/**
 * MQTT 3.1.1 client for the hub, as a machine: one connection at a time, CleanSession=0.
 *
 * The client is between the TCP channel and the flows. It handles the connection and its timers. The outbox handles
 * messages in flight, and `session-state.ts` handles subscriptions. Invariants: at most one CONNECT per minimum
 * back-off; every wait for the hub has a deadline; the client closes the connection to a hub that breaks the protocol
 * and tries again later.
 */
import type { Decoded } from '../../base/decoded.ts';
import type { ChannelInput, Machine } from '../../base/machine.ts';
import type { Qos } from '../../base/message.ts';
import { PASSWORD_COMMAND_MS_MAX } from '../../base/password-limits.ts';
import type { MqttPacket, Publish } from '../../codec/mqtt.ts';
import { encodeMqtt } from '../../codec/mqtt-wire.ts';
import {
  type ClientState,
  type CloseCause,
  DIAL_GRACE_MS,
  deadlineOf,
  endOf,
  noticeAtMs,
  onlineSince,
  stageOf,
} from './client-state.ts';
import { refusalOf } from './connack.ts';
import type { HubAction, HubClientOptions, HubInput, HubPublish, HubState } from './hub-contract.ts';
import { HubLink } from './hub-link.ts';
import { willOnWire } from './own-will.ts';
import { ReconnectPolicy } from './reconnect-policy.ts';
import type { TakeoverStats } from './takeover.ts';

export class HubClient implements Machine<HubInput, HubAction> {
  private readonly options: HubClientOptions;
  private readonly reconnect: ReconnectPolicy;
  private readonly connection: HubLink;
  /**
   * Protocol errors for which a connection was closed. An entry is the problem of a message, or the kind of an invalid
   * answer. Problems and kinds come from short fixed lists.
   */
  private readonly breaches = new Set<string>();
  private phase: ClientState = { kind: 'stopped' };
  private isStopping = false;

  constructor(options: HubClientOptions) {
    this.options = options;
    this.reconnect = new ReconnectPolicy(options.reconnect, options.random);
    this.connection = new HubLink(options);
  }

  get state(): HubState {
    return this.phase.kind;
  }

  /** Monotonic ms of the next attempt; `undefined` unless waiting for one. */
  get nextAttemptAtMs(): number | undefined {
    return this.phase.kind === 'waiting' ? this.phase.untilMs : undefined;
  }

  /** Time at which the unanswered CONNECT was sent, monotonic ms. `undefined`: none is unanswered. */
  get awaitingConnackSinceMs(): number | undefined {
    return this.phase.kind === 'awaitingConnack' ? this.phase.sinceMs : undefined;
  }

  /** Time at which the connection that is not open yet was begun, monotonic ms. `undefined`: there is none. */
  get dialingSinceMs(): number | undefined {
    return this.phase.kind === 'dialing' ? this.phase.deadlineMs - this.openMsMax : undefined;
  }

  /** Silence of the hub. `undefined`: the client is not online, or the keep alive is off. */
  get silence(): HubLink['silence'] {
    return this.phase.kind === 'online' ? this.connection.silence : undefined;
  }

  /** Connections in a row that another client seems to have taken over. */
  takeovers(nowMs: number): TakeoverStats {
    return this.reconnect.takeovers(this.phase, nowMs);
  }

  handle(input: HubInput, nowMs: number): HubAction[] {
    switch (input.kind) {
      case 'start':
        this.isStopping = false;
        if (this.phase.kind === 'stopped') this.phase = { kind: 'waiting', untilMs: this.options.firstDialAtMs };
        return this.wake(nowMs);
      case 'stop':
        return this.stop();
      case 'wake':
        return this.wake(nowMs);
      case 'opened':
        return this.sendConnect(nowMs);
      case 'bytes':
        return this.read(input.bytes, nowMs);
      case 'closed':
        return this.closed(input.reason, nowMs);
      case 'speedSet':
        return [];
      default:
        return this.phase.kind === 'online' ? this.command(input, nowMs) : [];
    }
  }

  wakeAtMs(): number | undefined {
    return this.phase.kind === 'online' ? this.connection.wakeAtMs : deadlineOf(this.phase);
  }

  /** Called when the machine threw: closes the connection and discards its state. */
  abort(reason: string): HubAction[] {
    this.connection.renew();
    this.connection.closed();
    const { kind } = this.phase;
    return kind === 'stopped' || kind === 'waiting' || kind === 'closing' ? [] : this.close(reason);
  }

  private command(input: Exclude<HubInput, ChannelInput>, nowMs: number): HubAction[] {
    switch (input.kind) {
      case 'publish':
        return this.publish(input.messages, input.isSuspect === true, nowMs);
      case 'puback':
        if (input.isAgain === true) this.reconnect.takeover.sent('unanswered', input.isSuspect === true, nowMs);
        return [this.connection.acknowledge(input.packetId, nowMs)];
      case 'subscribe':
      case 'unsubscribe':
        this.reconnect.takeover.sent('answered', input.isSuspect === true, nowMs);
        return this.connection.ask({ kind: input.kind, filter: input.filter }, nowMs);
      case 'cleared':
        this.reconnect.takeover.cleared();
        return [];
      case 'probe':
        return this.connection.ping(nowMs);
      case 'leave':
        return input.disconnects === true ? this.disconnect(input.reason) : this.close(input.reason);
      case 'renew':
        return this.leaveForRenewal('the password is renewed');
    }
  }

  /** A message on which this client throws is found by sending each one alone. */
  private publish(messages: readonly HubPublish[], isSuspect: boolean, nowMs: number): HubAction[] {
    try {
      const write = this.connection.publish(messages, nowMs);
      for (const { qos } of messages)
        this.reconnect.takeover.sent(qos === 1 ? 'answered' : 'unanswered', isSuspect, nowMs);
      return [write];
    } catch (error) {
      const [first] = messages;
      if (first === undefined || messages.length > 1)
        return messages.flatMap((one) => this.publish([one], isSuspect, nowMs));
      return [{ kind: 'unsendable', topic: first.topic, packetId: first.packetId, why: messageOf(error) }];
    }
  }

  /** Longest time for a connection to open, with the program that prints the password. */
  private get openMsMax(): number {
    const { connectMsMax, signsWith } = this.options;
    return connectMsMax + (signsWith === 'password command' ? PASSWORD_COMMAND_MS_MAX : 0);
  }

  private dial(nowMs: number): HubAction[] {
    this.phase = { kind: 'dialing', deadlineMs: nowMs + this.openMsMax };
    return [{ kind: 'open' }];
  }

  private sendConnect(nowMs: number): HubAction[] {
    if (this.phase.kind !== 'dialing') return [];
    const deadlineMs = Math.min(this.phase.deadlineMs, nowMs + this.options.connectMsMax);
    this.phase = { kind: 'awaitingConnack', sinceMs: nowMs, deadlineMs, wasReported: false };
    this.connection.renew();
    const session = { cleanSession: false, keepAliveS: this.options.keepAliveS, will: willOnWire(this.options.will) };
    // CONNECT is the first packet [MQTT-3.1.0-1]; CleanSession=0 resumes the session [MQTT-3.1.2-4]
    return [this.connection.send({ kind: 'connect', ...this.options.credentials(), ...session }, nowMs)];
  }

  private stop(): HubAction[] {
    this.isStopping = true;
    switch (this.phase.kind) {
      case 'stopped':
      case 'closing':
        return [];
      case 'waiting':
        this.phase = { kind: 'stopped' };
        return [];
      default:
        return this.phase.kind === 'online' ? this.disconnect('the gateway stops') : this.close('the gateway stops');
    }
  }

  private disconnect(reason: string, cause: CloseCause = 'ours'): HubAction[] {
    return [{ kind: 'write', bytes: encodeMqtt({ kind: 'disconnect' }) }, ...this.close(reason, cause)];
  }

  /** Leaves without DISCONNECT if there is a will: the next CONNECT may fail, and DISCONNECT would discard the will. */
  private leaveForRenewal(reason: string): HubAction[] {
    const { will } = this.options;
    return will === undefined ? this.disconnect(reason, 'renewal') : this.close(reason, 'renewal');
  }

  private wake(nowMs: number): HubAction[] {
    switch (this.phase.kind) {
      case 'stopped':
      case 'closing':
        return [];
      case 'waiting':
        return nowMs >= this.phase.untilMs ? this.dial(nowMs) : [];
      case 'dialing':
        if (nowMs < this.phase.deadlineMs + DIAL_GRACE_MS) return [];
        return this.close(`no connection within ${this.openMsMax} ms`);
      case 'awaitingConnack':
        return this.awaitConnack(this.phase, nowMs);
      case 'online':
        return this.wakeOnline(nowMs);
    }
  }

  private awaitConnack(state: Extract<ClientState, { kind: 'awaitingConnack' }>, nowMs: number): HubAction[] {
    if (nowMs >= state.deadlineMs) {
      const sample = this.connection.firstBytesSample;
      const instead = sample === undefined ? '' : ` (received instead: ${sample})`;
      return this.close(`no CONNACK within ${this.options.connectMsMax} ms${instead}`);
    }
    if (nowMs < (noticeAtMs(state) ?? Number.POSITIVE_INFINITY)) return [];
    this.phase = { ...state, wasReported: true };
    return [{ kind: 'noConnack', forMs: nowMs - state.sinceMs }];
  }

  private wakeOnline(nowMs: number): HubAction[] {
    const problem = this.connection.problem(nowMs);
    return problem === undefined ? this.connection.keepUp(nowMs) : this.close(problem, 'silence');
  }

  private closed(reason: string, nowMs: number): HubAction[] {
    const before = this.phase;
    this.connection.closed();
    const isRenewal = before.kind === 'closing' && before.cause === 'renewal';
    const { pauseMs, isTakenOver } = isRenewal
      ? { pauseMs: this.reconnect.renewed(before, nowMs), isTakenOver: false }
      : this.reconnect.after(before, nowMs);
    this.phase = this.isStopping ? { kind: 'stopped' } : { kind: 'waiting', untilMs: nowMs + pauseMs };
    const why = before.kind === 'closing' ? before.reason : reason;
    const offline: HubAction = { kind: 'offline', reason: why, ended: endOf(before), stage: stageOf(before) };
    return isTakenOver ? [offline, { kind: 'takenOver', times: this.reconnect.takeover.takeovers.times }] : [offline];
  }

  /** Closes the connection from this side. The packets of this gateway are not doubted, except after silence. */
  private close(reason: string, cause: CloseCause = 'ours'): HubAction[] {
    const before = this.phase.kind;
    const stage = before === 'awaitingConnack' || before === 'dialing' ? before : 'online';
    this.phase = { kind: 'closing', reason, cause, stage, onlineSinceMs: onlineSince(this.phase) };
    return [{ kind: 'close', reason }];
  }

  private read(bytes: Uint8Array, nowMs: number): HubAction[] {
    if (this.phase.kind !== 'awaitingConnack' && this.phase.kind !== 'online') return []; // nothing after the close
    const other = this.phase.kind === 'awaitingConnack' ? this.connection.otherProtocolIn(bytes) : undefined;
    if (other !== undefined) return this.close(`the other side speaks ${other}, not MQTT`);
    const actions: HubAction[] = [];
    let acknowledged: number[] | undefined;
    for (const packet of this.connection.read(bytes, nowMs)) {
      const packetId = this.acknowledgedBy(packet, nowMs);
      if (packetId !== undefined) {
        if (acknowledged === undefined) {
          acknowledged = [];
          actions.push({ kind: 'acknowledged', packetIds: acknowledged });
        }
        acknowledged.push(packetId);
        continue;
      }
      acknowledged = undefined;
      if (packet.ok) actions.push(...this.receiveOrSetAside(packet.value, nowMs));
      else actions.push(...this.close(`the hub broke the protocol: ${packet.problem}`)); // [MQTT-4.8.0-1]
      if (actions.at(-1)?.kind === 'close') break;
    }
    return actions;
  }

  /** Handles a valid PUBACK. @returns its packet identifier; `undefined` for any other packet */
  private acknowledgedBy(packet: Decoded<MqttPacket>, nowMs: number): number | undefined {
    if (!packet.ok || packet.value.kind !== 'puback' || this.phase.kind !== 'online') return undefined;
    if (packet.value.problem !== undefined) return undefined;
    this.reconnect.takeover.answered('answered', nowMs);
    return packet.value.packetId;
  }

  /** Reports a PUBLISH on which this client throws, because the hub would send it again in every connection. */
  private receiveOrSetAside(packet: MqttPacket, nowMs: number): HubAction[] {
    try {
      return this.receive(packet, nowMs);
    } catch (error) {
      if (packet.kind !== 'publish') throw error; // ends the connection (`Pump.contain`)
      return this.failed(packet, messageOf(error));
    }
  }

  private receive(packet: MqttPacket, nowMs: number): HubAction[] {
    if (this.phase.kind === 'awaitingConnack') {
      // the first packet of the hub must be CONNACK [MQTT-3.2.0-1]
      return packet.kind === 'connack'
        ? this.handleConnack(packet, nowMs)
        : this.close(`the hub sent ${packet.kind} before CONNACK`);
    }
    if (this.phase.kind !== 'online') return [];
    if (packet.kind !== 'publish' && 'problem' in packet && packet.problem !== undefined)
      return this.invalidAnswer(packet, packet.problem, nowMs);
    switch (packet.kind) {
      case 'publish':
        return this.message(packet);
      case 'suback':
        this.reconnect.takeover.answered('answered', nowMs);
        return this.connection.subscribed(packet, nowMs);
      case 'unsuback':
        this.reconnect.takeover.answered('answered', nowMs);
        return this.connection.unsubscribed(packet.packetId, nowMs);
      case 'pingresp':
        this.reconnect.takeover.answered('unanswered', nowMs);
        return this.connection.pinged();
      case 'pubrel':
        return [this.connection.send({ kind: 'pubcomp', packetId: packet.packetId }, nowMs)]; // [MQTT-4.3.3-2]
      case 'pubrec':
      case 'pubcomp': {
        const breach = `the hub sent ${packet.kind}, which a client without QoS 2 must not get`;
        return this.isNewBreach(packet.kind) ? this.close(breach) : [];
      }
      case 'connack':
        return this.close('the hub sent CONNACK twice, which breaks the protocol');
      default:
        return this.close(`the hub sent ${packet.kind}, which only a client may send`);
    }
  }

  private handleConnack(connack: Extract<MqttPacket, { kind: 'connack' }>, nowMs: number): HubAction[] {
    const { returnCode: code } = connack;
    const refusal = refusalOf(code, this.options.signsWith);
    if (refusal !== undefined)
      return [Object.assign({ kind: 'refused' as const }, refusal), ...this.close(refusal.reason, 'refused')];
    this.phase = { kind: 'online', sinceMs: nowMs };
    this.reconnect.takeover.connected(connack.sessionPresent);
    return [{ kind: 'online', sessionPresent: connack.sessionPresent }];
  }

  /**
   * Handles a PUBLISH. QoS 2 is never requested, but an earlier client with this client id may have left such messages
   * in the session. They are accepted like QoS 1 and may be delivered twice.
   */
  private message(publish: Publish): HubAction[] {
    const { topic, payload, dup, retain: retained, packetId, oversizeBytes, problem, fault } = publish;
    const qos = qosOf(publish);
    if (fault !== undefined) return this.failed(publish, fault);
    if (problem !== undefined && this.isNewBreach(problem)) return this.close(`the hub broke the protocol: ${problem}`);
    if (publish.qos === 2 && packetId !== undefined) this.connection.expectPubrec(packetId);
    if (problem !== undefined) return [{ kind: 'invalid', topic, qos, problem, dup, packetId }];
    if (oversizeBytes === undefined)
      return [{ kind: 'message', message: { topic, payload, qos }, dup, retained, packetId }];
    return [{ kind: 'oversize', topic, qos, packetBytes: oversizeBytes, dup, packetId }];
  }

  /**
   * Returns true for the first message with a problem, which closes the connection [MQTT-4.8.0-1]. A hub that has
   * stored such messages sends them in every connection, so later ones are reported as lost and the connection
   * continues.
   */
  private isNewBreach(problem: string): boolean {
    const isNew = !this.breaches.has(problem);
    this.breaches.add(problem);
    return isNew;
  }

  /**
   * Handles an answer that MQTT 3.1.1 forbids. The first invalid answer of its kind closes the connection
   * [MQTT-4.8.0-1]. Later ones do not, because a hub that answers a packet like this does so in every connection. A
   * later invalid SUBACK rejects the filter, and a later invalid PINGRESP shows that the hub is alive. Every other
   * later one is ignored.
   */
  private invalidAnswer(packet: Exclude<MqttPacket, Publish>, problem: string, nowMs: number): HubAction[] {
    if (this.isNewBreach(`invalid ${packet.kind}`)) return this.close(`the hub broke the protocol: ${problem}`);
    if (packet.kind === 'pingresp') {
      this.reconnect.takeover.answered('unanswered', nowMs);
      return this.connection.pinged();
    }
    if (packet.kind !== 'suback') return [];
    this.reconnect.takeover.answered('answered', nowMs);
    return this.connection.subscribed(packet, nowMs);
  }

  private failed(publish: Publish, why: string): HubAction[] {
    const { topic, dup, packetId } = publish;
    if (publish.qos === 2 && packetId !== undefined) this.connection.expectPubrec(packetId);
    return [{ kind: 'failed', topic, qos: qosOf(publish), dup, packetId, why }];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function qosOf({ qos }: Publish): Qos {
  return qos === 0 ? 0 : 1;
}
