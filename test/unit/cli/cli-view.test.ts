/** Output for technicians: the verdict, numbers in words, and lines and tables on a narrow terminal. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorLines } from '../../../src/cli/error-lines.ts';
import { nodeProblem } from '../../../src/cli/node-version.ts';
import { renderStatus } from '../../../src/cli/status-view.ts';
import { renderTable } from '../../../src/cli/table.ts';
import { hang, openTerminal, type Terminal, wrap } from '../../../src/cli/terminal.ts';
import { ZERO } from '../../../src/custody/ledger.ts';
import { ledgerReportOf } from '../../../src/ops/reports/ledger-report.ts';
import { offlineStatusOf } from '../../../src/ops/reports/offline-report.ts';
import type { Condition, StatusFacts } from '../../../src/ops/reports/report.ts';
import { judge } from '../../../src/ops/verdict.ts';
import {
  ageWords,
  bytesWords,
  countOf,
  countWords,
  durationWords,
  etaWords,
  printable,
  rateWords,
} from '../../../src/ops/words.ts';
import { AWAY, BALANCED } from '../ops/api/control-rig.ts';

function terminalOf(width: number): Terminal {
  return { width, isScreen: true, print: () => undefined, tone: (_tone, text) => text };
}

const CONNECTED: StatusFacts = {
  ...AWAY,
  conditions: [],
  hub: { ...AWAY.hub, state: 'connected', lastProblem: null, nextAttemptInMs: null },
  outbox: { ...AWAY.outbox, messages: 0, onDisk: 0, bytes: 0, oldest: null },
};

function condition(losing: Condition['losing'], forMs: number): Condition {
  return { code: 'shedding', losing, forMs, sentence: `It is ${losing}.`, hint: null };
}

describe('the verdict', () => {
  it('is no while the hub is away, with the place of the messages', () => {
    const { losing, sentence } = judge(AWAY);
    expect(losing).toBe('no');
    expect(sentence).toBe('No. 1,204 messages safe on disk, waiting for the hub (away 3 min).');
  });

  it('is no, in a short sentence, if there is no condition', () => {
    expect(judge(CONNECTED).sentence).toBe('No. The hub is connected and accepts all messages.');
  });

  it('does not contain "accepts all messages" if there is a condition', () => {
    expect(judge({ ...CONNECTED, conditions: [condition('at risk', 1)] }).sentence).toBe(
      'Not yet. It is at risk. The hub is connected; no uplink waits on disk.',
    );
  });

  it('contains the time until the backlog is sent', () => {
    const outbox = { ...CONNECTED.outbox, messages: 600, onDisk: 600, ratePerS: 20, etaMs: 30_000 };
    expect(judge({ ...CONNECTED, outbox }).sentence).toBe(
      'No. 600 messages safe on disk, on the way to the hub at 20/s, done in about 30 s.',
    );
  });

  it('does not call messages in RAM safe', () => {
    const outbox = { ...AWAY.outbox, messages: 10, onDisk: 7 };
    expect(judge({ ...AWAY, outbox }).sentence).toMatch(/^No\. 7 messages safe on disk.* 3 more being written\.$/);
  });

  it('is the worst of the conditions, which are sorted by severity', () => {
    const conditions = [condition('no', 9), condition('at risk', 1), condition('yes', 2), condition('yes', 3)];
    const report = judge({ ...AWAY, conditions });
    expect(report.losing).toBe('yes');
    expect(report.sentence).toMatch(/^Yes\. It is yes\./);
    expect(report.conditions.map(({ losing, forMs }) => `${losing} ${forMs}`)).toEqual([
      'yes 3',
      'yes 2',
      'at risk 1',
      'no 9',
    ]);
  });

  it('is the first field of the report', () => {
    expect(Object.keys(judge(AWAY)).slice(0, 3)).toEqual(['losing', 'sentence', 'conditions']);
  });
});

describe('the status', () => {
  it('answers in its first line, shows the parts, and ends with what to do', () => {
    const lines = renderStatus(judge(AWAY), terminalOf(80));
    expect(lines[0]).toBe('Losing data? No. 1,204 messages safe on disk, waiting for the hub (away 3 min).');
    expect(lines.slice(-7)).toEqual([
      '  ! The hub is away (hub.example.net:1883 refused the connection: no program',
      '    listens on the port, or a firewall rejects it); messages are kept on disk.',
      '    For 3 min.',
      '    -> Check that the hub is running and that port in [hub] is correct. If it',
      '       is, look for a firewall that rejects the connection. The gateway tries',
      '       again by itself.',
      '  in full: holdfast status --full',
    ]);
  });

  it.each([40, 80, 120])('fits %i columns', (width) => {
    const longest = Math.max(...renderStatus(judge(AWAY), terminalOf(width)).map((line) => line.length));
    expect(longest).toBeLessThanOrEqual(width);
  });

  it('escapes control characters from the line', () => {
    const links = AWAY.links.map((link) => ({
      ...link,
      state: 'opening' as const,
      lastProblem: 'bad \u001b[2J\u0007',
    }));
    const text = renderStatus(judge({ ...AWAY, links }), terminalOf(80)).join('');
    expect(text).toContain('\\u001b[2J\\u0007');
    expect(text).not.toContain('\u001b');
  });
});

describe('the ledger', () => {
  it('balances each lane: a surplus of one lane does not hide a loss of another', () => {
    const lane = (subdevice: string, accepted: number) => ({
      subdevice,
      direction: 'uplink' as const,
      counts: { ...ZERO, accepted, delivered: 5 },
      pending: 0,
    });
    const report = ledgerReportOf([lane('b', 4), lane('a', 6)], 'running');
    expect(report.balances).toBe(false);
    expect(report.lanes.map(({ subdevice, imbalance }) => [subdevice, imbalance])).toEqual([
      ['a', 1],
      ['b', -1],
    ]);
    expect(report.totals.uplink.imbalance).toBe(0);
  });

  it('is read from the store if no gateway runs, and the status shows which messages are safe', () => {
    const status = offlineStatusOf(
      { path: '/s', bytes: 1, walBytes: 2, lanes: BALANCED, findings: ['x'], losses: [] },
      null,
    );
    expect(status).toMatchObject({
      running: false,
      uplinksOnDisk: 1204,
      downlinksOnDisk: 0,
      balances: true,
      findings: ['x'],
    });
    expect(status.sentence).toMatch(/not running.*1,204 messages for the hub are safe on disk/);
  });
});

describe('words', () => {
  it.each([
    [0, '0 s'],
    [999, '0 s'],
    [119_999, '119 s'],
    [120_000, '2 min'],
    [7_199_999, '119 min'],
    [7_200_000, '2 h'],
    [19_200_000, '5 h 20 min'],
    [172_800_000, '2 days'],
    [356_400_000, '4 days 3 h'],
  ])('for a duration of %i ms are %s', (ms, words) => {
    expect(durationWords(ms)).toBe(words);
  });

  it('for counts, bytes, rates and times to go', () => {
    expect([countWords(0), countWords(999), countWords(1000), countWords(1_234_567), countWords(-1000)]).toEqual([
      '0',
      '999',
      '1,000',
      '1,234,567',
      '-1,000',
    ]);
    expect([countOf(1, 'message'), countOf(2, 'message')]).toEqual(['1 message', '2 messages']);
    expect([bytesWords(0), bytesWords(1023), bytesWords(1024), bytesWords(39_845_888)]).toEqual([
      '0 B',
      '1,023 B',
      '1.0 KiB',
      '38 MiB',
    ]);
    expect([rateWords(0), rateWords(0.44), rateWords(1250)]).toEqual(['0/s', '0.4/s', '1,250/s']);
    expect([etaWords(null), etaWords(10), etaWords(66_000)]).toEqual(['unknown', 'under 1 s', 'about 66 s']);
    expect(ageWords({ ms: 5000, quality: 'at_least' })).toBe('at least 5 s');
  });

  it('group digits with commas', () => {
    fc.assert(fc.property(fc.integer(), (count) => countWords(count) === count.toLocaleString('en-US')));
  });

  it('escape control characters, and keep all others', () => {
    expect(printable('Zähler ✓\n\u202e')).toBe('Zähler ✓\\u000a\\u202e');
  });
});

describe('lines', () => {
  it('do not separate a number from its unit', () => {
    expect(wrap('away for 3 min now', 10)).toEqual(['away for', '3 min now']);
    expect(wrap('away for 3 min now', 9)).toEqual(['away for', '3 min now']);
    expect(wrap('away for 33 min', 12)).toEqual(['away for', '33 min']);
  });

  it('are indented below their mark', () => {
    expect(hang('-> ', 'one two three', 10)).toEqual(['-> one two', '   three']);
  });

  it('are never wider than the given width, and lose no text', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1 });
    fc.assert(
      fc.property(words, fc.integer({ min: 10, max: 40 }), (list, width) => {
        const lines = wrap(list.join(' '), width);
        expect(lines.every((line) => line.length <= width)).toBe(true);
        expect(lines.join(' ')).toBe(list.join(' '));
      }),
    );
  });
});

describe('tables', () => {
  it('shorten names, not numbers, on a narrow terminal', () => {
    const table = renderTable(
      [
        { heading: 'subdevice', shrinks: true },
        { heading: 'messages', align: 'right' },
      ],
      [
        ['a-very-long-name-of-a-subdevice', '1,000,000'],
        ['b', '1'],
      ],
      terminalOf(24),
    );
    expect(table.split('\n')).toEqual([
      'subdevice       messages',
      'a-very-long-…  1,000,000',
      'b                      1',
    ]);
  });
});

describe('a terminal', () => {
  it.each([
    { of: 'a screen', isTTY: true, environment: {}, styled: true },
    { of: 'a screen with NO_COLOR', isTTY: true, environment: { NO_COLOR: '1' }, styled: false },
    { of: 'a dumb screen', isTTY: true, environment: { TERM: 'dumb' }, styled: false },
    { of: 'a pipe', isTTY: false, environment: {}, styled: false },
  ])('of $of has colours: $styled', ({ isTTY, environment, styled }) => {
    const terminal = openTerminal({ isTTY, columns: 80, write: () => true }, environment);
    expect(terminal.tone('bad', 'x') !== 'x').toBe(styled);
  });

  it.each([
    { of: 'a pipe with LC_ALL=C', isTTY: false, environment: { LC_ALL: 'C', LANG: 'de_DE.UTF-8' }, shown: 'a - b~' },
    { of: 'a screen with LC_ALL=C', isTTY: true, environment: { LC_ALL: 'C' }, shown: 'a - b~' },
    { of: 'a pipe without a locale', isTTY: false, environment: {}, shown: 'a - b~' },
    { of: 'a pipe with UTF-8', isTTY: false, environment: { LANG: 'C.UTF-8' }, shown: 'a · b…' },
    { of: 'a screen with UTF-8', isTTY: true, environment: { LC_CTYPE: 'en_US.utf8' }, shown: 'a · b…' },
  ])('of $of shows "$shown", and text for programs as it is', ({ isTTY, environment, shown }) => {
    let written = '';
    const write = (text: string): boolean => {
      written += text;
      return true;
    };
    const terminal = openTerminal({ isTTY, columns: 80, write }, environment);
    terminal.print('a · b…');
    terminal.print('a · b…', 'as is');
    expect(written).toBe(`${shown}\na · b…\n`);
    expect(errorLines('a · b…', 'c', { isTTY }, environment)[0]).toBe(`holdfast: ${shown}`);
  });
});

describe('the version of Node', () => {
  it.each(['22.18.0', '22.20.1', '24.0.0', '26.1.0'])('%s is accepted', (version) => {
    expect(nodeProblem(version)).toBeUndefined();
  });

  it.each(['18.20.0', '20.20.2', '22.17.9'])('%s is rejected with a sentence', (version) => {
    expect(nodeProblem(version)).toBe(`holdfast needs Node 22.18 or newer, and this is Node ${version}.`);
  });
});
