/** Rules of the keys of a check: its form, its range and its place fit together, and with the ends of the lines. */
import type { Problem } from '../../config/kinds/problem.ts';
import type { LinesSection } from './link-keys.ts';

type At = (key: string, what: string, hint: string) => Problem;

/** @param isSevenBit the bytes of the line have 7 bits */
export function checkProblems(lines: LinesSection, isSevenBit: boolean, at: At): Problem[] {
  const { check } = lines;
  const chosen = chosenKeys(lines);
  if (check === 'none') return chosen.map((key) => at(key, 'has no effect without check', 'Remove it, or set check.'));
  if (check === 'dsmr') return chosen.map((key) => at(key, 'has no effect with "dsmr"', 'Remove it.'));
  return [
    ...(check === 'nmea' && lines.check_range !== 'text'
      ? [at('check_range', 'has no effect with "nmea"', 'Remove it, or set check to "xor".')]
      : []),
    ...placeProblems(lines, at),
    ...byteProblems(lines, isSevenBit, at),
    ...((lines.check_range === 'start' || lines.check_range === 'all') && lines.start === undefined
      ? [at('check_range', `is "${lines.check_range}", but there is no start`, 'Add `start`, or remove this key.')]
      : []),
  ];
}

type CheckKey = 'check_form' | 'check_separator' | 'check_range' | 'check_place';

function chosenKeys({ check_form, check_separator, check_range, check_place }: LinesSection): CheckKey[] {
  return [
    ...(check_form === 'hex' ? [] : (['check_form'] as const)),
    ...(check_separator === undefined ? [] : (['check_separator'] as const)),
    ...(check_range === 'text' ? [] : (['check_range'] as const)),
    ...(check_place === 'line' ? [] : (['check_place'] as const)),
  ];
}

function placeProblems({ check_place, check_separator, start, line_bytes, echo }: LinesSection, at: At): Problem[] {
  if (check_place === 'line') return [];
  const place = (what: string, hint: string): Problem => at('check_place', `is "after-delimiter", ${what}`, hint);
  return [
    ...(start === undefined
      ? [
          place(
            'which requires start',
            'Add `start`: without a mark a check may be taken for the beginning of the next line.',
          ),
        ]
      : []),
    ...(line_bytes === undefined
      ? []
      : [place('but lines of a fixed length have no delimiter', 'Remove this key: the check is part of the line.')]),
    ...(echo
      ? [place('but the device sends each line back', 'Switch the echo off in the device or the adapter.')]
      : []),
    ...(check_separator === undefined
      ? []
      : [at('check_separator', 'has no effect: the delimiter is before the check', 'Remove it.')]),
  ];
}

/** Checks of octets may have any value, also that of a delimiter, of a NUL or of a byte with bit 7. */
function byteProblems(lines: LinesSection, isSevenBit: boolean, at: At): Problem[] {
  const { check, check_form, check_place, line_bytes, skip_nul } = lines;
  if (check_form === 'hex') return [];
  return [
    ...(check_place === 'line' && line_bytes === undefined
      ? [
          at(
            'check_form',
            `is "${check_form}", but a byte of the check may look like the delimiter`,
            'Write check_place = "after-delimiter" with the end mark as `delimiter`, or use `line_bytes`.',
          ),
        ]
      : []),
    ...(skip_nul ? [at('skip_nul', 'drops bytes of the check that are 0', 'Remove it.')] : []),
    ...(isSevenBit && check !== 'xor' && check !== 'nmea'
      ? [at('check_form', `is "${check_form}", but the line has bytes of 7 bits`, 'Write "hex", or use check = "xor".')]
      : []),
  ];
}
