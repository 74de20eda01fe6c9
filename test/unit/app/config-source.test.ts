/** Text of the configuration: each text is parsed once, while it is one of the newest. */
import { expect, it } from 'vitest';
import { ConfigSource } from '../../../src/app/config-source.ts';
import { GENERIC } from '../config/config-rig.ts';

it('a text is parsed once for its check and its application, also beside the text of the file', () => {
  const source = new ConfigSource('/nowhere/holdfast.toml');
  const [file, patched, next] = [GENERIC, `${GENERIC}# 1\n`, `${GENERIC}# 2\n`];
  const [ofFile, ofPatched] = [source.parse(file), source.parse(patched)];
  expect(source.parse(file)).toBe(ofFile);
  expect(source.parse(patched)).toBe(ofPatched);
  source.parse(next);
  expect(source.parse(patched)).toBe(ofPatched);
  expect(source.parse(file)).not.toBe(ofFile); // negative control: the oldest text was forgotten
  expect(source.parse(file)).toEqual(ofFile);
});
