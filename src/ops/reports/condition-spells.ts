/** Times for which conditions lasted, from the events of the history. */
import type { EventReport } from './events-report.ts';

/** One time for which a condition lasted. */
export interface ConditionSpell {
  readonly code: string;
  /** Unix ms; `null`: unknown. */
  readonly fromMs: number | null;
  /** Unix ms; `null`: still present, or unknown. */
  readonly untilMs: number | null;
  /** ms; `null`: still present, or unknown. */
  readonly durationMs: number | null;
  /** `present`: it lasts. `gateway ended`: the gateway stopped or ended while it lasted. */
  readonly end: 'over' | 'present' | 'gateway ended';
  /** Effect on data when it began: `no`, `at risk`, `unknown` or `yes`; '' if its beginning is not known. */
  readonly losing: string;
  /** Sentence when it began. */
  readonly sentence: string;
}

/** Events after which no condition of the process lasts. */
const ENDS: ReadonlySet<string> = new Set(['gatewayStopping', 'lastSign']);

/** @param events the oldest first; @param isRunning false: no condition is present, because no gateway runs */
export function spellsOf(events: readonly EventReport[], isRunning: boolean): ConditionSpell[] {
  const spells: ConditionSpell[] = [];
  const open = new Map<string, EventReport>();
  const close = (began: EventReport, end: EventReport | undefined, how: ConditionSpell['end']): void => {
    const isSameBoot = end !== undefined && end.boot === began.boot;
    const byClock = end?.atMs == null || began.atMs === null ? null : end.atMs - began.atMs;
    spells.push({
      code: began.subject,
      fromMs: began.atMs,
      untilMs: end?.atMs ?? null,
      durationMs: end?.durationMs ?? (isSameBoot ? end.upMs - began.upMs : byClock),
      end: how,
      losing: began.detail,
      sentence: began.sentence,
    });
  };
  for (const event of events) {
    if (event.name === 'conditionRaised') {
      if (!open.has(event.subject)) open.set(event.subject, event);
    } else if (event.name === 'conditionCleared') {
      close(open.get(event.subject) ?? unseenStart(event), event, 'over');
      open.delete(event.subject);
    } else if (ENDS.has(event.name)) {
      for (const began of open.values()) close(began, { ...event, durationMs: null }, 'gateway ended');
      open.clear();
    }
  }
  for (const began of open.values()) close(began, undefined, isRunning ? 'present' : 'gateway ended');
  return spells;
}

/** Beginning of a condition before the first event. */
function unseenStart(cleared: EventReport): EventReport {
  const { atMs, durationMs } = cleared;
  return {
    ...cleared,
    detail: '',
    sentence: '',
    atMs: atMs === null || durationMs === null ? null : atMs - durationMs,
  };
}
