/**
 * Consistent Overhead Byte Stuffing: removes every zero from a byte string, so that a zero can end a frame.
 *
 * A code byte c means: c − 1 literal bytes follow, then a removed zero. 255 means 254 literal bytes and no zero. The
 * zero after the last group is omitted. Invariants: an encoding holds no zero; decoding an encoding gives the same
 * bytes; nothing here throws. Source: Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on
 * Networking 7(2), 1999.
 */

/** Largest number of literal bytes after one code byte. */
const GROUP_BYTES = 254;

/** Length of the longest encoding of `length` bytes by any encoder. Some encoders write an unnecessary last group. */
export function cobsBytesMax(length: number): number {
  return length + Math.floor(length / GROUP_BYTES) + 1;
}

/** @param margin zeros before and after the encoding, in the same memory */
export function encodeCobs(bytes: Uint8Array, margin = 0): Uint8Array {
  const encoded = new Uint8Array(cobsBytesMax(bytes.length) + 2 * margin);
  let codeAt = margin;
  let end = codeAt + 1;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte !== 0) {
      encoded[end] = byte;
      end += 1;
    }
    const full = end - codeAt > GROUP_BYTES;
    if (byte === 0 || (full && index < bytes.length - 1)) {
      encoded[codeAt] = end - codeAt;
      codeAt = end;
      end += 1;
    }
  }
  encoded[codeAt] = end - codeAt;
  return encoded.subarray(0, end + margin);
}

/**
 * @returns new memory, or `undefined` if `encoded` is not a COBS encoding (it contains a zero, or the last group is
 * cut)
 */
export function decodeCobs(encoded: Uint8Array): Uint8Array | undefined {
  const bytes = new Uint8Array(encoded.length);
  let length = 0;
  let at = 0;
  while (at < encoded.length) {
    const code = encoded[at] ?? 0;
    const groupEnd = at + code;
    if (code === 0 || groupEnd > encoded.length) return undefined;
    for (let index = at + 1; index < groupEnd; index += 1) {
      const byte = encoded[index] ?? 0;
      if (byte === 0) return undefined;
      bytes[length] = byte;
      length += 1;
    }
    if (code <= GROUP_BYTES && groupEnd < encoded.length) length += 1;
    at = groupEnd;
  }
  return bytes.subarray(0, length);
}
