/**
 * Announcements of subdevices at the hub: which subdevices must be announced online or offline, and what the hub
 * confirmed.
 *
 * By the hub's documentation a subdevice must be online before its topics are used; a hub may drop other messages
 * without an answer. So a subdevice is announced as online while it is present, and while its uplinks are sent. The
 * uplinks wait for the confirmation, in each connection, but not for a hub that gives none.
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

/**
 * Number of announcements without a confirmation with which uplinks are sent nevertheless. The second is sent 5 s after
 * the first, and the uplinks directly after the second.
 */
export const UNCONFIRMED_MAX = 2;

export interface AnnouncementsOptions {
  /** Returns false if the subdevice is known to be unbound. It is not announced. */
  readonly isBound: (identity: HubIdentity) => boolean;
  /** Returns whether uplinks of the subdevice are unacknowledged, or can be sent once it is online. */
  readonly hasUplinks: (identity: HubIdentity) => boolean;
}

interface AnnouncedState {
  readonly identity: HubIdentity;
  isPresent: boolean;
  /** True for a subdevice that is not present and must be online because its uplinks are sent. */
  isSending: boolean;
  /** True if `online` was sent in this connection, so `offline` is due when the subdevice leaves. */
  wasAnnounced: boolean;
  /** State confirmed by the hub. `undefined`: none in this connection. */
  confirmed: PresenceVerb | undefined;
  request: RetriedRequest;
  /**
   * Number of `online` sent, in any connection, since one was confirmed before it was repeated. A hub may send results
   * only after all stored messages, minutes later; then uplinks wait in one connection, and not in each.
   */
  unconfirmed: number;
  /** Result code of the last rejection of this request. */
  refusedWith: number | undefined;
}

export class Announcements {
  readonly #subdevices = new Map<string, AnnouncedState>();
  readonly #options: AnnouncementsOptions;

  constructor(options: AnnouncementsOptions) {
    this.#options = options;
  }

  setPresent(identity: HubIdentity, isPresent: boolean): void {
    const state = this.#of(identity);
    if (state.isPresent === isPresent) return;
    const isSending = !isPresent && this.#options.hasUplinks(identity);
    this.#change(state, () => Object.assign(state, { isPresent, isSending }));
  }

  /**
   * Returns whether the hub may get uplinks of the subdevice. If it may not, the subdevice is announced as online, even
   * if it is not present.
   */
  mayPublish(identity: HubIdentity): boolean {
    const state = this.#of(identity);
    if (!state.isPresent && !state.isSending) {
      this.#change(state, () => {
        state.isSending = true;
      });
    }
    return this.isReady(identity);
  }

  /** Same as `mayPublish`, without an effect. */
  isReady(identity: HubIdentity): boolean {
    const state = this.#of(identity);
    // a request that would get the same answer again is not repeated, so no confirmation is expected
    return state.confirmed === 'online' || state.unconfirmed >= UNCONFIRMED_MAX || state.request.isOver;
  }

  connected(): void {
    for (const state of this.#subdevices.values()) {
      state.wasAnnounced = false;
      state.isSending = false;
      this.#begin(state);
    }
  }

  /** Called when the subdevice was bound: an earlier rejection no longer holds. */
  bound(identity: HubIdentity): void {
    const state = this.#of(identity);
    if (state.confirmed !== undefined) return;
    state.unconfirmed = 0;
    this.#begin(state);
  }

  isOnline(identity: HubIdentity): boolean | undefined {
    const { confirmed } = this.#of(identity);
    return confirmed === undefined ? undefined : confirmed === 'online';
  }

  /**
   * Subdevices that were announced as online repeatedly without an answer of the hub, with the time of the first request.
   */
  unconfirmed(): readonly { readonly identity: HubIdentity; readonly sinceMs: number }[] {
    return [...this.#subdevices.values()].flatMap((state) => {
      const { identity, request } = state;
      const { unansweredSinceMs: sinceMs } = request;
      const isWanted = verbOf(state) === 'online' && this.#options.isBound(identity);
      return isWanted && sinceMs !== undefined ? [{ identity, sinceMs }] : [];
    });
  }

  /** Subdevices to announce now. The caller confirms each one that it sends with `sent`. */
  due(verb: PresenceVerb, nowMs: number): readonly Due[] {
    for (const state of this.#subdevices.values()) if (state.isSending) this.#endSending(state);
    return [...this.#subdevices.values()].filter((state) => this.#mustSend(state, verb, nowMs));
  }

  sent(verb: PresenceVerb, identity: HubIdentity): void {
    const state = this.#of(identity);
    state.confirmed = undefined; // an earlier confirmation no longer holds, or is stale
    if (verb === 'offline') return;
    state.wasAnnounced = true;
    state.unconfirmed += 1;
  }

  /** Makes an unanswered announcement due now: the hub has not read the request. */
  repeat(identity: HubIdentity): void {
    const state = this.#subdevices.get(identityKey(identity));
    if (state === undefined || !state.request.isOpen) return;
    state.unconfirmed = Math.max(0, state.unconfirmed - state.request.attempts);
    state.request = new RetriedRequest();
  }

  /** @returns `stale`: no answer to the current request; `known`: the same rejection as before */
  answered(verb: PresenceVerb, identity: HubIdentity, code: number): 'stale' | 'known' | 'new' {
    const state = this.#subdevices.get(identityKey(identity));
    if (state === undefined || !state.request.isOpen || verbOf(state) !== verb) return 'stale';
    const isKnown = state.refusedWith === code;
    if (isDone(verb, code)) {
      if (verb === 'online' && state.request.attempts === 1) state.unconfirmed = 0;
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
    const served = [...this.#subdevices.values()].filter(({ identity }) => this.#options.isBound(identity));
    return soonestOf(served.map(({ request }) => request.wakeAtMs()));
  }

  #mustSend(state: AnnouncedState, verb: PresenceVerb, nowMs: number): boolean {
    if (verbOf(state) !== verb || state.confirmed === verb) return false;
    // a subdevice that was not announced in this connection needs no `offline`
    if (verb === 'offline' && !state.wasAnnounced) return false;
    return this.#options.isBound(state.identity) && state.request.isDue(nowMs);
  }

  #endSending(state: AnnouncedState): void {
    if (this.#options.hasUplinks(state.identity)) return;
    this.#change(state, () => {
      state.isSending = false;
    });
  }

  /** Changes a state. If the other state must be announced now, the request for it begins. */
  #change(state: AnnouncedState, change: () => void): void {
    const before = verbOf(state);
    change();
    if (verbOf(state) !== before) this.#begin(state, state.confirmed);
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
        isSending: false,
        wasAnnounced: false,
        confirmed: undefined,
        request: new RetriedRequest(),
        unconfirmed: 0,
        refusedWith: undefined,
      };
      this.#subdevices.set(key, state);
    }
    return state;
  }
}

function verbOf(state: AnnouncedState): PresenceVerb {
  return state.isPresent || state.isSending ? 'online' : 'offline';
}
