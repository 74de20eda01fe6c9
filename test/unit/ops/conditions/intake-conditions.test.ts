/** Discarded messages in the verdict: losses, past losses, and the remedy for each reason. */
import { describe, expect, it } from 'vitest';
import type { IntakeReason } from '../../../../src/flow/intake.ts';
import { intakeConditions } from '../../../../src/ops/conditions/intake-conditions.ts';
import { everyIntakeWords } from '../../../../src/ops/conditions/intake-words.ts';
import { linkConditions } from '../../../../src/ops/conditions/link-conditions.ts';
import { missingConditions } from '../../../../src/ops/conditions/missing.ts';
import { scoreLink } from '../../../../src/ops/link-test/link-score.ts';
import type { DiscardReport } from '../../../../src/ops/reports/intake-report.ts';
import { type LinkReport, RESTING } from '../../../../src/ops/reports/link-report.ts';
import { countOf, countWords } from '../../../../src/ops/words.ts';

const DISCARD: DiscardReport = {
  ...{ link: 'field1', subdevice: null, reason: 'line pattern', count: 9, recent: 9, forMs: 5000, lastMs: 1000 },
  direction: null,
  size: null,
  ...{ lasts: true, share: 1, sample: '"boot"' },
};
const LINK: LinkReport = { ...RESTING, name: 'field1', path: '/dev/x', driver: 'lines', state: 'open', forMs: 9000 };

const conditions = (...discards: Partial<DiscardReport>[]) =>
  intakeConditions(
    discards.map((change) => ({ ...DISCARD, ...change })),
    [LINK],
  );

describe('a discard', () => {
  it.each<[string, Partial<DiscardReport>, object | undefined]>([
    ['three lines', { recent: 3 }, { code: 'lines-discarded', losing: 'yes' }],
    ['one line, which a device may send at its start', { recent: 1 }, { losing: 'at risk' }],
    ['one line that is too long', { reason: 'line too long', recent: 1 }, { code: 'lines-discarded', losing: 'yes' }],
    ['one line that is not UTF-8', { reason: 'line encoding', recent: 1 }, { losing: 'yes' }],
    ['two lines of noise', { reason: 'line noise', recent: 2 }, { losing: 'at risk' }],
    ['all frames', { reason: 'frame checksum', share: 0.9 }, { code: 'frames-broken', losing: 'yes' }],
    ['a third of the frames', { reason: 'frame checksum', share: 0.3 }, { losing: 'at risk' }],
    ['one frame in a hundred', { reason: 'frame checksum', share: 0.1 }, undefined],
    ['two frames at the start', { reason: 'frame coding', recent: 2, share: 1 }, undefined],
    ['a message that was shed', { reason: 'overflow drop-oldest', link: null, recent: 1 }, { losing: 'yes' }],
    ['a message dropped by hand', { reason: 'dropped by hand', link: null }, undefined],
    ['a command', { reason: 'command refused', recent: 1 }, { code: 'commands-refused', losing: 'no' }],
    ['a command without an answer', { reason: 'command unanswered', recent: 1 }, { losing: 'at risk' }],
    ['a downlink for an unconfigured subdevice', { reason: 'subdevice not configured' }, { losing: 'unknown' }],
    [
      'a prompt without a delimiter',
      { reason: 'line not ended', recent: 2 },
      { code: 'lines-not-ended', losing: 'at risk' },
    ],
    ['a past discard', { lasts: false }, undefined],
  ])('of %s has its verdict', (_, change, condition) => {
    expect(conditions(change)[0]).toEqual(condition === undefined ? undefined : expect.objectContaining(condition));
  });

  it('is one condition per link and kind, with the most frequent reason', () => {
    const found = conditions({ recent: 3 }, { reason: 'line encoding', recent: 30, sample: '"caf\\xe9"' });
    expect(found).toHaveLength(1);
    expect(found[0]?.sentence).toBe(
      '33 lines discarded on link field1: it is not valid UTF-8, and other reasons; the last 1 s ago: "caf\\xe9".',
    );
    expect(found[0]?.hint).toContain('encoding = "latin1"');
  });

  it.each([
    ['overflow drop-oldest', 'inbox-shedding', 'Bring the subdevice back, raise messages_max of [inbox]'],
    ['expired', 'inbox-shedding', 'Bring the subdevice back'],
  ] as const)(
    'of a downlink with the reason %s has a remedy for the subdevice, not for the hub',
    (reason, code, remedy) => {
      const [condition, ...others] = conditions({ reason, direction: 'downlink', link: null, subdevice: 'pump' });
      expect(others).toEqual([]);
      expect(condition).toMatchObject({ code, losing: 'yes' });
      expect(condition?.sentence).toMatch(/^9 downlinks shed \(pump\)/);
      expect(condition?.hint).toContain(remedy);
      expect(conditions({ reason, direction: 'uplink', link: null })[0]?.hint).toContain(
        'Restore the connection to the hub',
      );
    },
  );

  it.each([
    [3000, /^Raise packet_bytes_max of the link to 3000 or more/],
    [4097, /^Let the sender split the message: the largest packet_bytes_max of a link is 4096/],
  ])('as too large with %i bytes names both sizes, and a key only if its limit is sufficient', (bytes, remedy) => {
    const size = { bytes, bytesMax: 1024, key: { name: 'packet_bytes_max', largest: 4096 } };
    const [condition] = conditions({ reason: 'too large for the link', size, sample: 'set' });
    expect(condition?.sentence).toContain(`: set, ${countOf(bytes, 'byte')} of ${countWords(1024)}.`);
    expect(condition?.hint).toMatch(remedy);
  });

  it.each([
    ['command refused', 'the subdevice refused it'],
    ['command invalid', 'the gateway refused it and sent nothing to the subdevice'],
  ] as const)('as %s names who rejected it, and is no loss of data', (reason, who) => {
    const [condition] = conditions({ reason, recent: 1, subdevice: 'meter', sample: 'set: names no point' });
    expect(condition).toMatchObject({ code: 'commands-refused', losing: 'no' });
    expect(condition?.sentence).toBe(
      `1 command not carried out on link field1 (meter): ${who}; the last 1 s ago: set: names no point.`,
    );
  });

  it('names the protocol that the bytes look like', () => {
    const [condition] = intakeConditions([DISCARD], [{ ...LINK, looksLike: 'sn-cobs' }]);
    expect(condition?.sentence).toContain('What arrives looks like MQTT-SN frames');
    expect(condition?.hint).toContain('two ports are swapped');
  });

  it('has words for each reason, and one hint for each cause', () => {
    for (const { hint, why } of everyIntakeWords()) expect([hint.endsWith('.'), why.length > 0]).toEqual([true, true]);
  });
});

