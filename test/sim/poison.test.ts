/**
 * A hub that closes the connection on a packet of ours, whatever its kind: everything else gets through, the packet is
 * found and set aside with the evidence, and nobody else is blamed. A hub that leaves requests unanswered costs no
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
/** The longest that an innocent uplink waits for the hub, whatever the hub closes on. */
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

class Sabotage {
  readonly world: World;
  takeovers = 0;
  closes = 0;
  readonly buried: string[] = [];
  /** For how long at most something of s3, of which the hub takes everything, was owed to the hub. */
  longestWaitMs = 0;
  #emptyAtMs = 0;
  #tolerates = /^$/;

  /** Four subdevices, of which s4 leaves after two minutes; each publishes every 2 s. */
  constructor(patch: (gateway: Gateway) => void = () => undefined) {
    const calm = drawScenario({ seed: 3, hours: 1, trouble: 0, subdevices: 4 });
    const subdevices = calm.subdevices.map((plan) => ({ ...plan, clean: plan.id === 's4' }));
    const roomy = { outboxMessagesMax: 10_000, outboxBytesMax: 10_000_000, uplinkHoursMax: 0 };
    const bounds = { ...calm.bounds, ...roomy, overflow: 'reject' as const };
    const rates = { uplinkEveryMs: 2000, downlinkEveryMs: 5000, qos0Share: 0.2, largeShare: 0 };
    this.world = new World(
      { ...calm, ...rates, bounds, subdevices, profile: 'generic' },
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
          facts.on('uplinkDeadLettered', ({ topic }) => this.buried.push(topic));
        },
      },
    );
  }

  async live(faults: Fault, ms: number): Promise<this> {
    this.world.hub.fault({ kind: 'set', faults });
    // those behind one that is set aside leave before it: the one exception to the order
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
  it.each(Object.entries(POISONS))('%s: the others get through within 30 s, and it is found', async (name, faults) => {
    const sabotage = await new Sabotage().live(faults, 6 * MINUTE_MS);
    expect(sabotage.longestWaitMs).toBeLessThan(WAIT_MS_MAX);
    expect(sabotage.takeovers).toBe(0);
    expect(sabotage.setAside).toEqual([name]);
    expect([...new Set(sabotage.buried)]).toEqual(name === UPLINK ? ['gw-1/s1/alarm'] : []);
    expect(sabotage.closes).toBeLessThan(20);
  });

  it.each(Object.entries(POISONS))(
    '%s makes the hub mute: the same, and each costs a time-out',
    async (name, faults) => {
      const sabotage = await new Sabotage().live({ ...faults, poisonReaction: 'mute' }, 10 * MINUTE_MS);
      expect(sabotage.longestWaitMs).toBeLessThan(3 * WAIT_MS_MAX);
      expect(sabotage.takeovers).toBe(0);
      expect(sabotage.setAside).toEqual([name]);
      expect([...new Set(sabotage.buried)]).toEqual(name === UPLINK ? ['gw-1/s1/alarm'] : []);
      expect(sabotage.closes).toBeLessThan(20);
    },
  );

  it('a network that falls silent again and again sets nothing aside', async () => {
    const sabotage = await new Sabotage().live({}, 3 * MINUTE_MS);
    for (let count = 0; count < 20; count += 1) {
      sabotage.world.hub.silence();
      await sabotage.pass(MINUTE_MS);
    }
    expect([sabotage.setAside, sabotage.buried]).toEqual([[], []]);
  });

  it('PUBACKs of downlinks to one subdevice: the same, and its uplinks are not suspected', async () => {
    const sabotage = await new Sabotage().live(PUBACKS, 6 * MINUTE_MS);
    expect(sabotage.longestWaitMs).toBeLessThan(WAIT_MS_MAX);
    expect([sabotage.takeovers, sabotage.buried]).toEqual([0, []]);
    expect(sabotage.setAside.length).toBeGreaterThan(0);
    for (const words of sabotage.setAside) expect(words).toMatch(/^PUBACK of a downlink on gw-1\/s1\/control\//);
  });

  it('these PUBACKs keep the uplinks back for ever, in a gateway that suspects no PUBACK', async () => {
    const blind = ({ stations }: Gateway): void => {
      const { poison } = stations.outbox;
      const sent = poison.sent.bind(poison);
      poison.sent = (act, nowMs) => {
        if (act.kind !== 'puback') sent(act, nowMs);
      };
    };
    const sabotage = await new Sabotage(blind).live(PUBACKS, 6 * MINUTE_MS);
    expect(sabotage.longestWaitMs).toBeGreaterThan(WAIT_MS_MAX);
    expect(sabotage.setAside).toEqual([]);
  });

  it('a PUBACK that was set aside leaves by order, and the hub sends its downlink no more', async () => {
    const sabotage = await new Sabotage().live(PUBACKS, 4 * MINUTE_MS);
    sabotage.world.hub.fault({ kind: 'set', faults: { poisonPubacks: [] } });
    const names = new Set(hubSubscriptionsReport(viewOf(sabotage.gateway)).publishes.map(({ name }) => name));
    expect(names.size).toBeGreaterThan(0);
    void adminCommandsFor(sabotage.gateway)['hub.release']?.({ names: [...names] });
    sabotage.world.traffic.isOn = false;
    await sabotage.pass(2 * MINUTE_MS);
    expect(sabotage.setAside).toEqual([]);
    expect(sabotage.world.hub.unacknowledged(sabotage.world.clientId)).toBe(0);
  });

  it('all of these at once: the same', async () => {
    const sabotage = await new Sabotage().live(ALL, 12 * MINUTE_MS);
    expect(sabotage.longestWaitMs).toBeLessThan(WAIT_MS_MAX);
    expect(sabotage.takeovers).toBe(0);
    expect(sabotage.setAside).toEqual(Object.keys(POISONS).sort());
  });

  it('the uplinks wait for ever behind the filter, in a gateway that suspects nothing', async () => {
    const blind = ({ stations }: Gateway): void => {
      stations.outbox.poison.closed = () => undefined;
    };
    const sabotage = await new Sabotage(blind).live({ poisonSubscribes: ['gw-1/+/control/+'] }, 4 * MINUTE_MS);
    expect(sabotage.longestWaitMs).toBeGreaterThan(WAIT_MS_MAX);
    expect(sabotage.setAside).toEqual([]);
  });

  it('the same at a hub that goes mute, in a gateway that learns nothing from a connection that dies of silence', async () => {
    const blind = ({ stations }: Gateway): void => {
      stations.outbox.poison.died = () => undefined;
    };
    const faults = { poison: ['gw-1/s1/alarm'], poisonReaction: 'mute' } as const;
    const sabotage = await new Sabotage(blind).live(faults, 10 * MINUTE_MS);
    expect(sabotage.longestWaitMs).toBeGreaterThan(3 * WAIT_MS_MAX);
    expect([sabotage.setAside, sabotage.buried]).toEqual([[], []]);
  });

  it('is asked again by order, and holds the filter once the hub allows it', async () => {
    const sabotage = await new Sabotage().live({ poisonSubscribes: ['gw-1/s1/control/+'] }, 6 * MINUTE_MS);
    sabotage.world.hub.fault({ kind: 'set', faults: { poisonSubscribes: [] } });
    await sabotage.pass(MINUTE_MS);
    expect(sabotage.world.hub.subscriptions(sabotage.world.clientId)).not.toContain('gw-1/s1/control/+');
    void adminCommandsFor(sabotage.gateway)['hub.release']?.({ names: ['gw-1/s1/control/+'] });
    await sabotage.pass(MINUTE_MS);
    expect(sabotage.world.hub.subscriptions(sabotage.world.clientId)).toContain('gw-1/s1/control/+');
    expect(sabotage.setAside).toEqual([]);
  });
});

