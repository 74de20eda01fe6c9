/** Score of a line, from its traffic and its probes, with the advice. */
import { describe, expect, it } from 'vitest';
import { scoreLink } from '../../../../src/ops/link-test/link-score.ts';
import { type ProbeReport, ProbeTally } from '../../../../src/ops/link-test/probe-tally.ts';
import { type LinkReport, RESTING } from '../../../../src/ops/reports/link-report.ts';

const QUIET = { framing: 0, parity: 0, overruns: 0, bufferOverruns: 0, breaks: 0 };
const OPEN: LinkReport = { ...RESTING, name: 'meters', path: 'usb:x', driver: 'mqttsn', state: 'open', forMs: 5000 };
const counted = (counters: Partial<LinkReport['counters']>, more: Partial<LinkReport> = {}) => ({
  ...{ ...OPEN, ...more },
  counters: { ...RESTING.counters, ...counters },
});

function probed(requests: number, answers: number, more: Partial<ProbeReport> = {}): ProbeReport {
  const trip = answers === 0 ? null : 12;
  return {
    subdevice: 'm1',
    requests,
    answers,
    damaged: 0,
    p50Ms: trip,
    p99Ms: trip,
    notAsked: null,
    refused: [],
    ...more,
  };
}

function scoreOf(after: LinkReport, probes: readonly ProbeReport[] = [], before: LinkReport = OPEN) {
  return scoreLink({ before, after, seconds: 10, probes });
}

it('late answers of polled devices are advice to wait longer, and unexpected frames of other devices are not', () => {
  const late = { framesIn: 3, framesOut: 9, retries: 6, unexpectedPackets: 6 };
  const adviceOf = (more: Partial<LinkReport>) => scoreOf(counted(late, more), [probed(3, 0)]).advice.join(' ');
  expect(adviceOf({ driver: 'modbus', polled: true })).toMatch(
    /6 times something arrived .* raise retry_ms of the link/,
  );
  expect(adviceOf({})).not.toMatch(/raise retry_ms/);
});

it('a point with an unknown exception is no matter of its type', () => {
  const refused = ['speed (holding 7): exception 99'];
  const { advice } = scoreOf(counted({ framesIn: 9 }, { driver: 'modbus', polled: true }), [probed(3, 3, { refused })]);
  expect(advice.join(' ')).toMatch(/Compare table, address and type of the points/);
});

