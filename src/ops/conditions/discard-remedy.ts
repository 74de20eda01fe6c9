/** Remedy for a discard: that of its reason, or a more specific one if the last sample allows it. Pure. */
import type { ExcessSize } from '../../base/discard.ts';
import type { DiscardReport } from '../reports/intake-report.ts';
import { intakeWordsOf } from './intake-words.ts';
import { remedyOfHeader, remedyOfRefusal } from './unit-words.ts';
import { isOnNetwork, remedyOfOtherAnswers, type Way } from './way-words.ts';

/** @param way port and framing of the link; `undefined`: no link is concerned */
export function remedyOf(
  discard: Pick<DiscardReport, 'reason' | 'direction' | 'sample' | 'size'>,
  way: Way | undefined,
): string {
  const { reason, sample, size } = discard;
  const { hint } = intakeWordsOf(discard);
  switch (reason) {
    case 'unit exception':
      return remedyOfRefusal(sample) ?? hint;
    case 'unit mismatch':
      return remedyOfHeader(sample) ?? remedyOfMismatch(way, sample) ?? hint;
    case 'line cut':
    case 'line too long':
    case 'line check':
      return remedyOfReadout(reason, sample) ?? hint;
    case 'line not ended':
      return remedyOfDelimiter(sample) ?? hint;
    case 'too large for the link':
      return remedyOfSize(size) ?? hint;
    default:
      return hint;
  }
}

function remedyOfMismatch(way: Way | undefined, sample: string): string | undefined {
  return way !== undefined && isOnNetwork(way) ? remedyOfOtherAnswers(way, sample) : remedyOfEcho(sample);
}

/** @param sample in the words of `codec/modbus-rtu.ts`, `codec/modbus-pdu.ts` and `driver/modbus/adapter-echo.ts` */
function remedyOfEcho(sample: string): string | undefined {
  if (sample.includes('but echo is "on"')) return 'Set echo = "auto" of the link: its adapter does not echo.';
  if (!sample.includes('echoed by the adapter')) return undefined;
  return 'The adapter echoes what is sent: set echo = "auto" of the link, or switch the echo off at the adapter.';
}

/** @param sample in the words of `driver/lines/readout.ts` if it is about the data of a meter */
function remedyOfReadout(reason: 'line cut' | 'line too long' | 'line check', sample: string): string | undefined {
  if (!/\ba data block\b/.test(sample)) return undefined;
  switch (reason) {
    case 'line cut':
      return 'The data of the meter stopped before their end. Check the position of the optical head, and try a lower speed_max.';
    case 'line too long':
      return 'Raise line_bytes_max in [link.lines]: the data of a read-out are one message.';
    case 'line check':
      return 'The data of the meter arrive damaged. Check the position of the optical head, and try a lower speed_max.';
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
