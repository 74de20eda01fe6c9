/**
 * One step of a machine as a recording keeps it: what went in, when, what chance gave it, what it decided. A machine knows
 * nothing else of the world, so the same steps through a new machine give the same decisions.
 */
export interface Step {
  /** Monotonic ms, as the machine was told. */
  readonly upMs: number;
  /** The machine as it was before, now and then: from here on it can be run again, whatever was forgotten. */
  readonly before?: object | undefined;
  readonly input: Kinded;
  /** Random numbers it drew meanwhile, in order. */
  readonly draws: readonly number[];
  /** `undefined`: it threw, and the process ended. */
  readonly actions: readonly Kinded[] | undefined;
  /** The machine's own word, afterwards. */
  readonly state: string;
}

/** An input or an action of whatever machine. */
export interface Kinded {
  readonly kind: string;
}

/** The machine that is recorded, in words from which it can be built again. Nothing secret. */
export interface Subject {
  /** `hub`, or the name of the link. */
  readonly name: string;
  /** `hub`: the client towards it; else the driver of the link. */
  readonly driver: string;
  /** Of its constructor, as far as they are plain values. */
  readonly options: object;
}

/** What the client towards the hub is recorded as. */
export const HUB = 'hub';
