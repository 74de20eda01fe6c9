import { describe, expect, it } from 'vitest';
import type { Epoch, Stamp } from '../../../../src/base/time.ts';
import type { Gap, HubSessionRow } from '../../../../src/custody/row.ts';
import { HUB_TERMS, HubSessionTracker } from '../../../../src/hub/session/session-tracker.ts';

const HOUR_MS = 3_600_000;
const STEP_MS = HUB_TERMS.intervalMs;
const OPENED: Stamp = { epoch: 2, upMs: 1000 };
const EPOCHS: ReadonlyMap<number, Epoch> = new Map(
  [1, 2].map((epoch) => [
    epoch,
    { epoch, bootId: `${epoch}`, lastUpMs: 9000, wallMinusUpMs: undefined, sleptAtUpMs: undefined },
  ]),
);
const FRESH: HubSessionRow = { expected: false, connected: false, changedAt: undefined, owner: 0, lostCount: 0 };
const LEFT: HubSessionRow = { ...FRESH, expected: true, changedAt: { epoch: 2, upMs: 0 } };

const newAccount = (gap?: Gap): HubSessionTracker => new HubSessionTracker({ terms: HUB_TERMS, gap, openedAt: OPENED });
const newGeneric = (): HubSessionTracker =>
  new HubSessionTracker({ terms: undefined, gap: undefined, openedAt: OPENED });
const exact = (ms: number) => ({ ms, quality: 'exact' }) as const;
const awayOf = (row: HubSessionRow, upMs: number) => newAccount().away(row, { epoch: 2, upMs }, EPOCHS);

/** Session resumed at 0 ms after an hour. */
function resumed(): HubSessionTracker {
  const account = newAccount();
  account.connected(true, { row: LEFT, away: exact(HOUR_MS) }, 0);
  return account;
}

/** Delivers `count` stored messages at the pace of the hub. @returns kinds of the reported events */
function replay(account: HubSessionTracker, count: number): string[] {
  const reports = Array.from({ length: count }, (_, index) => account.message(1, false, index * STEP_MS));
  return reports.flat().map(({ kind }) => kind);
}

describe('the time without the hub', () => {
  it.each([
    ['never connected: unknown', FRESH, 5000, undefined],
    ['disconnected in this boot: exact', LEFT, 5000, exact(5000)],
    [
      'disconnected in an earlier boot without a clock: a lower bound',
      { ...LEFT, changedAt: { epoch: 1, upMs: 7000 } },
      5000,
      { ms: 7000, quality: 'at_least' },
    ],
    [
      'cut off while connected: a lower bound from the start of this process, not of the connection',
      { ...LEFT, connected: true },
      5000,
      { ms: 4000, quality: 'at_least' },
    ],
  ] as const)('%s', (_what, row, upMs, away) => {
    expect(awayOf(row, upMs)).toEqual(away);
  });

  it('is zero while connected', () => {
    expect(resumed().away({ ...LEFT, connected: true }, { epoch: 2, upMs: 9 }, EPOCHS)).toBeUndefined();
  });

  it('ends the session only when it has certainly expired', () => {
    const account = newAccount();
    const limit = HUB_TERMS.keptMs;
    expect(account.isOver(exact(limit))).toBe(false);
    expect(account.isOver({ ms: limit + 1, quality: 'at_least' })).toBe(true);
    expect(newGeneric().isOver(exact(limit))).toBe(false);
    expect(account.isOver(undefined)).toBe(false);
  });
});

describe('the result of CONNACK', () => {
  it.each([
    ['new', FRESH, false, undefined, []],
    ['resumed', LEFT, true, exact(HOUR_MS), []],
    ['lost', LEFT, false, exact(HOUR_MS), ['session lost']],
    ['unexpected', FRESH, true, undefined, []],
    // The hub can keep a session longer than documented, but not its messages.
    ['resumed', LEFT, true, exact(25 * HOUR_MS), ['away longer than the hub keeps messages']],
  ] as const)('%s', (finding, row, sessionPresent, away, gaps) => {
    const account = newAccount();
    const reports = account.connected(sessionPresent, { row, away }, 0);
    expect(reports[0]).toEqual({ kind: 'found', finding, away });
    expect(reports.flatMap((report) => (report.kind === 'gap' ? [report.gap.reason] : []))).toEqual(gaps);
    expect(account.finding).toBe(finding);
    expect(account.gap?.from).toEqual(gaps.length === 0 ? undefined : LEFT.changedAt);
  });
});