describe('a test of a link', () => {
  const after = { ...LINK, counters: { ...LINK.counters, bytesIn: 600, malformedPackets: 40 }, discarded: [DISCARD] };

  it('does not suggest a wiring fault if lines are complete and do not match the configuration', () => {
    const discarded = [{ ...DISCARD, count: 40 }];
    const score = scoreLink({ before: LINK, after: { ...after, discarded }, seconds: 4, probes: [] });
    expect(score.sentence).toBe('Bad: in 4 s 40 of 40 frames broken.');
    expect(score.advice.join('\n')).toMatch(/does not match pattern/);
    expect(score.advice.join('\n')).not.toMatch(/ground wire|termination/);
  });

  it('suggests a wiring fault if checksums fail', () => {
    const discarded = [{ ...DISCARD, reason: 'line check' as const, count: 40 }];
    const score = scoreLink({ before: LINK, after: { ...after, discarded }, seconds: 4, probes: [] });
    expect(score.advice.join('\n')).toMatch(/ground wire/);
  });

  it('reports received bytes without a complete line', () => {
    const counters = { ...LINK.counters, bytesIn: 50 };
    const score = scoreLink({ before: LINK, after: { ...LINK, counters }, seconds: 4, probes: [] });
    expect(score.sentence).toBe('Bad: 50 bytes arrived on link field1 in 4 s without a valid line.');
  });
});

