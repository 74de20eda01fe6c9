/**
 * Announcements of subdevices at the hub: which subdevices must be announced online or offline, and what the hub
 * confirmed.
 *
 * After every CONNACK all present subdevices are announced again, with any SessionPresent: the hub's documentation does
 * not say whether the hub keeps their state. Results carry no request id and may be stale, because the hub stores
 * results of an earlier connection and sends them later. So a result counts only if it answers the current request.
 * Source: the hub's public page on proxied subdevices (1105/41829).
 */

import { type HubIdentity, identityKey } from '../../base/hub-identity.ts';
import { isDone, meaningOf } from './result-codes.ts';
import { type Due, RetriedRequest, soonestOf } from './retried-request.ts';

export type PresenceVerb = 'online' | 'offline';

interface AnnouncedState {
  readonly identity: HubIdentity;
  isPresent: boolean;
  /** True if `online` was sent in this connection, so `offline` is due when the subdevice leaves. */
  wasAnnounced: boolean;
  /** State confirmed by the hub. `undefined`: none in this connection. */
  confirmed: PresenceVerb | undefined;
  request: RetriedRequest;
  /** Result code of the last rejection of this request. */
  refusedWith: number | undefined;
}

export class Announcements {
  readonly #subdevices = new Map<string, AnnouncedState>();
  readonly #isBound: (identity: HubIdentity) => boolean;

  /** @param isBound false: the subdevice is known to be unbound and is not announced */
  constructor(isBound: (identity: HubIdentity) => boolean) {
    this.#isBound = isBound;
  }

  setPresent(identity: HubIdentity, isPresent: boolean): void {
    const state = this.#of(identity);
    if (state.isPresent === isPresent) return;
    state.isPresent = isPresent;
    this.#begin(state, state.confirmed);
  }

  connected(): void {
    for (const state of this.#subdevices.values()) {
      state.wasAnnounced = false;
      this.#begin(state);
    }
  }

  /** Called when the subdevice was bound: an earlier rejection no longer holds. */
  bound(identity: HubIdentity): void {
    const state = this.#of(identity);
    if (state.confirmed === undefined) this.#begin(state);
  }

  isOnline(identity: HubIdentity): boolean | undefined {
    const { confirmed } = this.#of(identity);
    return confirmed === undefined ? undefined : confirmed === 'online';
  }

  /**
   * Present subdevices that were announced repeatedly without an answer of the hub, with the time of the first request.
   */
  unconfirmed(): readonly { readonly identity: HubIdentity; readonly sinceMs: number }[] {
    return [...this.#subdevices.values()].flatMap(({ identity, isPresent, request: { unansweredSinceMs: sinceMs } }) =>
      isPresent && sinceMs !== undefined && this.#isBound(identity) ? [{ identity, sinceMs }] : [],
    );
  }

  /** Subdevices to announce now. The caller confirms each one that it sends with `sent`. */
  due(verb: PresenceVerb, nowMs: number): readonly Due[] {
    return [...this.#subdevices.values()].filter((state) => this.#mustSend(state, verb, nowMs));
  }

  sent(verb: PresenceVerb, identity: HubIdentity): void {
    const state = this.#of(identity);
    state.confirmed = undefined; // an earlier confirmation no longer holds, or is stale
    if (verb === 'online') state.wasAnnounced = true;
  }

  /** @returns `stale`: no answer to the current request; `known`: the same rejection as before */
  answered(verb: PresenceVerb, identity: HubIdentity, code: number): 'stale' | 'known' | 'new' {
    const state = this.#subdevices.get(identityKey(identity));
    if (state === undefined || !state.request.isOpen || verbOf(state) !== verb) return 'stale';
    const isKnown = state.refusedWith === code;
    if (isDone(verb, code)) {
      state.confirmed = verb;
      state.request = new RetriedRequest();
      state.refusedWith = undefined;
    } else {
      state.refusedWith = code;
      if (!meaningOf(code).isPassing) state.request.giveUp();
    }
    return isKnown ? 'known' : 'new';
  }

  wakeAtMs(): number | undefined {
    const served = [...this.#subdevices.values()].filter(({ identity }) => this.#isBound(identity));
    return soonestOf(served.map(({ request }) => request.wakeAtMs()));
  }

  #mustSend(state: AnnouncedState, verb: PresenceVerb, nowMs: number): boolean {
    if (verbOf(state) !== verb || state.confirmed === verb) return false;
    // a subdevice that was not announced in this connection needs no `offline`
    if (verb === 'offline' && !state.wasAnnounced) return false;
    return this.#isBound(state.identity) && state.request.isDue(nowMs);
  }

  #begin(state: AnnouncedState, confirmed?: PresenceVerb): void {
    state.confirmed = confirmed;
    state.request = new RetriedRequest();
    state.refusedWith = undefined;
  }

  #of(identity: HubIdentity): AnnouncedState {
    const key = identityKey(identity);
    let state = this.#subdevices.get(key);
    if (state === undefined) {
      state = {
        identity,
        isPresent: false,
        wasAnnounced: false,
        confirmed: undefined,
        request: new RetriedRequest(),
        refusedWith: undefined,
      };
      this.#subdevices.set(key, state);
    }
    return state;
  }
}

function verbOf(state: AnnouncedState): PresenceVerb {
  return state.isPresent ? 'online' : 'offline';
}
