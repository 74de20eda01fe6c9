/**
 * Connection at one address of the wire: CONNECT with its will, DISCONNECT, keep alive, sleep. One node is the wire
 * itself; each node behind a forwarder is another. `client.ts` handles the other packets of a connected client.
 *
 *     none ─CONNECT─▶ attaching ─attached─▶ attached ─DISCONNECT, silence, link closed─▶ none
 *     within attached: active ─DISCONNECT with duration─▶ asleep ─PINGREQ with client id─▶ awake ─PINGRESP─▶ asleep
 *
 * Invariants: one `attach` is unanswered at a time, and a CONNECT meanwhile waits (the newest counts). Every accepted
 * attach ends in one `detach`, or in a new attach of the same client id. The PINGRESP of a wake leaves after the flow
 * has confirmed that everything is delivered. Source: MQTT-SN 1.2 §6.2, §6.11, §6.12, §6.14.
 */
import { type ConnectPacket, type Packet, RETURN_CODE } from '../../codec/mqttsn-packets.ts';
import type { AttachAnswer, DeliverCommand, DetachCause } from '../driver.ts';
import type { LastReceived } from '../last-received.ts';
import type { MqttsnClient } from './client.ts';
import {
  type Attached,
  type Attaching,
  aliveUntilMs,
  isClientId,
  type NodeConnection,
  toleranceMs,
  wakeAtMs,
} from './connection.ts';
import { DamageDoubt } from './damage-doubt.ts';
import type { PacketSink } from './packet-sink.ts';
import { returnCodeOf } from './requests.ts';
import { UnconnectedPeer, type UnconnectedPeerTerms } from './unconnected-peer.ts';
import { type EndedDialog, type PendingConnect, repeatedAnswer, WillDialog, wasShed } from './will.ts';

/** Owner of the sessions on a link. */
export interface ClientOwner {
  /**
   * Returns the new or known client of that id, detached from any node but `node`. `undefined` while it is attaching
   * at another node.
   */
  claimClient(id: string, node: MqttsnNode): MqttsnClient | undefined;
}

export class MqttsnNode {
  private readonly sink: PacketSink;
  private readonly owner: ClientOwner;
  private readonly lastReceived: LastReceived;
  private readonly unconnected: UnconnectedPeer;
  private connection: NodeConnection = { state: 'none' };
  private readonly doubt: DamageDoubt;
  private dialog: WillDialog | undefined;
  /** Last dialogue, kept as long as the client may repeat its last packet. */
  private ended: EndedDialog | undefined;
  /** Client whose DISCONNECT is answered once the end of its connection and its will are durable. */
  private leaving: string | undefined;

  constructor(owner: ClientOwner, terms: UnconnectedPeerTerms) {
    this.sink = terms.sink;
    this.owner = owner;
    this.lastReceived = terms.lastReceived;
    this.unconnected = new UnconnectedPeer(terms);
    this.doubt = new DamageDoubt(terms.isLineChecked);
  }

  get clientId(): string | undefined {
    return this.connection.state === 'none' ? undefined : this.connection.client.id;
  }

  get attachment(): Attached | undefined {
    return this.connection.state === 'attached' ? this.connection : undefined;
  }

  receive(packet: Packet, nowMs: number): void {
    if (this.connection.state === 'attached') {
      this.connection.lastReceivedMs = nowMs;
      this.lastReceived.note(this.connection.client.id, nowMs);
    }
    if (packet.kind === 'connect') this.connect(packet);
    else if ((packet.kind === 'willtopic' || packet.kind === 'willmsg') && this.describe(packet)) return;
    else if (this.connection.state === 'attached') this.receiveAttached(this.connection, packet, nowMs);
    else if (this.connection.state === 'attaching') this.receiveAttaching(this.connection, packet);
    else if (this.leaving === undefined || packet.kind !== 'disconnect') this.unconnected.receive(packet, nowMs);
  }

