/** Remedies for what Modbus units refuse, by the words of the exception. Pure. */

/** By the words of the driver (`codec/modbus-rtu.ts`, MODBUS Application Protocol V1.1b3 §7). */
const REMEDIES: readonly (readonly [words: string, remedy: string])[] = [
  [
    'illegal function',
    'The unit does not have this table, or cannot be written so: correct table of the points (holding, input, coil, discrete) by its manual.',
  ],
  [
    'illegal data address',
    'The unit does not have this register: correct address, table and type of the points by its manual; some manuals count from 1 or from 40001.',
  ],
  [
    'illegal data value',
    'The unit takes no request of this length: correct type or length of the points, or lower gap_max.',
  ],
  ['server device failure', 'The unit reports a fault of its own: look at its display and its manual, or restart it.'],
  ['memory parity error', 'The unit reports a fault of its own: look at its display and its manual, or restart it.'],
  ['the unit is busy', 'The unit has no time to answer: raise poll_ms, or look at what else asks it.'],
  ['accepted, still processing', 'The unit has no time to answer: raise poll_ms, or look at what else asks it.'],
];

/** @returns `undefined`: it says nothing of an exception */
export function remedyOfRefusal(words: string): string | undefined {
  return REMEDIES.find(([exception]) => words.includes(exception))?.[1];
}
