/** Envelopes in outages: reboots without a clock, steps of the clock, and a clock that nothing confirms. */
import { describe, expect, it } from 'vitest';
import { type OpenedEnvelope, opened } from '../envelope-reader.ts';
import { dateAtArrival } from './sabotage-envelopes.ts';
import { drawScenario } from './scenario.ts';
import { type Sabotage, WALL_MS, World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const YEARS_20_MS = 20 * 365 * 24 * HOUR_MS;
/** Clock of a machine without a battery clock after a boot: 2026-02, before the present time. */
const NO_RTC_MS = Date.UTC(2026, 1, 1) - WALL_MS;

/** World with one uplink per minute whose envelopes it judges, with the hub away. */
class Outage {
  readonly world: World;
  readonly arrived: OpenedEnvelope[] = [];

  constructor(sabotage: Sabotage = {}) {
    const plain = drawScenario({ seed: 7, hours: 24, trouble: 0, subdevices: 1 });
    this.world = new World({ ...plain, envelope: 'json', uplinkEveryMs: MINUTE_MS }, sabotage);
    const { hub } = this.world;
    const judge = hub.onArrived;
    hub.onArrived = (message) => {
      if (this.world.ownerOf(message.topic) !== undefined) this.arrived.push(opened(message.payload));
      judge(message);
    };
    hub.isReachable = false;
  }

  static async begin(sabotage?: Sabotage): Promise<Outage> {
    const outage = new Outage(sabotage);
    await outage.world.start(true);
    outage.world.traffic.start();
    return outage;
  }

  async pass(ms: number): Promise<this> {
    await this.world.time.run(this.world.time.nowMs + ms, () => undefined);
    return this;
  }

  synchronise(): this {
    this.world.wallStepMs = 0;
    this.world.syncedAtMs = this.world.wallMs();
    return this;
  }

  /** Power cut. The clock of the machine begins at a wrong time. */
  async reboot(offMs: number): Promise<this> {
    this.world.kill();
    this.world.wallStepMs = NO_RTC_MS;
    await this.pass(offMs);
    await this.world.start(true);
    return this;
  }

  /** The hub is back. @returns the qualities of the envelopes of messages that waited, each once */
  async deliver(): Promise<string[]> {
    this.world.hub.isReachable = true;
    await this.pass(5 * MINUTE_MS);
    const waited = this.arrived.filter(({ replayed }) => replayed);
    expect(waited.length).toBeGreaterThan(20);
    return [...new Set(waited.map(({ time_quality, age_quality }) => `time ${time_quality}, age ${age_quality}`))];
  }
}

describe('after an outage of the hub a message has', () => {
  it('its exact time if the clock is first trusted long after the message came', async () => {
    const outage = await Outage.begin();
    outage.world.wallStepMs = NO_RTC_MS;
    await outage.pass(HOUR_MS);
    await outage.synchronise().pass(2 * MINUTE_MS);
    expect(await outage.deliver()).toEqual(['time exact, age exact']);
    expect(outage.world.complaints).toEqual([]);
  });

  it('its exact age and no time if no clock is ever trusted', async () => {
    const outage = await Outage.begin();
    outage.world.wallStepMs = YEARS_20_MS;
    await outage.pass(HOUR_MS);
    expect(await outage.deliver()).toEqual(['time none, age exact']);
    expect(outage.world.complaints).toEqual([]);
  });

  it('its exact time after a reboot without a clock, with the least possible age', async () => {
    const outage = await Outage.begin();
    await outage.synchronise().pass(HOUR_MS);
    await outage.reboot(3 * HOUR_MS);
    // the second quality: messages that came after the reboot
    expect(await outage.deliver()).toEqual(['time exact, age at_least', 'time none, age exact']);
    expect(outage.world.complaints).toEqual([]);
  });

  it('its exact time and age if both boots had a trusted clock', async () => {
    const outage = await Outage.begin();
    await outage.synchronise().pass(HOUR_MS);
    await outage.reboot(3 * HOUR_MS);
    await outage.synchronise().pass(2 * MINUTE_MS);
    expect(await outage.deliver()).toEqual(['time exact, age exact']);
    expect(outage.world.complaints).toEqual([]);
  });

  it('the latest possible time after a reboot if only the later boot had a trusted clock', async () => {
    const outage = await Outage.begin();
    outage.world.wallStepMs = NO_RTC_MS;
    await outage.pass(HOUR_MS);
    await outage.reboot(3 * HOUR_MS);
    await outage.synchronise().pass(2 * MINUTE_MS);
    const qualities = await outage.deliver();
    expect(qualities).toContain('time at_least, age at_least');
    expect(qualities).not.toContain('time none, age at_least');
    expect(outage.world.complaints).toEqual([]);
  });

  it.each([YEARS_20_MS, -YEARS_20_MS, 5 * MINUTE_MS])(
    'its exact time although the clock stepped by %d ms',
    async (ms) => {
      const outage = await Outage.begin();
      await outage.synchronise().pass(30 * MINUTE_MS);
      outage.world.wallStepMs = ms;
      await outage.pass(30 * MINUTE_MS);
      expect(await outage.deliver()).toEqual(['time exact, age exact']);
      expect(outage.world.complaints).toEqual([]);
    },
  );

  it('negative control: a gateway that dates messages at arrival by an untrusted clock is wrong after the reboot', async () => {
    const outage = await Outage.begin({ patch: dateAtArrival });
    await outage.synchronise().pass(10 * MINUTE_MS);
    await outage.reboot(3 * HOUR_MS);
    await outage.pass(HOUR_MS);
    await outage.deliver();
    expect(outage.world.complaints[0]).toMatch(/its time \(exact\) is wrong by -\d+ ms/);
  });
});
