/** Plain world with firmware updates, whose power cuts and faults a test causes at chosen chunks. */
import { expect } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import { decodeFirmwareDown } from '../../src/codec/firmware-messages.ts';
import type { FirmwarePlan } from './firmware-plan.ts';
import { isDrained, problemNow, problemsWhenDrained } from './invariants.ts';
import { drawScenario, HOUR_MS, type Scenario } from './scenario.ts';
import { type Sabotage, World } from './world.ts';

/** Time within which each update must end. */
const UPDATE_MS_MAX = HOUR_MS;
/** Time in which the subdevices connect and report their versions. */
const BEGIN_MS = 10_000;

export const PLAN: FirmwarePlan = { offers: [], window: 8, chunkBytes: 128, pageBytes: 256 };

export interface SentChunk {
  readonly subdevice: string;
  readonly offset: number;
  readonly octets: number;
}

export class FirmwareWorld {
  readonly world: World;
  /** CHUNKs of all lives of the gateway, in their order. */
  readonly chunks: SentChunk[] = [];
  /** Called when a CHUNK is sent. */
  onChunk: (chunk: SentChunk) => void = () => undefined;
  /** Called after each step. */
  onStep: () => void = () => undefined;

  private constructor(scenario: Scenario, sabotage: Sabotage) {
    this.world = new World(scenario, {
      ...sabotage,
      patch: (gateway) => {
        this.#tap(gateway);
        sabotage.patch?.(gateway);
      },
    });
  }

  /** Begins a world with traffic, and waits until the hub knows the version of each subdevice. */
  static async open(scenario: Partial<Scenario> = {}, sabotage: Sabotage = {}): Promise<FirmwareWorld> {
    const plain = drawScenario({ seed: 1, hours: 1, trouble: 0, subdevices: 3 });
    const one = new FirmwareWorld({ ...plain, firmware: PLAN, ...scenario }, sabotage);
    await one.world.start(true);
    one.world.traffic.start();
    await one.pass(BEGIN_MS);
    return one;
  }

  get firmware() {
    const { firmware } = this.world;
    if (firmware === undefined) throw new Error('a world without firmware');
    return firmware;
  }

  /** Number of octets in all CHUNKs. */
  get octets(): number {
    return this.chunks.reduce((sum, { octets }) => sum + octets, 0);
  }

  async pass(ms: number, isDone: () => boolean = () => false): Promise<void> {
    const { world } = this;
    await world.time.run(
      world.time.nowMs + ms,
      () => {
        this.onStep();
        expect(problemNow(world)).toBeUndefined();
      },
      isDone,
    );
  }

  /** Offers an image, and waits until the hub knows the end of all updates. @returns the image */
  async update(version: string, bytes: number): Promise<Uint8Array> {
    const image = this.firmware.offer(version, bytes);
    const ids = [...this.firmware.flashes.keys()];
    const hasEnded = (): boolean =>
      ids.every((id) => this.firmware.finalStateAtHub(id, version) !== undefined) && this.firmware.isSettled;
    await this.pass(UPDATE_MS_MAX, hasEnded);
    expect(hasEnded(), `${version}: ${JSON.stringify(this.world.gateway?.firmware?.views())}`).toBe(true);
    return image;
  }

  /** Ends the traffic, and expects that each message has arrived and each update has ended. */
  async end(): Promise<void> {
    const { world } = this;
    world.endTroubles();
    world.traffic.isOn = false;
    await this.pass(HOUR_MS, () => isDrained(world));
    expect(problemsWhenDrained(world)).toEqual([]);
  }

  #tap({ firmware }: Gateway): void {
    if (firmware === undefined) throw new Error('a gateway without firmware');
    const next = firmware.next.bind(firmware);
    firmware.next = (subdevice, isAwake) => {
      const message = next(subdevice, isAwake);
      const read = message && decodeFirmwareDown(message.payload);
      if (read?.ok && read.value.kind === 'chunk') {
        const { offset, octets } = read.value;
        const chunk = { subdevice: subdevice.id, offset, octets: octets.length };
        this.chunks.push(chunk);
        this.onChunk(chunk);
      }
      return message;
    };
  }
}
