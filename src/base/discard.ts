/**
 * Ways in which a message or a command of the user ends before custody, or in spite of it: each has a counter, a sample
 * of the last one, a line in the journal and a remedy (`flow/intake.ts`, `ops/conditions/intake-words.ts`).
 *
 * Not among them: congestion towards a sender that is told to come again, and repetitions.
 */
export type DiscardReason =
  /** MQTT-SN: frames and packets. */
  | 'frame checksum'
  | 'frame coding'
  | 'frame too long'
  /** Bytes between packets that are no packet. */
  | 'noise'
  | 'malformed packet'
  | 'client refused'
  | 'client not connected'
  | 'unknown topic id'
  | 'QoS 2'
  /** Lines. */
  | 'line check'
  /** Octets that are no text. */
  | 'line noise'
  | 'line encoding'
  | 'line pattern'
  | 'line not JSON'
  | 'line field'
  | 'line sequence'
  | 'line subdevice'
  | 'line too long'
  /** Counted in bytes. */
  | 'line not ended'
  /** Modbus: `sample` names unit, registers and what was answered. Reported again for as long as it lasts. */
  | 'unit silent'
  | 'unit exception'
  | 'unit checksum'
  /** A whole frame that answers another request, or is of another unit. */
  | 'unit mismatch'
  | 'unit value'
  /** Uplinks. */
  | 'topic not allowed'
  | 'payload too large'
  | 'topic too long'
  | 'too many slashes'
  /** Full, and its sender cannot be told to come again. */
  | 'not taken'
  /** Downlinks, for a reason that `sample` gives. */
  | 'command refused';

/** Octets of a sample that are kept. */
const SAMPLE_BYTES_MAX = 32;
/** A sample with more of them that are no printable character is shown in hexadecimal. */
const UNPRINTABLE_SHARE_MAX = 0.25;
/** Characters of a sample that is a text already. */
const SAMPLE_TEXT_MAX = 160;

/** Sample and reason kept of something that was discarded. */
export function sampleBytes(bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, SAMPLE_BYTES_MAX + 1);
}

/**
 * The same for people, in one line of printable ASCII: `"12.5 kg\r"`, or `hex 00 1f a2`, or the words that it is.
 * `…` stands for what is left out.
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
