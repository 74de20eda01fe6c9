/** Document of the health telemetry: it fits its schema, and its size has a limit with a rule for what is left out. */
import { describe, expect, it } from 'vitest';
import { fittedJson } from '../../../../src/ops/remote/fitted-json.ts';
import { telemetryJson } from '../../../../src/ops/remote/telemetry-report.ts';
import type { DiscardReport } from '../../../../src/ops/reports/intake-report.ts';
import { type LinkReport, RESTING } from '../../../../src/ops/reports/link-report.ts';
import type { Condition, StatusReport } from '../../../../src/ops/reports/report.ts';
import { judge } from '../../../../src/ops/verdict.ts';
import { complaintsAbout } from '../../../json-complaints.ts';
import { AWAY } from '../api/control-rig.ts';

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const BIG = Number.MAX_SAFE_INTEGER;

function link(name: string): LinkReport {
  const counters = { ...RESTING.counters, framesIn: BIG, crcErrors: BIG };
  const roundTrip = { count: BIG, p50Ms: BIG, p99Ms: BIG };
  const state = 'waiting to reopen' as const;
  return { ...RESTING, name, path: '/dev/x', driver: 'mqttsn', state, forMs: BIG, counters, roundTrip };
}

/** Status with the largest numbers, and many conditions and links. */
function worst(conditions: number, links: number): StatusReport {
  const sum = { accepted: BIG, delivered: BIG, pending: BIG, shed: { expired: BIG }, dead: BIG, damaged: BIG };
  const ledger = { ...sum, imbalance: -BIG };
  const one: Condition = {
    code: 'hub-subscriptions-unanswered',
    losing: 'at risk',
    forMs: BIG,
    sentence: 'Gone.',
    hint: null,
  };
  const report = judge({
    ...AWAY,
    conditions: Array.from({ length: conditions }, () => one),
    ledger: { uplink: ledger, downlink: ledger },
    outbox: { ...AWAY.outbox, messages: BIG, bytes: BIG, oldest: { ms: BIG, quality: 'at_least' } },
    outlook: { full: null, drain: { ms: BIG, basis: 'operator' } },
    medium: { ...AWAY.medium, bytes: BIG, overMs: BIG },
    links: Array.from({ length: links }, (_, index) => link(`link-${index}-${'x'.repeat(50)}`)),
    process: { ...AWAY.process, gateway: 'g'.repeat(64), version: '10.10.10-alpha.10+unknown', uptimeMs: BIG },
  });
  return { ...report, sentence: 'ü'.repeat(2000) };
}

describe('a telemetry document', () => {
  it('has the verdict, and fits its schema', () => {
    const text = textOf(telemetryJson(judge(AWAY), 16_384, 1_800_000_000_000.4));
    expect(complaintsAbout(text)).toEqual([]);
    const { sentence, losing } = judge(AWAY);
    expect(JSON.parse(text)).toMatchObject({ sentence, losing, wallMs: 1_800_000_000_000, cut: 0 });
  });

  it('has no sample of a message, which the sentence of a condition may quote', () => {
    const sample = 'v=PLANTED';
    const discard: DiscardReport = {
      ...{ link: 'a', subdevice: null, reason: 'line pattern', direction: 'uplink', sample },
      ...{ count: 1, recent: 1, forMs: 1, lastMs: 1, lasts: true, share: 1, size: null },
    };
    const conditions: Condition[] = [
      { code: 'lines-discarded', losing: 'yes', forMs: 1, sentence: `Link a: ${sample}.`, hint: null },
    ];
    const report = judge({ ...AWAY, conditions, discarded: [discard] });
    expect(report.sentence).toContain(sample);
    const text = textOf(telemetryJson(report, 16_384, undefined));
    expect([text.includes('lines-discarded'), text.includes('PLANTED')]).toEqual([true, false]);
  });

  it.each([
    [true, 1_800_000_000_000],
    [false, null],
  ])('has a time only if the clock is trusted (%s)', (clockTrusted, wallMs) => {
    const report = judge({ ...AWAY, process: { ...AWAY.process, clockTrusted } });
    expect(JSON.parse(textOf(telemetryJson(report, 16_384, 1_800_000_000_000)))).toMatchObject({
      clockTrusted,
      wallMs,
    });
  });

  it('names as many messages in its sentence as in its backlog, also if some are not on disk', () => {
    const outbox = { ...AWAY.outbox, messages: 4, onDisk: 3 };
    const { sentence, backlog } = JSON.parse(
      textOf(telemetryJson(judge({ ...AWAY, hub: { ...AWAY.hub, state: 'connected' }, outbox }), 16_384, undefined)),
    );
    expect([sentence, backlog.messages]).toEqual([
      expect.stringMatching(/3 messages safe on disk, on the way to the hub .* 1 more not acknowledged yet\.$/),
      4,
    ]);
  });

  it('of any gateway fits into 4096 bytes without its lists, and fits its schema', () => {
    const text = textOf(telemetryJson(worst(0, 0), 4096, undefined));
    expect(Buffer.byteLength(text)).toBeLessThan(4096);
    expect(complaintsAbout(text)).toEqual([]);
  });

  it.each([
    [4096, 4096],
    [16_384, 16_384],
    [262_144, 16_384],
  ])('with a limit of %i bytes has at most %i, leaves links out first, and counts them', (bytesMax, most) => {
    const text = textOf(telemetryJson(worst(8, 1000), bytesMax, undefined));
    const { conditions, links, cut } = JSON.parse(text);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(most);
    expect(Buffer.byteLength(text), 'no more is left out than needed').toBeGreaterThan(most - 400);
    expect(conditions).toHaveLength(8);
    expect(links[0].name).toMatch(/^link-0-/);
    expect(links.length + cut).toBe(1000);
  });

  it('leaves out all links before the first condition', () => {
    const { conditions, links, cut } = JSON.parse(textOf(telemetryJson(worst(200, 3), 4096, undefined)));
    expect(links).toEqual([]);
    expect(conditions.length).toBeGreaterThan(5);
    expect(conditions.length + cut).toBe(203);
  });
});

it('an entry that fits exactly is kept, and one byte less leaves it out', () => {
  const whole = fittedJson({ a: 1 }, { list: [{ b: 1 }] }, 1000);
  const room = whole.length + 7; // digits for the count, and a comma
  expect(textOf(fittedJson({ a: 1 }, { list: [{ b: 1 }] }, room))).toBe('{"a":1,"list":[{"b":1}],"cut":0}');
  expect(textOf(fittedJson({ a: 1 }, { list: [{ b: 1 }] }, room - 1))).toBe('{"a":1,"list":[],"cut":1}');
});
