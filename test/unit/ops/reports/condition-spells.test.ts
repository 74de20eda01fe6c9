import { expect, it } from 'vitest';
import { newFacts } from '../../../../src/base/events.ts';
import { ConditionWatch } from '../../../../src/ops/history/condition-watch.ts';
import { spellsOf } from '../../../../src/ops/reports/condition-spells.ts';
import type { EventReport } from '../../../../src/ops/reports/events-report.ts';
import type { Condition } from '../../../../src/ops/reports/report.ts';
import { StepClock } from '../../flow/flow-rig.ts';

function event(atMs: number, name: string, fields: Partial<EventReport> = {}): EventReport {
  return {
    ...{ atMs, quality: 'exact', kind: 'condition', name, subject: 'hub-away', sentence: 's', detail: 'no' },
    ...{ durationMs: null, count: 1, lastAtMs: atMs, boot: 1, upMs: atMs },
    ...fields,
  };
}

it('a condition lasts from its beginning to its end, to the end of the gateway, or until now', () => {
  const events = [
    event(100, 'conditionCleared', { subject: 'link-down', durationMs: 40 }),
    event(1000, 'conditionRaised'),
    event(5000, 'conditionCleared', { durationMs: 4000 }),
    event(6000, 'conditionRaised'),
    event(9000, 'gatewayStopping', { kind: 'gateway', subject: '' }),
    event(9500, 'conditionRaised'),
  ];
  expect(
    spellsOf(events, true).map(({ fromMs, untilMs, durationMs, end }) => [fromMs, untilMs, durationMs, end]),
  ).toEqual([
    [60, 100, 40, 'over'],
    [1000, 5000, 4000, 'over'],
    [6000, 9000, 3000, 'gateway ended'],
    [9500, null, null, 'present'],
  ]);
  expect(spellsOf(events, false).at(-1)).toMatchObject({ end: 'gateway ended', untilMs: null });
});

it('a condition is reported once when it begins and once when it ends, with its duration', () => {
  const facts = newFacts();
  const clock = new StepClock();
  const seen: unknown[] = [];
  facts.on('conditionRaised', ({ code, effect }) => seen.push([code, effect]));
  facts.on('conditionCleared', ({ code, forMs }) => seen.push([code, forMs]));
  const watch = new ConditionWatch(facts, clock);
  const away: Condition = { code: 'hub-away', losing: 'no', forMs: 500, sentence: 's', hint: null };
  watch.look([away, away]);
  clock.pass(5000);
  watch.look([{ ...away, forMs: 5500 }]);
  clock.pass(5000);
  watch.look([]);
  expect(seen).toEqual([
    ['hub-away', 'no'],
    ['hub-away', 10_500],
  ]);
});
