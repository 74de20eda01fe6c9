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
  documents: new Map(),
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
      (bytes) => payloads.bytesMax(1, { topic: 't', payload: text(bytes) }) <= 1000,
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
    expect(payloads.bytesMax(1, { topic: 't', payload: text(150) })).toBeLessThanOrEqual(1000);
    expect(payloads.bytesMax(1, { topic: 't', payload: controls })).toBeGreaterThan(1000);
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

  it('without its envelope is counted with those of the last ten minutes', () => {
    const clock = { upMs: 1000 };
    const payloads = newPayloads({
      settings: settings('json'),
      payloadBytesMax: 5,
      now: () => ({ epoch: 1, upMs: clock.upMs }),
    });
    const stamp = { epoch: 1, upMs: 0 };
    const send = (topic: string) => payloads.of({ seq: 1, lane: 1, topic, payload: text(3), qos: 1, stamp });
    expect(payloads.lastLeftOut).toBeUndefined();
    send('a');
    clock.upMs = 600_999;
    send('b');
    expect(payloads.lastLeftOut).toEqual({ recent: 2, firstAtMs: 1000, lastAtMs: 600_999, topic: 'b' });
    clock.upMs = 1_200_999;
    send('c');
    expect(payloads.lastLeftOut).toEqual({ recent: 1, firstAtMs: 1_200_999, lastAtMs: 1_200_999, topic: 'c' });
    expect(payloads.leftOut).toBe(3);
  });

  it('with a payload that fields cannot extend is nested and counted', () => {
    const payloads = newPayloads({ settings: settings('fields') });
    const stamp = { epoch: 1, upMs: 0 };
    for (const payload of ['{}', '21.5', '{"seq":1}', 'on'])
      payloads.of({ seq: 1, lane: 1, topic: 't', payload: new TextEncoder().encode(payload), qos: 1, stamp });
    expect([payloads.nested, payloads.leftOut]).toEqual([3, 0]);
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

  it('to a service of the hub is sent as it came, since the service reads only its own documents', () => {
    const { payloads } = benchWith('json');
    const message = { topic: '$ota/report/P/meter', payload: text(10) };
    const row = { seq: 1, lane: 1, ...message, qos: 1, stamp: { epoch: 1, upMs: 0 } } as const;
    expect(payloads.of(row)).toEqual(text(10));
    expect(payloads.ofQos0(1, { ...message, qos: 0 }, 0).payload).toEqual(text(10));
  });

  it('with a report of the gateway about firmware is sent as it came, also on a topic of the configuration', () => {
    const { payloads } = benchWith('json');
    const row = { seq: 1, lane: 1, payload: text(10), qos: 1, stamp: { epoch: 1, upMs: 0 } } as const;
    expect(payloads.of({ ...row, topic: 'meter-1/firmware/report' })).toEqual(text(10));
    const other = payloads.of({ ...row, topic: 'meter-2/firmware/report' });
    expect(other, 'negative control: the topic of another subdevice').not.toEqual(text(10));
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

describe('a message on a shared topic', () => {
  const METERS = new Map([['meters', 'values-by-device']] as const);
  const json = (value: string): Uint8Array => new TextEncoder().encode(value);
  const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const row = { seq: 1, lane: 1, topic: 'meters', payload: json('{"t":1.50}'), qos: 1 } as const;
  const stamp = { epoch: 1, upMs: 1000 };

  it('is sent in the document of its subdevice, with the time of its measurement, at each sending', () => {
    const present: Epoch = { ...TRUSTED, epoch: 2, bootId: 'b' };
    const payloads = newPayloads({
      settings: { documents: METERS },
      now: () => ({ epoch: 2, upMs: 5 }),
      epochs: new Map([TRUSTED, present].map((epoch) => [epoch.epoch, epoch])),
    });
    const document = '{"Meter 1":[{"ts":1783468801000,"values":{"t":1.50}}]}';
    expect(textOf(payloads.of({ ...row, stamp }))).toBe(document);
    expect(textOf(payloads.of({ ...row, lane: 2, stamp }))).toBe(document.replace('Meter 1', 'Meter 2'));
    const now = payloads.ofQos0(1, { ...row, qos: 0, retain: true }, 2000);
    expect(textOf(now.payload)).toBe(document.replace('1000,', '2000,'));
    expect(payloads.of({ ...row, topic: 'other', stamp })).toBe(row.payload);
  });

  it('whose time is not known has none', () => {
    const payloads = newPayloads({ settings: { documents: METERS } });
    expect(textOf(payloads.of({ ...row, stamp }))).toBe('{"Meter 1":[{"t":1.50}]}');
  });

  it('has its envelope inside the document, and room for both at admission', () => {
    const payloads = newPayloads({ settings: { form: 'fields', documents: METERS } });
    const sent = payloads.of({ ...row, stamp });
    expect(textOf(sent)).toMatch(/^\{"Meter 1":\[\{"t":1\.50,"measured_at":null,.*"seq":1\}\]\}$/);
    const bytesMax = payloads.bytesMax(1, row);
    expect(bytesMax).toBeGreaterThan(sent.length);
    expect(bytesMax).toBeLessThan(sent.length + 200);
  });

  it('is empty in no case, because the receiver expects a document', () => {
    const payloads = newPayloads({ settings: { form: 'json', documents: METERS } });
    expect(textOf(payloads.of({ ...row, payload: new Uint8Array(0), retain: true, stamp }))).toBe(
      '{"Meter 1":[{"value":""}]}',
    );
  });

  it('loses its envelope before its document if both are too large, and is counted', () => {
    const sentWith = (
      payloadBytesMax: number,
      payloads = newPayloads({ settings: { form: 'fields', documents: METERS }, payloadBytesMax }),
    ) => [textOf(payloads.of({ ...row, stamp })), payloads.leftOut];
    expect(sentWith(30)).toEqual(['{"Meter 1":[{"t":1.50}]}', 1]);
    expect(sentWith(20)).toEqual(['{"t":1.50}', 1]);
  });
});
