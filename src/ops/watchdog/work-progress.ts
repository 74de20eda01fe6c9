/**
 * Progress of the gateway, for the watchdog: detects work that waits and does not move on. Pure.
 *
 * A source returns a token of the work that waits: the number of the commit that runs, the time of the last packet. The
 * same token for longer than the bound of its source is a stall. A source without waiting work returns `undefined`, so
 * an idle line or an absent hub is never a stall. Work that is slow and moves on changes its token.
 *
 * Only time in which this process ran counts: of the time between two looks at most twice the usual time. So a process
 * that was stopped (SIGSTOP, a debugger, a machine without CPU time) does not count as stalled.
 */

/** Sources, in the order in which their stalls are reported. `wait`: what the token stands for, as a sentence. */
export const PROGRESS_SOURCES = {
  mailbox: { sentence: () => 'the queue of the gateway did not run a task' },
  'store-thread': { sentence: () => 'the store thread did not finish a commit or a read' },
  unacknowledged: { sentence: () => 'accepted messages waited for a commit that did not start' },
  'hub-connection': {
    sentence: () => 'the hub sent no packet within the keep alive, and the gateway did not close the connection',
  },
  'serial-open': { sentence: (subject: string) => `the opening of ${subject} did not return` },
} as const satisfies Readonly<Record<string, { readonly sentence: (subject: string) => string }>>;

export type ProgressSource = keyof typeof PROGRESS_SOURCES;

/** Work that waits. */
export interface WaitingWork {
  /** Changes when the work moves on. */
  readonly token: number;
  /** Thing that the work belongs to, e.g. a device; '' if there is one only. */
  readonly subject?: string;
  /** Time that the work may take in addition to the common bound, ms. */
  readonly allowedMs?: number;
}

/** Readings of all sources. The type demands every source of the table. */
export type ProgressReadings = { readonly [Source in ProgressSource]: () => WaitingWork | undefined };

export interface Stall {
  readonly source: ProgressSource;
  readonly subject: string;
  readonly forMs: number;
  /** Sentence that says what happened, without the time. */
  readonly what: string;
}

interface Seen {
  readonly token: number;
  readonly subject: string;
  /** Awake time at which the token was first seen. */
  readonly atAwakeMs: number;
}

/** Largest part of the time between two looks that counts, as a multiple of the usual time. */
const COUNTED_TURNS_MAX = 2;
const SOURCES = Object.keys(PROGRESS_SOURCES) as readonly ProgressSource[];

export interface ProgressOptions {
  /** Usual time between two looks, ms. */
  readonly turnMs: number;
  /** Time for which a token may stay the same, ms. */
  readonly boundMs: number;
}

export class WorkProgress {
  readonly #options: ProgressOptions;
  readonly #seen = new Map<ProgressSource, Seen>();
  #lookedAtMs: number | undefined;
  #awakeMs = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** Looks at all sources. @returns the stalls, in the order of the table */
  look(nowMs: number, readings: ProgressReadings): Stall[] {
    const elapsedMs = nowMs - (this.#lookedAtMs ?? nowMs);
    this.#lookedAtMs = nowMs;
    this.#awakeMs += Math.min(elapsedMs, COUNTED_TURNS_MAX * this.#options.turnMs);
    return SOURCES.flatMap((source) => this.#lookAt(source, readings[source]()));
  }

  #lookAt(source: ProgressSource, work: WaitingWork | undefined): Stall[] {
    if (work === undefined) {
      this.#seen.delete(source);
      return [];
    }
    const { token, subject = '', allowedMs = 0 } = work;
    const before = this.#seen.get(source);
    if (before?.token !== token || before.subject !== subject) {
      this.#seen.set(source, { token, subject, atAwakeMs: this.#awakeMs });
      return [];
    }
    const forMs = this.#awakeMs - before.atAwakeMs;
    if (forMs <= this.#options.boundMs + allowedMs) return [];
    return [{ source, subject, forMs, what: PROGRESS_SOURCES[source].sentence(subject) }];
  }
}