describe('a missing subdevice', () => {
  const conditionFor = (isPolled: boolean, forMs: number, hasSent = false) =>
    missingConditions([{ subdevice: 'm1', hasSent, forMs }], { ...WHERE, isPolled })[0];
  const WHERE = {
    link: 'field1',
    path: '/dev/x',
    protocol: null,
    receivedInstead: undefined,
    hasAnswers: true,
    failed: new Map(),
  };

  it('is reported at once if it is polled', () => {
    expect(conditionFor(true, 0)).toMatchObject({ code: 'subdevice-silent', losing: 'at risk' });
    expect(conditionFor(true, 9000, true)?.sentence).toBe(
      'm1 on link field1 does not answer any more, last frame 9 s ago.',
    );
  });

  it('suggests the adapter as the cause only if no unit of the link answers', () => {
    const hint = (hasAnswers: boolean) =>
      missingConditions([{ subdevice: 'm1', hasSent: true, forMs: 1 }], { ...WHERE, isPolled: true, hasAnswers })[0]
        ?.hint;
    expect(hint(true)).not.toMatch(/adapter|cable/);
    expect(hint(false)).toMatch(
      /No unit of the link answers, so the cable or the adapter \(\/dev\/x\) may be the cause/,
    );
  });

  it('that may sleep is at risk only after an hour', () => {
    expect(conditionFor(false, 299_999)).toBeUndefined();
    expect(conditionFor(false, 300_000)).toMatchObject({ losing: 'no' });
    expect(conditionFor(false, 3_600_000)).toMatchObject({ losing: 'at risk' });
  });
});

describe('an answer of a Modbus TCP server that does not fit', () => {
  const SERVER = { path: 'tcp://192.0.2.7:502', driver: 'modbus', protocol: 'mbap' };
  const hintOf = (sample: string, link: Partial<LinkReport>) =>
    intakeConditions(
      [{ ...DISCARD, link: LINK.name, reason: 'unit mismatch', subdevice: 'm1', sample }],
      [{ ...LINK, ...link }],
    )[0]?.hint;

  it('names the unit id to write, if another one answers', () => {
    const sample = 'unit 17, a request for input 100, count 2: received an answer of unit 1';
    expect(hintOf(sample, SERVER)).toBe(
      'If 192.0.2.7:502 is a device of its own, write address = 1, its unit id. If it is a gateway, correct the unit id in its settings.',
    );
    expect(hintOf(sample, {})).toMatch(
      /^Look for answers that take longer than retry_ms, a second master, two units with one address/,
    );
  });

  it.each(['received an answer of unit 0', 'received an answer to function 5 instead of 4'])(
    'names the server, and nothing of a serial line: %s',
    (sample) => {
      expect(hintOf(sample, SERVER)).toMatch(/^Check that 192\.0\.2\.7:502 is the right device and port/);
      expect(hintOf(sample, SERVER)).not.toMatch(/adapter|master/);
    },
  );
});

describe('a unit that is silent after damaged answers', () => {
  const codesOf = (damagedMs: number, silentMs: number) => {
    const of = (reason: IntakeReason, lastMs: number) => ({
      ...DISCARD,
      link: LINK.name,
      subdevice: 'm1',
      reason,
      lastMs,
    });
    const missing = [{ subdevice: 'm1', hasSent: true, forMs: silentMs }];
    const discarded = [of('unit checksum', damagedMs), of('unit silent', silentMs)];
    return linkConditions([{ ...LINK, driver: 'modbus', polled: true, missing, discarded }]).map(({ code }) => code);
  };

  it('is reported as silent, and as damaged while its last answer is', () => {
    expect(codesOf(200_000, 1000)).toEqual(['subdevice-silent']);
    expect(codesOf(1000, 200_000)).toEqual([]);
  });
});

it('a header that is not of Modbus TCP names the framing, as a discard and as the reason of a closed link', () => {
  const sample = 'received bytes that are not a Modbus TCP frame (protocol id 512 instead of 0)';
  const remedy = expect.stringMatching(/^The other end does not speak Modbus TCP\. Remove framing = "mbap"/);
  expect(conditions({ reason: 'unit mismatch', sample: `unit 1, a command: ${sample}` })).toMatchObject([
    { hint: remedy },
  ]);
  const path = 'tcp://192.0.2.7:502';
  const closed: LinkReport = { ...LINK, path, driver: 'modbus', state: 'waiting to reopen', lastProblem: sample };
  expect(linkConditions([closed])).toMatchObject([{ code: 'link-down', hint: remedy }]);
});
