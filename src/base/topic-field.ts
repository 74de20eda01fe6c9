/**
 * Field of the message in a template of topics, `{field:room|unknown}`: a value of the payload that becomes part of one
 * level of the topic. Pure.
 *
 * Characters that could end the level or begin a wildcard are written in percent-encoding (RFC 3986 §2.1), so a value
 * never changes the number of levels, and no value is refused for its characters. `%` is encoded too, so two values
 * never become the same text.
 */

export interface TopicField {
  /** Name of a member of the payload, or a path such as `place.room`. */
  readonly path: string;
  /** True for `{field_encoded:…}`: all characters are encoded except letters and digits of ASCII, `-`, `_` and `~`. */
  readonly isEncoded: boolean;
  /** Text for messages without a usable value. */
  readonly fallback: string;
}

export const DEFAULT_FALLBACK = 'unknown';
/** Largest length of a value in the topic, bytes of UTF-8: as the names of subdevices in documents. */
export const FIELD_BYTES_MAX = 128;

/**
 * Characters that a level cannot contain, or that a hub may treat as special: separators and wildcards of MQTT, `$` of
 * reserved topics, `.` and `*`, which RabbitMQ and ActiveMQ exchange with `/` and `+`, and the characters on which a
 * receiver may close the connection [MQTT-1.5.3-2].
 */
const SPECIAL = /[/+#$%.*\p{Cc}\p{Noncharacter_Code_Point}]/gu;
const ENCODED = /[^A-Za-z0-9_~-]/gu;

const encoder = new TextEncoder();

/** Returns the value as it stands in the topic. `undefined`: it has more than `FIELD_BYTES_MAX` bytes. */
export function fieldText(value: string, isEncoded: boolean): string | undefined {
  if (value.length > FIELD_BYTES_MAX) return undefined; // not encoded: it could be long
  const text = value.replaceAll(isEncoded ? ENCODED : SPECIAL, percentEncoded);
  return Buffer.byteLength(text) > FIELD_BYTES_MAX ? undefined : text;
}

/** Returns the field as the template has it, without the fallback. */
export function fieldWords({ path, isEncoded }: TopicField): string {
  return `{${isEncoded ? 'field_encoded' : 'field'}:${path}}`;
}

function percentEncoded(character: string): string {
  return [...encoder.encode(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
