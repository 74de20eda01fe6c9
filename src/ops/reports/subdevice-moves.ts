/**
 * Subdevices that send on two links. A subdevice that was moved to another port sends on its new link only; two devices
 * with one id send on both, or connect on each in turn.
 */
import type { MovingSubdevice } from '../conditions/moving-subdevices.ts';
import type { GatewayView } from '../gateway-view.ts';

/** Number of moves that no replugged cable explains. */
const MOVES_MIN = 3;
/** Longest time between two moves that belong together, and after which a sighting is over, ms. */
const TOGETHER_MS = 5 * 60_000;
/** Time after a move in which the old link may still deliver bytes that were sent before it, ms. */
const REST_MS = 1000;
/** Largest number of subdevices that are watched; the oldest is forgotten. */
const WATCHED_MAX = 5000;

interface Watched {
  /** Links in order of the last attachment. */
  links: readonly string[];
  moves: number;
  firstAtMs: number;
  lastAtMs: number;
}

export class SubdeviceMoves {
  readonly #gateway: Pick<GatewayView, 'facts' | 'clock' | 'links'>;
  readonly #watched = new Map<string, Watched>();

  constructor(gateway: Pick<GatewayView, 'facts' | 'clock' | 'links'>) {
    this.#gateway = gateway;
    gateway.facts.on('subdeviceAttached', ({ subdevice, link }) => this.#attached(subdevice, link));
  }

  /** Subdevices that send on several links now. */
  get moving(): readonly MovingSubdevice[] {
    const nowMs = this.#gateway.clock.nowMs();
    return [...this.#watched]
      .filter(([subdevice, watched]) => watched.moves > 0 && this.#isOnBoth(subdevice, watched, nowMs))
      .map(([subdevice, { links, firstAtMs }]) => ({ subdevice, links, forMs: nowMs - firstAtMs }));
  }

  #isOnBoth(subdevice: string, { links, moves, lastAtMs }: Watched, nowMs: number): boolean {
    if (moves >= MOVES_MIN && nowMs - lastAtMs <= TOGETHER_MS) return true;
    const before = new Set(links.slice(0, -1));
    return this.#gateway.links.states().some(({ plan }) => {
      if (!before.has(plan.name)) return false;
      const atMs = plan.machine.lastReceivedAtMs(subdevice);
      return atMs !== undefined && atMs > lastAtMs + REST_MS && nowMs - atMs <= TOGETHER_MS;
    });
  }

  #attached(subdevice: string, link: string): void {
    const nowMs = this.#gateway.clock.nowMs();
    const known = this.#watched.get(subdevice);
    if (known === undefined) {
      const [oldest] = this.#watched.keys();
      if (this.#watched.size >= WATCHED_MAX && oldest !== undefined) this.#watched.delete(oldest);
      this.#watched.set(subdevice, { links: [link], moves: 0, firstAtMs: nowMs, lastAtMs: nowMs });
      return;
    }
    if (known.links.at(-1) === link) return;
    if (known.moves === 0 || nowMs - known.lastAtMs > TOGETHER_MS) {
      known.moves = 0;
      known.firstAtMs = nowMs;
      known.links = known.links.slice(-1);
    }
    known.links = [...known.links.filter((name) => name !== link), link];
    known.moves += 1;
    known.lastAtMs = nowMs;
  }
}
