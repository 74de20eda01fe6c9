/**
 * A whole plant in one thread: the real gateway on a virtual machine, simulated subdevices on virtual lines, the bench hub
 * behind a virtual network, and the outside's books. Everything follows from one scenario.
 */

import { type Gateway, type GatewayParts, openGateway } from '../../src/app/gateway.ts';
import { newFacts } from '../../src/base/events.ts';
import type { Direction } from '../../src/base/message.ts';
import type { BenchService } from '../../src/bench/hub/service-contract.ts';
import type { Config } from '../../src/config/schema.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { noteArrivals } from './arrivals.ts';
import { Cabling } from './cabling.ts';
import { CustodyObserver } from './custody-observer.ts';
import { devicesOf } from './devices.ts';
import { HubTap } from './hub-tap.ts';
import { problemsAtCrash } from './invariants.ts';
import { type Boot, Life } from './life.ts';
import { MemoryStore } from './memory-store.ts';
import { diceOf, type Scenario } from './scenario.ts';
import { configOf, credentialsOf, rulesOf, topicAtHub } from './scenario-config.ts';
import type { SimDevice } from './sim-device.ts';
import type { Stream } from './stream.ts';
import { Traffic } from './traffic.ts';
import { VirtualHub } from './virtual-hub.ts';
import { VirtualTime } from './virtual-time.ts';

/** Virtual wall time of the beginning. */
const WALL_MS = 1_800_000_000_000;
/** A timeline longer than this is nobody's to read. */
const STORY_MAX = 5000;

/** A safety taken out of the gateway, which the world must notice; or a hub that serves more than messages. */
export interface Sabotage {
  readonly alter?: (parts: GatewayParts) => GatewayParts;
  /** Between building and starting. */
  readonly patch?: (gateway: Gateway) => void;
  /** What the hub serves besides `$gateway`; nothing, unless told to. */
  readonly hubServices?: readonly BenchService[];
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
  readonly story: string[] = [];
  /** The first is the end of the world. */
  readonly complaints: string[] = [];
  gateway: Gateway | undefined;
  wallStepMs = 0;
  /** World time at which the present life of the gateway began. */
  startedAtMs = 0;
  readonly #sabotage: Sabotage;
  readonly observer: CustodyObserver;
  #life: Life | undefined;
  #boot: Boot = { bootId: 'boot-0', startedAtMs: 0 };
  #boots = 0;
  /** When the machine's time service last set the clock, by the clock of then; in this world it does not, unless told to. */
  syncedAtMs: number | undefined;

  constructor(scenario: Scenario, sabotage: Sabotage = {}) {
    this.scenario = scenario;
    this.#sabotage = sabotage;
    this.config = configOf(scenario);
    const { hub } = this.config;
    this.clientId = hub.clientId;
    const complain = (what: string): void => this.complain(what);
    this.tap = new HubTap({ ...hub, connectIntervalMs: hub.reconnectFloorMs }, complain);
    this.tap.isPatient = scenario.hub.isDeafToAlarms;
    this.hub = new VirtualHub(this.time, this.tap, { rules: rulesOf(scenario), services: sabotage.hubServices ?? [] });
    this.cabling = new Cabling(scenario, this.time, complain);
    this.subdevices = devicesOf(this);
    this.traffic = new Traffic(this);
    this.observer = new CustodyObserver(this);
    noteArrivals(this);
  }

  /** What the machine's clock shows, right or wrong. */
  wallMs(): number {
    return WALL_MS + this.time.nowMs + this.wallStepMs;
  }

  tell(sentence: string): void {
    if (this.story.length < STORY_MAX)
      this.story.push(`${(this.time.nowMs / 1000).toFixed(3).padStart(12)} s  ${sentence}`);
  }

  complain(what: string): void {
    this.complaints.push(what);
    this.tell(`WRONG: ${what}`);
  }

  topicAtHub(subdevice: string, topic: string): string {
    return topicAtHub(this.scenario, subdevice, topic);
  }

  /** @param topic as the hub knows it */
  streamOf(direction: Direction, topic: string): Stream | undefined {
    const subdevice = this.subdeviceOf(topic);
    return direction === 'uplink' ? subdevice?.uplinks : subdevice?.downlinks;
  }

  /** @param topic as the hub knows it */
  subdeviceOf(topic: string): SimDevice | undefined {
    const id = topic.split('/')[1];
    return this.subdevices.find((one) => one.id === id);
  }

  /** Power on, or a restart of the process in the same boot. */
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
    this.observer.watch(gateway);
    gateway.start();
  }

  /** Nobody is told of it. @param ms until it is back, booted anew */
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
    void gateway.stop('told to').then(() => {
      if (life === this.#life) this.killProcess(ms, true);
    });
  }

  /** @param dice in [0, 1) */
  subdeviceAt(dice: number): SimDevice {
    return this.subdevices[Math.floor(dice * this.subdevices.length)] as SimDevice;
  }

  /** The end of all trouble. */
  makePeace(): void {
    this.tell('from here on nothing goes wrong any more');
    this.hub.heal();
    this.store.heal();
    this.cabling.heal();
    for (const subdevice of this.subdevices) subdevice.command({ kind: 'connect' });
  }

  /** The process is gone at once, whatever it was doing. @returns false when there was none */
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
    const random = diceOf(this.scenario.seed, `gateway from ${this.time.nowMs}`);
    const facts = newFacts();
    facts.on('hubConnected', ({ sessionPresent, backlog }) =>
      this.tell(`connected, session ${sessionPresent ? '' : 'not '}present, ${backlog} uplinks in custody`),
    );
    facts.on('hubLost', ({ reason }) => this.tell(`not connected: ${reason}`));
    facts.on('uplinkDeadLettered', ({ subdevice, reason }) =>
      this.tell(`an uplink of ${subdevice} is dead: ${reason}`),
    );
    facts.on('downlinkShed', ({ topic, reason }) => this.#downlinkShed(topic, reason));
    return {
      ...{ config: this.config, clock: life.clock, random, facts },
      mailbox: new Mailbox((error) => this.complain(`the gateway broke: ${error instanceof Error ? error.stack : ''}`)),
      openStore: this.store.open(life),
      openHub: life.guard(this.hub.open),
      openLink: ({ name }) => life.guard(this.cabling.gatewayEnd(Number(name.slice(1)))),
      timeService: { syncedAtMs: () => this.syncedAtMs, sleptMs: () => 0 },
      credentials: credentialsOf(this.config, random),
      onStoreFailed: (reason) => this.complain(`the store failed: ${reason}`),
    };
  }

  #downlinkShed(topic: string, reason: string): void {
    const stream = this.streamOf('downlink', topic);
    if (reason === 'no subscriber' && stream !== undefined) {
      stream.nameless += 1;
      stream.displace(undefined); // should the hub send it again, it does so when it likes
    }
  }
}
