/** Remedy for what is discarded: that of its reason, or a closer one where the sample of the last one shows it. Pure. */
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

/** Names the key only if its largest value is enough. */
function remedyOfSize(size: ExcessSize | null): string | undefined {
  if (size?.key === undefined) return undefined;
  const { bytes, key } = size;
  return bytes <= key.largest
    ? `Raise ${key.name} of the link to ${bytes} or more, if the device takes it; or let the sender split the message.`
    : `Let the sender split the message: the largest ${key.name} of a link is ${key.largest}.`;
}

/** What ends lines of some devices: as it is shown in a sample, its name, and as it is written in TOML. */
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
  return `There are ${name} among them: if they end the lines of this device, write delimiter = "${delimiter}" in [link.lines].`;
}
