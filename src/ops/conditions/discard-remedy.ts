/** Remedy for a discard: that of its reason, or a more specific one if the last sample allows it. Pure. */
import type { ExcessSize } from '../../base/discard.ts';
import type { DiscardReport } from '../reports/intake-report.ts';
import { intakeWordsOf } from './intake-words.ts';
import { remedyOfRefusal } from './unit-words.ts';

export function remedyOf(discard: Pick<DiscardReport, 'reason' | 'direction' | 'sample' | 'size'>): string {
  const { reason, sample, size } = discard;
  const { hint } = intakeWordsOf(discard);
  switch (reason) {
    case 'unit exception':
      return remedyOfRefusal(sample) ?? hint;
    case 'line not ended':
      return remedyOfDelimiter(sample) ?? hint;
    case 'too large for the link':
      return remedyOfSize(size) ?? hint;
    default:
      return hint;
  }
}

/** Remedy that names the key, if its largest value is large enough. */
function remedyOfSize(size: ExcessSize | null): string | undefined {
  if (size?.key === undefined) return undefined;
  const { bytes, key } = size;
  return bytes <= key.largest
    ? `Raise ${key.name} of the link to ${bytes} or more if the device can take it, or let the sender split the message.`
    : `Let the sender split the message: the largest ${key.name} of a link is ${key.largest}.`;
}

/** Common delimiters: as shown in a sample, by name, and as written in TOML. */
const ENDS: readonly (readonly [shown: string, name: string, delimiter: string])[] = [
  ['\\r\\n', 'CR LF', '\\r\\n'],
  ['\\n', 'line feeds (LF)', '\\n'],
  ['\\r', 'carriage returns (CR)', '\\r'],
  ['\\x00', 'zero bytes', '\\u0000'],
  ['\\x03', 'ETX characters', '\\u0003'],
];

function remedyOfDelimiter(sample: string): string | undefined {
  const end = ENDS.find(([shown]) => sample.includes(shown));
  if (end === undefined) return undefined;
  const [, name, delimiter] = end;
  return `The bytes contain ${name}. If these end the lines of the device, set delimiter = "${delimiter}" in [link.lines].`;
}
