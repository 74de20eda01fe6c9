/** World of two subdevices, with a hub that has bindings and a technician who sends commands. */
import { expect } from 'vitest';
import { adminCommandsFor } from '../../src/app/admin-commands.ts';
import type { Gateway } from '../../src/app/gateway.ts';
import type { Config } from '../../src/config/schema.ts';
import type { AdminCommands } from '../../src/ops/api/administration.ts';
import { FakePlatform } from './fake-platform.ts';
import { drawScenario } from './scenario.ts';
import { World } from './world.ts';

export const SECRET = 'c2VjcmV0IG9mIGEgc3ViZGV2aWNl';
export const MINUTE_MS = 60_000;

interface BindingsWorldPlan {
  readonly bound: readonly string[];
  readonly hub?: Partial<Config['hub']>;
  readonly secrets?: ReadonlyMap<string, string>;
  readonly patch?: (gateway: Gateway) => void;
}

export class BindingsWorld {
  readonly platform: FakePlatform;
  readonly world: World;
  /** Texts reported to the technician. */
  readonly reported: string[] = [];

  /** Creates two subdevices, s1 and s2, with one uplink in 10 s each. */
  constructor({ bound, hub = {}, secrets = new Map(), patch = () => undefined }: BindingsWorldPlan) {
    this.platform = new FakePlatform(bound, SECRET);
    const plain = drawScenario({ seed: 5, hours: 1, trouble: 0, subdevices: 2 });
    this.world = new World(
      { ...plain, uplinkEveryMs: 10_000, downlinkEveryMs: 10_000 },
      {
        alter: (parts) => {
          const config = { ...parts.config, hub: { ...parts.config.hub, ...hub } };
          parts.facts.on('hubAnswered', ({ sentence }) => this.reported.push(sentence));
          parts.facts.on('subdeviceRefused', ({ subdevice, reason }) => this.reported.push(`${subdevice}: ${reason}`));
          return { ...parts, config, subdeviceSecrets: secrets, openHub: this.platform.wrap(parts.openHub) };
        },
        patch,
      },
    );
  }

  async begin(): Promise<this> {
    await this.world.start(true);
    this.world.traffic.start();
    return await this.pass(2 * MINUTE_MS);
  }

  async pass(ms: number, isDone: () => boolean = () => false): Promise<this> {
    await this.world.time.run(this.world.time.nowMs + ms, () => expect(this.world.complaints).toEqual([]), isDone);
    return this;
  }

  get gateway(): Gateway {
    if (this.world.gateway === undefined) throw new Error('there is no gateway');
    return this.world.gateway;
  }

  /** Returns whether the hub has the filter of the subdevice. */
  isSubscribed(id: string): boolean {
    const { hub, clientId } = this.world;
    const { refused } = this.gateway.subscriptions;
    return hub.subscriptions(clientId).includes(`SUBDEVICE1/${id}/control/+`) && refused.size === 0;
  }

  isAttached(id: string): boolean {
    return this.gateway.stations.registry.byId(id)?.isAttached ?? false;
  }

  counts(id: string): { delivered: number; pending: number; dead: number } {
    const { uplinks, registry } = this.gateway.stations;
    const lane = registry.byId(id)?.lane ?? 0;
    const { delivered, dead } = uplinks.counts(lane);
    return { delivered, pending: uplinks.lane(lane).pending, dead };
  }

  /** Executes a command of the technician. @returns the answer or the Fault */
  async command(name: keyof AdminCommands, body: Record<string, unknown> = {}): Promise<unknown> {
    let answer: unknown;
    const settle = (outcome: unknown): void => {
      answer = outcome;
    };
    void adminCommandsFor(this.gateway)[name]?.(body).then(settle, settle);
    await this.pass(MINUTE_MS, () => answer !== undefined);
    return answer;
  }
}
