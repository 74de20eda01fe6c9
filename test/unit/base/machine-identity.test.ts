/** Same machine, moved card, or copy: for each combination of evidence. */
import { describe, expect, it } from 'vitest';
import {
  compareMachines,
  differencesBetween,
  isSameEvidence,
  type MachineEvidence,
  mergedEvidence,
} from '../../../src/base/machine-identity.ts';

const KNOWN: MachineEvidence = { board: 'b1', medium: 'm1', machineId: 'i1', adapters: 'a1 a2' };
const found = (change: Partial<MachineEvidence>): MachineEvidence => ({ ...KNOWN, ...change });
const OTHER: MachineEvidence = { board: 'b2', medium: 'm2', machineId: 'i2', adapters: 'a3' };

describe('a machine with a serial number of the board', () => {
  it.each([
    ['nothing has changed', {}, 'same'],
    ['a network adapter was replaced', { adapters: 'a3' }, 'same'],
    ['the system was installed again', { machineId: 'i2' }, 'same'],
    ['the card was replaced by a copy of it', { medium: 'm2' }, 'same'],
    ['all but the board was replaced', { ...OTHER, board: 'b1' }, 'same'],
    ['the card was moved to another board', { board: 'b2', adapters: 'a3' }, 'moved'],
    ['the card was moved, and the system installed again', { ...OTHER, medium: 'm1' }, 'moved'],
    ['a copy of the card is in another board', { board: 'b2', medium: 'm2', adapters: 'a3' }, 'copied'],
    ['a copy with a machine id of its own is in another board', OTHER, 'copied'],
    ['the board differs, and the card cannot be identified', { board: 'b2', medium: '' }, 'copied'],
    ['the board differs, and all else is the same or unknown', { board: 'b2', medium: '', adapters: '' }, 'copied'],
  ] as const)('%s: %j is %s', (_, change, verdict) => {
    expect(compareMachines(KNOWN, found(change))).toBe(verdict);
  });
});

describe('a machine without a serial number of the board', () => {
  const known = { ...KNOWN, board: '' };
  it.each([
    ['nothing has changed', {}, 'same'],
    ['the only network adapter was replaced', { adapters: 'a3' }, 'same'],
    ['the adapter was replaced, and the disk cannot be identified', { adapters: 'a3', medium: '' }, 'same'],
    ['one of two network adapters was replaced', { adapters: 'a2 a3' }, 'same'],
    ['the system was installed again', { machineId: 'i2' }, 'same'],
    ['the disk was replaced by a copy of it', { medium: 'm2' }, 'same'],
    ['the disk was moved to another machine', { adapters: 'a3', machineId: 'i2' }, 'same'],
    ['a copy of the disk is in another machine', { medium: 'm2', adapters: 'a3' }, 'copied'],
    ['a copy with a machine id of its own', { medium: 'm2', adapters: 'a3', machineId: 'i2' }, 'copied'],
    ['a copy on a machine without adapters', { medium: 'm2', adapters: '', machineId: 'i2' }, 'copied'],
    ['a copy on a disk that cannot be identified', { medium: '', adapters: 'a3', machineId: 'i2' }, 'copied'],
    ['a machine id that is new at each boot', { medium: '', adapters: '', machineId: 'i2' }, 'same'],
    ['nothing is known', { medium: '', adapters: '', machineId: '' }, 'same'],
  ] as const)('%s: %j is %s', (_, change, verdict) => {
    expect(compareMachines(known, { ...known, ...change })).toBe(verdict);
    // the serial number of one side alone says nothing
    expect(compareMachines(known, { ...known, ...change, board: 'b2' })).toBe(verdict);
  });
});

it('one kind of evidence alone never makes a copy, except the board', () => {
  for (const kind of ['medium', 'machineId', 'adapters'] as const)
    for (const known of [KNOWN, { ...KNOWN, board: '' }])
      expect(compareMachines(known, { ...known, [kind]: OTHER[kind] })).toBe('same');
});

it('is compared in both directions with the same result', () => {
  const values = (kind: keyof MachineEvidence): string[] => ['', KNOWN[kind], OTHER[kind]];
  const all = values('board').flatMap((board) =>
    values('medium').flatMap((medium) =>
      values('machineId').flatMap((machineId) =>
        values('adapters').map((adapters) => ({ board, medium, machineId, adapters })),
      ),
    ),
  );
  expect(all).toHaveLength(81);
  for (const one of all) {
    expect(compareMachines(one, one)).toBe('same');
    for (const other of all) expect(compareMachines(one, other)).toBe(compareMachines(other, one));
  }
});

it('names what differs, in words', () => {
  expect(differencesBetween(KNOWN, KNOWN)).toEqual([]);
  expect(differencesBetween(KNOWN, { ...OTHER, machineId: '' })).toEqual([
    'board serial number',
    'card or disk',
    'network adapters',
  ]);
});

it('keeps what a start does not show', () => {
  expect(mergedEvidence(KNOWN, { ...OTHER, medium: '', board: '' })).toEqual({ ...OTHER, medium: 'm1', board: 'b1' });
  expect(isSameEvidence(KNOWN, mergedEvidence(KNOWN, { board: '', medium: '', machineId: '', adapters: '' }))).toBe(
    true,
  );
});
