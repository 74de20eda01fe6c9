/** The file of hangs: kept over processes, bounded, and harmless with any content. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Hang, handleHangs, noteHang, readHangs, takeUnreported } from '../../../src/io/hang-log.ts';

function newPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'hangs');
}

const hangAt = (upMs: number, more: Partial<Hang> = {}): Hang => ({
  upMs,
  source: 'store-thread',
  subject: '',
  forMs: 31_000,
  what: 'the store thread did not finish a commit',
  where: '',
  hasRecordings: false,
  isReported: false,
  isHandled: false,
  ...more,
});

describe('the file of hangs', () => {
  it('keeps them in their order, each once, for the user of the gateway alone', () => {
    const path = newPath();
    noteHang(path, hangAt(1));
    noteHang(path, hangAt(2));
    noteHang(path, hangAt(2, { where: 'spin (a.ts:1)' }));
    expect(readHangs(path, 10)).toEqual([hangAt(1), hangAt(2, { where: 'spin (a.ts:1)' })]);
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it('gives each hang to one process as news', () => {
    const path = newPath();
    noteHang(path, hangAt(1));
    expect(takeUnreported(path, 10)).toEqual([hangAt(1)]);
    expect(takeUnreported(path, 10)).toEqual([]);
    noteHang(path, hangAt(2));
    expect(takeUnreported(path, 10)).toEqual([hangAt(2)]);
    expect(readHangs(path, 10)).toHaveLength(2);
  });

  it('marks all hangs as handled, and later ones are open', () => {
    const path = newPath();
    noteHang(path, hangAt(1));
    handleHangs(path, 10);
    noteHang(path, hangAt(11));
    expect(readHangs(path, 20).map(({ isHandled }) => isHandled)).toEqual([true, false]);
    expect(() => handleHangs('/nowhere/hangs', 10)).toThrow('ENOENT');
  });

  it('has no handled hang in a line of an earlier version', () => {
    const path = newPath();
    const { isHandled: _, ...earlier } = hangAt(1);
    writeFileSync(path, `${JSON.stringify(earlier)}\n`);
    expect(readHangs(path, 10)).toEqual([hangAt(1)]);
  });

  it('keeps the latest 16', () => {
    const path = newPath();
    for (let upMs = 1; upMs <= 17; upMs += 1) noteHang(path, hangAt(upMs));
    expect(readHangs(path, 100).map(({ upMs }) => upMs)).toEqual(Array.from({ length: 16 }, (_, index) => index + 2));
  });

  it('ignores hangs of another boot, which are in the future of the clock', () => {
    const path = newPath();
    noteHang(path, hangAt(5000));
    expect(readHangs(path, 4999)).toEqual([]);
    expect(readHangs(path, 5000)).toHaveLength(1);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', 'x\n{'],
    ['other JSON', 'null\n[]\n7\n{}\n'],
    ['wrong types', `${JSON.stringify({ ...hangAt(1), forMs: 'long' })}\n`],
    ['control characters', `${JSON.stringify(hangAt(1, { what: 'a\u001b[2J' }))}\n`],
    ['a long text', `${JSON.stringify(hangAt(1, { what: 'x'.repeat(401) }))}\n`],
  ])('is empty with %s', (_, text) => {
    const path = newPath();
    writeFileSync(path, text);
    expect(readHangs(path, 10)).toEqual([]);
  });

  it('cannot be written without a folder, and nothing is thrown', () => {
    noteHang('/nowhere/hangs', hangAt(1));
    expect(readHangs('/nowhere/hangs', 10)).toEqual([]);
  });
});
