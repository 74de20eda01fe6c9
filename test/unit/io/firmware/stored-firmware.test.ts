/** The file of firmware records: complete, damaged, hostile, and links in its place. */
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FirmwareRecord, newRecord } from '../../../../src/base/firmware.ts';
import { readFirmwareRecords, storeFirmwareRecords } from '../../../../src/io/firmware/stored-firmware.ts';
import { temporaryFolder } from './image-server.ts';

const IMAGE = { md5: '0123456789abcdef'.repeat(2), sha256: 'f'.repeat(64), size: 4_294_967_295 };
const OFFER = { version: '0.2 β', url: 'https://images.example/a?sign=1', image: IMAGE };
const UPDATE = { offer: OFFER, state: 'wanted', attempts: 1, failure: undefined, isReported: false } as const;
const RECORDS: readonly FirmwareRecord[] = [
  newRecord('a'),
  {
    ...newRecord('b'),
    rejected: { kind: 'failed before', version: '0.2', reason: 'the reason' },
    offers: { filter: 'P/b/offer', isActive: true },
    version: '0.1',
    update: { ...UPDATE, offer: { ...OFFER, image: { ...IMAGE, sha256: undefined } } },
  },
  {
    ...newRecord('__proto__'),
    rejected: { kind: 'invalid', version: undefined, reason: 'not JSON' },
    offers: { filter: 'P/b/offer', isActive: false },
    version: '0.1',
    update: { ...UPDATE, state: 'failed', failure: { kind: 'link expired', reason: 'x' }, isReported: true },
  },
];

function folderWith(text?: string): string {
  const folder = temporaryFolder();
  mkdirSync(folder);
  if (text !== undefined) writeFileSync(join(folder, 'records.json'), text);
  return folder;
}

/** File with a right check of its records. */
function fileOf(records: unknown): string {
  const text = JSON.stringify(records);
  return JSON.stringify({ format: 1, crc32: crc32(text), records: JSON.parse(text) });
}

describe('the file of firmware records', () => {
  it('gives back the records that were stored, and only its owner may read it', async () => {
    const folder = folderWith();
    expect(readFirmwareRecords(folder)).toEqual({ records: [], problem: undefined });
    await storeFirmwareRecords(folder, RECORDS);
    expect(readFirmwareRecords(folder)).toEqual({ records: RECORDS, problem: undefined });
    expect(statSync(join(folder, 'records.json')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['', 'is not JSON'],
    ['null', 'has another format'],
    ['{"format":2,"crc32":0,"records":[]}', 'has another format'],
    ['{"format":1,"crc32":0,"records":[]}', 'is damaged'],
    ['{"format":1,"crc32":0,"records":{"length":1}}', 'is damaged'],
  ])('%j is ignored: it %s', (text, problem) => {
    expect(readFirmwareRecords(folderWith(text))).toEqual({ records: [], problem });
  });

  it('that is torn at any byte is ignored as a whole', async () => {
    const folder = folderWith();
    await storeFirmwareRecords(folder, RECORDS);
    const text = readFileSync(join(folder, 'records.json'), 'utf8').trimEnd();
    for (let length = 0; length < text.length; length += 1)
      expect(readFirmwareRecords(folderWith(text.slice(0, length))).records).toEqual([]);
  });

  it('with a changed record is ignored as a whole', async () => {
    const folder = folderWith();
    await storeFirmwareRecords(folder, RECORDS);
    const text = readFileSync(join(folder, 'records.json'), 'utf8');
    const changed = folderWith(text.replace('"attempts":1', '"attempts":3'));
    expect(readFirmwareRecords(changed)).toEqual({ records: [], problem: 'is damaged' });
  });

  const [, , whole] = RECORDS;
  const update = whole?.update;
  const offer = update?.offer;
  it.each([
    [null],
    [{}],
    [{ ...whole, subdevice: '' }],
    [{ ...whole, subdevice: 'a\u0000b' }],
    [{ ...whole, version: 7 }],
    [{ ...whole, update: 7 }],
    [{ ...whole, update: { ...update, state: 'unknown' } }],
    [{ ...whole, update: { ...update, attempts: -1 } }],
    [{ ...whole, update: { ...update, attempts: 1.5 } }],
    [{ ...whole, update: { ...update, isReported: 'yes' } }],
    [{ ...whole, update: { ...update, failure: { kind: 'toString', reason: '' } } }],
    [{ ...whole, update: { ...update, failure: { kind: 'timed out' } } }],
    [{ ...whole, update: { ...update, offer: { ...offer, url: 'http://a/' } } }],
    [{ ...whole, update: { ...update, offer: { ...offer, version: '' } } }],
    [{ ...whole, update: { ...update, offer: { ...offer, image: { ...IMAGE, md5: '../../../../etc/passwd' } } } }],
    [{ ...whole, update: { ...update, offer: { ...offer, image: { ...IMAGE, md5: 'A'.repeat(32) } } } }],
    [{ ...whole, update: { ...update, offer: { ...offer, image: { ...IMAGE, sha256: '/' } } } }],
    [{ ...whole, update: { ...update, offer: { ...offer, image: { ...IMAGE, size: 0 } } } }],
    [{ ...whole, update: { ...update, offer: { ...offer, image: { ...IMAGE, size: 2 ** 32 } } } }],
  ])('has an invalid record, which alone is ignored: %j', (record) => {
    const { records, problem } = readFirmwareRecords(folderWith(fileOf([record, RECORDS[0]])));
    expect({ records, problem }).toEqual({ records: [RECORDS[0]], problem: 'has invalid records (1 of 2)' });
  });

  it('has one record for each subdevice', () => {
    const { records, problem } = readFirmwareRecords(folderWith(fileOf([RECORDS[0], RECORDS[0]])));
    expect([records.length, problem]).toEqual([1, 'has invalid records (1 of 2)']);
  });

  it('of any content never throws', () => {
    const folder = folderWith();
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string(), fc.jsonValue().map(fileOf), fc.array(fc.object()).map(fileOf)),
        (text) => {
          writeFileSync(join(folder, 'records.json'), text);
          expect(readFirmwareRecords(folder).records).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('that is a directory or too large is ignored', () => {
    const folder = folderWith();
    mkdirSync(join(folder, 'records.json'));
    expect(readFirmwareRecords(folder).problem).toBe('is a directory, not a file');
    const large = folderWith(' '.repeat(16 * 1024 * 1024 + 1));
    expect(readFirmwareRecords(large).problem).toBe('is larger than 16 MiB');
  });

  it('is not written through a link', async () => {
    const folder = folderWith();
    const outside = join(dirname(folder), 'outside');
    writeFileSync(outside, 'unchanged');
    symlinkSync(outside, join(folder, 'records.json.part'));
    await expect(storeFirmwareRecords(folder, RECORDS)).rejects.toThrow('ELOOP');
    symlinkSync(outside, join(folder, 'records.json'));
    expect(readFileSync(outside, 'utf8')).toBe('unchanged');
  });
});
