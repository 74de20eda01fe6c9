/**
 * Recovery steps for a line that is open and does not work. Pure: `look` receives the state of the line once a second
 * and returns the next step to run.
 *
 *     calm ─trouble─▶ resync ─▶ the configured steps, in their order ─▶ failed
 *       ▲──────── a valid frame and no noise, or the noise is over ───────┘
 *
 * Trouble is silence or noise. Silence: a subdevice became silent, and no other subdevice is attached. Noise: many
 * frames are damaged. A subdevice whose frames arrive undamaged but do not match the configuration is not silent. Each
 * step has some time to take effect (`STEP_MS`). While the port is closed no step runs: reopening is a separate
 * function (`reopen.ts`). The steps run once per trouble: if the line stays silent, this is reported, and the line is
 * not disturbed again.
 */
import type { RecoveryStep } from '../base/recovery-step.ts';

/** `resync`: the framing starts again, the port stays open. */
export type LineRecoveryStep = 'resync' | RecoveryStep;
export type Trouble = 'silence' | 'noise';

/** Observed state of the line. The counters only grow. */
export interface LineView {
  readonly isOpen: boolean;
  readonly framesIn: number;
  /** Frames damaged on the line. */
  readonly broken: number;
  /** Undamaged frames that do not match the configuration; the port needs no recovery. */
  readonly unexpected: number;
  /** Subdevices that became silent. */
  readonly lost: number;
  readonly attached: number;
}

/**
 * Time for the effect of a step, ms. Framing recovers within a frame. A board boots in 2 s and connects within 10 s.
 */
const STEP_MS: Readonly<Record<LineRecoveryStep, number>> = {
  resync: 5000,
  reopen: 10_000,
  toggle: 10_000,
  reauthorise: 15_000,
};
/**
 * Number of consecutive looks with at least `BROKEN_MIN` damaged frames, and more damaged than undamaged ones, that
 * count as noise. The same number of looks without that ends the noise.
 */
const NOISY_LOOKS = 5;
const BROKEN_MIN = 5;

type State =
  | { readonly kind: 'calm' }
  | { readonly kind: 'trying'; readonly trouble: Trouble; readonly step: number; readonly untilMs: number }
  | { readonly kind: 'failed'; readonly trouble: Trouble; readonly sinceMs: number };

export class Recovery {
  readonly counts: Record<LineRecoveryStep | 'failed', number> = {
    resync: 0,
    reopen: 0,
    toggle: 0,
    reauthorise: 0,
    failed: 0,
  };
  readonly #steps: readonly LineRecoveryStep[];
  #state: State = { kind: 'calm' };
  #last: LineView = { isOpen: false, framesIn: 0, broken: 0, unexpected: 0, lost: 0, attached: 0 };
  #noisyLooks = 0;
  /** True if the last undamaged frames did not match the configuration. */
  #isTalking = false;
  #quietLooks = 0;

  /** @param steps steps after `resync`, which belongs to the framing; empty: the line fails directly after `resync` */
  constructor(steps: readonly RecoveryStep[]) {
    this.#steps = ['resync', ...steps];
  }

  /** Set after all steps have failed. `undefined`: no trouble, or a step is still running. */
  get failure(): { readonly trouble: Trouble; readonly sinceMs: number } | undefined {
    return this.#state.kind === 'failed' ? this.#state : undefined;
  }

  /** @returns the step to run now, if any */
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
      case 'failed':
        return undefined;
    }
  }

  /** Returns whether the noise has ended. A line without any frame counts as quiet, too. */
  #isStormOver(): boolean {
    return this.#state.kind !== 'calm' && this.#state.trouble === 'noise' && this.#quietLooks >= NOISY_LOOKS;
  }

  #try(trouble: Trouble, step: number, nowMs: number): LineRecoveryStep | undefined {
    const runStep = this.#steps[step];
    this.counts[runStep ?? 'failed'] += 1;
    this.#state =
      runStep === undefined
        ? { kind: 'failed', trouble, sinceMs: nowMs }
        : { kind: 'trying', trouble, step, untilMs: nowMs + STEP_MS[runStep] };
    return runStep;
  }
}
