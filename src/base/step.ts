/**
 * One recorded step of a machine: input, time, random numbers and decisions. A machine depends on nothing else, so the
 * same steps through a new machine give the same decisions.
 */
export interface Step {
  /** Monotonic ms that the machine received. */
  readonly upMs: number;
  /** State of the machine before this step, recorded at intervals. A rerun can start here without the earlier steps. */
  readonly before?: object | undefined;
  readonly input: Kinded;
  /** Random numbers drawn during the step, in order. */
  readonly draws: readonly number[];
  /** `undefined`: the machine threw, and the process ended. */
  readonly actions: readonly Kinded[] | undefined;
  /** State name that the machine reported afterwards. */
  readonly state: string;
}

/** Input or action of any machine. */
export interface Kinded {
  readonly kind: string;
}

/** Description of the recorded machine, sufficient to build it again. Contains no secrets. */
export interface Subject {
  /** `hub`, or the name of the link. */
  readonly name: string;
  /** `hub` for the hub client; else the driver of the link. */
  readonly driver: string;
  /** Constructor options, if they are plain values. */
  readonly options: object;
}

/** Name under which the hub client is recorded. */
export const HUB = 'hub';
