/**
 * Whom the bench hub lets in: the judgement on a CONNECT, before any session is touched.
 *
 * Source: MQTT 3.1.1 §3.1; the hub's limits and return codes (see `rules.ts`, `credentials.ts`).
 */
import type { ConnackCode, Connect } from '../../codec/mqtt.ts';
import type { HubRules } from './bench-rules.ts';
import type { ClientConnection } from './client-connection.ts';
import type { Registry } from './device-registry.ts';
import { credentialCode } from './signed-credentials.ts';

export type Judgement =
  | { readonly kind: 'admitted'; readonly clientId: string }
  | { readonly kind: 'refused'; readonly code: ConnackCode; readonly why: string }
  | { readonly kind: 'closed'; readonly why: string };

/** Above this many remembered attempts the old ones are swept out. */
const ATTEMPTS_KEPT = 1000;

interface ConnectMoment {
  readonly connection: Pick<ClientConnection, 'number' | 'proven'>;
  readonly nowMs: number;
  readonly wallMs: number;
}

export class ConnectChecks {
  readonly #rules: HubRules;
  readonly #registry: Registry;
  /** Client id → when it last tried and was not too early. */
  readonly #attemptAtMs = new Map<string, number>();

  constructor(rules: HubRules, registry: Registry) {
    this.#rules = rules;
    this.#registry = registry;
  }

  judge(connect: Connect, at: ConnectMoment): Judgement {
    const { clientId, cleanSession, keepAliveS } = connect;
    if (clientId === '') {
      // [MQTT-3.1.3-8], and [MQTT-3.1.3-6] for the name the hub gives.
      if (!cleanSession) return { kind: 'refused', code: 2, why: 'no client id for a lasting session' };
      return { kind: 'admitted', clientId: `unnamed-${at.connection.number}` };
    }
    const { connectIntervalMs, connectTooSoon, keepAliveSMin, keepAliveSMax, keepAliveRefusal } = this.#rules;
    if (!this.#isLateEnough(clientId, at.nowMs)) {
      return refusal(connectTooSoon, `sooner than ${connectIntervalMs} ms after the last CONNECT`);
    }
    if (keepAliveS < keepAliveSMin || keepAliveS > keepAliveSMax) {
      return refusal(keepAliveRefusal, `keep alive of ${keepAliveS} s, not ${keepAliveSMin} to ${keepAliveSMax}`);
    }
    if (connect.will !== undefined && this.#rules.wills === 'close') {
      return { kind: 'closed', why: 'a will, which the hub does not serve' };
    }
    return this.#refusalOfCredentials(connect, at) ?? { kind: 'admitted', clientId };
  }

  #refusalOfCredentials(connect: Connect, { connection: { proven }, wallMs }: ConnectMoment): Judgement | undefined {
    const { credentials, replaced } = this.#registry;
    // A subdevice speaks through its gateway only; the code is our reading.
    if (this.#registry.isOfSubdeviceProduct(connect.clientId)) return refusal(3, 'a subdevice on its own');
    // "the password field is not verified" (hub contract §1.3), and another's name is a wrong device (§1.6)
    if (proven !== undefined) return proven === connect.clientId ? undefined : refusal(3, `TLS proved ${proven}`);
    const code = credentials === undefined ? 0 : credentialCode(connect, credentials, wallMs);
    if (code === 0) return undefined;
    if (code === 3) return refusal(3, 'unknown device');
    const isStale = credentialCode(connect, replaced, wallMs) === 0;
    if (isStale) return refusal(5, 'a secret from before the last registration');
    return refusal(this.#rules.wrongPasswordCode, 'wrong or expired password');
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

function refusal(answer: 'close' | ConnackCode, why: string): Judgement {
  return answer === 'close' ? { kind: 'closed', why } : { kind: 'refused', code: answer, why };
}
