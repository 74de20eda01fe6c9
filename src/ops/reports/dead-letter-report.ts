/** Report of dead letters: `GET /v1/dead-letters`, and the same from the store of a gateway that does not run. */
import type { Age, Stamp } from '../../base/time.ts';
import { DEAD_LETTERS_MAX, type DeadLetter, type LetterPage, type LetterRequest } from '../../custody/dead-letter.ts';
import type { HeldPacketReport } from '../conditions/hub-packet-words.ts';

/** `GET /v1/dead-letters?after=7&limit=50`; `?only=7` for one, with its payload. */
export interface DeadLettersReport {
  readonly letters: readonly DeadLetterReport[];
  /** Number of dead letters. */
  readonly kept: number;
  /** Largest number of dead letters that are kept. */
  readonly keptMax: number;
  /** Number of older dead letters that were deleted to make room. */
  readonly gone: number;
  /** Value of `after` for the next request; `null`: these are the last. */
  readonly next: number | null;
  /** Packets that are not sent because the hub closes the connection on them; empty while no gateway runs. */
  readonly setAside: readonly HeldPacketReport[];
}

export interface DeadLetterReport {
  /** Number of the dead letter, for `retry` and `drop`. */
  readonly id: number;
  readonly subdevice: string;
  /** Topic at the hub. */
  readonly topic: string;
  readonly bytes: number;
  /** The subdevice published it with RETAIN. */
  readonly retain: boolean;
  readonly attempts: number;
  readonly reason: string;
  /** Time since acceptance; `null`: unknown while no gateway runs. */
  readonly age: Age | null;
  /** The checksum is correct. */
  readonly whole: boolean;
  /** First bytes of the payload, if one letter was requested. */
  readonly payload: PayloadReport | null;
}

export interface PayloadReport {
  /** Payload as text; `null`: not UTF-8. */
  readonly text: string | null;
  readonly hex: string;
  /** True if the payload is longer than `text` and `hex` show. */
  readonly cut: boolean;
}

export interface LettersSource {
  readonly request: LetterRequest;
  readonly page: LetterPage;
  readonly nameOf: (lane: number) => string;
  readonly ageOf: (stamp: Stamp) => Age | null;
  readonly heldPackets: readonly HeldPacketReport[];
}

export const LETTERS_SHOWN_MAX = 1000;
/** Bytes of a payload that are shown: a screen of hexadecimal. */
const PAYLOAD_SHOWN_BYTES = 1024;

export function deadLettersReportOf({ request, page, nameOf, ageOf, heldPackets }: LettersSource): DeadLettersReport {
  const last = page.letters.at(-1);
  const showsPayload = request.only !== undefined;
  return {
    letters: page.letters.map(({ id, row, attempts, reason, isWhole }) => ({
      id,
      subdevice: nameOf(row.lane),
      topic: row.topic,
      bytes: row.payload.length,
      retain: row.retain ?? false,
      attempts,
      reason,
      age: ageOf(row.stamp),
      whole: isWhole,
      payload: showsPayload ? payloadReportOf(row) : null,
    })),
    kept: page.kept,
    keptMax: DEAD_LETTERS_MAX,
    gone: Math.max(0, page.dead - page.kept),
    next: last === undefined || showsPayload || last.id >= page.newest ? null : last.id,
    setAside: heldPackets.filter(({ state }) => state === 'set aside'),
  };
}

/** Decodes the query string; invalid values are ignored. */
export function letterRequestOf(query: URLSearchParams): LetterRequest {
  const number = (name: string, fallback: number): number => {
    const text = query.get(name) ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : fallback;
  };
  const only = number('only', 0);
  return {
    after: number('after', 0),
    limit: Math.min(number('limit', 50), LETTERS_SHOWN_MAX),
    only: only === 0 ? undefined : [only],
  };
}

export function queryOf({ after, limit, only }: LetterRequest): string {
  return only === undefined ? `?after=${after}&limit=${limit}` : `?only=${only.join(',')}`;
}

function payloadReportOf({ payload }: DeadLetter['row']): PayloadReport {
  const shown = payload.subarray(0, PAYLOAD_SHOWN_BYTES);
  const cut = shown.length < payload.length;
  return { text: textIn(shown, cut), hex: Buffer.from(shown).toString('hex'), cut };
}

/** @param cut the last character may be incomplete */
function textIn(bytes: Uint8Array, cut: boolean): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut });
  } catch {
    return null;
  }
}
