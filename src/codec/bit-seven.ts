/**
 * Bytes of a device with 7 data bits on a line with 8: bit 7 of each byte is its parity bit. Also NUL bytes, which some
 * devices send as a pause. Total on all bytes.
 */

/** Meaning of bit 7: part of the byte, ignored, or ignored in received bytes and the parity of written ones. */
export type BitSeven = 'data' | 'ignore' | 'even' | 'odd';

export interface ByteCleaning {
  readonly bitSeven: BitSeven;
  /** Received NUL bytes are dropped. */
  readonly skipsNul: boolean;
}

const LOW_BITS = 0x7f;
const BIT_SEVEN = 0x80;

/** @returns the received bytes with bit 7 cleared and without NUL bytes, as configured; `bytes` itself if nothing is */
export function cleanReceived(bytes: Uint8Array, { bitSeven, skipsNul }: ByteCleaning): Uint8Array {
  const low = bitSeven === 'data' ? bytes : bytes.map((octet) => octet & LOW_BITS);
  return skipsNul ? low.filter((octet) => octet !== 0) : low;
}

/** @returns the bytes for the line. Bytes of 7 bits get their parity; `bytes` itself if bit 7 is no parity bit */
export function withParity(bytes: Uint8Array, { bitSeven }: Pick<ByteCleaning, 'bitSeven'>): Uint8Array {
  if (bitSeven === 'data' || bitSeven === 'ignore') return bytes;
  return bytes.map((octet) => (isOdd(octet) === (bitSeven === 'even') ? octet | BIT_SEVEN : octet));
}

/** True if an odd number of the bits is 1. */
function isOdd(octet: number): boolean {
  let bits = octet & LOW_BITS;
  bits ^= bits >> 4;
  bits ^= bits >> 2;
  bits ^= bits >> 1;
  return (bits & 1) === 1;
}
