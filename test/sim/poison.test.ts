/**
 * A hub that closes the connection on one packet of the gateway, of any kind: all other packets are delivered, the packet is
 * found and set aside with its evidence, and no other packet is suspected. A hub that leaves requests unanswered costs no
 * connection.
 */
import { describe, expect, it } from 'vitest';
import { adminCommandsFor } from '../../src/app/admin-commands.ts';
import type { Gateway } from '../../src/app/gateway.ts';
import { viewOf } from '../../src/app/view.ts';
import type { HubFaults } from '../../src/bench/hub/faults.ts';
import { hubSubscriptionsReport } from '../../src/ops/reports/hub-packets-report.ts';
import { drawScenario } from './scenario.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;
/** Longest time for which any other uplink waits for the hub. */
const WAIT_MS_MAX = 30_000;

type Fault = Partial<HubFaults>;

const UPLINK = 'PUBLISH on gw-1/s1/alarm';
const POISONS: Readonly<Record<string, Fault>> = {
  'SUBSCRIBE gw-1/s1/control/+': { poisonSubscribes: ['gw-1/s1/control/+'] },
  'UNSUBSCRIBE gw-1/s4/control/+': { poisonUnsubscribes: ['gw-1/s4/control/+'] },
  'PUBLISH (QoS 0) on gw-1/s2/tick': { poison: ['gw-1/s2/tick'] },
  [UPLINK]: { poison: ['gw-1/s1/alarm'] },
};
const ALL: Fault = {
  ...{ poisonSubscribes: ['gw-1/s1/control/+'], poisonUnsubscribes: ['gw-1/s4/control/+'] },
  poison: ['gw-1/s2/tick', 'gw-1/s1/alarm'],
};

const PUBACKS: Fault = { poisonPubacks: ['gw-1/s1/control/#'] };

class PoisonWorld {
  readonly world: World;
  takeovers = 0;
  closes = 0;
  readonly deadLettered: string[] = [];
  /** Longest time for which uplinks of s3 were pending. The hub accepts all packets of s3. */
  longestWaitMs = 0;
  #emptyAtMs = 0;
  #tolerates = /^$/;

  /** Creates four subdevices that publish every 2 s. s4 leaves after two minutes. */
  constructor(patch: (gateway: Gateway) => void = () => undefined) {
    const plain = drawScenario({ seed: 3, hours: 1, trouble: 0, subdevices: 4 });
    const subdevices = plain.subdevices.map((plan) => ({ ...plan, clean: plan.id === 's4' }));
    const roomy = { outboxMessagesMax: 10_000, outboxBytesMax: 10_000_000, uplinkHoursMax: 0 };
    const bounds = { ...plain.bounds, ...roomy, overflow: 'reject' as const };
    const rates = { uplinkEveryMs: 2000, downlinkEveryMs: 5000, qos0Share: 0.2, largeShare: 0 };
    this.world = new World(
      { ...plain, ...rates, bounds, subdevices, profile: 'generic' },
      {
        patch: (gateway) => {
          patch(gateway);
          const { facts } = gateway.parts;
          facts.on('hubTakenOver', () => {
            this.takeovers += 1;
          });
          facts.on('hubLost', () => {
            this.closes += 1;
          });
          facts.on('uplinkDeadLettered', ({ topic }) => this.deadLettered.push(topic));
        },
      },
    );
  }

  async live(faults: Fault, ms: number): Promise<this> {
    this.world.hub.fault({ kind: 'set', faults });
    // PUBACKs after one that is set aside are sent before it: the only exception to the order
    if (faults.poisonPubacks !== undefined) this.#tolerates = /^PUBACK \d+ before \d+ \[MQTT-4\.6\.0-2\]$/;
    await this.world.start(true);
    this.world.traffic.start();
    await this.pass(2 * MINUTE_MS);
    this.world.subdevices[3]?.leave();
    return await this.pass(ms - 2 * MINUTE_MS);
  }