describe('a line without probes', () => {
  it.each([
    ['good', { framesIn: 1000, crcErrors: 1 }, /^Good: in 10 s 1 of 1,001 frames broken\.$/],
    ['fair', { framesIn: 990, crcErrors: 10 }, /^Fair: .*10 of 1,000 frames broken/],
    ['bad', { framesIn: 900, malformedPackets: 100, retries: 7 }, /^Bad: .*, 7 repetitions\.$/],
    ['good', { framesIn: 900, echoes: 90 }, /^Good: .*frames broken, the adapter or the device echoes what is sent\.$/],
    ['fair', { framesIn: 900, framesOut: 100, retries: 1 }, /^Fair: .*0 of 900 frames broken, 1 repetition\.$/],
    ['bad', { framesIn: 900, framesOut: 100, retries: 6 }, /^Bad: /],
    [
      'bad',
      { framesIn: 900, openings: 2 },
      /^Bad: the port of link meters was opened 2 times during the test, and was open for 0 of 10 s: 0 of 900 frames/,
    ],
    ['silent', {}, /^Nothing arrived on link meters in 10 s/],
  ] as const)('is %s: %o', (verdict, counters, sentence) => {
    const score = scoreOf(counted(counters));
    expect(score.verdict).toBe(verdict);
    expect(score.sentence).toMatch(sentence);
  });

  it('is bad if its port is not open', () => {
    expect(scoreOf({ ...OPEN, state: 'opening', lastProblem: 'no such device' }).sentence).toBe(
      'Bad: link meters is not open (no such device).',
    );
  });

  it.each([
    ['closed and open again', { openMs: 20_000 }, { openMs: 24_100 }, 1, 4],
    ['closed twice', { openMs: 20_000 }, { openMs: 26_600 }, 2, 7],
    ['closed at the begin', { openMs: 0, state: 'waiting to reopen' }, { openMs: 3000 }, 1, 3],
    ['changed in the configuration', { openMs: 90_000 }, { openMs: 2000 }, 1, 2],
    ['open for longer than the test, by rounding', { openMs: 0 }, { openMs: 10_600 }, 1, 10],
  ] as const)('counts only the time for which its port was open: %s', (_, from, to, openings, openSeconds) => {
    const score = scoreOf(counted({ openings, framesIn: 30 }, to), [], { ...OPEN, ...from });
    expect(score).toMatchObject({ verdict: 'bad', seconds: 10, openSeconds });
    expect(score.sentence).toContain(` and was open for ${openSeconds} of 10 s: 0 of 30 frames broken.`);
  });

  it('counts from the change of its configuration on', () => {
    const before = counted({ openings: 1, bytesIn: 900, framesIn: 90 }, { openMs: 90_000 });
    const score = scoreOf(counted({ openings: 1, bytesIn: 300, framesIn: 30 }, { openMs: 2000 }), [], before);
    expect(score).toMatchObject({ verdict: 'bad', framesIn: 30, bytesIn: 300, openings: 1, openSeconds: 2 });
    expect(score.advice).toEqual(['The configuration of the link was changed during the test. Repeat the test.']);
  });

  it('suspects no plug if the gateway itself opened its port again', () => {
    const again = counted({ openings: 1 }, { openMs: 9000, recovery: { ...RESTING.recovery, reopen: 1 } });
    expect(scoreOf(again).advice[0]).toMatch(/^The gateway itself opened the port again/);
    expect(scoreOf(counted({ openings: 1 }, { openMs: 9000 })).advice[0]).toMatch(/^Check plug/);
  });

  it('counts the time for which its port was open, if it is closed at the end', () => {
    const closed = { state: 'waiting to reopen', lastProblem: 'h:1 reset the connection', openMs: 6000 } as const;
    const score = scoreOf(counted({ framesIn: 9 }, closed), [], { ...OPEN, openMs: 1000 });
    expect(score.sentence).toBe(
      'Bad: link meters is not open (h:1 reset the connection). It was open for 5 of 10 s: 0 of 9 frames broken.',
    );
  });

  it('has advice about the device server if its port is there', () => {
    const server = { path: 'tcp://10.0.0.9:4001', lastProblem: '10.0.0.9:4001 closed the connection' };
    expect(scoreOf(counted({ openings: 1, framesIn: 9 }, server)).advice[0]).toMatch(/^The device server ended/);
    expect(scoreOf(counted({ openings: 1, framesIn: 9 })).advice[0]).toMatch(/^Check plug, USB hub/);
  });

  it('is judged by the traffic of the test only', () => {
    const [before, after] = [counted({ crcErrors: 500 }), counted({ crcErrors: 500, framesIn: 9 })];
    expect(scoreOf(after, [], before)).toMatchObject({ verdict: 'good', broken: 0, advice: [] });
  });
});