  attached(answer: AttachAnswer, nowMs: number): void {
    if (this.connection.state !== 'attaching') return;
    const { client, connect, next } = this.connection;
    const { clean, durationS } = connect;
    this.connection = { state: 'none' };
    if (answer.accepted) {
      this.lastReceived.note(client.id, nowMs);
      client.connect(this.sink.node, clean, answer.topicIds);
      this.connection = {
        state: 'attached',
        client,
        mode: 'active',
        aliveMs: toleranceMs(durationS),
        lastReceivedMs: nowMs,
      };
    }
    if (typeof next === 'string') {
      if (this.connection.state === 'attached') this.leave(this.connection, next);
      else if (next === 'asked') this.sink.send({ kind: 'disconnect', durationS: undefined });
    } else if (next !== undefined && !wasShed(connect, next.connect)) {
      this.attach(next);
    } else {
      if (this.dialog !== undefined && wasShed(connect, this.dialog.connect)) this.dialog = undefined;
      const returnCode = answer.accepted ? RETURN_CODE.accepted : returnCodeOf(answer.why);
      if (this.ended !== undefined) this.ended = { ...this.ended, returnCode };
      this.sink.send({ kind: 'connack', returnCode });
    }
  }

  /** Delivers to an active client. Every delivery ends in one report: `lost` at once if the client is gone. */
  deliver(command: DeliverCommand, nowMs: number): void {
    if (this.connection.state === 'attached' && this.connection.mode !== 'asleep') {
      this.connection.client.deliver(command, nowMs);
    } else {
      this.sink.report({ kind: 'undelivered', token: command.token, why: 'lost' });
    }
  }

  /** Sends the PINGRESP, because everything that waited has been acknowledged (MQTT-SN 1.2 §6.14). */
  rest(): void {
    if (this.connection.state !== 'attached' || this.connection.mode !== 'awake') return;
    this.connection = { ...this.connection, mode: 'asleep' };
    this.sink.send({ kind: 'pingresp' });
  }

  /** Answers the DISCONNECT of a client that has left here and has not returned since (MQTT-SN 1.2 §6.12). */
  released(clientId: string): void {
    if (this.leaving !== clientId) return;
    this.leaving = undefined;
    this.sink.send({ kind: 'disconnect', durationS: undefined });
  }

  dismiss(): void {
    if (this.connection.state !== 'attached') return;
    this.detach(this.connection, 'dismissed');
    this.sink.send({ kind: 'disconnect', durationS: undefined });
  }

  /**
   * Ends active connections. A sleeping client stays attached, because it does not notice a short closing of the port.
   */
  closed(): void {
    this.dialog = undefined;
    this.ended = undefined;
    this.leaving = undefined;
    this.unconnected.cancelDisconnect();
    const connection = this.connection;
    if (connection.state === 'attaching') this.connection = { ...connection, next: 'link closed' };
    else if (connection.state === 'attached' && connection.mode === 'active') this.detach(connection, 'link closed');
    else if (connection.state === 'attached' && connection.mode === 'awake') this.sleep(connection, connection.aliveMs);
  }

  /** Ends the connection because the client has connected from another address of this link. */
  releaseClient(): void {
    this.ended = undefined;
    if (this.connection.state === 'attached') this.connection.client.disconnect();
    this.connection = { state: 'none' };
  }

  wake(nowMs: number): void {
    const connection = this.connection;
    this.unconnected.wake(nowMs);
    if (connection.state !== 'attached') return;
    if (nowMs >= (aliveUntilMs(connection) ?? Number.POSITIVE_INFINITY)) {
      this.detach(connection, 'keep alive ran out');
    } else if (connection.client.wake(nowMs) === 'silent') {
      // A client that woke may have gone back to sleep early. It may wake again within the duration of its sleep.
      if (connection.mode === 'awake') this.sleep(connection, connection.aliveMs);
      else this.detach(connection, 'no answer');
    }
  }

  wakeAtMs(): number {
    return Math.min(wakeAtMs(this.connection), this.unconnected.wakeAtMs());
  }

  /**
   * Asks a client that may consider itself connected to connect again, after the line has opened. A sleeping client is
   * still connected and does not receive.
   */
  requestReconnect(nowMs: number): void {
    if (this.connection.state === 'none') this.unconnected.requestReconnect(nowMs);
  }

  bytesArrived(nowMs: number): void {
    this.unconnected.bytesArrived(nowMs);
  }

