/**
 * A whole world in one thread: the real gateway on a virtual machine, simulated subdevices on virtual lines, the bench hub
 * behind a virtual network, and accounts of all messages. It depends only on its scenario.
 */

import type { Gateway } from '../../src/app/gateway.ts';
import type { GatewayParts } from '../../src/app/gateway-parts.ts';
import { keepHistory } from '../../src/app/history.ts';
import { openGateway } from '../../src/app/open-gateway.ts';
import { newFacts } from '../../src/base/events.ts';
import type { Direction, Message } from '../../src/base/message.ts';
import type { BenchService } from '../../src/bench/hub/service-contract.ts';
import type { Config } from '../../src/config/schema.ts';
import type { NoteFile, SavedNotes } from '../../src/ports.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { noteArrivals } from './arrivals.ts';
import { ArrivedEnvelopes } from './arrived-envelopes.ts';
import { Cabling } from './cabling.ts';
import { CustodyObserver } from './custody-observer.ts';
import { devicesOf } from './devices.ts';
import { HubTap } from './hub-tap.ts';
import { problemsAtCrash } from './invariants.ts';
import { type Boot, Life } from './life.ts';
import { MemoryStore } from './memory-store.ts';
import { Operator } from './operator.ts';
import { watchOwnMessages } from './own-message-observer.ts';
import { randomOf, type Scenario } from './scenario.ts';
import { configOf, credentialsOf, rulesOf, topicAtHub } from './scenario-config.ts';
import { isSharedTopic, readDocument } from './shared-documents.ts';
import type { SimDevice } from './sim-device.ts';
import { SimFirmware } from './sim-firmware.ts';
import type { Stream } from './stream.ts';
import { Traffic } from './traffic.ts';
import { VirtualHub } from './virtual-hub.ts';
import { VirtualTime } from './virtual-time.ts';

/** Wall time at the beginning. */
export const WALL_MS = 1_800_000_000_000;
/** Machine of the history; its values change nothing. */
const MACHINE = { rssBytes: 60_000_000, deviceBytes: 0, temperatureC: 40, isThrottled: false };
/** Largest number of lines of a timeline. */
const TIMELINE_LINES_MAX = 5000;

/** Change of a gateway that the world must detect, or a hub with services. */
export interface Sabotage {
  readonly alter?: (parts: GatewayParts) => GatewayParts;
  /** Called between building and starting a gateway. */
  readonly patch?: (gateway: Gateway) => void;
  /** Services of the hub besides `$gateway`. Default: none. */
  readonly hubServices?: readonly BenchService[];
}

/** Message at the hub, with its subdevice and the time in its document. */
interface MessageAtHub {
  readonly subdevice: SimDevice | undefined;
  readonly payload: Uint8Array;
  /** Unix ms. */
  readonly ms?: number;
}

export class World {
  readonly scenario: Scenario;
  readonly clientId: string;
  readonly config: Config;
  readonly time = new VirtualTime();
  readonly store = new MemoryStore(this.time);
  readonly tap: HubTap;
  readonly hub: VirtualHub;
  readonly subdevices: readonly SimDevice[];
  readonly cabling: Cabling;
  readonly traffic: Traffic;
  readonly timeline: string[] = [];
  /** Problems found. The first one ends the world. */
  readonly complaints: string[] = [];
  gateway: Gateway | undefined;
  wallStepMs = 0;
  /** World time at which the current life of the gateway began. */
  startedAtMs = 0;
  readonly #sabotage: Sabotage;
  readonly observer: CustodyObserver;
  readonly envelopes = new ArrivedEnvelopes(this);
  readonly operator = new Operator(this);
  readonly firmware: SimFirmware | undefined;
  #life: Life | undefined;
  #boot: Boot = { bootId: 'boot-0', startedAtMs: 0 };
  #boots = 0;
  /** Wall time at which the time service last set the clock; `undefined`: never. */
  syncedAtMs: number | undefined;

