/**
 * What to do about a line that is open and does not work: nothing at first, then more and more. Pure: it is shown the
 * line once a second and answers with the next rung to be tried.
 *
 *     calm ─trouble─▶ resync ─▶ the rungs of the configuration, in its order ─▶ alarm
 *       ▲──────────── a whole frame and no storm, or the storm is over ─────────┘
 *
 * Trouble is a subdevice that fell silent with nobody else on the line, or a storm of broken frames. A subdevice whose
 * frames arrive whole, and only cannot be read as configured, is not silent. Each rung has its time; while the port is closed nothing is decided, since that is another trouble with a cure of its own. One climb per
 * trouble: who stays silent after it is reported, not disturbed for ever. Source: serial.md §3.
 */
import type { RecoveryStep } from '../base/recovery-step.ts';

/** `resync`: the framing begins again, the port stays open. */
export type LineRecoveryStep = 'resync' | RecoveryStep;
export type Trouble = 'silence' | 'noise';

/** What is seen of the line; the counters only grow. */
export interface LineView {
  readonly isOpen: boolean;
  readonly framesIn: number;
  /** Frames damaged on the line. */
  readonly broken: number;
  /** Frames that came whole and are not what the configuration expects: no reason to touch the port. */
  readonly unexpected: number;
  /** Subdevices found gone without a word. */
  readonly lost: number;
  readonly attached: number;
}

/** How long a rung may take to help, ms. Framing heals within a frame; a board boots in 2 s and says hello within 10. */
const RUNG_MS: Readonly<Record<LineRecoveryStep, number>> = {
  resync: 5000,
  reopen: 10_000,
  toggle: 10_000,
  reauthorise: 15_000,
};
/** So many looks in a row with more broken frames than whole ones, and at least so many broken, are a storm; without, its end. */
const NOISY_LOOKS = 5;
const BROKEN_MIN = 5;

type State =
  | { readonly kind: 'calm' }
  | { readonly kind: 'trying'; readonly trouble: Trouble; readonly step: number; readonly untilMs: number }
  | { readonly kind: 'alarm'; readonly trouble: Trouble; readonly sinceMs: number };

export class Recovery {
  readonly counts: Record<LineRecoveryStep | 'alarm', number> = {
    resync: 0,
    reopen: 0,
    toggle: 0,
    reauthorise: 0,
    alarm: 0,
  };
  readonly #steps: readonly LineRecoveryStep[];
  #state: State = { kind: 'calm' };
  #last: LineView = { isOpen: false, framesIn: 0, broken: 0, unexpected: 0, lost: 0, attached: 0 };
  #noisyLooks = 0;
  /** The last whole frames were not what the configuration expects. */
  #isTalking = false;
  #quietLooks = 0;

  /** @param rungs after `resync`, which is the framing's own; empty: straight to the alarm */
  constructor(steps: readonly RecoveryStep[]) {
    this.#steps = ['resync', ...steps];
  }

  /** `undefined`: nothing is wrong, or something is still being tried. */
  get alarm(): { readonly trouble: Trouble; readonly sinceMs: number } | undefined {
    return this.#state.kind === 'alarm' ? this.#state : undefined;
  }

  /** @returns the rung to be tried now, if any */
  look(view: LineView, nowMs: number): LineRecoveryStep | undefined {
    const last = this.#last;
    this.#last = view;
    if (!view.isOpen) return undefined;
    const good = view.framesIn - last.framesIn;
    const whole = good + view.unexpected - last.unexpected;
    const broken = view.broken - last.broken;
    if (whole > 0) this.#isTalking = whole > good;
    const isNoisy = broken >= BROKEN_MIN && broken > whole;
    this.#noisyLooks = isNoisy ? this.#noisyLooks + 1 : 0;
    this.#quietLooks = isNoisy ? 0 : this.#quietLooks + 1;
    if ((whole > 0 && !isNoisy) || this.#isStormOver()) this.#state = { kind: 'calm' };
    switch (this.#state.kind) {
      case 'calm':
        if (this.#noisyLooks >= NOISY_LOOKS) return this.#try('noise', 0, nowMs);
        if (this.#isTalking || view.attached > 0) return undefined;
        return view.lost > last.lost ? this.#try('silence', 0, nowMs) : undefined;
      case 'trying': {
        const { trouble, step, untilMs } = this.#state;
        return nowMs < untilMs ? undefined : this.#try(trouble, step + 1, nowMs);
      }
      case 'alarm':
        return undefined;
    }
  }

  /** Nobody need say anything good: a line that is still is not noisy. */
  #isStormOver(): boolean {
    return this.#state.kind !== 'calm' && this.#state.trouble === 'noise' && this.#quietLooks >= NOISY_LOOKS;
  }

  #try(trouble: Trouble, step: number, nowMs: number): LineRecoveryStep | undefined {
    const runStep = this.#steps[step];
    this.counts[runStep ?? 'alarm'] += 1;
    this.#state =
      runStep === undefined
        ? { kind: 'alarm', trouble, sinceMs: nowMs }
        : { kind: 'trying', trouble, step, untilMs: nowMs + RUNG_MS[runStep] };
    return runStep;
  }
}
