/**
 * Whom the bench hub lets in: the judgement on a CONNECT, before any session is touched.
 *
 * Source: MQTT 3.1.1 §3.1; the hub's limits and return codes (see `rules.ts`, `credentials.ts`).
 */
import type { ConnackCode, Connect } from '../../codec/mqtt.ts';
import type { Connection } from './connection.ts';
import { credentialCode } from './credentials.ts';
import type { HubRules } from './rules.ts';

export type Judgement =
  | { readonly kind: 'admitted'; readonly clientId: string }
  | { readonly kind: 'refused'; readonly code: ConnackCode; readonly why: string }
  | { readonly kind: 'closed'; readonly why: string };

/** Seen for other refusals; the hub does not document which code a bad keep alive gets. */
const KEEP_ALIVE_REFUSED: ConnackCode = 3;

/** Above this many remembered attempts the old ones are swept out. */
const ATTEMPTS_KEPT = 1000;

export class Admission {
  readonly #rules: HubRules;
  /** Client id → when it last tried and was not too early. */
  readonly #attemptAtMs = new Map<string, number>();

  constructor(rules: HubRules) {
    this.#rules = rules;
  }

  judge(
    connect: Connect,
    at: { readonly connection: Pick<Connection, 'number' | 'proven'>; readonly nowMs: number; readonly wallMs: number },
  ): Judgement {
    const { clientId, cleanSession, keepAliveS } = connect;
    if (clientId === '') {
      // [MQTT-3.1.3-8], and [MQTT-3.1.3-6] for the name the hub gives.
      if (!cleanSession) return { kind: 'refused', code: 2, why: 'no client id for a lasting session' };
      return { kind: 'admitted', clientId: `unnamed-${at.connection.number}` };
    }
    if (!this.#isLateEnough(clientId, at.nowMs)) {
      const why = `sooner than ${this.#rules.connectIntervalMs} ms after the last CONNECT`;
      if (this.#rules.connectTooSoon === 'close') return { kind: 'closed', why };
      return { kind: 'refused', code: this.#rules.connectTooSoon, why };
    }
    const { keepAliveSMin, keepAliveSMax, credentials } = this.#rules;
    if (keepAliveS < keepAliveSMin || keepAliveS > keepAliveSMax) {
      const why = `keep alive of ${keepAliveS} s, not ${keepAliveSMin} to ${keepAliveSMax}`;
      return { kind: 'refused', code: KEEP_ALIVE_REFUSED, why };
    }
    const { proven } = at.connection;
    // "the password field is not verified" (hub contract §1.3), and another's name is a wrong device (§1.6)
    if (proven !== undefined && proven !== clientId) return { kind: 'refused', code: 3, why: `TLS proved ${proven}` };
    const isAsked = proven === undefined && credentials !== undefined;
    const code = isAsked ? credentialCode(connect, credentials, at.wallMs) : 0;
    if (code !== 0) return { kind: 'refused', code, why: code === 3 ? 'unknown device' : 'wrong or expired password' };
    return { kind: 'admitted', clientId };
  }

  #isLateEnough(clientId: string, nowMs: number): boolean {
    const intervalMs = this.#rules.connectIntervalMs;
    if (intervalMs === 0) return true;
    const lastMs = this.#attemptAtMs.get(clientId);
    if (lastMs !== undefined && nowMs - lastMs < intervalMs) return false;
    this.#attemptAtMs.set(clientId, nowMs);
    if (this.#attemptAtMs.size > ATTEMPTS_KEPT) {
      for (const [known, atMs] of this.#attemptAtMs) if (nowMs - atMs >= intervalMs) this.#attemptAtMs.delete(known);
    }
    return true;
  }
}
