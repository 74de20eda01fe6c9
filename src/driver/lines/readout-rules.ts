/** Rules of `[[link.lines.readout]]`: the port has the form of IEC 62056-21, and no other key divides the bytes. */
import { networkPortOf } from '../../base/serial-port.ts';
import { READOUT_SPEEDS } from '../../codec/iec62056.ts';
import type { Problem } from '../../config/kinds/problem.ts';
import type { LinkKeys } from '../link-driver.ts';
import type { LinesSection } from './link-keys.ts';

type At = (key: string, what: string, hint: string) => Problem;

const BLOCK = 'Remove it: the data block of a read-out has its own beginning, end and check.';
/** Keys of [link.lines] that have no effect with read-outs, with the value that each has if it is not set. */
const WITHOUT_READOUTS: readonly (readonly [key: keyof LinesSection, unset: unknown, hint: string])[] = [
  ['format', 'text', 'Remove it: a meter sends text.'],
  ['start', undefined, BLOCK],
  ['line_bytes', undefined, BLOCK],
  ['telegram_begin', undefined, BLOCK],
  ['telegram_end', undefined, BLOCK],
  ['check', 'none', BLOCK],
  ['skip_first_line', false, BLOCK],
  ['skip_nul', false, BLOCK],
  ['echo', false, 'Remove it: the echo of an optical head is recognised.'],
  ['ack', undefined, 'Remove it: a meter needs no answer to its data.'],
  ['silence_s', 0, 'Remove it: a meter counts as away when it does not answer.'],
  ['subdevice_field', undefined, 'Remove it, and set `subdevice` of the read-out.'],
  ['downlink_ack', undefined, 'Remove it: a meter takes no downlinks.'],
];
const FASTEST = READOUT_SPEEDS.at(-1) ?? 0;

/** @param at place within [link.lines] @param ofLink place within the link */
export function readoutProblems(
  lines: LinesSection,
  link: LinkKeys,
  { at, ofLink }: { at: At; ofLink: At },
): Problem[] {
  const { readout, ask, downlinks } = lines;
  if (readout.length === 0) return [];
  return [
    ...(ask.length === 0
      ? []
      : [at('readout', 'is used together with ask', 'Use one of the two: a read-out changes the speed of the line.')]),
    ...WITHOUT_READOUTS.filter(([key, unset]) => lines[key] !== unset).map(([key, , hint]) =>
      at(key, 'has no effect with readout', hint),
    ),
    ...(downlinks.length === 0
      ? []
      : [at('downlinks', 'has no effect with readout', 'Remove it: a meter takes no downlinks.')]),
    ...formProblems(lines, link, ofLink),
    ...addressProblems(lines, at),
    ...speedProblems(lines, link, at),
  ];
}

function formProblems({ bit_7 }: LinesSection, { baud_rate, data_bits, parity }: LinkKeys, ofLink: At): Problem[] {
  const isRight = data_bits === 7 ? parity === 'even' : bit_7 === 'ignore' || (bit_7 === 'even' && parity === 'none');
  return [
    ...(baud_rate > FASTEST
      ? [ofLink('baud_rate', `is ${baud_rate}, but a read-out begins at 300 baud`, 'Write baud_rate = 300.')]
      : []),
    ...(isRight
      ? []
      : [
          ofLink(
            data_bits === 7 ? 'parity' : 'data_bits',
            `is ${data_bits === 7 ? `"${parity}"` : data_bits}, but a meter sends 7 data bits with even parity`,
            'Write data_bits = 7 and parity = "even". For an adapter with 8 bits only: bit_7 = "even" in [link.lines].',
          ),
        ]),
  ];
}

/** A request without an address is answered by every meter on the line, at the same time. */
function addressProblems({ readout }: LinesSection, at: At): Problem[] {
  if (readout.length === 1) return [];
  const addresses = readout.map(({ address }) => address);
  return addresses.flatMap((address, index) => {
    const place = `readout[${index}].address`;
    if (address === undefined) {
      const what = 'is missing, but the line has several meters';
      return [at(place, what, 'Write the address of each meter: without one all meters answer.')];
    }
    if (addresses.indexOf(address) === index) return [];
    return [at(place, `is "${address}", which another read-out has too`, 'Correct one of the two.')];
  });
}

function speedProblems({ readout }: LinesSection, { baud_rate, path }: LinkKeys, at: At): Problem[] {
  const protocol = networkPortOf(path)?.protocol;
  const isFixed = protocol === 'tcp' || protocol === 'tls';
  return readout.flatMap(({ speed_max }, index) => {
    const place = `readout[${index}].speed_max`;
    if (speed_max < baud_rate && baud_rate <= FASTEST)
      return [at(place, `is lower than baud_rate, which is ${baud_rate}`, 'Write baud_rate = 300.')];
    if (!isFixed || speed_max === baud_rate) return [];
    return [
      at(
        place,
        `is ${speed_max}, but the speed of a port behind ${protocol}:// cannot be changed`,
        `Use rfc2217:// in path, or write speed_max = ${baud_rate}: the meter sends its data at this speed then.`,
      ),
    ];
  });
}
