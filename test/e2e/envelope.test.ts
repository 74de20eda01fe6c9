/** Envelopes at an ordinary broker: an outage, a kill, a reboot without a clock; what the application side reads. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { numberOf } from '../../src/bench/account.ts';
import { type OpenedEnvelope, opened } from '../envelope-reader.ts';
import { findPort } from './any-broker.ts';
import { config, edit, onLinkOf } from './config-edits.ts';
import { BOOTS, FAKETIME_IS_MISSING, newWallClock } from './fake-clock.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';
import { until } from './until.ts';

const COUNT = 10;
/** Fits in a payload for the hub of these tests, and not with an envelope. */
const LARGE_BYTES = 950;
/** Smallest difference at which a trusted clock is corrected (`src/base/clock-trust.ts`). */
const CLOCK_ERROR_MS = 2001;
const YEAR_MS = 365 * 24 * 3_600_000;

type Arrival = OpenedEnvelope & { readonly number: number };

/** Gateway with the subdevice `a`, mosquitto as its hub, and the envelopes that the application side has received. */
async function openWithBroker(plan: TestbedPlan = {}): Promise<{
  readonly testbed: Testbed;
  readonly broker: Mosquitto;
  /** Payloads as the application side receives them. */
  readonly texts: string[];
  readonly arrivals: () => Arrival[];
}> {
  const port = await findPort();
  const testbed = await openTestbed({
    ...{ subdevices: { a: {} }, ...plan },
    config: { hub: { port, payload_bytes_max: 1024 }, ...(plan.config ?? { outbox: { envelope: 'json' } }) },
  });
  const broker = new Mosquitto(port, testbed.folder);
  onTestFinished(() => broker.close());
  await broker.start();
  const texts: string[] = [];
  await broker.listen('gw/+/t', (topic, text) => {
    if (topic === 'gw/a/t') texts.push(text);
  });
  const arrivals = (): Arrival[] =>
    texts.map((text) => {
      const envelope = opened(Buffer.from(text));
      return { ...envelope, number: numberOf(envelope.payload) ?? 0 };
    });
  await testbed.gateway.start();
  testbed.enter(testbed.subdevice('a'));
  await until(() => testbed.subdevice('a').isSubscribed);
  await testbed.untilStatus(({ hub }) => hub.state === 'connected');
  return { testbed, broker, texts, arrivals };
}

/** Waits until the messages with the numbers 1 to `last` have arrived. */
async function untilArrived(arrivals: () => readonly Arrival[], last: number): Promise<void> {
  await until(() => new Set(arrivals().map(({ number }) => number)).size === last);
}

/** The broker is gone, the gateway knows that, and the subdevice has sent more messages, which are stored. */
async function publishInOutage(testbed: Testbed, broker: Mosquitto): Promise<void> {
  await broker.stop();
  await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
  testbed.publish(COUNT);
  await testbed.untilAcknowledged();
}

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub, an uplink', () => {
  it('says if it waited, for how long, and keeps its number over kills of the gateway', async () => {
    const { testbed, broker, arrivals } = await openWithBroker();
    testbed.publish(COUNT);
    await untilArrived(arrivals, COUNT);
    await testbed.untilAcknowledged();
    for (const live of arrivals()) expect(live).toMatchObject({ replayed: false, age_quality: 'exact' });

    await publishInOutage(testbed, broker);
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    await broker.start();
    await untilArrived(arrivals, 2 * COUNT);
    await testbed.gateway.signal('SIGKILL'); // the deletes of the delivered messages are probably lost
    await testbed.gateway.start();
    await until(async () => (await testbed.gateway.ledger()).totals.uplink.pending === 0);

    const waited = arrivals().filter(({ number }) => number > COUNT);
    for (const one of waited) expect(one).toMatchObject({ replayed: true, age_quality: 'exact' });
    const byNumber = Map.groupBy(arrivals(), ({ number }) => number);
    const seqs = [...byNumber.values()].map((copies) => new Set(copies.map(({ seq }) => seq)));
    expect(seqs.map(({ size }) => size)).toEqual(Array.from({ length: 2 * COUNT }, () => 1));
    expect(new Set(seqs.flatMap((one) => [...one])).size).toBe(2 * COUNT);
    for (const copies of byNumber.values()) {
      const times = copies.flatMap(({ measured_at }) => (measured_at === null ? [] : Date.parse(measured_at)));
      // each process may measure the difference between the two clocks of the machine
      expect(Math.max(0, ...times) - Math.min(...times, Math.max(0, ...times))).toBeLessThan(CLOCK_ERROR_MS);
    }
  });

  it('names no time of a clock that nothing has confirmed, before and after a reboot', async ({ skip }) => {
    if (FAKETIME_IS_MISSING) skip('libfaketime is not installed');
    const clock = newWallClock();
    clock.set('@1970-01-01 00:10:00');
    const { testbed, broker, arrivals } = await openWithBroker({ env: clock.env });
    await publishInOutage(testbed, broker);
    await testbed.gateway.signal('SIGKILL');
    clock.env.HOLDFAST_BOOT_ID = BOOTS[1] ?? '';
    await testbed.gateway.start();
    await broker.start();
    await untilArrived(arrivals, COUNT);
    for (const one of arrivals())
      expect(one).toMatchObject({ measured_at: null, time_quality: 'none', age_quality: 'at_least', replayed: true });
    // the age includes the up time of this machine, and no years since 1970
    expect(Math.max(...arrivals().map(({ age_ms }) => age_ms))).toBeLessThan(YEAR_MS);
  });

  it('gets the envelope that was switched on while it waited, and arrives as it came if that is too large', async () => {
    const { testbed, broker, texts } = await openWithBroker({ config: {} });
    const subdevice = testbed.subdevice('a');
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    subdevice.publish('t');
    subdevice.publish('t', { bytes: LARGE_BYTES });
    subdevice.publish('t', { payload: new TextEncoder().encode('{"flow":12.50}') });
    await testbed.untilAcknowledged();
    edit(testbed, onLinkOf('a', 'envelope = "fields"'));
    const { code, stdout } = await config(testbed, 'apply');
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, outcome: 'confirmed' });
    await broker.start();
    await until(() => texts.length === 3);
    expect(JSON.parse(texts[0] ?? '')).toMatchObject({ payload: expect.stringMatching(/^n=1;/), encoding: 'text' });
    expect(texts[1]).toMatch(/^n=2;\.*$/);
    expect(texts[2]).toMatch(/^\{"flow":12\.50,"measured_at":.*"replayed":true,"seq":\d+\}$/);
    const { hub, conditions } = await testbed.gateway.status();
    expect(hub.uplinksWithoutEnvelope).toBeGreaterThanOrEqual(1);
    expect(hub.uplinksNested).toBeGreaterThanOrEqual(1);
    expect(conditions.map(({ code }) => code)).toContain('envelope-left-out');
    expect(testbed.gateway.journal).toContain('uplink from a on gw/a/t sent without its envelope');

    subdevice.publish('t', { bytes: LARGE_BYTES });
    await until(() => testbed.gateway.journal.includes('up to 1142 with its envelope, and the hub accepts 1024'));
    const refused = await testbed.gateway.status();
    expect(refused.discarded).toMatchObject([{ reason: 'payload too large', subdevice: 'a' }]);
  });
});
