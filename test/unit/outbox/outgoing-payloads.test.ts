/** Payloads as they are published: room for the envelope at admission, and the envelope at each sending. */
import { describe, expect, it } from 'vitest';
import type { EnvelopeForm } from '../../../src/base/envelope-form.ts';
import type { Epoch, Stamp } from '../../../src/base/time.ts';
import { opened } from '../../envelope-reader.ts';
import { NAMES, newPayloads, OutboxBench, topicsOf } from './outbox-rig.ts';

const WALL_MS = Date.UTC(2026, 6, 8);
const TRUSTED: Epoch = { epoch: 1, bootId: 'a', lastUpMs: 0, wallMinusUpMs: WALL_MS, sleptAtUpMs: undefined };

const settings = (form: EnvelopeForm, byLink: Readonly<Record<string, EnvelopeForm>> = {}) => ({
  form,
  byLink: new Map(Object.entries(byLink)),
  names: NAMES,
});

/** Outbox with a clock that the test sets. */
function benchWith(form: EnvelopeForm, payloadBytesMax = 1000, epochs: readonly Epoch[] = [TRUSTED]) {
  const leftOut: string[] = [];
  const bench: OutboxBench = new OutboxBench({ payloadBytesMax }, undefined, {
    settings: settings(form),
    payloadBytesMax,
    now: (): Stamp => ({ epoch: epochs.length, upMs: bench.nowMs }),
    epochs: new Map(epochs.map((epoch) => [epoch.epoch, epoch])),
    leftOut: (lane, topic, bytes) => leftOut.push(`${lane} ${topic} ${bytes}`),
  });
  const { payloads } = bench.outbox;
  const send = () => bench.send().map(({ entry }) => opened(payloads.of(entry.row)));
  return { bench, payloads, leftOut, send };
}

const text = (bytes: number): Uint8Array => new Uint8Array(bytes).fill('x'.charCodeAt(0));

describe('admission', () => {
  it('refuses a message that is too large with its envelope, and says how large it is', () => {
    const { bench, payloads } = benchWith('json');
    const fits = Array.from({ length: 1000 }, (_, bytes) => bytes).filter(
      (bytes) => payloads.bytesMax(1, text(bytes)) <= 1000,
    );
    const largest = fits.at(-1) ?? 0;
    expect(largest).toBeGreaterThan(780);
    const offer = (bytes: number) => bench.offer('t', { message: { topic: 't', payload: text(bytes), qos: 1 } });
    expect(offer(largest).kind).toBe('accepted');
    expect(offer(largest + 1)).toMatchObject({
      kind: 'refused',
      problem: {
        excess: 'payload too large',
        words: expect.stringMatching(/bytes, up to 1001 with its envelope, and/),
      },
    });
    const qos0 = { topic: 't', payload: text(largest + 1), qos: 0 } as const;
    expect([false, true].map((isPromised) => bench.outbox.isTooLarge(1, qos0, isPromised))).toEqual([true, false]);
  });

  it('demands no room for a will or a dead letter, which were acknowledged when the envelope may have been off', () => {
    const { bench, payloads, leftOut } = benchWith('json');
    const message = { topic: 't', payload: text(990), qos: 1 } as const;
    expect(bench.offer('t', { message }).kind).toBe('refused');
    expect(bench.offer('t', { message, isPromised: true }).kind).toBe('accepted');
    bench.disk.letters.set(1, { seq: 1, lane: 1, stamp: { epoch: 1, upMs: 0 }, ...message });
    expect(bench.offer('t', { message, letter: { id: 1, lane: 1 } }).kind).toBe('accepted');
    bench.commit();
    bench.connect();
    expect(bench.send().map(({ entry }) => payloads.of(entry.row))).toEqual([text(990), text(990)]);
    expect(leftOut).toHaveLength(2);
  });

  it('looks at the content of a payload only if its size leaves a doubt', () => {
    const { payloads } = benchWith('json', 1000);
    const controls = new Uint8Array(150).fill(1); // six bytes each in a text of JSON
    expect(payloads.bytesMax(1, text(150))).toBeLessThanOrEqual(1000);
    expect(payloads.bytesMax(1, controls)).toBeGreaterThan(1000);
  });

  it('without an envelope has the limit of the hub', () => {
    const { bench } = benchWith('none');
    expect(bench.offer('t', { bytes: 1000 }).kind).toBe('accepted');
    expect(bench.offer('t', { bytes: 1001 })).toMatchObject({
      problem: { words: 'its payload has 1001 bytes, and the hub accepts 1000' },
    });
  });
});

