/**
 * Consistent Overhead Byte Stuffing: removes every zero from a byte string, so that a zero can end a frame.
 *
 * A group is a code byte c, followed by c − 1 literal bytes; it stands for these bytes and one zero after them. A code
 * byte of 255 stands for 254 literal bytes without a zero. The zero after the last group is omitted. Invariants: an
 * encoding holds no zero; decoding an encoding gives the same bytes; no function throws. Source: Cheshire and Baker,
 * "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2), 1999.
 */

/** Largest number of literal bytes after one code byte. */
const GROUP_BYTES = 254;

/** Length of the longest encoding of `length` bytes by any encoder. Some encoders write an unnecessary last group. */
export function cobsBytesMax(length: number): number {
  return length + Math.floor(length / GROUP_BYTES) + 1;
}

/** Encodes bytes. @param margin number of zeros before and after the encoding, in the same memory */
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
  return end + margin === encoded.length ? encoded : encoded.subarray(0, end + margin);
}

/**
 * @param into memory for as many bytes as `encoded` has, from `start` on. @returns the end of the decoded bytes, or
 * `undefined` if `encoded` is not a COBS encoding (it contains a zero, or its last group is incomplete)
 */
export function decodeCobs(encoded: Uint8Array, into: Uint8Array, start: number): number | undefined {
  let end = start;
  let at = 0;
  while (at < encoded.length) {
    const code = encoded[at] ?? 0;
    const groupEnd = at + code;
    if (code === 0 || groupEnd > encoded.length) return undefined;
    for (let index = at + 1; index < groupEnd; index += 1) {
      const byte = encoded[index] ?? 0;
      if (byte === 0) return undefined;
      into[end] = byte;
      end += 1;
    }
    if (code <= GROUP_BYTES && groupEnd < encoded.length) {
      into[end] = 0;
      end += 1;
    }
    at = groupEnd;
  }
  return end;
}
