/**
 * Envelope of an uplink: JSON that says when the payload was measured (docs/measurement-time.md). Pure.
 *
 * `json` nests the payload:
 *
 *     {"payload":…,"encoding":"json","measured_at":"2026-07-08T09:10:11.120Z","age_ms":1200,"time_quality":"exact",
 *      "age_quality":"exact","replayed":false,"seq":81}
 *
 * `fields` adds the members after `encoding` to a payload that is a JSON object; any other payload is nested. Invariants:
 * a receiver recovers the bytes of the payload; the bytes of a JSON payload are unchanged, so numbers keep all their
 * digits; the member `encoding` is present exactly if the payload is nested; no member occurs twice.
 */
import type { EnvelopeForm, EnvelopeNames } from '../base/envelope-form.ts';
import type { Age, WallTime } from '../base/time.ts';
import {
  DATE_MS_MAX,
  ESCAPED_BYTES_MAX,
  joined,
  nested,
  objectIn,
  type PayloadEncoding,
  textOf,
} from './json-payload.ts';

/** Facts about a message at the moment at which it is sent. */
export interface Measurement {
  readonly time: WallTime;
  readonly age: Age;
  /** True if the message was accepted before the present connection to the hub. */
  readonly isReplayed: boolean;
  /** Number of the message. `undefined`: the message is not in custody, since its QoS is 0. */
  readonly seq: number | undefined;
}

const CLOSING_BRACE = 0x7d;

/** Payload in its envelope. */
interface Enclosed {
  readonly bytes: Uint8Array;
  /** Form that the payload has got: with `fields`, `json` for a payload that cannot be extended. */
  readonly form: Exclude<EnvelopeForm, 'none'>;
}

/** Values of the greatest length, for the largest size of an envelope. */
export const LONGEST: Measurement = {
  time: { quality: 'at_least', ms: DATE_MS_MAX },
  age: { ms: Number.MAX_SAFE_INTEGER, quality: 'at_least' },
  isReplayed: false,
  seq: Number.MAX_SAFE_INTEGER,
};

const encoder = new TextEncoder();

/** Envelope with certain names of its members. */
export class Envelope {
  readonly #names: readonly string[];
  /** Names in the notation of JSON, each with its colon. */
  readonly #keys: EnvelopeNames;
  readonly #head: Uint8Array;
  /** Number of bytes of an envelope without the payload. */
  readonly #nestedBytesMax: number;
  readonly #fieldsBytesMax: number;

  constructor(names: EnvelopeNames) {
    this.#names = Object.values(names);
    this.#keys = keysOf(names);
    this.#head = encoder.encode(`{${this.#keys.payload}`);
    const fields = this.#fieldsText(LONGEST).length;
    this.#fieldsBytesMax = fields + 1;
    this.#nestedBytesMax = this.#head.length + this.#encodingText('base64').length + fields + 1;
  }

  /** Returns the payload in its envelope. */
  enclose(form: Exclude<EnvelopeForm, 'none'>, payload: Uint8Array, measurement: Measurement): Enclosed {
    const text = textOf(payload);
    const fields = this.#fieldsText(measurement);
    if (form === 'fields') {
      const object = text === undefined ? undefined : this.#extendable(text);
      if (object !== undefined) {
        const end = payload.lastIndexOf(CLOSING_BRACE);
        const added = object === 'empty' ? fields.slice(1) : fields;
        return { form, bytes: joined(payload.subarray(0, end), encoder.encode(added), payload.subarray(end)) };
      }
    }
    const { encoding, value } = nested(payload, text);
    const tail = `${this.#encodingText(encoding)}${fields}}`;
    return { form: 'json', bytes: joined(this.#head, value, encoder.encode(tail)) };
  }

  /** Returns the largest number of bytes of the payload in its envelope, whenever it is sent. */
  bytesMax(form: Exclude<EnvelopeForm, 'none'>, payload: Uint8Array): number {
    const text = textOf(payload);
    if (form === 'fields' && text !== undefined && this.#extendable(text) !== undefined)
      return payload.length + this.#fieldsBytesMax;
    return nested(payload, text).value.length + this.#nestedBytesMax;
  }

  /** Bound of `bytesMax` for a payload of this length, without a look at the payload. */
  bytesMaxOfAny(payloadBytes: number): number {
    return ESCAPED_BYTES_MAX * payloadBytes + 2 + this.#nestedBytesMax;
  }

  /** Returns whether the members can be added to the JSON object. `undefined`: no object, or it has such a member. */
  #extendable(text: string): 'empty' | 'filled' | undefined {
    const value = objectIn(text);
    if (value === undefined) return undefined;
    if (this.#names.some((name) => Object.hasOwn(value, name))) return undefined;
    return Object.keys(value).length === 0 ? 'empty' : 'filled';
  }

  #encodingText(encoding: PayloadEncoding): string {
    return `,${this.#keys.encoding}"${encoding}"`;
  }

  /** Members about the measurement, each after a comma. */
  #fieldsText({ time, age, isReplayed, seq }: Measurement): string {
    const { measuredAt, ageMs, timeQuality, ageQuality, replayed, seq: number } = this.#keys;
    const isDated = time.ms !== undefined && time.ms >= 0 && time.ms <= DATE_MS_MAX;
    const date = isDated ? `"${new Date(time.ms).toISOString()}"` : 'null';
    const wholeMs = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.floor(age.ms)));
    const times = `,${measuredAt}${date},${ageMs}${wholeMs},${timeQuality}"${isDated ? time.quality : 'none'}"`;
    return `${times},${ageQuality}"${age.quality}",${replayed}${isReplayed},${number}${seq ?? null}`;
  }
}

function keysOf(names: EnvelopeNames): EnvelopeNames {
  const { payload, encoding, measuredAt, ageMs, timeQuality, ageQuality, replayed, seq } = names;
  const key = (name: string): string => `${JSON.stringify(name)}:`;
  return {
    payload: key(payload),
    encoding: key(encoding),
    measuredAt: key(measuredAt),
    ageMs: key(ageMs),
    timeQuality: key(timeQuality),
    ageQuality: key(ageQuality),
    replayed: key(replayed),
    seq: key(seq),
  };
}
