import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readRunRequests, storeRunRequests } from '../../../src/io/run-requests.ts';

const NONE = { ids: [], retained: undefined };

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

it('the ids of requests outlive the process', () => {
  const stateDir = folder();
  expect(readRunRequests(stateDir)).toEqual({ run: NONE, problem: undefined });
  for (const run of [
    { ids: ['1', '2'], retained: undefined },
    { ids: Array.from({ length: 256 }, (_, index) => `${index}`.padStart(64, 'x')), retained: '2' },
  ]) {
    storeRunRequests(stateDir, run);
    expect(readRunRequests(stateDir)).toEqual({ run, problem: undefined });
  }
});

it.each(['', '{', '[]', 'null', '{"ids":[1]}', '{"ids":[],"retained":1}', 'x'.repeat(100_000)])(
  'a damaged file is ignored, and the problem is named: %#',
  (text) => {
    const stateDir = folder();
    writeFileSync(join(stateDir, 'remote-requests.json'), text);
    expect(readRunRequests(stateDir)).toEqual({ run: NONE, problem: expect.stringMatching(/^it is/) });
  },
);