  constructor(scenario: Scenario, sabotage: Sabotage = {}) {
    this.scenario = scenario;
    this.#sabotage = sabotage;
    this.config = configOf(scenario);
    const { hub } = this.config;
    this.clientId = hub.clientId;
    const complain = (what: string): void => this.complain(what);
    this.tap = new HubTap({ ...hub, connectIntervalMs: hub.reconnectFloorMs }, complain);
    this.tap.mayExceedWindow = scenario.hub.swallowsAlarmPubacks;
    this.firmware = scenario.firmware && new SimFirmware(this, scenario.firmware);
    const services = [...(sabotage.hubServices ?? []), ...(this.firmware === undefined ? [] : [this.firmware.service])];
    this.hub = new VirtualHub(this.time, this.tap, { rules: rulesOf(scenario), services });
    this.cabling = new Cabling(scenario, this.time, complain);
    this.subdevices = devicesOf(this);
    this.traffic = new Traffic(this);
    this.observer = new CustodyObserver(this);
    noteArrivals(this);
  }

  /** World time at which the machine was last switched on. */
  get bootedAtMs(): number {
    return this.#boot.startedAtMs;
  }

  /** Wall clock of the machine, correct or not. */
  wallMs(): number {
    return WALL_MS + this.time.nowMs + this.wallStepMs;
  }

  tell(sentence: string): void {
    if (this.timeline.length < TIMELINE_LINES_MAX)
      this.timeline.push(`${(this.time.nowMs / 1000).toFixed(3).padStart(12)} s  ${sentence}`);
  }

  complain(what: string): void {
    this.complaints.push(what);
    this.tell(`WRONG: ${what}`);
  }

  topicAtHub(subdevice: string, topic: string): string {
    return topicAtHub(this.scenario, subdevice, topic);
  }

  /** Returns the stream of a lane of the running gateway. */
  streamOf(direction: Direction, lane: number): Stream | undefined {
    const subdevice = this.subdeviceOf(lane);
    return direction === 'uplink' ? subdevice?.uplinks : subdevice?.downlinks;
  }

  /** Returns the subdevice of a lane of the running gateway. */
  subdeviceOf(lane: number): SimDevice | undefined {
    return this.#byId(this.gateway?.stations.registry.byLane(lane)?.id);
  }

  /** Returns the subdevice of a topic at the hub that is not shared. */
  ownerOf(topic: string): SimDevice | undefined {
    return this.#byId(topic.split('/')[1]);
  }

  /** Finds the subdevice of a message at the hub. `payload` is without the document, and with the envelope. */
  atHub({ topic, payload }: Pick<Message, 'topic' | 'payload'>): MessageAtHub {
    if (!isSharedTopic(topic)) return { subdevice: this.ownerOf(topic), payload };
    const named = readDocument(this.scenario, topic, payload);
    if (named === undefined) this.complain(`a document on ${topic} names no subdevice`);
    return { ...named, subdevice: this.#byId(named?.subdevice), payload: named?.payload ?? payload };
  }

  #byId(id: string | undefined): SimDevice | undefined {
    return this.subdevices.find((one) => one.id === id);
  }

