/** Extreme numbers in texts, conditions, the journal and the screen: no NaN, exponent, negative duration or long line. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderStatus } from '../../../src/cli/status-view.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';
import { conditionsOf, type Health } from '../../../src/ops/conditions/conditions.ts';
import { EVENT_NAMES, NARRATORS } from '../../../src/ops/narration.ts';
import type { StatusFacts } from '../../../src/ops/reports/report.ts';
import { judge } from '../../../src/ops/verdict.ts';
import {
  ageWords,
  bytesWords,
  countOf,
  countWords,
  dateWords,
  durationWords,
  etaWords,
  rateWords,
} from '../../../src/ops/words.ts';
import { AWAY } from './api/control-rig.ts';

const YEAR_MS = 365 * 86_400_000;
const SPECIAL = [0, 1, 1.4, 2, 0.0001, 0.4, 9.96, 999, 1e15, 2 ** 53, 1e21, 1e300, 30 * YEAR_MS, 5000 * YEAR_MS];
const numbers = fc.oneof(
  fc.constantFrom(...SPECIAL, ...SPECIAL.map((one) => -one)),
  fc.double({ noNaN: true }),
  fc.integer(),
);
/** Signs of an invalid number in a text. */
const anyNumber = fc.oneof(numbers, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY));

const SCREEN: Terminal = { width: 80, isScreen: true, print: () => undefined, tone: (_tone, text) => text };

/** `1` with a plural, or another number without one. */
const WRONG_PLURAL =
  /(?<![\d,.-])1 (?!days)(messages|bytes|topics|times|subscriptions|subdevices|records|commits|closes|packets)\b/;
const NO_NUMBER = /NaN|Infinity|undefined|\[object|\d(\.\d+)?e[+-]?\d/;
const NEGATIVE_TIME = /-\d[\d,.]* (s|min|h|days|B|[KMGT]iB)\b(?!…)/; // a word that is cut is no unit

function expectPlain(text: string): void {
  expect(text).not.toMatch(NO_NUMBER);
  expect(text).not.toMatch(NEGATIVE_TIME);
  expect(text).not.toMatch(WRONG_PLURAL);
}

/** Returns the value with each number replaced, and strings from outside made long. */
function extreme<Value>(value: Value, draw: () => number): Value {
  if (typeof value === 'number') return draw() as Value;
  if (Array.isArray(value)) return value.map((one) => extreme(one, draw)) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, extreme(one, draw)])) as Value;
}

const TROUBLED_HUB: Health['hub'] = {
  ...{ isOnline: false, changedAtMs: 1, problem: undefined, refusal: undefined, isSigned: true },
  ...{
    peer: 'hub.example.net:1883',
    openingSteps: 'name look-up and TCP connection',
    isPlain: true,
    hasPasswordCommand: false,
    renewalTrouble: undefined,
    hasClientCertificate: false,
    dialingMs: undefined,
    awaitingConnackMs: 5000,
    clientId: 'gw',
    problemStage: 'accepted',
  },
  session: {
    finding: 'resumed',
    away: { ms: 1, quality: 'at_least' },
    keptMs: 1,
    isOver: true,
    gap: { reason: 'session lost', age: { ms: 1, quality: 'exact' } },
  },
  takeovers: { times: 4, shortestMs: 1, longestMs: 2, sinceMs: 3, sessionsGone: 1 },
  ...{
    refusedFilters: ['a/b', 'c/d'].map((filter) => ({ filter, reason: 'SUBACK 0x80' })),
    doubtedTopics: ['a/b'],
    unansweredMs: 10_000,
    silentFilters: ['a/b'],
    loweredFilters: ['a/b'],
  },
  heldPackets: (['suspect', 'set aside'] as const).map((state) => ({
    ...{ packet: `SUBSCRIBE ${'x/'.repeat(120)}`, name: 'a/b', state, closes: 3 },
    ...{ firstCloseMs: 2, lastCloseMs: 1, triedAgainInMs: 7 },
  })),
  tlsFilesTrouble: { problem: 'no such file', sinceMs: 1 },
  secretTrouble: { problem: 'no such file', sinceMs: 1 },
};

