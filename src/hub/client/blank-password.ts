/**
 * Removes the password from a CONNECT before its bytes are recorded: every octet becomes `x`, all lengths stay.
 * Source: MQTT 3.1.1 §3.1.
 */

/** First byte of a CONNECT [MQTT-2.2.2-1]. */
const CONNECT = 0x10;
const PASSWORD_FLAG = 0x40;
const USERNAME_FLAG = 0x80;
const WILL_FLAG = 0x04;
const BLANK = 0x78;
/** Size of the variable header: protocol name with its length, level, flags, keep alive (§3.1.2). */
const VARIABLE_HEADER_BYTES = 10;
const FLAGS_AT = 7;

/**
 * @param bytes one whole packet of this gateway. @returns the same bytes, or a blanked copy of a CONNECT with a
 * password
 */
export function blankPassword(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== CONNECT) return bytes;
  const lengthBytes = bytes.subarray(1, 5).findIndex((octet) => octet < 0x80) + 1;
  const blanked = new Uint8Array(bytes);
  const body = blanked.subarray(1 + lengthBytes);
  const flags = body[FLAGS_AT] ?? 0;
  if ((flags & PASSWORD_FLAG) === 0) return bytes;
  let at = fieldEnd(body, VARIABLE_HEADER_BYTES); // end of the client id
  if ((flags & WILL_FLAG) !== 0) at = fieldEnd(body, fieldEnd(body, at)); // topic and payload
  if ((flags & USERNAME_FLAG) !== 0) at = fieldEnd(body, at);
  body.subarray(at + 2).fill(BLANK);
  return blanked;
}

/** Returns the end of a field. Two octets with the length precede a field (§1.5.3). */
function fieldEnd(body: Uint8Array, at: number): number {
  return at + 2 + (body[at] ?? 0) * 0x100 + (body[at + 1] ?? 0);
}
