/** Readings of a gateway for the watchdog: which state of a part is waiting work. */
import { describe, expect, it } from 'vitest';
import type { GatewayView } from '../../../../src/ops/gateway-view.ts';
import { gatewayReadings } from '../../../../src/ops/watchdog/gateway-readings.ts';

interface PartStates {
  progress?: { readonly answers: number; readonly isLong: boolean };
  overdueSinceMs?: number;
  fullSinceMs?: number;
  silence?: { readonly sinceMs: number; readonly msMax: number };
  opening?: { readonly device: string; readonly number: number };
}

/** Readings of a gateway whose parts have these states. */
function readingsOf(states: PartStates, post: (task: () => void) => void = (task) => task()) {
  const gateway = {
    store: { progress: () => states.progress },
    committer: states,
    hub: { client: states },
  } as unknown as GatewayView;
  return gatewayReadings({ gateway, post, oldestOpening: () => states.opening });
}

it('of an idle gateway show no work', () => {
  const readings = readingsOf({});
  expect(Object.values(readings).map((read) => read())).toEqual(Object.values(readings).map(() => undefined));
});

it('show the requests of the store, the silence of the hub and openings', () => {
  const readings = readingsOf({
    progress: { answers: 7, isLong: false },
    silence: { sinceMs: 5, msMax: 60_000 },
    opening: { device: '/dev/ttyUSB0', number: 3 },
  });
  expect(readings['store-thread']()).toEqual({ token: 7, allowedMs: 0 });
  const counting = readingsOf({ progress: { answers: 7, isLong: true } });
  expect(counting['store-thread']()).toEqual({ token: 7, allowedMs: 600_000 });
  expect(readings['hub-connection']()).toEqual({ token: 5, allowedMs: 60_000 });
  expect(readings['serial-open']()).toEqual({ token: 3, subject: '/dev/ttyUSB0' });
});

it('show an overdue commit, except on a full disk', () => {
  expect(readingsOf({ overdueSinceMs: 4 }).unacknowledged()).toEqual({ token: 4 });
  expect(readingsOf({ overdueSinceMs: 4, fullSinceMs: 1 }).unacknowledged()).toBeUndefined();
});

describe('the mailbox', () => {
  it('shows the same work until its task has run', () => {
    const tasks: (() => void)[] = [];
    const { mailbox } = readingsOf({}, (task) => tasks.push(task));
    expect([mailbox(), mailbox(), mailbox()]).toEqual([{ token: 1 }, { token: 1 }, { token: 1 }]);
    expect(tasks).toHaveLength(1);
    tasks.shift()?.();
    expect(mailbox()).toEqual({ token: 2 });
  });
});
