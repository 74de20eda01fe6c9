/**
 * Limits for journal lines of one cause: the first few are written, then one line per minute counts the others.
 *
 * A cause is an event with its subdevice or link and its reason. A subdevice that floods the gateway with unwanted
 * messages is one cause, however many topics it uses; a flood of different names is bounded by the limit for the event.
 * A sentence is formed only if it is written, so a flood costs only the counting.
 */
import type { EventName } from '../base/events.ts';
import { type FactOf, NARRATORS, reportFact, type Weight, weightOf } from './narration.ts';
import { countOf } from './words.ts';

export const WINDOW_MS = 60_000;
/** Lines of one cause within a window; more at level debug, where single messages are of interest. */
const CAUSE_LINES_MAX: Readonly<Record<Weight, number>> = { debug: 100, info: 3, warn: 3, error: 3 };
/** Lines of one event within a window, for all causes: enough to report each subdevice of a large link. */
const EVENT_LINES_MAX: Readonly<Record<Weight, number>> = { debug: 1000, info: 64, warn: 64, error: 64 };
/** Characters of a reason that distinguish causes. */
const REASON_LENGTH = 80;
/** Cause for everything beyond the limit of its event. */
const OTHERS = '…';

export interface JournalBudgetOptions {
  readonly nowMs: () => number;
  readonly write: (weight: Weight, sentence: string) => void;
}

interface Cause {
  linesLeft: number;
  untold: number;
  /** Newest fact that was not written. */
  sample: object | undefined;
}

interface EventWindow {
  readonly endMs: number;
  linesLeft: number;
  readonly causes: Map<string, Cause>;
}

export class JournalBudget {
  readonly #options: JournalBudgetOptions;
  readonly #windows = new Map<EventName, EventWindow>();

  constructor(options: JournalBudgetOptions) {
    this.#options = options;
  }

  /** Writes the fact as a sentence, or counts it. */
  tell<Name extends EventName>(name: Name, fact: FactOf<Name>): void {
    const weight = weightOf(name, fact);
    const cause = this.#causeOf(name, weight, fact);
    if (cause.linesLeft > 0) {
      cause.linesLeft -= 1;
      this.#options.write(weight, reportFact(name, fact));
      return;
    }
    cause.untold += 1;
    cause.sample = fact;
  }

  /** Writes the counts of windows that have ended. Must be called every few seconds. */
  turn(): void {
    const nowMs = this.#options.nowMs();
    for (const [name, window] of this.#windows) if (nowMs >= window.endMs) this.#close(name, window);
  }

  /** Writes all remaining counts at the end of the process. */
  end(): void {
    for (const [name, window] of this.#windows) this.#close(name, window);
  }

  #causeOf(name: EventName, weight: Weight, fact: object): Cause {
    const window = this.#windowOf(name, weight);
    const key = keyOf(name, fact);
    const known = window.causes.get(key);
    if (known !== undefined) {
      if (window.linesLeft <= 0) known.linesLeft = 0;
      else if (known.linesLeft > 0) window.linesLeft -= 1;
      return known;
    }
    const isOther = window.linesLeft <= 0;
    const others = isOther ? window.causes.get(OTHERS) : undefined;
    if (others !== undefined) return others;
    if (!isOther) window.linesLeft -= 1;
    const cause = { linesLeft: isOther ? 0 : CAUSE_LINES_MAX[weight], untold: 0, sample: undefined };
    window.causes.set(isOther ? OTHERS : key, cause);
    return cause;
  }

  #windowOf(name: EventName, weight: Weight): EventWindow {
    const open = this.#windows.get(name);
    const nowMs = this.#options.nowMs();
    if (open !== undefined && nowMs < open.endMs) return open;
    const lasting = open === undefined ? new Map<string, Cause>() : this.#close(name, open);
    const window = { endMs: nowMs + WINDOW_MS, linesLeft: EVENT_LINES_MAX[weight], causes: lasting };
    this.#windows.set(name, window);
    return window;
  }

  /** @returns causes that continue: each gets one line per window from now on */
  #close(name: EventName, { causes }: EventWindow): Map<string, Cause> {
    const lasting = new Map<string, Cause>();
    for (const [key, { untold, sample }] of causes) {
      if (sample === undefined) continue;
      const sentence = reportFact(name, sample as never);
      this.#options.write(
        weightOf(name, sample as never),
        `${countOf(untold, 'more event')} like this in the last minute: ${sentence}`,
      );
      lasting.set(key, { linesLeft: 0, untold: 0, sample: undefined });
    }
    this.#windows.delete(name);
    if (lasting.size > 0) {
      const linesLeft = EVENT_LINES_MAX[NARRATORS[name].weight] - lasting.size;
      this.#windows.set(name, { endMs: this.#options.nowMs() + WINDOW_MS, linesLeft, causes: lasting });
    }
    return lasting;
  }
}

/** Key of a cause. Names chosen by the peer (ids of refused clients, topics) do not make a new cause. */
function keyOf(name: EventName, fact: object): string {
  const { subdevice, link, reason } = fact as Partial<Record<'subdevice' | 'link' | 'reason', string>>;
  const subject = name === 'subdeviceRefused' ? link : (subdevice ?? link ?? configurationOf(fact));
  return `${subject ?? ''} ${reason?.slice(0, REASON_LENGTH) ?? ''}`;
}

/** Configuration of a fact, so that the journal names each one of several that are applied within a minute. */
function configurationOf(fact: object): string | undefined {
  const { keys, mark } = fact as { readonly keys?: readonly string[]; readonly mark?: string };
  return keys?.join() ?? mark;
}