const TROUBLED: Health = {
  ...{ nowMs: 9, startedAtMs: 1, hub: TROUBLED_HUB, links: [], bindings: [], unconfiguredDevices: ['p/d'] },
  unconfirmed: { subdevices: ['a', 'b'], forMs: 1 },
  configuration: {
    state: 'unconfirmed',
    rollsBackInMs: 5e15,
    confirmation: 'operator',
    reason: null,
    missing: null,
    file: null,
    forMs: 5e15,
  },
  removed: [],
  firmware: [1, 2, 3, 4].map((number) => ({
    ...{ subdevice: `pump-${'x'.repeat(40)}-${number}`, running: undefined, rejected: undefined },
    update: {
      ...{ version: 'v'.repeat(64), step: 'failed' as const, size: 1, downloadedBytes: 1, confirmedBytes: 1 },
      ...{ bytesPerS: 1, attempts: 1, isReported: false },
      failure: { kind: 'not updated' as const, reason: 'x'.repeat(120) },
    },
  })),
  firmwareUnstored: 'x'.repeat(120),
  failingDownloads: [
    { version: 'v'.repeat(64), reason: 'x'.repeat(120), forMs: 1, subdevices: ['a', 'b', 'c', 'd'] },
    { version: '2', reason: 'no route', forMs: 1, subdevices: ['e'] },
  ],
  unacknowledgedLinks: ['a'],
  onHold: [
    { holds: [{ queue: 'outbox', subdevice: null, topic: null, age: { ms: 1, quality: 'exact' } }], messages: 1 },
  ],
  accessTroubles: [{ code: 'socket-closed', sentence: 'It is closed.', hint: 'Open it.', sinceMs: 1 }],
  moving: [],
  commits: { runningMs: 5e15, last: { ms: 5e15, agoMs: 0 } },
  storeFullSinceMs: undefined,
  fallbacks: { recent: 1, firstAtMs: 0, lastAtMs: 1, topic: 't', why: 'w' },
  leftOut: { recent: 1, firstAtMs: 0, lastAtMs: 1, topic: 't' },
  diskLow: undefined,
  clock: { wallMs: 1, isSet: false, isTrusted: false, aheadOfHubMs: 1 },
  outbox: { messages: 1, messagesMax: 1, bytes: 1, bytesMax: 1 },
  store: {
    ...{ volatile: 'tmpfs on /tmp', copiedFrom: [], damaged: 1, isDamaged: true, damagedRecords: 1 },
    losses: [{ age: { ms: 1, quality: 'exact' }, messages: 1, unknown: 'the log lost its end' }],
  },
  ...{
    imbalance: 1,
    hangs: [],
    backlog: {
      pause: { perS: 0, sinceMs: 1, leftMs: 1 },
      rate: { perS: 0.1, sinceMs: 1, leftMs: 1 },
    },
    setAside: { times: 1, last: { of: 'hub', what: 'PUBLISH', why: 'it threw' } },
    dead: 1,
    deadTopics: ['a', 'b', 'c', 'd'],
  },
  filters: { wanted: 1, max: 1, rejected: [{ subdevice: 'a', filter: 'x/y' }] },
  discarded: (['overflow drop-oldest', 'line pattern', 'line not ended', 'unit exception'] as const).map((reason) => ({
    ...{
      link: null,
      subdevice: 'a',
      reason,
      direction: 'uplink' as const,
      count: 1,
      recent: 9,
      forMs: 1,
      lastMs: 1,
      lasts: true,
      share: 1,
    },
    sample: 'x'.repeat(160),
    size: null,
  })),
  missing: [{ subdevice: 'a', hasSent: true, forMs: 900_000 }],
};

function drawer(pool: readonly number[]): () => number {
  let at = 0;
  return () => pool[at++ % pool.length] ?? 0;
}

const pools = fc.array(anyNumber, { minLength: 1, maxLength: 40 });

