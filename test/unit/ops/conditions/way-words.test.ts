/** Remedies for Modbus TCP name the server and the address of the unit, and nothing of a serial line. */
import { describe, expect, it } from 'vitest';
import { linkConditions } from '../../../../src/ops/conditions/link-conditions.ts';
import { isOnNetwork, remedyOfSilentUnit } from '../../../../src/ops/conditions/way-words.ts';
import { linkReasons } from '../../../../src/ops/explain/explain-link.ts';
import { scoreLink } from '../../../../src/ops/link-test/link-score.ts';
import { type LinkReport, RESTING } from '../../../../src/ops/reports/link-report.ts';

const OPEN: LinkReport = {
  ...{ ...RESTING, name: 'meters', driver: 'modbus', polled: true, state: 'open', forMs: 90_000 },
  ...{ path: 'tcp://10.0.0.9:502', protocol: 'mbap', missing: [{ subdevice: 'm1', hasSent: false, forMs: 5000 }] },
};
const WIRED: LinkReport = { ...OPEN, path: '/dev/ttyUSB0', protocol: 'rtu' };
const PROBE = { subdevice: 'm1', damaged: 0, p50Ms: null, p99Ms: null, notAsked: null, refused: [] };
const SERIAL = /wire|cable|terminat|parity|speed|baud|plug|adapter/i;

const failed = (trouble: 'silence' | 'noise'): Partial<LinkReport> => ({
  missing: [],
  recovery: { ...RESTING.recovery, failures: 1, failure: { trouble, forMs: 5000 } },
});
const hintsOf = (link: LinkReport): string[] => linkConditions([link]).map(({ hint }) => hint ?? '');
const adviceOf = (link: LinkReport, answers: number, crcErrors: number, requests = 20): readonly string[] =>
  scoreLink({
    before: link,
    after: { ...link, counters: { ...link.counters, framesIn: 50 * answers, crcErrors } },
    seconds: 10,
    probes: requests === 0 ? [] : [{ ...PROBE, requests, answers }],
  }).advice;

const TEXTS: readonly (readonly [of: string, texts: (link: LinkReport) => readonly string[]])[] = [
  ['a silent unit', hintsOf],
  ['a silent unit beside one that answers', (link) => hintsOf({ ...link, probeable: ['m2'] })],
  ['a silent line', (link) => hintsOf({ ...link, ...failed('silence') })],
  ['a noisy line', (link) => hintsOf({ ...link, ...failed('noise') })],
  ['a silent unit in a test', (link) => adviceOf(link, 0, 0)],
  ['lost probes', (link) => adviceOf(link, 10, 0)],
  ['broken answers in a test', (link) => adviceOf(link, 20, 9)],
  ['a test without traffic and probes', (link) => adviceOf(link, 0, 0, 0)],
  ['a line without a byte', (link) => linkReasons(link).map(({ remedy }) => remedy ?? '')],
];

describe.each(TEXTS)('the remedy for %s', (_, texts) => {
  it('speaks of the server over Modbus TCP, and of the line over a wire', () => {
    const overNetwork = texts(OPEN).join(' ');
    expect(overNetwork).toMatch(/server|10\.0\.0\.9:502/);
    expect(overNetwork).not.toMatch(SERIAL);
    expect(texts(WIRED).join(' ')).toMatch(SERIAL);
  });
});

it('a silent unit has its address named, and for a device server its settings', () => {
  expect(remedyOfSilentUnit(OPEN, false)).toMatch(/address \(unit id\).*10\.0\.0\.9:502 accepts the connection/);
  expect(remedyOfSilentUnit(OPEN, true)).toMatch(/address \(unit id\).*other units of 10\.0\.0\.9:502 answer$/);
  const served = { path: 'tcp://10.0.0.9:4001', protocol: 'rtu' };
  expect(remedyOfSilentUnit(served, false)).toMatch(
    /wires.*the cable, the settings of the device server or a retry_ms/,
  );
});

it('only Modbus TCP is spoken without a line', () => {
  for (const protocol of ['rtu', 'sn-cobs', 'lines', null]) expect(isOnNetwork({ protocol })).toBe(false);
  expect(isOnNetwork({ protocol: 'mbap' })).toBe(true);
});
