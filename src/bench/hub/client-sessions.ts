/**
 * All sessions of the bench hub, by client id. An expired session is removed at the next access.
 *
 * Invariant: at most `SESSIONS_MAX`, so a client cannot fill the memory with invented names.
 *
 * Source: MQTT 3.1.1 §3.1.2.4; the hub's "Persistent session".
 */
import type { Subscription } from '../../codec/mqtt.ts';
import type { HubRules } from './bench-rules.ts';
import { HubSession } from './client-session.ts';

/** Largest number of sessions. Own choice: several times the number of gateways in any test. */
const SESSIONS_MAX = 1000;

/** Session in the form shown to users. */
export interface SessionView {
  readonly clientId: string;
  readonly isConnected: boolean;
  readonly stored: number;
  readonly inFlight: number;
  readonly dropped: number;
  readonly expired: number;
  readonly subscriptions: readonly Subscription[];
  readonly subdevicesOnline: readonly string[];
  readonly subdevicesBound: readonly string[];
}

export class Sessions {
  readonly #rules: HubRules;
  readonly #byClientId = new Map<string, HubSession>();
  /** Lasting sessions that a clean session replaced temporarily. Empty unless the rule `cleanTakeover` is `spares`. */
  readonly #spared = new Map<string, HubSession>();

  constructor(rules: HubRules) {
    this.#rules = rules;
  }

  find(clientId: string, nowMs: number): HubSession | undefined {
    const session = this.#byClientId.get(clientId);
    if (session === undefined || !session.isOver(nowMs)) return session;
    this.#byClientId.delete(clientId);
    return undefined;
  }

  /**
   * Returns the session for a CONNECT. An existing session is resumed [MQTT-3.1.2-4]. A new session is created if the
   * client has none or requests a clean session [MQTT-3.1.2-6]. `undefined`: no room for another session.
   */
  open(
    identity: { readonly clientId: string; readonly isClean: boolean; readonly isTakeover: boolean },
    nowMs: number,
  ): HubSession | undefined {
    const known = this.find(identity.clientId, nowMs);
    if (known !== undefined && !identity.isClean) return known;
    if (known !== undefined && identity.isTakeover && this.#rules.cleanTakeover === 'spares') {
      this.#spared.set(identity.clientId, known);
    }
    this.#byClientId.delete(identity.clientId);
    if (this.#byClientId.size >= SESSIONS_MAX) return undefined;
    const session = new HubSession(identity, this.#rules, nowMs);
    this.#byClientId.set(identity.clientId, session);
    return session;
  }

  /**
   * Removes the session, e.g. a clean session at the end of its connection. If a lasting session was kept, the client
   * has that session again.
   */
  forget(clientId: string): void {
    this.#byClientId.delete(clientId);
    const spared = this.#spared.get(clientId);
    if (spared !== undefined) this.#byClientId.set(clientId, spared);
    this.#spared.delete(clientId);
  }

  /** Sessions that have not expired, including kept lasting sessions. */
  all(nowMs: number): HubSession[] {
    const active = [...this.#byClientId.keys()].flatMap((clientId) => this.find(clientId, nowMs) ?? []);
    return this.#spared.size === 0 ? active : [...active, ...this.#spared.values()];
  }
}

export function viewOf(
  session: HubSession,
  subdevices: { readonly online: readonly string[]; readonly bound: readonly string[] },
  nowMs: number,
): SessionView {
  return {
    clientId: session.clientId,
    isConnected: session.connection !== undefined,
    stored: session.storedCount(nowMs),
    inFlight: session.inFlightCount,
    dropped: session.dropped,
    expired: session.expired,
    subscriptions: session.subscriptions.list(),
    subdevicesOnline: subdevices.online,
    subdevicesBound: subdevices.bound,
  };
}
