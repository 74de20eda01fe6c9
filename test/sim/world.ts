/**
 * A whole plant in one thread: the real gateway on a virtual machine, simulated subdevices on virtual lines, the bench hub
 * behind a virtual network, and the outside's books. Everything follows from one seed.
 */
import { newFacts } from '../../src/base/events.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import { numberedPayload, numberOf } from '../../src/bench/account.ts';
import { MAINLAND } from '../../src/bench/hub/rules.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Config } from '../../src/config/schema.ts';
import { Mailbox } from '../../src/flow/mailbox.ts';
import { type Gateway, type GatewayParts, openGateway } from '../../src/gateway.ts';
import { signCredentials } from '../../src/hub/credentials.ts';
import { HubTap } from './hub-tap.ts';
import { type Boot, Life } from './life.ts';
import { MemoryStore } from './memory-store.ts';
import { SimSubdevice } from './sim-subdevice.ts';
import { VirtualHub } from './virtual-hub.ts';
import { VirtualLine } from './virtual-line.ts';
import { VirtualTime } from './virtual-time.ts';

const PRODUCT = 'GATEWAY001';
const SUB_PRODUCT = 'SUBDEVICE1';
const CLIENT_ID = `${PRODUCT}gw-1`;
const RATE_PER_S = 20;
const IN_FLIGHT_MAX = 32;
/** Virtual wall time of the beginning. */
const WALL_MS = 1_800_000_000_000;

export interface WorldOptions {
  readonly seed: number;
  readonly subdevices: number;
  /** Mean pause between two uplinks of a subdevice, and between two downlinks in all. */
  readonly uplinkEveryMs: number;
  readonly downlinkEveryMs: number;
  /** Changes the parts of every life, e.g. takes a safety out. */
  readonly alter?: (parts: GatewayParts) => GatewayParts;
  readonly alterConfig?: (config: Config) => Config;
}