describe('words for numbers of any size', () => {
  it('are plain numbers with units', () => {
    fc.assert(
      fc.property(anyNumber, (number) => {
        const age = { ms: number, quality: 'at_least' } as const;
        const words = [countWords(number), countOf(number, 'message'), durationWords(number), bytesWords(number)];
        words.push(rateWords(number), etaWords(number), ageWords(age), dateWords(number));
        for (const one of words) expectPlain(one);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    [countOf(1.4, 'message'), '1 message'],
    [countOf(2 ** 53, 'byte'), '9,007,199,254,740,992 bytes'],
    [countWords(1e21), 'over 1,000,000,000,000,000,000'],
    [countWords(-1e21), 'under -1,000,000,000,000,000,000'],
    [bytesWords(1e15), '909 TiB'],
    [bytesWords(1024 * 1024 - 1), '1.0 MiB'],
    [durationWords(-5000), '0 s'],
    [durationWords(30 * YEAR_MS), '10,950 days'],
    [rateWords(0.0001), 'under 0.1/s'],
    [dateWords(1e17), 'an impossible date'],
    [dateWords(Date.UTC(2026, 0, 2)), '2026-01-02 00:00:00 UTC'],
    [etaWords(Number.POSITIVE_INFINITY), 'unknown'],
  ])('%s', (words, right) => {
    expect(words).toBe(right);
  });
});

describe('numbers of any size in a report', () => {
  it('leave the screen readable: 23 lines of 80 columns', () => {
    fc.assert(
      fc.property(pools, fc.constantFrom('connected', 'waiting to reconnect'), (pool, state) => {
        const facts: StatusFacts = {
          ...AWAY,
          hub: { ...AWAY.hub, state, replay: { received: 1, expectedMax: 1, etaMs: 1 } },
        };
        const report = judge(extreme(facts, drawer(pool)));
        // port and process id are not quantities
        const { port } = AWAY.hub;
        const { pid } = AWAY.process;
        const whole = { ...report, hub: { ...report.hub, port }, process: { ...report.process, pid } };
        const lines = renderStatus(whole, SCREEN);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
        for (const line of lines) expectPlain(line);
        expect(lines.length).toBeLessThanOrEqual(23);
      }),
      { numRuns: 500 },
    );
  });

  it('leave the conditions readable', () => {
    const times = fc.array(numbers, { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(times, fc.boolean(), fc.boolean(), (pool, isOnline, isFull) => {
        const health = extreme(TROUBLED, drawer(pool));
        const storeFullSinceMs = isFull ? pool[0] : undefined;
        const conditions = conditionsOf({ ...health, hub: { ...health.hub, isOnline }, storeFullSinceMs });
        for (const { sentence, hint } of conditions) expectPlain(`${sentence} ${hint}`);
        const lines = renderStatus(judge({ ...AWAY, conditions }), SCREEN);
        expect(lines.length).toBeLessThanOrEqual(23);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
        for (const line of lines) expectPlain(line);
      }),
      { numRuns: 500 },
    );
  });

  it('leave the journal readable', () => {
    const texts = new Set([
      'reason',
      'why',
      'problem',
      'sentence',
      'remedy',
      'peer',
      'sample',
      'outcome',
      'recoveryStep',
      'trouble',
    ]);
    texts
      .add('link')
      .add('path')
      .add('subdevice')
      .add('topic')
      .add('filter')
      .add('packet')
      .add('policy')
      .add('of')
      .add('what')
      .add('where')
      .add('differences')
      .add('source')
      .add('fact')
      .add('limit')
      .add('mark')
      .add('code')
      .add('effect')
      .add('action')
      .add('subject')
      .add('by')
      .add('how')
      .add('mark')
      .add('detail')
      .add('version');
    fc.assert(
      fc.property(fc.constantFrom(...EVENT_NAMES), anyNumber, (name, number) => {
        const fact = new Proxy(
          {},
          {
            get: (_target, key) => {
              if (typeof key !== 'string') return undefined;
              if (key === 'qos') return 1;
              if (key === 'unacknowledged' || key === 'keys') return ['a'];
              if (key === 'away') return { ms: number, quality: 'exact' };
              return texts.has(key) ? 'words' : number;
            },
          },
        );
        expectPlain((NARRATORS[name].tell as (fact: object) => string)(fact));
      }),
      { numRuns: 2000 },
    );
  });
});
