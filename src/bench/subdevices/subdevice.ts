/**
 * Simulated subdevice: the client's half of MQTT-SN 1.2 in frames of either kind, as a Machine on a byte channel. The
 * subdevice never gives up, like a carefully programmed microcontroller. This file handles connection, keep alive, will
 * and sleep; `subdevice-exchange.ts` handles the exchange within a connection, and `subdevice-firmware.ts` the transfer of
 * firmware. After an installation the subdevice connects again, and keeps its other publications.
 *
 * Invariants: a QoS 1 publication is sent until it is acknowledged or permanently rejected, over any number of
 * connections. One request (REGISTER …) is unanswered at a time. The caller must limit the number of its publications
 * (`queued`).
 */
import type { Machine } from '../../base/machine.ts';
import { FIRMWARE_DOWN, FIRMWARE_UP } from '../../codec/firmware-messages.ts';
import { type Framing, framingOf, type PacketReader } from '../../codec/framing.ts';
import { decodePacket } from '../../codec/mqttsn-decode.ts';
import { encodePacket } from '../../codec/mqttsn-encode.ts';
import { type Packet, RETURN_CODE } from '../../codec/mqttsn-packets.ts';
import type { SimulatedReport, SubdeviceAction, SubdeviceInput, SubdeviceOptions } from './subdevice-contract.ts';
import { SubdeviceExchange } from './subdevice-exchange.ts';
import { type FirmwareInput, SubdeviceFirmware } from './subdevice-firmware.ts';
import { SubdeviceKeepAlive } from './subdevice-keep-alive.ts';
import { SubdeviceSleep } from './subdevice-sleep.ts';

type State = 'stopped' | 'opening' | 'waiting to reopen' | 'connecting' | 'connected' | 'sleeping' | 'away';

export class SimulatedSubdevice implements Machine<SubdeviceInput, SubdeviceAction> {
  readonly #options: SubdeviceOptions;
  readonly #exchange: SubdeviceExchange;
  readonly #framing: Framing;
  readonly #reader: PacketReader;
  readonly #keepAlive: SubdeviceKeepAlive;
  #actions: SubdeviceAction[] = [];
  #state: State = 'stopped';
  #wantsConnection = true;
  /** Sleep of the subdevice. `undefined`: awake. */
  #sleep: SubdeviceSleep | undefined;
  /** Firmware transfer. `undefined`: the subdevice takes no firmware. */
  #firmware: SubdeviceFirmware | undefined;
  /** True if the sleep is interrupted for a firmware transfer. */
  #isAwakeForFirmware = false;
  #nowMs = 0;
  /** Time at which the channel is opened again, or CONNECT is sent again. */
  #pauseUntilMs: number | undefined;