export class World {
  readonly options: WorldOptions;
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly tap = new HubTap({ messagesPerS: RATE_PER_S, connectIntervalMs: 5000, inFlightMax: IN_FLIGHT_MAX });
  readonly hub = new VirtualHub(this.time, MAINLAND, this.tap);
  readonly store = new MemoryStore(this.time);
  readonly lines: VirtualLine[] = [];
  readonly subdevices: SimSubdevice[] = [];
  readonly config: Config;
  readonly story: string[] = [];
  /** PUBACKed to the hub: subdevice → numbers. */
  readonly safeDownlinks = new Map<string, Set<number>>();
  gateway: Gateway | undefined;
  life: Life | undefined;
  #boot: Boot = { bootId: 'boot-0', startedAtMs: 0 };
  #boots = 0;
  readonly clientId = CLIENT_ID;
  wallStepMs = 0;
  /** When the machine's time service last set the clock, by the clock of then; it does not in this world, unless told to. */
  syncedAtMs: number | undefined;
  /** Sessions the hub was made to forget, PUBACKs it was made to swallow: what may be missing because of them. */
  forgotten = 0;
  swallowed = 0;
  isTrafficOn = true;
  broken: string | undefined;

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = seededRandom(options.seed);
    const ids = Array.from({ length: options.subdevices }, (_, index) => `s${index + 1}`);
    const config = configOf(ids);
    this.config = options.alterConfig?.(config) ?? config;
    for (const id of ids) {
      const line = new VirtualLine(this.time, this.random);
      this.lines.push(line);
      // window 1: MQTT-SN cannot keep the order of several when a line loses one of them
      this.subdevices.push(new SimSubdevice({ id, time: this.time, line, window: 1 }));
      this.safeDownlinks.set(id, new Set());
    }
    this.hub.onArrived = ({ topic, payload }) => this.#arrived(topic, payload);
    this.tap.onDownlinkAcknowledged = ({ topic, payload }) => {
      const number = numberOf(payload);
      if (number !== undefined) this.safeDownlinks.get(topic.split('/')[1] ?? '')?.add(number);
    };
  }

  tell(sentence: string): void {
    this.story.push(`${(this.time.nowMs / 1000).toFixed(3).padStart(12)} s  ${sentence}`);
  }

  /** Power on, or a restart of the process in the same boot. */
  async start(isNewBoot: boolean): Promise<void> {
    if (isNewBoot) {
      this.#boots += 1;
      this.#boot = { bootId: `boot-${this.#boots}`, startedAtMs: this.time.nowMs - 3000 };
    }
    const life = new Life(this.#boot, this.time, () => WALL_MS + this.time.nowMs + this.wallStepMs);
    this.life = life;
    const parts: GatewayParts = {
      config: this.config,
      clock: life.clock,
      random: this.random,
      facts: newFacts(),
      mailbox: new Mailbox((error) => {
        this.broken = `the gateway broke: ${error instanceof Error ? error.stack : String(error)}`;
      }),
      openStore: this.store.open(life),
      openHub: life.guard(this.hub.open),
      openLink: (link) => life.guard((this.lines[Number(link.name.slice(1)) - 1] as VirtualLine).gatewayEnd),
      timeService: {
        syncedAtMs: () => this.syncedAtMs,
        sleptMs: () => 0,
      },
      credentials: (wallMs) => signCredentials(SIGNING, wallMs, this.random),
      onStoreFailed: (reason) => {
        this.broken = `the store failed: ${reason}`;
      },
    };
    this.gateway = await openGateway(this.options.alter?.(parts) ?? parts);
    this.gateway.start();
  }

  /** The process is gone at once, whatever it was doing. */
  kill(): void {
    if (this.life !== undefined) this.life.isAlive = false;
    this.life = undefined;
    this.gateway = undefined;
    for (const line of this.lines) line.dropGateway();
  }

  startTraffic(): void {
    for (const subdevice of this.subdevices) {
      subdevice.start();
      this.#uplinkLater(subdevice);
    }
    this.#downlinkLater();
  }

  pause(meanMs: number): number {
    return -Math.log(1 - this.random()) * meanMs;
  }

  #uplinkLater(subdevice: SimSubdevice): void {
    this.time.after(this.pause(this.options.uplinkEveryMs), () => {
      if (!this.isTrafficOn) return;
      // a subdevice has little memory: it samples no more while so much is unsent
      if (subdevice.queued < 50) subdevice.publish('event', 20 + Math.floor(this.random() * 80));
      this.#uplinkLater(subdevice);
    });
  }

  #downlinkLater(): void {
    this.time.after(this.pause(this.options.downlinkEveryMs), () => {
      if (!this.isTrafficOn) return;
      const subdevice = this.subdevices[Math.floor(this.random() * this.subdevices.length)];
      const isSubscribed = this.hub.subscriptions(CLIENT_ID).includes(`${SUB_PRODUCT}/${subdevice?.id}/control`);
      if (subdevice !== undefined && isSubscribed) {
        const payload = numberedPayload(subdevice.downlinks.send(), 24);
        this.hub.publish({ topic: `${SUB_PRODUCT}/${subdevice.id}/control`, payload, qos: 1 });
      }
      this.#downlinkLater();
    });
  }

  #arrived(topic: string, payload: Uint8Array): void {
    const number = numberOf(payload);
    const subdevice = this.subdevices.find(({ id }) => topic.startsWith(`${SUB_PRODUCT}/${id}/`));
    if (number !== undefined) subdevice?.uplinks.arrive(number);
  }
}

const SIGNING = {
  productId: PRODUCT,
  deviceName: 'gw-1',
  deviceSecret: 'AAECAwQFBgcICQoLDA0ODw==',
  method: 'hmacsha256',
} as const;

function configOf(ids: readonly string[]): Config {
  const lines = [
    `[gateway]\nname = "gw-1"`,
    `[hub]\nprofile = "mainland"\nhost = "hub.example"\nproduct_id = "${PRODUCT}"\ndevice_name = "gw-1"`,
    `device_secret_file = "/etc/holdfast/secret"\nin_flight_max = ${IN_FLIGHT_MAX}\nmessages_per_s = ${RATE_PER_S}`,
    ...ids.map((id, index) => `[[link]]\nname = "l${index + 1}"\npath = "/dev/ttyV${index}"\nsubdevices = ["${id}"]`),
    ...ids.map((id) => `[[subdevice]]\nid = "${id}"\nproduct_id = "${SUB_PRODUCT}"\ndevice_name = "${id}"`),
  ];
  const parsed = parseConfig(lines.join('\n'));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config;
}
