/** Ways to the gateway that do not work at present, each with the time since when. */
import type { ACCESS_CONDITIONS } from './conditions/access-catalogue.ts';

/** Way to the gateway; each has at most one trouble. */
export type AccessWay = 'web page' | 'metrics' | 'control socket' | 'administrative socket';

export interface AccessTrouble {
  readonly code: keyof typeof ACCESS_CONDITIONS;
  /** Whole sentence. */
  readonly sentence: string;
  readonly hint: string;
  /** Monotonic ms. */
  readonly sinceMs: number;
}

export class AccessTroubles {
  readonly #nowMs: () => number;
  readonly #troubles = new Map<AccessWay, AccessTrouble>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get all(): readonly AccessTrouble[] {
    return [...this.#troubles.values()];
  }

  /** Begins a trouble, or renews its words. @returns true if it is new, or has other words */
  report(way: AccessWay, { code, sentence, hint }: Omit<AccessTrouble, 'sinceMs'>): boolean {
    const before = this.#troubles.get(way);
    this.#troubles.set(way, { code, sentence, hint, sinceMs: before?.sinceMs ?? this.#nowMs() });
    return before?.sentence !== sentence;
  }

  /** @returns true if there was a trouble */
  end(way: AccessWay): boolean {
    return this.#troubles.delete(way);
  }
}
