/** A link with one meter that is read out by IEC 62056-21, and the messages of the meter. */
import { expect } from 'vitest';
import { sampleWords } from '../../../../src/base/discard.ts';
import { BLOCK_CHECK } from '../../../../src/codec/iec62056.ts';
import { appendCheck } from '../../../../src/codec/line-check.ts';
import { LinesBench, type LinesKeys, tablesText } from './lines-rig.ts';

export const IDENTIFICATION = '/ISk5MT174-0001\r\n';
export const DATA = '1-0:1.8.0*255(000123.4*kWh)\r\n';
export const ACK = '\u0006';
export const NAK = '\u0015';
export const FIELDS = tablesText('link.lines.field', [
  { name: 'energy', pattern: '1\\.8\\.0\\*255\\((?P<value>[^)]*)\\)', type: 'number', unit_field: 'unit' },
]);
export const LINK: LinesKeys = { baud_rate: 300, data_bits: 7, parity: 'even' };

export const block = (data: string = DATA): string => {
  const checked = appendCheck(Buffer.from(`${data}!\r\n`, 'latin1'), BLOCK_CHECK);
  return `\u0002${Buffer.from(checked).toString('latin1')}`;
};
export const wrong = (): string => block().replace('4', '5');

/** A link with one meter. The link waits 100 ms after a failure and repeats a read-out twice. */
export function bench(readout: LinesKeys = {}, keys: LinesKeys = {}): LinesBench {
  const tables = tablesText('link.lines.readout', [{ name: 'grid', every_ms: 60_000, ...readout }]);
  return new LinesBench({ topic: 'state', payload: 'json', ...keys }, [], LINK, `${FIELDS}\n${tables}`);
}

/** Waits until the line was quiet, so that the first request is written. */
export function opened(readout: LinesKeys = {}, keys: LinesKeys = {}): LinesBench {
  const one = bench(readout, keys);
  one.pass(2000);
  return one;
}

export const speedSet = (one: LinesBench, baudRate: number): void => one.command({ kind: 'speedSet', baudRate });

/** Brings a read-out to the moment in which the meter may send its data. */
export function atData(readout: LinesKeys = {}, keys: LinesKeys = {}): LinesBench {
  const one = opened(readout, keys);
  one.receive(IDENTIFICATION);
  one.pass(220 + 210);
  expect(one.takeWritten()).toBe(`/?!\r\n${ACK}050\r\n<9600>`);
  speedSet(one, 9600);
  return one;
}

export const discards = (one: LinesBench): string[] =>
  one.of('discarded').map(({ reason, sample }) => `${reason}: ${sampleWords(sample)}`);
