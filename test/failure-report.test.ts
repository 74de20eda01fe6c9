import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const REPORTER = fileURLToPath(new URL('./failure-report.ts', import.meta.url));

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Runs the given test files, each with its text. @returns the report */
function reportOf(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-report-'));
  folders.push(root);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  const file = join(root, 'report');
  const words = ['run', '--root', root, '--globals', `--reporter=${REPORTER}`, `--outputFile=${file}`];
  spawnSync(process.execPath, [VITEST, ...words]);
  return readFileSync(file, 'utf8').replaceAll(root, 'ROOT');
}

test('the report of a run without failures is its counts', () => {
  const passing = `test('one', () => {}); test('two', () => {}); test.skip('three', () => {});`;
  expect(reportOf({ 'a.test.js': passing })).toBe('2 passed, 0 failed\n');
});

test('the report has the file, the name, the difference and the place of each failed test', () => {
  const report = reportOf({
    'a.test.js': `describe('sums', () => {
      test('are right', () => {});
      test('are equal', () => expect({ one: 1, two: 2 }).toEqual({ one: 1, two: 3 }));
    });`,
  });
  expect(report).toMatch(/^1 passed, 1 failed\n\nFAILED a\.test\.js > sums > are equal\n {2}AssertionError: expected/);
  expect(report).toContain('-   "two": 3,');
  expect(report).toContain('+   "two": 2,');
  expect(report).toMatch(/ {2}at .*a\.test\.js:3/);
});

test('the report has the first lines of a long message, and the difference after them', () => {
  const message = `Array.from({ length: 32 }, (_, index) => 'line ' + index).join('\\n')`;
  const report = reportOf({ 'a.test.js': `test('is short', () => expect(1, ${message}).toBe(2));` });
  expect(report).toMatch(/line 29\n {2}\(2 more lines\)\n/);
  expect(report).toContain('+ 1');
});

test('the report counts what belongs to no test: files that do not load, failed hooks, unhandled rejections', () => {
  const report = reportOf({
    'broken.test.js': `throw new Error('not loaded')`,
    'ends.test.js': `test('ends its process', () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}); });`,
    'hook.test.js': `describe('folder', () => { afterAll(() => { throw new Error('not removed') }); test('passes', () => {}); });`,
    'late.test.js': `test('passes', async () => { void Promise.reject(new Error('too late')); await new Promise(setImmediate); });`,
  });
  expect(report).toMatch(/^2 passed, \d failed\n/);
  expect(report).toMatch(/\nFAILED broken\.test\.js\n {2}Error: not loaded\n/);
  expect(report).toMatch(/\nFAILED ends\.test\.js\n/);
  expect(report).toMatch(/\nFAILED hook\.test\.js > folder\n {2}Error: not removed\n/);
  expect(report).toMatch(/\nFAILED outside of the tests, while ROOT\/late\.test\.js ran\n {2}Error: too late\n/);
  expect(report.split('\nFAILED ')).toHaveLength(Number(report.match(/, (\d) failed/)?.[1]) + 1);
});