  /** Starts the gateway: after power on, or as a restart of the process in the same boot. */
  async start(isNewBoot: boolean): Promise<void> {
    if (isNewBoot) {
      this.#boots += 1;
      this.syncedAtMs = undefined;
      this.#boot = { bootId: `boot-${this.#boots}`, startedAtMs: this.time.nowMs - 3000 };
    }
    this.startedAtMs = this.time.nowMs;
    const life = new Life(this.#boot, this.time, () => this.wallMs());
    this.#life = life;
    const parts = this.#newParts(life);
    const gateway = await openGateway(this.#sabotage.alter?.(parts) ?? parts);
    if (!life.isAlive) return;
    this.gateway = gateway;
    this.#sabotage.patch?.(gateway);
    const history = keepHistory(gateway, { configMark: () => 'scenario', machine: () => MACHINE });
    this.observer.watch(gateway);
    watchOwnMessages(gateway, (what) => this.complain(what));
    this.operator.watch(gateway);
    gateway.start();
    history.start();
  }

  /** Cuts the power of the gateway. @param ms time until it boots again */
  cutPower(ms: number): void {
    if (this.kill()) this.hub.abandon();
    else return;
    this.time.after(ms, () => void this.start(true));
  }

  killProcess(ms: number, isOrderly = false): void {
    if (!this.kill(isOrderly)) return;
    this.hub.cut();
    this.time.after(ms, () => void this.start(false));
  }

  stopProcess(ms: number): void {
    const { gateway } = this;
    const life = this.#life;
    if (gateway === undefined) return;
    void gateway.stop('stopped by the simulation').then(() => {
      if (life === this.#life) this.killProcess(ms, true);
    });
  }

  /** @param draw in [0, 1) */
  subdeviceAt(draw: number): SimDevice {
    return this.subdevices[Math.floor(draw * this.subdevices.length)] as SimDevice;
  }

  /** Ends all troubles. */
  endTroubles(): void {
    this.tell('end of all troubles');
    this.hub.repair();
    this.store.repair();
    this.cabling.repair();
    this.operator.end();
    this.firmware?.repair();
    for (const subdevice of this.subdevices) subdevice.command({ kind: 'connect' });
  }

  /** Notes about devices, which outlive the process. */
  #notes: SavedNotes | undefined;
  readonly #noteFile: NoteFile = {
    read: () => this.#notes,
    write: async (notes) => {
      this.#notes = structuredClone(notes);
    },
  };

  /** Kills the process at once. @returns false if there was none */
  kill(isOrderly = false): boolean {
    if (this.#life === undefined || this.gateway === undefined) return false;
    for (const problem of problemsAtCrash(this, isOrderly)) this.complain(problem);
    this.#life.isAlive = false;
    this.#life = undefined;
    this.gateway = undefined;
    this.cabling.dropGateway();
    return true;
  }

  #newParts(life: Life): GatewayParts {
    const random = randomOf(this.scenario.seed, `gateway from ${this.time.nowMs}`);
    const facts = newFacts();
    facts.on('hubConnected', ({ sessionPresent, backlog }) =>
      this.tell(`connected, session ${sessionPresent ? '' : 'not '}present, ${backlog} uplinks in custody`),
    );
    facts.on('hubLost', ({ reason }) => this.tell(`not connected: ${reason}`));
    facts.on('uplinkDeadLettered', ({ subdevice, reason }) =>
      this.tell(`an uplink of ${subdevice} is a dead letter: ${reason}`),
    );
    facts.on('downlinkShed', ({ topic, reason }) => this.#downlinkShed(topic, reason));
    const mailbox = new Mailbox((error) =>
      this.complain(`the gateway threw: ${error instanceof Error ? error.stack : ''}`),
    );
    return {
      ...{ config: this.config, clock: life.clock, random, facts, mailbox },
      firmwareStorage: this.firmware?.disk.open(life, (task) => mailbox.post(task)),
      openStore: this.store.open(life),
      openHub: life.guard(this.hub.open),
      openLink: ({ name }) => life.guard(this.cabling.gatewayEnd(Number(name.slice(1)))),
      noteFile: this.#noteFile,
      timeService: { syncedAtMs: () => this.syncedAtMs, sleptMs: () => 0 },
      credentials: credentialsOf(this.config, random),
      onStoreFailed: (reason) => this.complain(`the store failed: ${reason}`),
    };
  }

  #downlinkShed(topic: string, reason: string): void {
    if (reason !== 'no subscriber') return;
    this.firmware?.released(topic);
    if (!isSharedTopic(topic)) this.#excuseDownlink(this.ownerOf(topic));
  }

  /** Called for a downlink on a shared topic that its subdevice has not subscribed to. */
  unsubscribedDownlink(subdevice: string | undefined): void {
    this.#excuseDownlink(this.#byId(subdevice));
  }

  #excuseDownlink(subdevice: SimDevice | undefined): void {
    if (subdevice === undefined) return;
    subdevice.downlinks.unnumberedLosses += 1;
    subdevice.downlinks.displace(undefined); // the hub may send it again at any time
  }
}