  constructor(options: SubdeviceOptions) {
    this.#options = options;
    this.#exchange = new SubdeviceExchange(options, {
      send: (packet) => this.#send(packet),
      report: (report) => this.#report(report),
    });
    this.#firmware = this.#newFirmware();
    this.#framing = framingOf(options.framing);
    this.#reader = this.#framing.newReader(options.packetBytesMax);
    this.#keepAlive = new SubdeviceKeepAlive(options);
  }

  get state(): State {
    return this.#state;
  }

  /** Number of publications that are not acknowledged yet. */
  get queued(): number {
    return this.#exchange.queued;
  }

  /** Number of unacknowledged publications that were sent at least once. */
  get outstanding(): number {
    return this.#exchange.outstanding;
  }

  wakeAtMs(): number | undefined {
    const wakes = [this.#pauseUntilMs];
    if (this.#state === 'connected') {
      wakes.push(this.#exchange.wakeAtMs(), this.#keepAlive.pingAtMs(), this.#firmware?.wakeAtMs());
    }
    if (this.#state === 'sleeping') wakes.push(this.#sleep?.wakeAtMs());
    const atMs = Math.min(...wakes.map((wake) => wake ?? Number.POSITIVE_INFINITY));
    return Number.isFinite(atMs) ? atMs : undefined;
  }

  handle(input: SubdeviceInput, nowMs: number): SubdeviceAction[] {
    this.#nowMs = nowMs;
    switch (input.kind) {
      case 'start':
        if (this.#state === 'stopped') this.#open();
        break;
      case 'stop':
        if (this.#state !== 'stopped' && this.#state !== 'waiting to reopen') {
          this.#actions.push({ kind: 'close', reason: 'stopped' });
        }
        this.#leave('stopped', undefined);
        break;
      case 'opened':
        this.#reader.reset();
        if (this.#state === 'opening') this.#connect(nowMs);
        break;
      case 'closed':
        if (this.#state !== 'stopped') this.#leave('waiting to reopen', nowMs + this.#options.retryMs);
        break;
      case 'bytes':
        for (const packet of this.#reader.push(input.bytes, nowMs).map(decodePacket)) {
          if (packet.ok) this.#receive(packet.value, nowMs);
        }
        break;
      case 'wake':
        this.#wake(nowMs);
        break;
      case 'publish':
      case 'subscribe':
      case 'unsubscribe':
        this.#exchange.accept(input);
        break;
      case 'publishUnconnected':
        if (this.#isOpen) this.#exchange.publishUnconnected(input);
        break;
      case 'sleep':
        if (this.#state === 'connected') this.#fallAsleep(input.durationMs);
        break;
      case 'disconnect':
        this.#wantsConnection = false;
        this.#isAwakeForFirmware = false;
        if (this.#isOpen && this.#state !== 'away') {
          this.#send({ kind: 'disconnect', durationS: undefined });
          this.#leave('away', undefined);
        }
        break;
      case 'connect':
        this.#wantsConnection = true;
        this.#isAwakeForFirmware = false;
        if (this.#state === 'away' || this.#state === 'sleeping') this.#connect(nowMs);
        break;
    }
    this.#sleepAgain();
    if (this.#state === 'connected') this.#exchange.advance(nowMs);
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  get #isOpen(): boolean {
    return this.#state !== 'stopped' && this.#state !== 'opening' && this.#state !== 'waiting to reopen';
  }

  #open(): void {
    this.#state = 'opening';
    this.#pauseUntilMs = undefined;
    this.#actions.push({ kind: 'open' });
  }

  #connect(nowMs: number): void {
    this.#leave(this.#wantsConnection ? 'connecting' : 'away', undefined);
    if (!this.#wantsConnection) return;
    const { clientId, clean, keepAliveMs, retryMs, will } = this.#options;
    this.#pauseUntilMs = nowMs + retryMs;
    const durationS = Math.ceil(keepAliveMs / 1000);
    this.#send({ kind: 'connect', will: will !== undefined, clean, durationS, clientId });
  }

  #leave(state: State, pauseUntilMs: number | undefined): void {
    if (this.#state === 'connected') {
      this.#actions.push({ kind: 'disconnected' });
      this.#runFirmware({ kind: 'disconnected' });
    }
    this.#state = state;
    this.#pauseUntilMs = pauseUntilMs;
  }

  #wake(nowMs: number): void {
    if (this.#pauseUntilMs !== undefined && nowMs >= this.#pauseUntilMs) {
      this.#pauseUntilMs = undefined;
      if (this.#state === 'waiting to reopen') this.#open();
      else if (this.#state === 'connecting') this.#connect(nowMs);
    }
    if (this.#state === 'sleeping') {
      const words = this.#sleep?.wake(nowMs);
      if (words !== undefined) this.#send(words);
    }
    if (this.#state !== 'connected') return;
    if (this.#keepAlive.isOver(nowMs)) {
      this.#connect(nowMs);
      return;
    }
    if (nowMs >= (this.#keepAlive.pingAtMs() ?? Number.POSITIVE_INFINITY)) {
      this.#keepAlive.asked(nowMs);
      this.#send({ kind: 'pingreq', clientId: '' });
    }
    this.#exchange.wake(nowMs);
    this.#runFirmware({ kind: 'wake' });
  }

  #fallAsleep(durationMs: number): void {
    this.#sleep = new SubdeviceSleep(this.#options, durationMs);
    this.#leave('sleeping', undefined);
    this.#wake(this.#nowMs);
  }

  #receive(packet: Packet, nowMs: number): void {
    this.#keepAlive.onReceived(nowMs);
    if (this.#state === 'connecting') this.#receiveConnecting(packet);
    else if (this.#state === 'sleeping') this.#receiveSleeping(packet, nowMs);
    else if (this.#state === 'connected' && packet.kind === 'disconnect') this.#connect(nowMs);
    else if (this.#state === 'connected') this.#exchange.receive(packet, nowMs);
  }

  #receiveConnecting(packet: Packet): void {
    const { will } = this.#options;
    if (packet.kind === 'willtopicreq') {
      const retain = will?.retain ?? false;
      const topic = will === undefined ? undefined : { qos: will.qos, retain, topic: will.topic };
      this.#send({ kind: 'willtopic', will: topic });
    } else if (packet.kind === 'willmsgreq' && will !== undefined) {
      this.#send({ kind: 'willmsg', payload: will.payload });
    } else if (packet.kind === 'connack') {
      this.#connack(packet.returnCode);
    }
  }

  #receiveSleeping(packet: Packet, nowMs: number): void {
    const meaning = this.#sleep?.receive(packet, nowMs);
    if (meaning === 'forgotten') this.#connect(nowMs);
    else if (meaning === 'heard') {
      this.#exchange.receive(packet, nowMs);
      this.#isAwakeForFirmware = this.#firmware?.isActive === true;
      if (this.#isAwakeForFirmware) this.#connect(nowMs);
    } else if (meaning === 'slept' || meaning === 'rested') this.#actions.push({ kind: meaning });
  }

  #connack(returnCode: number): void {
    if (returnCode !== RETURN_CODE.accepted) return;
    this.#state = 'connected';
    this.#pauseUntilMs = undefined;
    this.#exchange.connected();
    this.#actions.push({ kind: 'connected' });
    this.#runFirmware({ kind: 'connected' });
  }

  /** Reports to the owner, except the messages of the firmware transfer. */
  #report(report: SimulatedReport): void {
    if (this.#firmware === undefined) this.#actions.push(report);
    else if (report.kind === 'received' && report.topic === FIRMWARE_DOWN) this.#runFirmware(report);
    else if ((report.kind === 'acknowledged' || report.kind === 'rejected') && report.reference < 0) {
      this.#runFirmware({ kind: report.kind, reference: -report.reference });
    } else this.#actions.push(report);
  }

  #runFirmware(input: FirmwareInput): void {
    for (const action of this.#firmware?.handle(input, this.#nowMs) ?? []) {
      if (action.kind === 'publish') {
        this.#exchange.accept({ ...action, topic: FIRMWARE_UP, reference: -action.reference });
      } else {
        this.#actions.push(action);
        this.#exchange.forget((reference) => reference < 0);
        this.#firmware = this.#newFirmware();
        this.#connect(this.#nowMs);
      }
    }
  }

  #newFirmware(): SubdeviceFirmware | undefined {
    const { firmware } = this.#options;
    return firmware === undefined ? undefined : new SubdeviceFirmware(firmware);
  }

  #sleepAgain(): void {
    if (!this.#isAwakeForFirmware || this.#state !== 'connected' || this.#sleep === undefined) return;
    if (this.#firmware?.isActive === true || this.queued > 0) return;
    this.#isAwakeForFirmware = false;
    this.#fallAsleep(this.#sleep.durationMs);
  }

  #send(packet: Packet): void {
    this.#keepAlive.sent(this.#nowMs);
    this.#actions.push({ kind: 'write', bytes: this.#framing.encode(encodePacket(packet)) });
  }
}
