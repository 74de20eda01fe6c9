/**
 * Telling the hub which subdevices are here: who is to be announced online or offline, and what the hub confirmed.
 *
 * After every CONNACK all present ones are announced again, whatever SessionPresent says: nobody documents whether the
 * hub remembers. Results carry no request id and may be stale (a stored result of an earlier connection is replayed), so
 * one is believed only where it agrees with what is being asked now. Source: hub contract §3.1, §3.2, §3.6.
 */

import { type HubIdentity, identityKey } from '../../base/hub-identity.ts';
import { isDone, meaningOf } from './result-codes.ts';
import { type Due, RetriedRequest, soonestOf } from './retried-request.ts';

export type PresenceVerb = 'online' | 'offline';

interface AnnouncedState {
  readonly identity: HubIdentity;
  isPresent: boolean;
  /** `online` was sent in this connection: then `offline` is due when it goes. */
  wasAnnounced: boolean;
  /** What the hub confirmed; `undefined`: nothing in this connection. */
  confirmed: PresenceVerb | undefined;
  ask: RetriedRequest;
  /** The result that was refused last, of this ask. */
  refusedWith: number | undefined;
}

export class Announcements {
  readonly #subdevices = new Map<string, AnnouncedState>();
  readonly #isBound: (identity: HubIdentity) => boolean;

  /** @param isBound nobody is announced who is known not to be */
  constructor(isBound: (identity: HubIdentity) => boolean) {
    this.#isBound = isBound;
  }

  setPresent(identity: HubIdentity, isPresent: boolean): void {
    const standing = this.#of(identity);
    if (standing.isPresent === isPresent) return;
    standing.isPresent = isPresent;
    this.#begin(standing, standing.confirmed);
  }

  connected(): void {
    for (const standing of this.#subdevices.values()) {
      standing.wasAnnounced = false;
      this.#begin(standing);
    }
  }

  /** It has been bound (again): whatever the hub refused before is over. */
  bound(identity: HubIdentity): void {
    const standing = this.#of(identity);
    if (standing.confirmed === undefined) this.#begin(standing);
  }

  isOnline(identity: HubIdentity): boolean | undefined {
    const { confirmed } = this.#of(identity);
    return confirmed === undefined ? undefined : confirmed === 'online';
  }

  /** Who is here and was announced again and again, and the hub says nothing; since when, monotonic ms. */
  unconfirmed(): readonly { readonly identity: HubIdentity; readonly sinceMs: number }[] {
    return [...this.#subdevices.values()].flatMap(({ identity, isPresent, ask: { unansweredSinceMs: sinceMs } }) =>
      isPresent && sinceMs !== undefined && this.#isBound(identity) ? [{ identity, sinceMs }] : [],
    );
  }

  /** Of whom the hub is to be told this now. Whoever gets into a message is noted by `sent`. */
  due(verb: PresenceVerb, nowMs: number): readonly Due[] {
    return [...this.#subdevices.values()].filter((standing) => this.#mustAsk(standing, verb, nowMs));
  }

  sent(verb: PresenceVerb, identity: HubIdentity): void {
    const standing = this.#of(identity);
    standing.confirmed = undefined; // what it confirmed before is what it is now asked to change, or stale
    if (verb === 'online') standing.wasAnnounced = true;
  }

  /** @returns `stale`: it is no answer to what is being asked now; `known`: the same refusal as before */
  answered(verb: PresenceVerb, identity: HubIdentity, code: number): 'stale' | 'known' | 'new' {
    const standing = this.#subdevices.get(identityKey(identity));
    if (standing === undefined || !standing.ask.isOpen || verbOf(standing) !== verb) return 'stale';
    const isKnown = standing.refusedWith === code;
    if (isDone(verb, code)) {
      standing.confirmed = verb;
      standing.ask = new RetriedRequest();
      standing.refusedWith = undefined;
    } else {
      standing.refusedWith = code;
      if (!meaningOf(code).isPassing) standing.ask.giveUp();
    }
    return isKnown ? 'known' : 'new';
  }

  wakeAtMs(): number | undefined {
    const asked = [...this.#subdevices.values()].filter(({ identity }) => this.#isBound(identity));
    return soonestOf(asked.map(({ ask }) => ask.wakeAtMs()));
  }

  #mustAsk(standing: AnnouncedState, verb: PresenceVerb, nowMs: number): boolean {
    if (verbOf(standing) !== verb || standing.confirmed === verb) return false;
    // whoever was never announced in this connection need not be taken back
    if (verb === 'offline' && !standing.wasAnnounced) return false;
    return this.#isBound(standing.identity) && standing.ask.isDue(nowMs);
  }

  #begin(standing: AnnouncedState, confirmed?: PresenceVerb): void {
    standing.confirmed = confirmed;
    standing.ask = new RetriedRequest();
    standing.refusedWith = undefined;
  }

  #of(identity: HubIdentity): AnnouncedState {
    const key = identityKey(identity);
    let standing = this.#subdevices.get(key);
    if (standing === undefined) {
      standing = {
        ...{ identity, isPresent: false, wasAnnounced: false },
        ...{ confirmed: undefined, ask: new RetriedRequest(), refusedWith: undefined },
      };
      this.#subdevices.set(key, standing);
    }
    return standing;
  }
}

function verbOf(standing: AnnouncedState): PresenceVerb {
  return standing.isPresent ? 'online' : 'offline';
}
