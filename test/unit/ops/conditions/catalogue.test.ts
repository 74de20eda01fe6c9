/** Catalogue of conditions, compared with the code that raises them, the configuration keys and its page. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keyRow } from '../../../../src/config/key-table.ts';
import { CONDITIONS } from '../../../../src/ops/conditions/catalogue.ts';
import { conditionCodes, renderConditionsPage } from '../../../../src/ops/conditions/conditions-page.ts';

const CATALOGUE = 'catalogue.ts';
/** Text of `src` without the catalogue. */
const SOURCE = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith(CATALOGUE))
  .map((path) => readFileSync(join('src', path), 'utf8'))
  .join('\n');

/** Returns condition codes that no source file raises. */
function unraised(codes: readonly string[], source: string): string[] {
  return codes.filter((code) => !source.includes(`'${code}'`));
}

it('contains only codes that are raised', () => {
  expect(unraised(conditionCodes(), SOURCE)).toEqual([]);
  expect(unraised(['hub-away'], SOURCE.replaceAll("'hub-away'", "''"))).toEqual(['hub-away']);
});

it('names only configuration keys that exist', () => {
  const keys = Object.values(CONDITIONS).flatMap((entry): readonly string[] => entry.keys);
  const unknown = keys.filter((key) => {
    const dot = key.lastIndexOf('.');
    return keyRow(key.slice(0, dot), key.slice(dot + 1)) === undefined;
  });
  expect(unknown).toEqual([]);
});

it('is printed in docs/conditions.md', () => {
  expect(readFileSync('docs/conditions.md', 'utf8')).toBe(renderConditionsPage());
});

it('has whole sentences for the meaning, the effect and the remedy of each condition', () => {
  const texts = Object.values(CONDITIONS).flatMap(({ meaning, effect, remedy }) => [meaning, effect, remedy]);
  expect(texts.filter((text) => !/^[A-Z].*\.$/.test(text))).toEqual([]);
});
