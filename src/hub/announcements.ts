/**
 * Telling the hub which subdevices are here: `$gateway/operation/{product}/{device}`, `online` and `offline`.
 *
 * After every CONNACK all present ones are announced again, whatever SessionPresent says: nobody documents whether the
 * hub remembers. Results carry no request id and may be stale (a stored result of an earlier connection is replayed), so
 * one is believed only where it agrees with what is being asked now. Source: hub contract §3.1, §3.2, §3.6.
 */
import type { Message } from '../base/message.ts';
import type { OwnReport, OwnRequest, OwnService } from './own-service.ts';

export interface HubIdentity {
  readonly productId: string;
  readonly deviceName: string;
}

type Verb = 'online' | 'offline';

interface Standing {
  readonly identity: HubIdentity;
  isPresent: boolean;
  /** `online` was sent in this connection: then `offline` is due when it goes. */
  wasAnnounced: boolean;
  /** What the hub confirmed; `undefined`: nothing in this connection. */
  confirmed: Verb | undefined;
  askedAtMs: number | undefined;
  attempts: number;
  /** The hub's last refusal, for the technician. */
  resultCode: number | undefined;
}

/** Devices per message: 64 × about 110 bytes stay under the hub's 16 KB. */
const BATCH_MAX = 64;
/** Results came in 20 to 120 ms in published traces. */
const RESULT_MS_MAX = 5000;
/** After so many the hub is asked again only at the next connection. */
const ATTEMPTS_MAX = 5;

export class Announcements implements OwnService {
  readonly #operationTopic: string;
  readonly filters: readonly string[];
  readonly #standings = new Map<string, Standing>();
  #isConnected = false;

  constructor(gateway: HubIdentity) {
    this.#operationTopic = `$gateway/operation/${gateway.productId}/${gateway.deviceName}`;
    this.filters = [`$gateway/operation/result/${gateway.productId}/${gateway.deviceName}`];
  }

  setPresent(identity: HubIdentity, isPresent: boolean): void {
    const standing = this.#of(identity);
    if (standing.isPresent === isPresent) return;
    standing.isPresent = isPresent;
    standing.askedAtMs = undefined;
    standing.attempts = 0;
  }

  connected(): void {
    this.#isConnected = true;
    for (const standing of this.#standings.values()) {
      standing.confirmed = undefined;
      standing.wasAnnounced = false;
      standing.askedAtMs = undefined;
      standing.attempts = 0;
    }
  }

  disconnected(): void {
    this.#isConnected = false;
  }

  isOnlineAtHub(identity: HubIdentity): boolean | undefined {
    const { confirmed } = this.#of(identity);
    return confirmed === undefined ? undefined : confirmed === 'online';
  }

  /** The next message to send, at most one; the caller's pace decides when to ask again. */
  next(nowMs: number): OwnRequest | undefined {
    if (!this.#isConnected) return undefined;
    for (const verb of ['online', 'offline'] as const) {
      const batch: Standing[] = [];
      for (const standing of this.#standings.values()) {
        if (batch.length < BATCH_MAX && this.#mustAsk(standing, verb, nowMs)) batch.push(standing);
      }
      if (batch.length === 0) continue;
      for (const standing of batch) {
        standing.confirmed = undefined; // what it confirmed before is what it is now asked to change, or stale
        standing.askedAtMs = nowMs;
        standing.attempts += 1;
        if (verb === 'online') standing.wasAnnounced = true;
      }
      const devices = batch.map(({ identity }) => ({
        product_id: identity.productId,
        device_name: identity.deviceName,
      }));
      return {
        topic: this.#operationTopic,
        payload: new TextEncoder().encode(JSON.stringify({ type: verb, payload: { devices } })),
      };
    }
    return undefined;
  }

  /** A result. Reports each refusal. */
  heard({ payload }: Message): OwnReport[] {
    const answer = parseResult(payload);
    if (answer === undefined) return [{ kind: 'said', sentence: 'the hub sent a result that cannot be read' }];
    const refusals: OwnReport[] = [];
    for (const device of answer.devices) {
      const standing = this.#standings.get(keyOf(device.identity));
      const isAsked = standing !== undefined && standing.askedAtMs !== undefined && verbOf(standing) === answer.verb;
      if (!isAsked) continue; // stale, or none of ours
      standing.resultCode = device.result;
      if (device.result === 0) {
        standing.confirmed = answer.verb;
        standing.askedAtMs = undefined;
      } else {
        const sentence = `the hub refuses ${answer.verb} for ${keyOf(device.identity)}: result ${device.result}`;
        refusals.push({ kind: 'said', sentence });
      }
    }
    return refusals;
  }

  wakeAtMs(): number | undefined {
    if (!this.#isConnected) return undefined;
    let soonest: number | undefined;
    for (const standing of this.#standings.values()) {
      if (standing.askedAtMs === undefined || standing.attempts >= ATTEMPTS_MAX) continue;
      const atMs = standing.askedAtMs + RESULT_MS_MAX;
      soonest = Math.min(soonest ?? atMs, atMs);
    }
    return soonest;
  }

  #mustAsk(standing: Standing, verb: Verb, nowMs: number): boolean {
    if (verbOf(standing) !== verb || standing.confirmed === verb || standing.attempts >= ATTEMPTS_MAX) return false;
    // whoever was never announced in this connection need not be taken back
    if (verb === 'offline' && !standing.wasAnnounced) return false;
    return standing.askedAtMs === undefined || nowMs >= standing.askedAtMs + RESULT_MS_MAX;
  }

  #of(identity: HubIdentity): Standing {
    const key = keyOf(identity);
    let standing = this.#standings.get(key);
    if (standing === undefined) {
      standing = {
        identity,
        isPresent: false,
        wasAnnounced: false,
        confirmed: undefined,
        askedAtMs: undefined,
        attempts: 0,
        resultCode: undefined,
      };
      this.#standings.set(key, standing);
    }
    return standing;
  }
}

function verbOf(standing: Standing): Verb {
  return standing.isPresent ? 'online' : 'offline';
}

function keyOf(identity: HubIdentity): string {
  return `${identity.productId}/${identity.deviceName}`;
}

interface Result {
  readonly verb: Verb;
  readonly devices: readonly { readonly identity: HubIdentity; readonly result: number }[];
}

function parseResult(payload: Uint8Array): Result | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
  const { type, payload: body } = (parsed ?? {}) as { type?: unknown; payload?: { devices?: unknown } };
  if (type !== 'online' && type !== 'offline') return { verb: 'online', devices: [] }; // another operation's
  const devices = Array.isArray(body?.devices) ? body.devices : [];
  return {
    verb: type,
    devices: devices.flatMap((device: { product_id?: unknown; device_name?: unknown; result?: unknown } | null) => {
      if (typeof device?.product_id !== 'string' || typeof device.device_name !== 'string') return [];
      if (typeof device.result !== 'number') return [];
      return [{ identity: { productId: device.product_id, deviceName: device.device_name }, result: device.result }];
    }),
  };
}
