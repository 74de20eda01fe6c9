/**
 * Identification of the units by function 43/14 (app §6.21): vendor, product code and revision. A unit is asked only
 * after a probe that it answered, so on the command of a technician, because not every unit supports the function, and
 * a few are silent for some time afterwards. A missing answer says nothing about the presence of the unit.
 */
import type { DeviceIdentity } from '../../base/device-note.ts';
import { decodeIdentification } from '../../codec/modbus-identification.ts';
import type { ModbusRequest } from '../../codec/modbus-pdu.ts';
import type { TransactionOutcome } from './transaction.ts';

/** Numbers of the basic objects. */
const OBJECTS = { vendor: 0, product: 1, revision: 2 } as const;
/** Time after which a unit is asked again: the probes of one test are one request. */
const AGAIN_MS = 60_000;
/** Largest number of requests to one unit: more than the basic objects need. */
const PARTS_MAX = 4;
/** Characters kept of an object. */
const TEXT_MAX = 64;

interface Wanted {
  readonly unit: number;
  /** First object of the next request. */
  readonly object: number;
  readonly parts: number;
  readonly texts: ReadonlyMap<number, string>;
}

export class ModbusIdentification {
  /** Identities by unit address. */
  private readonly found = new Map<number, DeviceIdentity>();
  private readonly askedAtMs = new Map<number, number>();
  private wanted: Wanted | undefined;

  /** @param known identities that an earlier machine has read, by unit address */
  constructor(known: Iterable<readonly [number, DeviceIdentity]>) {
    for (const [unit, identity] of known) this.found.set(unit, identity);
  }

  of(unit: number): DeviceIdentity | undefined {
    return this.found.get(unit);
  }

  /** Called when a unit has answered a probe. */
  ask(unit: number, nowMs: number): void {
    if (this.wanted !== undefined || nowMs - (this.askedAtMs.get(unit) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    this.askedAtMs.set(unit, nowMs);
    this.wanted = { unit, object: OBJECTS.vendor, parts: 0, texts: new Map() };
  }

  /** Request to be sent now, while the line is idle. */
  next(
    nowMs: number,
    blockedUntilMs: (unit: number) => number,
  ): (ModbusRequest & { readonly function: 43 }) | undefined {
    if (this.wanted === undefined || nowMs < blockedUntilMs(this.wanted.unit)) return undefined;
    const { unit, object } = this.wanted;
    return { function: 43, unit, object };
  }

  wakeAtMs(blockedUntilMs: (unit: number) => number): number {
    return this.wanted === undefined ? Number.POSITIVE_INFINITY : blockedUntilMs(this.wanted.unit);
  }

  /** Handles the outcome of the request from `next`. */
  onReceived(outcome: TransactionOutcome): void {
    const { wanted } = this;
    this.wanted = undefined;
    if (wanted === undefined || outcome.kind !== 'done') return;
    const part = decodeIdentification(outcome.content);
    if (!part.ok) return;
    const { objects, next } = part.value;
    const texts = new Map([...wanted.texts, ...objects]);
    const parts = wanted.parts + 1;
    // a unit that names an earlier object would never come to an end
    if (next !== undefined && next > wanted.object && next <= OBJECTS.revision && parts < PARTS_MAX)
      this.wanted = { ...wanted, object: next, parts, texts };
    else this.keep(wanted.unit, identityOf(texts));
  }

  /** A unit whose texts are all empty has no identity. */
  private keep(unit: number, identity: DeviceIdentity): void {
    if (identity.vendor + identity.product + identity.revision === '') this.found.delete(unit);
    else this.found.set(unit, identity);
  }

  /** Called when the line was closed. */
  abandon(): void {
    this.wanted = undefined;
  }
}

function identityOf(texts: ReadonlyMap<number, string>): DeviceIdentity {
  const textOf = (number: number): string => (texts.get(number) ?? '').slice(0, TEXT_MAX);
  return {
    vendor: textOf(OBJECTS.vendor),
    product: textOf(OBJECTS.product),
    revision: textOf(OBJECTS.revision),
  };
}