describe('a hub that does not answer as it should costs no connection, and it is told', () => {
  it.each([
    ['no SUBACK', { swallowsSubacks: ['gw-1/s1/control/+'] }, 'unanswered'],
    ['SUBACK 0x80', { refusesSubscribes: ['gw-1/s1/control/+'] }, 'refused'],
    ['SUBACK with QoS 0', { lowersSubscribes: ['gw-1/s1/control/+'] }, 'granted with QoS 0'],
  ] as const)('%s', async (_what, faults, state) => {
    const sabotage = await new Sabotage().live(faults, 4 * MINUTE_MS);
    const { subscriptions } = hubSubscriptionsReport(viewOf(sabotage.gateway));
    expect(subscriptions.find(({ filter }) => filter === 'gw-1/s1/control/+')?.state).toBe(state);
    expect([sabotage.closes, sabotage.longestWaitMs < WAIT_MS_MAX]).toEqual([0, true]);
  });

  it('a SUBSCRIBE without an answer is sent again, and granted once the hub answers', async () => {
    const sabotage = await new Sabotage().live({ swallowsSubacks: ['gw-1/s1/control/+'] }, 4 * MINUTE_MS);
    sabotage.world.hub.fault({ kind: 'set', faults: { swallowsSubacks: [] } });
    await sabotage.pass(10 * MINUTE_MS);
    expect(sabotage.world.hub.subscriptions(sabotage.world.clientId)).toContain('gw-1/s1/control/+');
    expect([sabotage.closes, sabotage.gateway.subscriptions.silent]).toEqual([0, []]);
  });

  it('would cost one connection after the other, in a gateway that leaves a hub without a SUBACK (control)', async () => {
    const impatient = ({ hub: { client } }: Gateway): void => {
      const handle = client.handle.bind(client);
      client.handle = (input, nowMs) => {
        const actions = handle(input, nowMs);
        const isUnanswered = actions.some(({ kind }) => kind === 'unanswered');
        return isUnanswered ? [...actions, { kind: 'close', reason: 'no SUBACK' }] : actions;
      };
    };
    const sabotage = await new Sabotage(impatient).live({ swallowsSubacks: ['gw-1/s1/control/+'] }, 4 * MINUTE_MS);
    expect(sabotage.closes).toBeGreaterThan(1);
  });

  it('no UNSUBACK', async () => {
    const sabotage = await new Sabotage().live({ swallowsUnsubacks: ['gw-1/s4/control/+'] }, 4 * MINUTE_MS);
    expect([sabotage.closes, sabotage.gateway.subscriptions.silent]).toEqual([0, ['gw-1/s4/control/+']]);
  });
});
