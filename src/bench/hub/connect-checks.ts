/**
 * Decision on a CONNECT, before any session is touched.
 *
 * Source: MQTT 3.1.1 §3.1; the hub's limits and return codes (see `bench-rules.ts`, `signed-credentials.ts`).
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

/** Number of remembered attempts above which old ones are removed. */
const ATTEMPTS_KEPT = 1000;

interface ConnectMoment {
  readonly connection: Pick<ClientConnection, 'number' | 'proven'>;
  readonly nowMs: number;
  readonly wallMs: number;
}

export class ConnectChecks {
  readonly #rules: HubRules;
  readonly #registry: Registry;
  /** Client id → time of the last attempt that was not too early. */
  readonly #attemptAtMs = new Map<string, number>();

  constructor(rules: HubRules, registry: Registry) {
    this.#rules = rules;
    this.#registry = registry;
  }

  judge(connect: Connect, at: ConnectMoment): Judgement {
    const { clientId, cleanSession, keepAliveS } = connect;
    if (clientId === '') {
      // [MQTT-3.1.3-8]: no lasting session without a client id. [MQTT-3.1.3-6]: the hub assigns the name of a clean
      // session.
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
      return { kind: 'closed', why: 'a will, which the hub does not support' };
    }
    return this.#refusalOfCredentials(connect, at) ?? { kind: 'admitted', clientId };
  }

  #refusalOfCredentials(connect: Connect, { connection: { proven }, wallMs }: ConnectMoment): Judgement | undefined {
    const { credentials, replaced } = this.#registry;
    // A subdevice may connect only through its gateway. Return code 3 is our interpretation.
    if (this.#registry.isOfSubdeviceProduct(connect.clientId)) return refusal(3, 'a subdevice without its gateway');
    // the hub's documents: "the password field is not verified"; another device's name counts as a wrong device
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
