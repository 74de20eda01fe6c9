/**
 * Reasons why a message or a user command ends before custody or despite custody. Each reason has a counter, a sample
 * of the last case, a line in the journal and a remedy (`flow/intake.ts`, `ops/conditions/intake-words.ts`).
 *
 * Congestion is not a reason if the sender is asked to send again. Repetitions are not a reason either.
 */
export type DiscardReason =
  /** MQTT-SN: frames and packets. */
  | 'frame checksum'
  | 'frame coding'
  | 'frame too long'
  /** Bytes between packets that do not form a packet. */
  | 'noise'
  | 'malformed packet'
  | 'client refused'
  | 'client id invalid'
  | 'client not connected'
  | 'unknown topic id'
  /** A request names a topic that MQTT forbids or a hub may forbid. It is answered with a rejection. */
  | 'invalid topic'
  | 'QoS 2'
  /** Lines. */
  | 'line check'
  /** Octets that are not text. */
  | 'line noise'
  | 'line encoding'
  | 'line pattern'
  | 'line not JSON'
  | 'line field'
  | 'line sequence'
  | 'line subdevice'
  | 'line too long'
  /** A line that is part of no telegram, or bytes before the mark with which lines begin. */
  | 'line not begun'
  /** Line that is no answer to the request on the line, or that came without a request. */
  | 'line unexpected'
  /** Another line or telegram began before the end of this one. */
  | 'line cut'
  /** Bytes without a delimiter. The count is in bytes, not in lines. */
  | 'line not ended'
  /** Modbus: `sample` names the unit, the registers and the answer. Reported again as long as the fault lasts. */
  | 'unit silent'
  | 'unit exception'
  | 'unit checksum'
  /** Valid frame that answers another request or comes from another unit. */
  | 'unit mismatch'
  | 'unit value'
  /** Uplinks. */
  | 'topic not allowed'
  | 'payload too large'
  | 'topic too long'
  | 'too many slashes'
  /** The outbox or the disk is full, and the sender cannot be asked to send again. */
  | 'no room'
  /** The subdevice is not served now, and the sender cannot be asked to send again. */
  | 'not served'
  /** Downlinks; `sample` gives the reason: the subdevice refused it, the gateway refused it, or no answer came. */
  | 'command refused'
  | 'command invalid'
  | 'command unanswered'
  /** A downlink for a subdevice that is not in the configuration. */
  | 'subdevice not configured';

/** Size of an object that is too large, and the largest permitted size, in bytes. */
export interface ExcessSize {
  readonly bytes: number;
  readonly bytesMax: number;
  /** Key of the link that sets `bytesMax`; `undefined`: no key sets the limit. */
  readonly key?: SizeKey;
}

export interface SizeKey {
  readonly name: string;
  /** Largest value of the key. */
  readonly largest: number;
}

/** Largest number of octets kept of a sample. */
const SAMPLE_BYTES_MAX = 32;
/** A sample with a larger share of unprintable octets is shown in hexadecimal. */
const UNPRINTABLE_SHARE_MAX = 0.25;
/** Largest number of characters kept of a sample that is text. */
const SAMPLE_TEXT_MAX = 160;

/** Part of discarded bytes that is kept as the sample. */
export function sampleBytes(bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, SAMPLE_BYTES_MAX + 1);
}

/**
 * Returns the sample as one line of printable ASCII: octets as `"12.5 kg\r"` or `hex 00 1f a2`, a text as it is. `…`
 * marks omitted octets.
 */
export function sampleWords(sample: Uint8Array | string): string {
  if (typeof sample === 'string') {
    const shown = escaped(sample.slice(0, SAMPLE_TEXT_MAX));
    return sample.length > SAMPLE_TEXT_MAX ? `${shown}…` : shown;
  }
  const shown = sample.subarray(0, SAMPLE_BYTES_MAX);
  const more = sample.length > SAMPLE_BYTES_MAX ? '…' : '';
  const unprintable = shown.filter((octet) => octet < 0x20 || octet > 0x7e).length;
  const isText =
    unprintable <= Math.max(2, shown.length * UNPRINTABLE_SHARE_MAX) &&
    (unprintable < shown.length || shown.length === 0);
  if (isText) return `"${escaped(Buffer.from(shown).toString('latin1'))}${more}"`;
  return `hex ${[...shown].map((octet) => octet.toString(16).padStart(2, '0')).join(' ')}${more}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e]/g, (character) => {
    const code = character.charCodeAt(0);
    const short = { 9: '\\t', 10: '\\n', 13: '\\r' }[code];
    return (
      short ?? (code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`)
    );
  });
}
