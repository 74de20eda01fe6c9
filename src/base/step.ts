/**
 * One recorded step of a machine: input, time, random numbers and decisions. A machine depends on no other values, so a
 * new machine makes the same decisions for the same steps.
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
  /** Name of the state that the machine reported after the step. */
  readonly state: string;
}

/** Input or action of any machine. */
export interface Kinded {
  readonly kind: string;
}

/** Description of the recorded machine, sufficient to build the machine again. The description contains no secrets. */
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