describe('the stored messages of a resumed session', () => {
  it('are counted, with the number and the time that can remain', () => {
    const account = resumed();
    expect(replay(account, 37)).toEqual(['replayStarted']);
    expect(account.replay(37 * STEP_MS)).toEqual({ received: 37, storedMax: 150, leftMs: 113 * STEP_MS });
  });

  it('include neither messages with DUP nor messages of QoS 0', () => {
    const account = resumed();
    expect([account.message(1, true, 10), account.message(0, false, 20)]).toEqual([[], []]);
    expect(account.replay(30)?.received).toBe(0);
  });

  it('are not more than the pace allows, for any number of live messages', () => {
    const account = resumed();
    for (let count = 0; count < 1000; count += 1) account.message(1, false, STEP_MS);
    expect(account.replay(STEP_MS)?.received).toBeLessThan(10);
    expect(account.gap).toBeUndefined();
  });

  it('are complete when no message arrives for ten intervals', () => {
    const account = resumed();
    replay(account, 3);
    const doneAtMs = account.wakeAtMs() ?? 0;
    expect(doneAtMs).toBe(2 * STEP_MS + 10 * STEP_MS);
    expect(account.wake(doneAtMs - 1)).toEqual([]);
    expect(account.wake(doneAtMs)).toEqual([{ kind: 'replayDone', received: 3 }]);
    expect([account.replay(doneAtMs), account.wakeAtMs(), account.gap]).toEqual([undefined, undefined, undefined]);
  });

  it('are not reported if none arrived', () => {
    const account = resumed();
    expect(account.wake(account.wakeAtMs() ?? 0)).toEqual([]);
  });

  it.each([
    [149, false],
    [150, true],
  ])('%i of them: a possible gap %s', (count, isGap) => {
    const account = resumed();
    const kinds = replay(account, count);
    expect(kinds.includes('gap')).toBe(isGap);
    expect(account.gap?.reason).toBe(isGap ? 'the hub’s store was full' : undefined);
  });

  it('are not expected of a hub without a documented store, nor of a new session', () => {
    const generic = newGeneric();
    generic.connected(true, { row: LEFT, away: undefined }, 0);
    const fresh = newAccount();
    fresh.connected(false, { row: FRESH, away: undefined }, 0);
    for (const account of [generic, fresh]) {
      expect(replay(account, 200)).toEqual([]);
      expect([account.replay(0), account.wakeAtMs()]).toEqual([undefined, undefined]);
    }
  });

  it('are counted from zero in the next connection', () => {
    const account = resumed();
    replay(account, 5);
    account.disconnected({ epoch: 1, upMs: 0 });
    expect(account.replay(0)).toBeUndefined();
  });
});

describe('a possible gap', () => {
  const OLD: Gap = { reason: 'session lost', from: { epoch: 1, upMs: 5 } };

  it('remains after a restart, the oldest of several, until it is settled once', () => {
    const account = newAccount(OLD);
    account.connected(false, { row: LEFT, away: exact(1) }, 0);
    expect(account.gap).toEqual(OLD);
    expect([account.settleGap(), account.settleGap(), account.gap]).toEqual([true, false, undefined]);
  });
});

it('an absence includes the time in which a process that hung was silent', () => {
  const openedAt = { epoch: 2, upMs: 70_000 };
  const now = { epoch: 2, upMs: 71_000 };
  const ages = [undefined, { epoch: 2, upMs: 7000 }].map((silentSince) =>
    new HubSessionTracker({ terms: HUB_TERMS, gap: undefined, openedAt, silentSince }).away(
      { ...LEFT, connected: true },
      now,
      EPOCHS,
    ),
  );
  expect(ages).toEqual([
    { ms: 1000, quality: 'at_least' },
    { ms: 64_000, quality: 'at_least' },
  ]);
});
