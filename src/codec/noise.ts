/**
 * Heuristics by which bytes are recognised as damaged on the wire, rather than as unexpected content. The results are
 * guesses; texts must present them as such. Pure.
 */

/** Smallest share of octets that are not printable ASCII in a line that counts as noise. */
const UNPRINTABLE_SHARE_MIN = 1 / 3;

/**
 * True if a line contains octets that occur in no text of any usual encoding: at least one control character (not TAB,
 * CR, LF or ESC) or 0xFF, and more than a third of the line not printable ASCII. Letters of Latin-1, of code pages and
 * of UTF-8 are neither control characters nor 0xFF. Two control characters around a text (STX, ETX) are no more than a
 * third of it.
 */
export function isNoise(line: Uint8Array): boolean {
  const unprintable = line.filter((octet) => octet < 0x20 || octet > 0x7e);
  return unprintable.some(isControl) && unprintable.length > line.length * UNPRINTABLE_SHARE_MIN;
}

const TEXT_CONTROLS: readonly number[] = [0x09, 0x0a, 0x0d, 0x1b];

function isControl(octet: number): boolean {
  return (octet < 0x20 && !TEXT_CONTROLS.includes(octet)) || octet === 0x7f || octet === 0xff;
}

/** Smallest number of octets that can prove a wrong speed. Fewer octets prove nothing. */
const OCTETS_MIN = 24;
const STRETCHED_SHARE_MIN = 0.9;

/**
 * True if each bit seems to have been read twice or more: the receiver is at least twice as fast as the sender, or the
 * line floats. Random bytes and text at the right speed do not show this sign: by chance, only one octet in eight shows
 * it. Bytes of a sender that is faster than the receiver do not show this sign.
 */
export function isStretched(bytes: Uint8Array): boolean {
  if (bytes.length < OCTETS_MIN) return false;
  // Only zeros: the start bit lasts longer than a whole octet.
  if (bytes.every((octet) => octet === 0)) return true;
  const usable = bytes.filter((octet) => octet !== 0 && octet !== 0xff);
  const stretched = usable.filter(hasNoSingleBit);
  return usable.length * 4 >= bytes.length && stretched.length >= usable.length * STRETCHED_SHARE_MIN;
}

/**
 * True if no bit differs from both its neighbours, for the start bit and the eight data bits in the order on the wire.
 * The end of the last run of equal bits is unknown.
 */
function hasNoSingleBit(octet: number): boolean {
  let last = 0;
  let run = 1;
  for (let bit = 0; bit < 8; bit += 1) {
    const level = (octet >> bit) & 1;
    if (level === last) run += 1;
    else if (run === 1) return false;
    else [last, run] = [level, 1];
  }
  return true;
}