  async pass(ms: number): Promise<this> {
    await this.world.time.run(this.world.time.nowMs + ms, () => this.#look());
    return this;
  }

  get gateway(): Gateway {
    if (this.world.gateway === undefined) throw new Error('there is no gateway');
    return this.world.gateway;
  }

  /** Filters and topics that are set aside, in the words of MQTT. */
  get setAside(): string[] {
    const { subscriptions, publishes } = hubSubscriptionsReport(viewOf(this.gateway));
    const held = [...subscriptions.flatMap(({ evidence }) => evidence ?? []), ...publishes];
    return held.flatMap(({ packet, state }) => (state === 'set aside' ? [packet] : [])).sort();
  }

  #look(): void {
    expect(this.world.complaints.filter((what) => !this.#tolerates.test(what))).toEqual([]);
    const { registry, uplinks } = this.world.gateway?.stations ?? {};
    const lane = registry?.byId('s3')?.lane;
    if (lane === undefined || uplinks?.lane(lane).pending === 0) this.#emptyAtMs = this.world.time.nowMs;
    this.longestWaitMs = Math.max(this.longestWaitMs, this.world.time.nowMs - this.#emptyAtMs);
  }
}

describe('a hub that closes on one packet', () => {
  it.each(Object.entries(POISONS))(
    '%s: other packets are delivered within 30 s, and it is found',
    async (name, faults) => {
      const poisoned = await new PoisonWorld().live(faults, 6 * MINUTE_MS);
      expect(poisoned.longestWaitMs).toBeLessThan(WAIT_MS_MAX);
      expect(poisoned.takeovers).toBe(0);
      expect(poisoned.setAside).toEqual([name]);
      expect([...new Set(poisoned.deadLettered)]).toEqual(name === UPLINK ? ['gw-1/s1/alarm'] : []);
      expect(poisoned.closes).toBeLessThan(20);
    },
  );

  it.each(Object.entries(POISONS))(
    '%s makes the hub silent: the same, and each connection costs a timeout',
    async (name, faults) => {
      const poisoned = await new PoisonWorld().live({ ...faults, poisonReaction: 'mute' }, 10 * MINUTE_MS);
      expect(poisoned.longestWaitMs).toBeLessThan(3 * WAIT_MS_MAX);
      expect(poisoned.takeovers).toBe(0);
      expect(poisoned.setAside).toEqual([name]);
      expect([...new Set(poisoned.deadLettered)]).toEqual(name === UPLINK ? ['gw-1/s1/alarm'] : []);
      expect(poisoned.closes).toBeLessThan(20);
    },
  );

  it('a network that becomes silent repeatedly sets nothing aside', async () => {
    const poisoned = await new PoisonWorld().live({}, 3 * MINUTE_MS);
    for (let count = 0; count < 20; count += 1) {
      poisoned.world.hub.silence();
      await poisoned.pass(MINUTE_MS);
    }
    expect([poisoned.setAside, poisoned.deadLettered]).toEqual([[], []]);
  });

  it('PUBACKs of downlinks to one subdevice: the same, and its uplinks are not suspected', async () => {
    const poisoned = await new PoisonWorld().live(PUBACKS, 6 * MINUTE_MS);
    expect(poisoned.longestWaitMs).toBeLessThan(WAIT_MS_MAX);
    expect([poisoned.takeovers, poisoned.deadLettered]).toEqual([0, []]);
    expect(poisoned.setAside.length).toBeGreaterThan(0);
    for (const words of poisoned.setAside) expect(words).toMatch(/^PUBACK of a downlink on gw-1\/s1\/control\//);
  });

  it('negative control: these PUBACKs block all uplinks in a gateway that suspects no PUBACK', async () => {
    const blind = ({ stations }: Gateway): void => {
      const { poison } = stations.outbox;
      const sent = poison.sent.bind(poison);
      poison.sent = (act, nowMs) => {
        if (act.kind !== 'puback') sent(act, nowMs);
      };
    };
    const poisoned = await new PoisonWorld(blind).live(PUBACKS, 6 * MINUTE_MS);
    expect(poisoned.longestWaitMs).toBeGreaterThan(WAIT_MS_MAX);
    expect(poisoned.setAside).toEqual([]);
  });

  it('a PUBACK that was set aside is sent by command, and the hub no longer sends its downlink', async () => {
    const poisoned = await new PoisonWorld().live(PUBACKS, 4 * MINUTE_MS);
    poisoned.world.hub.fault({ kind: 'set', faults: { poisonPubacks: [] } });
    const names = new Set(hubSubscriptionsReport(viewOf(poisoned.gateway)).publishes.map(({ name }) => name));
    expect(names.size).toBeGreaterThan(0);
    void adminCommandsFor(poisoned.gateway)['hub.release']?.({ names: [...names] });
    poisoned.world.traffic.isOn = false;
    await poisoned.pass(2 * MINUTE_MS);
    expect(poisoned.setAside).toEqual([]);
    expect(poisoned.world.hub.unacknowledged(poisoned.world.clientId)).toBe(0);
  });

  it('all of these at once: the same', async () => {
    const poisoned = await new PoisonWorld().live(ALL, 12 * MINUTE_MS);
    expect(poisoned.longestWaitMs).toBeLessThan(WAIT_MS_MAX);
    expect(poisoned.takeovers).toBe(0);
    expect(poisoned.setAside).toEqual(Object.keys(POISONS).sort());
  });

  it('negative control: all uplinks wait after the filter in a gateway that suspects nothing', async () => {
    const blind = ({ stations }: Gateway): void => {
      stations.outbox.poison.closed = () => undefined;
    };
    const poisoned = await new PoisonWorld(blind).live({ poisonSubscribes: ['gw-1/+/control/+'] }, 4 * MINUTE_MS);
    expect(poisoned.longestWaitMs).toBeGreaterThan(WAIT_MS_MAX);
    expect(poisoned.setAside).toEqual([]);
  });

  it('negative control: the same at a silent hub, in a gateway that ignores connections that end by silence', async () => {
    const blind = ({ stations }: Gateway): void => {
      stations.outbox.poison.died = () => undefined;
    };
    const faults = { poison: ['gw-1/s1/alarm'], poisonReaction: 'mute' } as const;
    const poisoned = await new PoisonWorld(blind).live(faults, 10 * MINUTE_MS);
    expect(poisoned.longestWaitMs).toBeGreaterThan(3 * WAIT_MS_MAX);
    expect([poisoned.setAside, poisoned.deadLettered]).toEqual([[], []]);
  });

  it('is asked again by command, and grants the filter when the hub permits it', async () => {
    const poisoned = await new PoisonWorld().live({ poisonSubscribes: ['gw-1/s1/control/+'] }, 6 * MINUTE_MS);
    poisoned.world.hub.fault({ kind: 'set', faults: { poisonSubscribes: [] } });
    await poisoned.pass(MINUTE_MS);
    expect(poisoned.world.hub.subscriptions(poisoned.world.clientId)).not.toContain('gw-1/s1/control/+');
    void adminCommandsFor(poisoned.gateway)['hub.release']?.({ names: ['gw-1/s1/control/+'] });
    await poisoned.pass(MINUTE_MS);
    expect(poisoned.world.hub.subscriptions(poisoned.world.clientId)).toContain('gw-1/s1/control/+');
    expect(poisoned.setAside).toEqual([]);
  });
});

describe('a hub with missing or wrong answers costs no connection, and is reported', () => {
  it.each([
    ['no SUBACK', { swallowsSubacks: ['gw-1/s1/control/+'] }, 'unanswered'],
    ['SUBACK 0x80', { refusesSubscribes: ['gw-1/s1/control/+'] }, 'refused'],
    ['SUBACK with QoS 0', { lowersSubscribes: ['gw-1/s1/control/+'] }, 'granted with QoS 0'],
  ] as const)('%s', async (_what, faults, state) => {
    const poisoned = await new PoisonWorld().live(faults, 4 * MINUTE_MS);
    const { subscriptions } = hubSubscriptionsReport(viewOf(poisoned.gateway));
    expect(subscriptions.find(({ filter }) => filter === 'gw-1/s1/control/+')?.state).toBe(state);
    expect([poisoned.closes, poisoned.longestWaitMs < WAIT_MS_MAX]).toEqual([0, true]);
  });

  it('a SUBSCRIBE without an answer is sent again, and granted when the hub answers', async () => {
    const poisoned = await new PoisonWorld().live({ swallowsSubacks: ['gw-1/s1/control/+'] }, 4 * MINUTE_MS);
    poisoned.world.hub.fault({ kind: 'set', faults: { swallowsSubacks: [] } });
    await poisoned.pass(10 * MINUTE_MS);
    expect(poisoned.world.hub.subscriptions(poisoned.world.clientId)).toContain('gw-1/s1/control/+');
    expect([poisoned.closes, poisoned.gateway.subscriptions.silent]).toEqual([0, []]);
  });

  it('negative control: costs one connection after the other in a gateway that disconnects without a SUBACK', async () => {
    const impatient = ({ hub: { client } }: Gateway): void => {
      const handle = client.handle.bind(client);
      client.handle = (input, nowMs) => {
        const actions = handle(input, nowMs);
        const isUnanswered = actions.some(({ kind }) => kind === 'unanswered');
        return isUnanswered ? [...actions, { kind: 'close', reason: 'no SUBACK' }] : actions;
      };
    };
    const poisoned = await new PoisonWorld(impatient).live({ swallowsSubacks: ['gw-1/s1/control/+'] }, 4 * MINUTE_MS);
    expect(poisoned.closes).toBeGreaterThan(1);
  });

  it('no UNSUBACK', async () => {
    const poisoned = await new PoisonWorld().live({ swallowsUnsubacks: ['gw-1/s4/control/+'] }, 4 * MINUTE_MS);
    expect([poisoned.closes, poisoned.gateway.subscriptions.silent]).toEqual([0, ['gw-1/s4/control/+']]);
  });
});
