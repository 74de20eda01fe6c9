/** Lines of text in bytes that were read as something else. */

const TEXT_SHARE_MIN = 0.95;
const LINE_ENDS: readonly number[] = [0x0a, 0x0d];

export function isText(bytes: Uint8Array): boolean {
  const readable = bytes.filter(
    (octet) => (octet >= 0x20 && octet < 0x7f) || octet === 0x09 || LINE_ENDS.includes(octet),
  );
  return readable.length >= bytes.length * TEXT_SHARE_MIN && bytes.some((octet) => LINE_ENDS.includes(octet));
}
