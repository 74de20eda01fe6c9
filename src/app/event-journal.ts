/** Writes the events of a gateway to the journal. */
import { type EventName, looking } from '../base/events.ts';
import type { Journal, JournalLevel } from '../io/journal.ts';
import { JournalBudget } from '../ops/journal-budget.ts';
import { EVENT_NAMES, NARRATORS } from '../ops/narration.ts';
import type { Gateway } from './gateway.ts';

/** Interval for writing the counts of repeated events. */
const BUDGET_TURN_MS = 5000;
const LEVELS: readonly JournalLevel[] = ['debug', 'info', 'warn', 'error'];

/** Starts to write events to the journal. @returns a function that ends the writing and writes the remaining counts */
export function narrate({ parts: { facts, clock } }: Gateway, journal: Journal, level: JournalLevel): () => void {
  const budget = new JournalBudget({
    nowMs: () => clock.nowMs(),
    write: (weight, sentence) => journal[weight](sentence),
  });
  const isWritten = (name: EventName): boolean => LEVELS.indexOf(NARRATORS[name].weight) >= LEVELS.indexOf(level);
  for (const name of EVENT_NAMES.filter(isWritten)) {
    facts.on(name, (fact: object) => budget.tell(name, fact as never));
  }
  const turns = setInterval(
    looking(facts, 'repeated events', () => budget.turn()),
    BUDGET_TURN_MS,
  );
  return () => {
    clearInterval(turns);
    budget.end();
  };
}