  private connect(packet: ConnectPacket): void {
    this.unconnected.cancelDisconnect();
    this.leaving = undefined; // the client would take a DISCONNECT now for the answer to this CONNECT
    const isRepeat = this.dialog !== undefined && wasShed(this.dialog.connect, packet);
    if (isRepeat && packet.will) return this.dialog?.begin(); // with the topic that is already known
    this.dialog = undefined;
    if (!isClientId(packet.clientId)) {
      const words = `"${packet.clientId}": a client id has 1 to 64 letters, digits, - and _`;
      this.sink.discard('client id invalid', words);
      if (this.doubt.mayBeDamaged(`CONNECT ${packet.clientId}`)) return;
      this.sink.send({ kind: 'connack', returnCode: RETURN_CODE.notSupported });
    } else if (packet.will) {
      this.dialog = new WillDialog(packet, this.sink, this.doubt);
      this.dialog.begin();
    } else {
      this.ended = undefined;
      this.attach({ connect: packet, will: 'unchanged' });
    }
  }

  /** @returns false if the packet belongs neither to the present nor to the last dialogue */
  private describe(packet: Extract<Packet, { kind: 'willtopic' | 'willmsg' }>): boolean {
    const dialog = this.dialog;
    const progress = dialog?.receive(packet) ?? 'goes on';
    if (dialog !== undefined && progress !== 'goes on') {
      this.dialog = undefined;
      const isRefused = progress === 'refused';
      this.ended = dialog.ended(packet, isRefused ? RETURN_CODE.notSupported : undefined);
      if (!isRefused) this.attach(progress);
      return true;
    }
    if (this.ended === undefined || (dialog !== undefined && packet.kind === 'willtopic')) return dialog !== undefined;
    const answer = repeatedAnswer(this.ended, packet);
    if (answer !== undefined) this.sink.send(answer);
    return answer !== undefined || dialog !== undefined;
  }

  private attach(pendingConnect: PendingConnect): void {
    const connection = this.connection;
    const { clientId: subdevice, clean, durationS } = pendingConnect.connect;
    if (connection.state === 'attaching') {
      this.connection = { ...connection, next: pendingConnect };
      return;
    }
    const client = this.owner.claimClient(subdevice, this);
    if (client === undefined) {
      this.sink.counters.unexpectedPackets += 1;
      return;
    }
    if (connection.state === 'attached') {
      if (connection.client.id === subdevice) client.disconnect();
      else this.detach(connection, 'replaced');
    }
    this.connection = { state: 'attaching', client, connect: pendingConnect.connect, next: undefined };
    this.sink.report({ kind: 'attach', subdevice, clean, aliveMs: toleranceMs(durationS), will: pendingConnect.will });
  }

  private receiveAttached(connection: Attached, packet: Packet, nowMs: number): void {
    if (packet.kind === 'pingreq') {
      const isOther = packet.clientId !== '' && packet.clientId !== connection.client.id;
      if (isOther) this.unconnected.receive(packet, nowMs);
      else this.ping(connection);
    } else if (packet.kind === 'disconnect') {
      if (packet.durationS === undefined || packet.durationS === 0) return this.leave(connection, 'asked');
      this.sleep(connection, toleranceMs(packet.durationS));
      this.sink.send({ kind: 'disconnect', durationS: undefined });
    } else {
      // Also for a sleeping client, although it should connect first (MQTT-SN 1.2 §6.14): its packet must not be
      // dropped.
      connection.client.receive(packet, nowMs);
    }
  }

  private ping(connection: Attached): void {
    if (connection.mode === 'active') this.sink.send({ kind: 'pingresp' });
    if (connection.mode !== 'asleep') return;
    this.connection = { ...connection, mode: 'awake' };
    this.sink.report({ kind: 'woke', subdevice: connection.client.id });
  }

  private sleep(connection: Attached, aliveMs: number): void {
    this.connection = { ...connection, mode: 'asleep', aliveMs };
    const { client } = connection;
    this.sink.report({ kind: 'slept', subdevice: client.id, aliveMs });
    client.sleep();
  }

  private receiveAttaching(connection: Attaching, packet: Packet): void {
    if (packet.kind === 'disconnect') {
      this.connection = { ...connection, next: 'asked' };
    } else if (packet.kind !== 'willmsg') {
      // a repeated WILLMSG waits for the same CONNACK
      this.sink.counters.unexpectedPackets += 1;
    }
  }

  private leave(connection: Attached, cause: DetachCause): void {
    if (cause === 'asked') this.leaving = connection.client.id;
    this.detach(connection, cause);
  }

  private detach(connection: Attached, cause: DetachCause): void {
    this.connection = { state: 'none' };
    this.ended = undefined;
    const { client } = connection;
    client.disconnect();
    this.sink.report({ kind: 'detach', subdevice: client.id, cause, aliveUntilMs: aliveUntilMs(connection) });
  }
}
