/** Effects of the clock in the flow: facts, changes for the store, ages and signatures. */
import { expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import type { Change } from '../../../src/custody/change.ts';
import { WallClock } from '../../../src/flow/wall-clock.ts';
import { signCredentials } from '../../../src/hub/client/credentials.ts';

const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const SIGNING = { productId: 'P', deviceName: 'd', deviceSecret: 'AAAA', method: 'hmacsha256' } as const;

/** Machine with manual clocks. */
function machine() {
  const dials = { upMs: 1000, wallMs: 0, sleptMs: 0, syncedAtMs: undefined as number | undefined };
  const reported: string[] = [];
  const lazyChanges: Change[] = [];
  const facts = newFacts();
  for (const name of ['clockTrusted', 'clockStepped', 'clockOverruled', 'machineSlept'] as const)
    facts.on(name, () => reported.push(name));
  const epoch = { epoch: 1, bootId: 'b', lastUpMs: 0, wallMinusUpMs: undefined, sleptAtUpMs: undefined };
  const wall = new WallClock({
    clock: { nowMs: () => dials.upMs, wallMs: () => dials.wallMs, wakeAt: () => () => undefined },
    timeService: { syncedAtMs: () => dials.syncedAtMs, sleptMs: () => dials.sleptMs },
    now: { epoch: 1, upMs: 1000 },
    epochs: new Map([[1, epoch]]),
    addLazy: (change) => lazyChanges.push(change),
    doubted: () => reported.push('doubted'),
    facts,
  });
  const expiryS = (): number => Number(signCredentials(SIGNING, wall.wallMs(), () => 0).username?.split(';')[3]);
  return { dials, reported, lazyChanges, wall, expiryS };
}

it('in 1970 signs without an expiry, and writes nothing', () => {
  const { wall, lazyChanges, reported, expiryS } = machine();
  expect(expiryS()).toBe(2_147_483_647);
  expect([wall.isSet, wall.isTrusted, lazyChanges, reported]).toEqual([false, false, [], []]);
});

it('without a time service signs with its time, and dates no age by it', () => {
  const { wall, dials, lazyChanges, expiryS } = machine();
  dials.wallMs = NOW_MS;
  expect(expiryS()).toBe((NOW_MS + DAY_MS) / 1000);
  expect([wall.isTrusted, wall.epochs.get(1)?.wallMinusUpMs, lazyChanges]).toEqual([false, undefined, []]);
});

it('once synchronised stores the offset in this process, once', () => {
  const { wall, dials, lazyChanges, reported } = machine();
  Object.assign(dials, { wallMs: NOW_MS, syncedAtMs: NOW_MS });
  wall.look();
  wall.look();
  expect(wall.epochs.get(1)?.wallMinusUpMs).toBe(NOW_MS - 1000);
  expect(lazyChanges).toEqual([{ kind: 'trustWall', wallMinusUpMs: NOW_MS - 1000 }]);
  expect(reported).toEqual(['clockTrusted']);
});

it('after a step by the time service signs with the new time', () => {
  const { wall, dials, reported, expiryS } = machine();
  Object.assign(dials, { wallMs: NOW_MS, syncedAtMs: NOW_MS });
  wall.look();
  Object.assign(dials, { wallMs: NOW_MS + 90_000, syncedAtMs: NOW_MS + 90_000 });
  expect(expiryS()).toBe((NOW_MS + 90_000 + DAY_MS) / 1000);
  expect(reported).toEqual(['clockTrusted', 'clockStepped', 'clockTrusted']);
});

it('after a manual step continues to sign with the synchronised time', () => {
  const { wall, dials, reported, expiryS } = machine();
  Object.assign(dials, { wallMs: NOW_MS, syncedAtMs: NOW_MS });
  wall.look();
  dials.wallMs += 20 * 365 * DAY_MS;
  expect(expiryS()).toBe((NOW_MS + DAY_MS) / 1000);
  expect([wall.isTrusted, reported]).toEqual([false, ['clockTrusted', 'clockStepped', 'doubted']]);
});

it('records a sleep for the ages of earlier messages', () => {
  const { wall, dials, lazyChanges, reported } = machine();
  wall.look();
  Object.assign(dials, { upMs: 2000.5, sleptMs: 60_000, wallMs: 61_000 });
  wall.look();
  expect(wall.epochs.get(1)?.sleptAtUpMs).toBe(2001);
  expect([lazyChanges, reported]).toEqual([[{ kind: 'slept', atUpMs: 2001 }], ['machineSlept']]);
});

it('that the hub confirms is trusted, and its offset is stored', () => {
  const { wall, dials, lazyChanges, reported } = machine();
  dials.wallMs = NOW_MS;
  wall.onTime({ wallMs: NOW_MS + 700, errorMs: 40 });
  expect([wall.isTrusted, reported]).toEqual([true, ['clockTrusted']]);
  expect(lazyChanges).toEqual([{ kind: 'trustWall', wallMinusUpMs: NOW_MS - 300 }]);
});

it('that the hub contradicts is not changed: ages and signatures use the time of the hub, reported once', () => {
  const { wall, dials, lazyChanges, reported, expiryS } = machine();
  dials.wallMs = NOW_MS - 3 * DAY_MS;
  for (let times = 0; times < 2; times += 1) wall.onTime({ wallMs: NOW_MS, errorMs: 40 });
  expect(wall.status).toEqual({
    wallMs: NOW_MS - 3 * DAY_MS,
    isSet: true,
    isTrusted: false,
    aheadOfHubMs: -3 * DAY_MS,
  });
  expect([expiryS(), reported]).toEqual([(NOW_MS + DAY_MS) / 1000, ['clockOverruled']]);
  expect(lazyChanges).toEqual([{ kind: 'trustWall', wallMinusUpMs: NOW_MS - 1000 }]);
});

it('of a machine that wakes in 1970 signs with the time of the hub once that is known', () => {
  const { wall, expiryS } = machine();
  wall.onTime({ wallMs: NOW_MS, errorMs: 40 });
  expect([expiryS(), wall.isSet]).toEqual([(NOW_MS + DAY_MS) / 1000, false]);
});
