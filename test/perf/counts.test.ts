/**
 * Costs that can be counted, so that a busy machine does not change them: calls, bytes written, device bytes, allocated
 * bytes of a message. Each bound is twice the largest count of five runs on a busy machine. No time is judged.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { until } from './load/until.ts';
import { type Holdfast, type HoldfastPlan, openHoldfast } from './subjects/holdfast.ts';
import { costFigures, expectNothingLost, Measurement } from './subjects/relay.ts';

const STATE_ROOT = '/var/tmp';
const PROBE = new URL('./allocation-probe.ts', import.meta.url);
const LINKS = 8;
const WINDOW = 16;
const WARM_UP = 300;
const MESSAGES = 500;
/** Messages are not written to disk because the machine is slow. */
const HOLD = { hold_ms: 10_000 };

async function openWithProbe(plan: Partial<HoldfastPlan>): Promise<{ holdfast: Holdfast; allocationsTo: string }> {
  const folder = mkdtempSync(join(STATE_ROOT, 'holdfast-counts-'));
  const allocationsTo = join(folder, 'allocations');
  const holdfast = await openHoldfast({
    stateRoot: STATE_ROOT,
    cacheFolder: process.env.NODE_COMPILE_CACHE ?? folder,
    links: LINKS,
    outbox: HOLD,
    env: {
      NODE_OPTIONS: `--import=${fileURLToPath(PROBE)}`,
      ALLOCATIONS_TO: allocationsTo,
      // a gateway with a cold cache writes hundreds of files 5 s after its start
      NODE_DISABLE_COMPILE_CACHE: '1',
    },
    ...plan,
  });
  onTestFinished(async () => {
    await holdfast.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { holdfast, allocationsTo };
}

/** Costs of one message by name, and `allocated bytes`. */
async function costsOf(
  { holdfast, allocationsTo }: Awaited<ReturnType<typeof openWithProbe>>,
  messages: number,
  act: () => Promise<void>,
): Promise<Record<string, number>> {
  rmSync(allocationsTo, { force: true });
  process.kill(holdfast.pid, 'SIGUSR2');
  const measurement = await Measurement.start(holdfast);
  await act();
  const cost = await measurement.end(messages);
  process.kill(holdfast.pid, 'SIGUSR2');
  await until(
    () => existsSync(allocationsTo) && readFileSync(allocationsTo, 'utf8') !== '',
    'the count of allocations',
  );
  const figures = costFigures(cost).map(({ name, value }) => [name, value] as const);
  return {
    ...Object.fromEntries(figures),
    'allocated bytes': Number(readFileSync(allocationsTo, 'utf8')) / messages,
  };
}

/** Names of the costs above their bounds, with both numbers. */
function excesses(costs: Readonly<Record<string, number>>, bounds: Readonly<Record<string, number>>): string[] {
  return Object.entries(bounds).flatMap(([name, bound]) => {
    const cost = costs[name] ?? Number.NaN;
    return cost <= bound ? [] : [`${name}: ${cost}, at most ${bound}`];
  });
}

it('hub near: a message costs few bytes, and does not reach the disk', async () => {
  const probed = await openWithProbe({});
  const { load } = probed.holdfast;
  await load.send(WARM_UP, { window: WINDOW });
  const costs = await costsOf(probed, MESSAGES * LINKS, () => load.send(MESSAGES, { window: WINDOW }));
  // Measured: 91 (a PUBLISH of 77 octets, a PUBACK of 14), 0 (one commit of counters would be 5), 10,800.
  expect(excesses(costs, { 'bytes written': 182, 'device bytes': 20, 'allocated bytes': 21_600 })).toEqual([]);
  await expectNothingLost(probed.holdfast);
});

it('hub near: a lone message costs few calls', async () => {
  const probed = await openWithProbe({ links: 1 });
  const { load } = probed.holdfast;
  await load.send(WARM_UP, { window: 1 });
  const costs = await costsOf(probed, MESSAGES, () => load.send(MESSAGES, { window: 1 }));
  // Measured: 4 (read and write on the line, write and read at the hub), 33,700.
  expect(excesses(costs, { 'read and write calls': 8, 'allocated bytes': 67_400 })).toEqual([]);
  await expectNothingLost(probed.holdfast);
});

it('hub away: a message costs few bytes on the device, and a drained one too', async () => {
  const probed = await openWithProbe({});
  const { load, hub } = probed.holdfast;
  await hub.close();
  await load.send(WARM_UP, { window: WINDOW });
  const stored = await costsOf(probed, MESSAGES * LINKS, () => load.send(MESSAGES, { window: WINDOW }));
  // Measured: 203, 269, 7,300, and 56 messages in a commit.
  expect(excesses(stored, { 'bytes written': 406, 'device bytes': 540, 'allocated bytes': 14_600 })).toEqual([]);
  expect(stored['messages per commit']).toBeGreaterThan(28);
  const messages = (WARM_UP + MESSAGES) * LINKS;
  const drained = await costsOf(probed, messages, async () => {
    await hub.open();
    await until(() => hub.arrived >= messages, 'the last message of the backlog');
  });
  // Measured: 4.3 (answers of the hub), 634 and 918 with a checkpoint, 5,900.
  const bounds = { 'bytes read': 9, 'bytes written': 1268, 'device bytes': 1836, 'allocated bytes': 11_800 };
  expect(excesses(drained, bounds)).toEqual([]);
  await expectNothingLost(probed.holdfast);
});

it('negative control: a cost above its bound, or without a count, is named', () => {
  expect(excesses({ calls: 9 }, { calls: 8, bytes: 8 })).toEqual(['calls: 9, at most 8', 'bytes: NaN, at most 8']);
});
