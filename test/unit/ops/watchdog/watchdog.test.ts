/** Feeding of systemd: in which turns, and in which not. Turns are called by the test, on a manual clock. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { turnMsOf, Watchdog } from '../../../../src/ops/watchdog/watchdog.ts';
import type { ProgressReadings, Stall } from '../../../../src/ops/watchdog/work-progress.ts';

const TIMEOUT_MS = 60_000;
const TURN_MS = turnMsOf(TIMEOUT_MS);

function openWatchdog(isTolerated: (stall: Stall) => boolean = () => false) {
  const seen = { feeds: 0, beats: 0, stalls: [] as Stall[] };
  let nowMs = 1000;
  const watchdog = new Watchdog({
    timeoutMs: TIMEOUT_MS,
    clock: { nowMs: () => nowMs },
    feed: () => {
      seen.feeds += 1;
    },
    loop: {
      beat: () => {
        seen.beats += 1;
      },
      stop: () => undefined,
    },
    isTolerated,
    stalled: (stall) => seen.stalls.push(stall),
  });
  onTestFinished(() => watchdog.stop());
  const turn = (ms: number, turns = 1): void => {
    for (let left = turns; left > 0; left -= 1) {
      nowMs += ms;
      watchdog.turn();
    }
  };
  return { watchdog, seen, turn };
}

function readings(of: Partial<ProgressReadings>): ProgressReadings {
  const nothing = (): undefined => undefined;
  return {
    mailbox: nothing,
    'store-thread': nothing,
    unacknowledged: nothing,
    'hub-connection': nothing,
    'serial-open': nothing,
    ...of,
  };
}

describe('the watchdog', () => {
  it('is fed at once and in each turn, twelve times in the time of systemd', () => {
    const { seen, turn } = openWatchdog();
    turn(TURN_MS, 12);
    expect(seen).toEqual({ feeds: 13, beats: 12, stalls: [] });
  });

  it('is fed while work moves on', () => {
    const { watchdog, seen, turn } = openWatchdog();
    let batch = 0;
    watchdog.watch(
      readings({
        'store-thread': () => {
          batch += 1;
          return { token: batch };
        },
      }),
    );
    turn(TURN_MS, 100);
    expect(seen).toMatchObject({ feeds: 101, stalls: [] });
  });

  it('reports the first stall within two thirds of the time of systemd, and is not fed with it', () => {
    const { watchdog, seen, turn } = openWatchdog();
    watchdog.watch(readings({ 'store-thread': () => ({ token: 1 }) }));
    turn(TURN_MS, 7);
    expect(seen.stalls).toEqual([]);
    turn(TURN_MS);
    expect(seen).toMatchObject({ feeds: 8, stalls: [{ source: 'store-thread', forMs: 35_000 }] });
    expect(8 * TURN_MS).toBeLessThanOrEqual((TIMEOUT_MS * 2) / 3);
  });

  it('is fed during a stall that a restart does not end, until another one begins', () => {
    const { watchdog, seen, turn } = openWatchdog(({ source }) => source === 'serial-open');
    let isStoreHung = false;
    watchdog.watch(
      readings({
        'serial-open': () => ({ token: 1, subject: '/dev/ttyUSB0' }),
        'store-thread': () => (isStoreHung ? { token: 1 } : undefined),
      }),
    );
    turn(TURN_MS, 100);
    expect(seen).toMatchObject({ feeds: 101, stalls: [] });
    isStoreHung = true;
    turn(TURN_MS, 8);
    expect(seen.stalls).toMatchObject([{ source: 'store-thread' }]);
  });

  it('is not fed by a turn that comes half the time of systemd too late', () => {
    const { seen, turn } = openWatchdog();
    turn(TURN_MS + TIMEOUT_MS / 2);
    expect(seen.feeds).toBe(2);
    turn(TURN_MS + TIMEOUT_MS / 2 + 1);
    expect(seen.feeds).toBe(2);
    turn(TURN_MS);
    expect(seen.feeds).toBe(3);
  });
});
