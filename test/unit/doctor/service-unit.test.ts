/** Keys of unit files: drop-ins, lists, empty values, and the differences from the packaged unit. */
import { expect, it } from 'vitest';
import { differencesOf, readUnitFiles } from '../../../src/doctor/service-unit.ts';

const UNIT = '[Service]\nRestart=always\nEnvironment=A=1\nEnvironment=B=2\n# MemoryMax=1\nMemoryMax=320M\n';

it('replaces a key by a drop-in, and adds to a list', () => {
  const found = readUnitFiles([UNIT, '[Service]\nMemoryMax=64M\nEnvironment=C=3\n']);
  expect(found.get('Service.MemoryMax')).toEqual(['64M']);
  expect(found.get('Service.Environment')).toEqual(['A=1', 'B=2', 'C=3']);
});

it('empties a list by an empty value', () => {
  const found = readUnitFiles([UNIT, '[Service]\nEnvironment=\nEnvironment=C=3\n']);
  expect(found.get('Service.Environment')).toEqual(['C=3']);
});

it('finds no difference in another order and in keys of the site', () => {
  const site =
    '[Service]\nEnvironment=B=2\nEnvironment=A=1\nMemoryMax=320M\nRestart=always\nLoadCredential=hub:/etc/hub\n';
  expect(differencesOf(readUnitFiles([site]), readUnitFiles([UNIT]))).toEqual([]);
});

it('names a changed and a missing key', () => {
  const changed = UNIT.replace('always', 'no').replace('MemoryMax=320M\n', '');
  expect(differencesOf(readUnitFiles([changed]), readUnitFiles([UNIT]))).toEqual([
    { key: 'Service.Restart', installed: ['no'], packaged: ['always'] },
    { key: 'Service.MemoryMax', installed: [], packaged: ['320M'] },
  ]);
});
