/** Demonstration without processes: outcome, plan and layout. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamAccount } from '../../../src/bench/account.ts';
import { type DemoEnding, type DemoOutcome, outcomeOf } from '../../../src/bench/demo/demo-outcome.ts';
import { planOf, SECONDS_MIN } from '../../../src/bench/demo/demo-plan.ts';
import { FlashMeter } from '../../../src/bench/demo/flash-meter.ts';
import { showLastPage } from '../../../src/bench/demo/last-page.ts';
import { type DemoAct, type Scene, sceneLine } from '../../../src/bench/demo/scene.ts';
import { ledgerReportOf } from '../../../src/ops/reports/ledger-report.ts';

/** Returns the line after the first empty line. */
function verdictOf(outcome: DemoOutcome): string | undefined {
  const lines: string[] = [];
  showLastPage(outcome, { line: (text) => lines.push(text), sentence: (text) => lines.push(text) });
  return lines[1];
}

interface Flaws {
  readonly arrivals?: readonly number[];
  readonly commandArrivals?: readonly number[];
  readonly failure?: string;
  readonly pendingInLedger?: number;
  readonly ledger?: 'none';
}

/** Returns the outcome for three readings and three commands. Without faults all arrive and the ledger balances. */
function ending(flaws: Flaws): DemoEnding {
  const accountOf = (arrivals: readonly number[]): StreamAccount => {
    const account = new StreamAccount();
    for (let index = 0; index < 3; index += 1) account.acknowledge(account.send());
    for (const number of arrivals) account.arrive(number);
    return account;
  };
  const counts = { accepted: 3, delivered: 3, shed: {}, dead: 0, damaged: 0 };
  const reading = { subdevice: 'pump', direction: 'uplink', counts, pending: flaws.pendingInLedger ?? 0 } as const;
  return {
    subdevices: [
      { uplinks: accountOf(flaws.arrivals ?? [1, 2, 3]), downlinks: accountOf(flaws.commandArrivals ?? [1, 2, 3]) },
    ],
    plan: planOf(30, 1),
    watch: { kills: 1, sessionPresent: true, backlogMax: 2, flash: new FlashMeter() },
    facts: {
      steady: { ms: 1000, readings: 1 },
      awayMs: 1000,
      replayMs: 1000,
      ledger: flaws.ledger === 'none' ? undefined : ledgerReportOf([reading], 'running'),
    },
    failure: flaws.failure ?? null,
  };
}

describe('the outcome', () => {
  it('is good when all arrived in order and the ledger balances', () => {
    const outcome = outcomeOf(ending({}));
    expect(outcome).toMatchObject({ ok: true, accepted: 3, delivered: 3, lost: 0, downlinksDelivered: 3 });
    expect(verdictOf(outcome)).toMatch(/^NOTHING WAS LOST: 6 messages/);
  });

  it('is good with duplicates, since QoS 1 permits them', () => {
    expect(outcomeOf(ending({ arrivals: [1, 2, 1, 2, 3] }))).toMatchObject({ ok: true, duplicates: 2 });
  });

  it.each<[string, Flaws, Partial<DemoOutcome>]>([
    ['a reading is lost', { arrivals: [1, 3] }, { lost: 1, delivered: 2 }],
    ['a command is lost', { commandArrivals: [1, 2] }, { lost: 1, downlinksDelivered: 2 }],
    ['a reading is reordered', { arrivals: [1, 3, 2] }, { reordered: 1 }],
    ['a command is reordered', { commandArrivals: [2, 1, 3] }, { reordered: 1 }],
    ['the ledger does not balance', { pendingInLedger: 1 }, { ledgerBalances: false, pending: 1 }],
    ['the ledger was never read', { ledger: 'none' }, { ledgerBalances: null, pending: null }],
    [
      'the demonstration ended early',
      { failure: 'The gateway ended with 70.' },
      { failure: 'The gateway ended with 70.' },
    ],
  ])('is bad when %s', (_, flaws, seen) => {
    const outcome = outcomeOf(ending(flaws));
    expect(outcome).toMatchObject({ ok: false, ...seen });
    expect(verdictOf(outcome)).toMatch(/^FAILED: ./);
  });
});

describe('the plan', () => {
  const seconds = fc.integer({ min: SECONDS_MIN, max: 86_400 });
  const seed = fc.nat({ max: 4_294_967_295 });

  it('lets the application send fewer commands during the outage than the hub stores', () => {
    fc.assert(
      fc.property(seconds, seed, (length, draw) => {
        const { awayMs, deadMs, stillAwayMs, commandPauseMs } = planOf(length, draw);
        // Worst case: a restart takes one second longer than planned, and all pauses are the shortest.
        const commands = (awayMs + deadMs + stillAwayMs + 2500) / (0.8 * commandPauseMs.away);
        expect(commands).toBeLessThan(150);
      }),
    );
  });

  it('has time for all steps, and sends faster than messages arrive', () => {
    fc.assert(
      fc.property(seconds, seed, (length, draw) => {
        const { steadyMs, awayMs, deadMs, stillAwayMs, replayMs, messagesPerS, readingPauseMs } = planOf(length, draw);
        for (const ms of [steadyMs, awayMs, deadMs, stillAwayMs, replayMs]) expect(ms).toBeGreaterThan(0);
        expect(steadyMs + awayMs + deadMs + stillAwayMs + replayMs).toBeLessThan(length * 1000);
        expect(messagesPerS).toBeGreaterThan(1.5 * 3 * (1000 / readingPauseMs));
      }),
    );
  });
});

describe('a line of counts', () => {
  const count = fc.nat({ max: 10 ** 6 });
  const scene: fc.Arbitrary<Scene> = fc.record({
    elapsedMs: fc.nat({ max: 86_400_000 }),
    act: fc.constantFrom<DemoAct>(0, 1, 2, 3, 4),
    acknowledged: count,
    delivered: count,
    missing: count,
    commandsSent: fc.nat({ max: 9999 }),
    commandsDelivered: fc.nat({ max: 9999 }),
    gateway: fc.constantFrom('starting', 'running', 'killed', 'stopping'),
    hub: fc.constantFrom('up', 'away'),
  });

  it('fits into 80 columns', () => {
    fc.assert(
      fc.property(scene, (any) => {
        expect(sceneLine(any).length).toBeLessThanOrEqual(80);
      }),
    );
  });
});
