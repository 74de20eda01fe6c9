/** The threat model (docs/security.md): each row names tests that exist, or says why no test can prove it. */
import { join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Repository, readRepository } from './repository.ts';

const PAGE = 'docs/security.md';
/** Columns of a row: threat, who, what holds, what remains, test. */
const COLUMNS = 5;
const UNTESTED = 'not tested: ';
/** Largest number of rows without a test. */
const UNTESTED_MAX = 1;
/** A test file with the titles of tests in it: `[words](path): "title", "title"`. */
const TESTS = /\[[^\]]+\]\(([^)]+\.test\.ts)\): ("[^"]+"(?:, "[^"]+")*)/g;

function rowsIn(text: string): string[][] {
  const lines = text.split('\n').filter((line) => /^\| (?!threat \|)/.test(line));
  return lines.map((line) => line.slice(2, -2).split(' | '));
}

function problemsIn(repository: Repository): string[] {
  return rowsIn(repository.get(PAGE) ?? '').flatMap((row) => {
    const [threat = '', who = '', holds = '', remains = '', tests = ''] = row;
    if (row.length !== COLUMNS || [who, holds, remains].includes('')) return [`${threat}: a column is missing`];
    if (tests.startsWith(UNTESTED) && tests.length > UNTESTED.length) return [];
    const named = [...tests.matchAll(TESTS)];
    const isRead = named.map(([text]) => text).join('; ') === tests;
    if (named.length === 0 || !isRead) return [`${threat}: names no test`];
    return named.flatMap(([, path = '', titles = '']) => missingIn(repository, normalize(join('docs', path)), titles));
  });
}

function missingIn(repository: Repository, path: string, titles: string): string[] {
  const text = repository.get(path);
  if (text === undefined) return [`${path} does not exist`];
  const names = [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title);
  return names.filter((title) => !hasTest(text, title)).map((title) => `${path} has no test "${title}"`);
}

/** True if the title is the first argument of a call, as in `it('title', …)` and `it.each(…)('title', …)`. */
function hasTest(text: string, title: string): boolean {
  return ["'", '"', '`'].some((quote) => {
    const at = text.indexOf(`${quote}${title}${quote},`);
    return at >= 0 && /\(\s*$/.test(text.slice(0, at));
  });
}

describe('the threat model', () => {
  const repository = readRepository();

  it('names tests that exist for each row, or the reason why there is none', () => {
    expect(problemsIn(repository)).toEqual([]);
  });

  it('has rows, and at most a few without a test', () => {
    const rows = rowsIn(repository.get(PAGE) ?? '');
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.filter((row) => row.at(-1)?.startsWith(UNTESTED)).length).toBeLessThanOrEqual(UNTESTED_MAX);
  });

  const good = '| a | b | c | d | [t](../test/a.test.ts): "is safe" |';
  const page = (row: string): Repository =>
    new Map([
      [PAGE, `| threat | who | what holds | what remains | test |\n|---|---|---|---|---|\n${row}\n`],
      ['test/a.test.ts', "it('is safe', () => undefined); const words = ['is gone', 1];"],
    ]);

  it('accepts a row with a test, and one with a reason', () => {
    expect([good, '| a | b | c | d | not tested: why |'].flatMap((row) => problemsIn(page(row)))).toEqual([]);
  });

  it.each([
    ['without a test', good.replace(/\[t.*"/, '–')],
    ['with a test in words only', good.replace('[t](../test/a.test.ts)', 'the test')],
    ['with words beside its tests', good.replace(' |$', '; and others |').replace('safe" |', 'safe" and others |')],
    ['without a reason', '| a | b | c | d | not tested: |'],
    ['whose test file is gone', good.replace('a.test', 'b.test')],
    ['whose title is gone', good.replace('is safe', 'is gone')],
    ['without what remains', good.replace('| d ', '')],
  ])('negative control: finds a row %s', (_, row) => {
    expect(problemsIn(page(row))).toHaveLength(1);
  });
});
