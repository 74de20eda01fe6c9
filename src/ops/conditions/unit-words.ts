/** Remedies for Modbus exceptions, and for bytes in place of Modbus TCP, by the words of the driver. Pure. */

/** Remedies by the words of the driver (`codec/modbus-pdu.ts`, MODBUS Application Protocol V1.1b3 §7). */
const REMEDIES: readonly (readonly [words: string, remedy: string])[] = [
  [
    'illegal function',
    'The unit does not have this table, or does not support this way of writing. Correct table of the points (holding, input, coil, discrete) by its manual.',
  ],
  [
    'illegal data address',
    'The unit does not have this register. Correct address, table and type of the points by its manual. Some manuals count from 1 or from 40001.',
  ],
  [
    'illegal data value',
    'The unit does not accept requests of this length. Correct type or length of the points, or lower gap_max.',
  ],
  ['server device failure', 'The unit reports an internal fault. See its display and its manual, or restart it.'],
  ['memory parity error', 'The unit reports an internal fault. See its display and its manual, or restart it.'],
  ['the unit is busy', 'The unit is too busy to answer. Raise poll_ms, or check which other masters poll it.'],
  [
    'accepted, still processing',
    'The unit is too busy to answer. Raise poll_ms, or check which other masters poll it.',
  ],
];

/** @returns `undefined` if the words name no exception */
export function remedyOfRefusal(words: string): string | undefined {
  return REMEDIES.find(([exception]) => words.includes(exception))?.[1];
}

/** @param words in the words of `driver/modbus/mbap-line.ts`; @returns `undefined` if they name no invalid header */
export function remedyOfHeader(words: string): string | undefined {
  if (!words.includes('not a Modbus TCP frame')) return undefined;
  return 'The other end does not speak Modbus TCP. Remove framing = "mbap" of the link if a device server passes Modbus RTU frames on; otherwise check host and port in path.';
}