describe('a message that is sent', () => {
  it('has the age of that moment, and the same number and time at each sending', () => {
    const { bench, send } = benchWith('json');
    bench.connect();
    bench.nowMs = 1000;
    bench.offer('t', { stamp: { epoch: 1, upMs: 1000 } });
    bench.nowMs = 4000;
    const [first] = send();
    expect(first).toMatchObject({ age_ms: 3000, replayed: false, seq: 1, measured_at: '2026-07-08T00:00:01.000Z' });
    bench.disconnect();
    bench.nowMs = 9000;
    bench.connect();
    expect(send()).toEqual([{ ...first, age_ms: 8000, replayed: true }]);
  });

  it('is replayed if it was accepted before the present connection, in this boot or in an earlier one', () => {
    const later: Epoch = { ...TRUSTED, epoch: 2, wallMinusUpMs: undefined };
    const { bench, send } = benchWith('json', 1000, [TRUSTED, later]);
    bench.offer('before the boot', { stamp: { epoch: 1, upMs: 1000 } });
    bench.nowMs = 50;
    bench.offer('before the connection', { stamp: { epoch: 2, upMs: 50 } });
    bench.nowMs = 60;
    bench.connect();
    bench.offer('live', { stamp: { epoch: 2, upMs: 60 } });
    expect(send().map(({ replayed, time_quality, age_quality }) => [replayed, time_quality, age_quality])).toEqual([
      [true, 'exact', 'at_least'],
      [true, 'none', 'exact'],
      [false, 'none', 'exact'],
    ]);
  });

  it('has the envelope of the present configuration, also if it waited', () => {
    const { bench, payloads } = benchWith('none');
    bench.fill('a', 'b').connect();
    payloads.set(settings('json'));
    const sendings = bench.send();
    expect(topicsOf(sendings)).toEqual(['a', 'b']);
    expect(sendings.map(({ entry }) => opened(payloads.of(entry.row)).payload)).toEqual(
      [text(0), text(0)].map(() => new Uint8Array(1)),
    );
    expect(bench.outbox.payloads.leftOut).toBe(0);
  });

  it('is sent as it came if the envelope was switched on later and is too large, and is counted', () => {
    const { bench, payloads, leftOut } = benchWith('none');
    bench.offer('large', { message: { topic: 'large', payload: text(990), qos: 1 } });
    bench.commit();
    bench.connect();
    payloads.set(settings('json'));
    const [sending] = bench.send();
    expect(sending && payloads.of(sending.entry.row)).toEqual(text(990));
    expect([payloads.leftOut, leftOut]).toEqual([1, [expect.stringMatching(/^1 large 1[12]\d\d$/)]]);
  });

  it('has the form of its link', () => {
    const payloads = newPayloads({ settings: settings('none', { meters: 'json' }) });
    const row = { seq: 1, topic: 't', payload: text(3), qos: 1, stamp: { epoch: 1, upMs: 0 } } as const;
    expect(payloads.of({ ...row, lane: 2 })).toEqual(text(3));
    expect(opened(payloads.of({ ...row, lane: 1 })).payload).toEqual(text(3));
    payloads.set(settings('json', { meters: 'none' }));
    expect(payloads.of({ ...row, lane: 1 })).toEqual(text(3));
    expect(opened(payloads.of({ ...row, lane: 2 })).payload).toEqual(text(3));
  });

  it('stays empty if it is empty and has RETAIN, because it deletes the retained message', () => {
    const { payloads } = benchWith('json');
    const row = { seq: 1, lane: 1, topic: 't', payload: text(0), qos: 1, stamp: { epoch: 1, upMs: 0 } } as const;
    expect(payloads.of({ ...row, retain: true })).toEqual(text(0));
    expect(payloads.of(row).length).toBeGreaterThan(0);
    expect(payloads.ofQos0(1, { topic: 't', payload: text(0), qos: 0, retain: true }, 0).payload).toEqual(text(0));
  });

  it('with QoS 0 has no number', () => {
    const { bench, payloads } = benchWith('json');
    bench.nowMs = 700;
    const message = { topic: 't', payload: text(1), qos: 0, retain: true } as const;
    const sent = payloads.ofQos0(1, message, 500);
    expect({ ...sent, payload: opened(sent.payload) }).toMatchObject({
      ...{ topic: 't', qos: 0, retain: true },
      payload: { seq: null, age_ms: 200, replayed: false, payload: text(1), measured_at: '2026-07-08T00:00:00.500Z' },
    });
  });

  it('without envelopes is the same object: nothing is copied', () => {
    const { payloads } = benchWith('none');
    const row = { seq: 1, lane: 1, topic: 't', payload: text(3), qos: 1, stamp: { epoch: 1, upMs: 0 } } as const;
    expect(payloads.of(row)).toBe(row.payload);
    const message = { topic: 't', payload: text(1), qos: 0 } as const;
    expect(payloads.ofQos0(1, message, 0)).toBe(message);
  });
});