describe('a line with probes', () => {
  it.each([
    ['good', [probed(20, 20)], /20 of 20 probes answered\.$/],
    ['fair', [probed(20, 19)], /19 of 20 probes answered/],
    ['bad', [probed(20, 18)], /18 of 20/],
    ['bad', [probed(20, 20), probed(20, 10, { subdevice: 'm2' })], /30 of 40/],
  ] as const)('is %s', (verdict, probes, sentence) => {
    const score = scoreOf(counted({ framesIn: 100 }), probes);
    expect([score.verdict, score.sentence]).toEqual([verdict, expect.stringMatching(sentence)]);
  });

  it('is bad if a Modbus unit never answers, which is named', () => {
    const after = counted({ framesIn: 100 }, { driver: 'modbus' });
    const score = scoreOf(after, [probed(20, 20), probed(6, 0, { subdevice: 'pump' })]);
    expect(score.verdict).toBe('bad');
    expect(score.advice).toEqual([expect.stringMatching(/^pump does not answer\. Check its power/)]);
  });

  it.each([
    ['b (holding 9): illegal data address', /address, table and type/],
    ['a (input 0): illegal function', /Correct table of the points/],
    ['c (holding 3): server device failure', /internal fault/],
    ['f (holding 0): not a number', /Compare type and word_order/],
  ])('is not good if a unit answers without a value for a point: %s', (refused, remedy) => {
    const after = counted({ framesIn: 100 }, { driver: 'modbus' });
    const score = scoreOf(after, [probed(20, 20), probed(20, 20, { subdevice: 'pump', refused: [refused] })]);
    expect(score.verdict).toBe('bad');
    expect(score.sentence).toContain(`40 of 40 probes answered, and pump has no value for ${refused}.`);
    expect(score.advice).toEqual([expect.stringMatching(remedy)]);
    expect(score.advice[0]).toContain(`pump answers, and has no value for: ${refused}.`);
  });

  it('is not good if a unit rejects points in the normal traffic', () => {
    const sample = 'unit 3, b (holding 9): illegal data address';
    const discard = {
      link: 'meters',
      subdevice: 'pump',
      reason: 'unit exception',
      direction: null,
      size: null,
      count: 1,
      recent: 1,
      sample,
    } as const;
    const times = { forMs: 0, lastMs: 0, lasts: true, share: 0 };
    const after = counted({ framesIn: 100 }, { driver: 'modbus', discarded: [{ ...discard, ...times }] });
    const score = scoreOf(after);
    expect([score.verdict, score.advice]).toEqual(['bad', [expect.stringContaining(sample)]]);
  });

  it('is not judged by an MQTT-SN client that sends and does not answer PINGREQ, which is reported', () => {
    const score = scoreOf(counted({ framesIn: 100 }), [probed(20, 0)]);
    expect(score.verdict).toBe('good');
    expect(score.advice).toEqual([expect.stringMatching(/^m1 answers no probe and is not counted/)]);
  });

  it('is bad without answers and other traffic', () => {
    expect(scoreOf(counted({}), [probed(20, 0)]).verdict).toBe('bad');
  });

  it('has different advice for missing and for damaged answers', () => {
    const score = scoreOf(counted({ framesIn: 90, crcErrors: 8 }), [probed(30, 20, { damaged: 8 })]);
    expect(score.advice).toEqual([
      expect.stringMatching(/^Frames arrive broken: check that speed/),
      expect.stringMatching(/^Some packets were not answered \(2 probes, 0 repetitions\)/),
    ]);
  });
});

describe('a count of the kernel', () => {
  const withKernel = (kernel: LinkReport['kernel']) => counted({ framesIn: 100 }, { kernel });
  const before = { ...OPEN, kernel: { ...QUIET, overruns: 7 } };

  it('of lost bytes makes a line at most fair, with their number', () => {
    const score = scoreOf(withKernel({ ...QUIET, overruns: 10, bufferOverruns: 4 }), [], before);
    expect(score.verdict).toBe('fair');
    expect(score.advice).toEqual([
      expect.stringMatching(/^The kernel lost 7 bytes \(3 in the hardware, 4 in its buffer\)/),
    ]);
  });

  it('of framing errors, parity errors and breaks leads to advice', () => {
    const { advice } = scoreOf(withKernel({ ...QUIET, overruns: 7, framing: 2, parity: 1, breaks: 1 }), [], before);
    expect(advice).toEqual([
      expect.stringMatching(/^The kernel saw 2 bytes without a stop bit and 1 of wrong parity/),
      expect.stringMatching(/^The line was held low 1 time:/),
    ]);
  });

  it('is unknown, not 0, if the driver does not report it', () => {
    expect(scoreOf(withKernel(null), [], before)).toMatchObject({ verdict: 'good', kernel: null });
  });

  it('begins at 0 for a port that was plugged in again', () => {
    expect(scoreOf(withKernel({ ...QUIET, overruns: 2 }), [], before).kernel).toEqual(QUIET);
  });
});

it('a tally has the sums of the probes, with the median and the 99th percentile of the round trip', () => {
  const tally = new ProbeTally('m1');
  for (let tripMs = 1; tripMs <= 100; tripMs += 1)
    tally.add({ kind: 'asked', requests: 1, answers: 1, damaged: 0, tripMs });
  tally.add({ kind: 'asked', requests: 3, answers: 0, damaged: 1, tripMs: undefined });
  tally.add({ kind: 'not asked', why: 'it is asleep' });
  expect(tally.report()).toEqual({
    ...{ subdevice: 'm1', requests: 103, answers: 100, damaged: 1, p50Ms: 50, p99Ms: 99, notAsked: 'it is asleep' },
    refused: [],
  });
});
