/** The lines of the journal, and tests that hostile text cannot change them. */

import { fstatSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJournal, isJournalStream, type JournalOptions } from '../../../src/io/journal.ts';

function record(options: Partial<JournalOptions>, act: (journal: ReturnType<typeof createJournal>) => void): string[] {
  const lines: string[] = [];
  act(
    createJournal({
      level: 'debug',
      format: 'text',
      isUnderSystemd: true,
      ...options,
      write: (line) => lines.push(line),
    }),
  );
  return lines;
}

describe('the journal', () => {
  it('starts a line with its priority under systemd, and has no timestamp', () => {
    const lines = record({}, (journal) => {
      journal.debug('d');
      journal.info('link opened', { link: 'a', baudRate: 115200, path: '/dev/ttyUSB0', absent: undefined });
      journal.warn('w', { reason: 'two words' });
      journal.error('e');
    });
    expect(lines).toEqual([
      '<7>d\n',
      '<6>link opened link=a baudRate=115200 path=/dev/ttyUSB0\n',
      '<4>w reason="two words"\n',
      '<3>e\n',
    ]);
  });

  it('has time and level elsewhere', () => {
    const [line] = record({ isUnderSystemd: false }, (journal) => journal.info('link opened'));
    expect(line).toMatch(/^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] INFO: link opened\n$/);
  });

  it('is silent below its level', () => {
    expect(record({ level: 'warn' }, (journal) => journal.info('i'))).toEqual([]);
  });

  it('writes JSON with the same content', () => {
    const [line] = record({ format: 'json', isUnderSystemd: false }, (journal) => {
      journal.warn('uplink shed', { count: 3n, cause: new Error('full') });
    });
    expect(JSON.parse(line ?? '')).toMatchObject({
      level: 'warn',
      event: 'uplink shed',
      detail: { count: '3', cause: expect.stringContaining('Error: full') },
    });
  });

  it.each(['text', 'json'] as const)('lets no text from outside forge a line or move a cursor (%s)', (format) => {
    const hostile = fc.string({
      unit: fc.constantFrom('a', '\n', '\r', '\u001b', '\u009b', '\u202e', '\u2028', '"', '\\'),
    });
    fc.assert(
      fc.property(hostile, hostile, (key, text) => {
        const lines = record({ format }, (journal) => journal.info('seen', { [`k${key}`]: text, list: [text] }));
        expect(lines).toHaveLength(1);
        expect(lines[0]?.slice(0, -1)).toMatch(/^[ -~]*$/);
      }),
    );
  });

  it.each(['text', 'json'] as const)('has lines of bounded length, with the end of the sentence (%s)', (format) => {
    const [line = ''] = record({ format }, (journal) =>
      journal.warn(`downlink on ${'t'.repeat(65_535)} shed: no subscriber`, { detail: 'x'.repeat(1e6) }),
    );
    expect(line.length).toBeLessThan(6000);
    expect(line).toMatch(/64\d\d\d more characters.*shed: no subscriber/);
  });

  it('recognises whether journald reads the stream', () => {
    const { dev, ino } = fstatSync(2);
    expect(isJournalStream(`${dev}:${ino}`)).toBe(true);
    expect(isJournalStream(`${dev}:${ino + 1}`)).toBe(false);
    expect(isJournalStream(undefined)).toBe(false);
  });
});
