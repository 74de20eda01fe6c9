/** The ring with the last steps of a machine, and the data that must never be in it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kinded, Step } from '../../../src/base/step.ts';
import { encodeMqtt, MqttReader } from '../../../src/codec/mqtt-wire.ts';
import { blankPassword } from '../../../src/hub/client/blank-password.ts';
import { FlightRecorder, type FlightRecorderOptions } from '../../../src/recorder/flight-recorder.ts';

function newRecorder(options: Partial<FlightRecorderOptions> = {}): FlightRecorder {
  const subject = { name: 'meters', driver: 'mqttsn', options: {} };
  const machine = { stateOf: () => 'open', snapshotOf: () => ({}) };
  return new FlightRecorder({ subject, bytesMax: 10_000, random: () => 0.25, ...machine, ...options });
}

function pass(recorder: FlightRecorder, upMs: number, input: Kinded = { kind: 'wake' }): void {
  recorder.begin(input, upMs);
  recorder.end([]);
}

const bytesOf = (bytes: Uint8Array): Kinded => ({ kind: 'bytes', bytes }) as Kinded;

describe('a flight recorder', () => {
  it('never exceeds its maximum, keeps the newest steps, and counts the dropped ones', () => {
    const sizes = fc.array(fc.nat(3000), { maxLength: 200 });
    fc.assert(
      fc.property(sizes, fc.nat(20_000), (lengths, bytesMax) => {
        const recorder = newRecorder({ bytesMax });
        for (const [upMs, length] of lengths.entries()) {
          recorder.begin(bytesOf(new Uint8Array(length)), upMs);
          recorder.end([]);
          expect(recorder.weightBytes).toBeLessThanOrEqual(bytesMax);
        }
        const kept = recorder.steps();
        const carried = kept.reduce(
          (sum, { input }) => sum + (input as unknown as { bytes: Uint8Array }).bytes.length,
          0,
        );
        expect(carried).toBeLessThanOrEqual(bytesMax);
        if (bytesMax > 0) expect(kept.length + recorder.forgotten).toBe(lengths.length);
        expect(kept.map(({ upMs }) => upMs)).toEqual([...lengths.keys()].slice(lengths.length - kept.length));
      }),
    );
  });

  it('keeps bytes unchanged, even if the channel reuses their memory', () => {
    const recorder = newRecorder();
    const pool = Buffer.from('first');
    recorder.begin(bytesOf(pool), 1);
    recorder.end([{ kind: 'write', bytes: pool } as Kinded]);
    pool.write('other');
    const first = new TextEncoder().encode('first');
    expect(recorder.steps()).toMatchObject([{ input: { bytes: first }, actions: [{ bytes: first }] }]);
  });

  it('keeps the input on which a machine threw, with its random numbers', () => {
    const recorder = newRecorder();
    recorder.begin({ kind: 'wake' }, 7);
    recorder.random();
    expect(recorder.steps()).toEqual([
      { upMs: 7, input: { kind: 'wake' }, draws: [0.25], actions: undefined, state: 'broken' },
    ]);
  });

  it('of size 0 keeps nothing, and still shows the steps to its followers', () => {
    const recorder = newRecorder({ bytesMax: 0 });
    const seen: Step[] = [];
    pass(recorder, 1);
    const stop = recorder.follow((step) => seen.push(step));
    pass(recorder, 2);
    stop();
    pass(recorder, 3);
    expect(seen.map(({ upMs }) => upMs)).toEqual([2]);
    expect(recorder.steps()).toEqual([]);
  });

  it('shows only the steps with an action of the kind that a follower wants', () => {
    const recorder = newRecorder();
    const seen: Step[] = [];
    recorder.follow((step) => seen.push(step), 'close');
    for (const [upMs, kind] of ['open', 'close', 'write'].entries()) {
      recorder.begin({ kind: 'wake' }, upMs);
      recorder.end([{ kind: 'open' }, { kind }]);
    }
    expect(seen.map(({ upMs }) => upMs)).toEqual([1]);
  });

  it('without its beginning contains the state of the machine at some step, and half the ring after it', () => {
    const sizes = fc.array(fc.nat(200), { minLength: 300, maxLength: 1000 });
    fc.assert(
      fc.property(sizes, fc.nat(2400), (lengths, snapshotBytes) => {
        let taken = 0;
        const snapshotOf = (): object => ({ step: taken, rest: new Uint8Array(snapshotBytes) });
        const recorder = newRecorder({ snapshotOf });
        for (const [upMs, length] of lengths.entries()) {
          pass(recorder, upMs, bytesOf(new Uint8Array(length)));
          taken += 1;
        }
        const steps = recorder.steps();
        const written = steps.flatMap(({ upMs, before }) => (before === undefined ? [] : [{ upMs, before }]));
        expect(written.length).toBeGreaterThan(0);
        for (const { upMs, before } of written) expect(before).toMatchObject({ step: upMs });
        const weigh = (some: readonly Step[]): number =>
          some.reduce((sum, { input }) => sum + JSON.stringify(input).length, 0);
        const first = steps.findIndex(({ before }) => before !== undefined);
        expect(weigh(steps.slice(first)) / weigh(steps)).toBeGreaterThan(0.4);
        expect(recorder.snapshotsTooLarge).toBe(0);
      }),
    );
  });

  it('keeps its steps and no snapshot if a snapshot is larger than a quarter of the ring, and counts those', () => {
    const recorder = newRecorder({ snapshotOf: () => ({ rest: new Uint8Array(2500) }) });
    for (let upMs = 0; upMs < 1000; upMs += 1) pass(recorder, upMs, bytesOf(new Uint8Array(100)));
    expect(recorder.snapshotsTooLarge).toBeGreaterThan(5);
    expect(recorder.snapshotsTooLarge).toBeLessThan(15);
    expect(recorder.steps().every(({ before }) => before === undefined)).toBe(true);
    expect(recorder.steps().length + recorder.forgotten).toBe(1000);
  });

  it('keeps its steps if a snapshot fails, and the reason', () => {
    let attempts = 0;
    const snapshotOf = (): object => {
      attempts += 1;
      throw new Error('a function created later cannot be saved');
    };
    const recorder = newRecorder({ snapshotOf });
    for (let upMs = 0; upMs < 1000; upMs += 1) pass(recorder, upMs, bytesOf(new Uint8Array(100)));
    expect(recorder.snapshotProblem).toBe('a function created later cannot be saved');
    expect(attempts).toBeGreaterThan(20);
    expect(attempts).toBeLessThan(100);
    expect(recorder.steps().length + recorder.forgotten).toBe(1000);
    expect(recorder.steps().every(({ before }) => before === undefined)).toBe(true);
    recorder.renew();
    expect(recorder.snapshotProblem).toBeUndefined();
  });

  it('does not show its snapshots to its followers', () => {
    const recorder = newRecorder({ snapshotOf: () => ({}) });
    const seen: Step[] = [];
    recorder.follow((step) => seen.push(step));
    for (let upMs = 0; upMs < 100; upMs += 1) pass(recorder, upMs, bytesOf(new Uint8Array(100)));
    expect(recorder.steps().some(({ before }) => before !== undefined)).toBe(true);
    expect(seen.every(({ before }) => before === undefined)).toBe(true);
  });
});

describe('a recorded CONNECT', () => {
  const packet = { kind: 'connect', cleanSession: false, keepAliveS: 60, will: undefined } as const;
  const text = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 200 });

  it('has no octet of its password, and is the same packet otherwise', () => {
    fc.assert(
      fc.property(
        text,
        fc.option(text, { nil: undefined }),
        fc.uint8Array({ maxLength: 200 }),
        (clientId, username, password) => {
          const secret = username === undefined ? undefined : password;
          const bytes = blankPassword(new Uint8Array(encodeMqtt({ ...packet, clientId, username, password: secret })));
          const [read] = new MqttReader({ packetBytesMax: 4096 }).push(bytes);
          const blank = secret?.map(() => 'x'.charCodeAt(0));
          expect(read).toMatchObject({ ok: true, value: { ...packet, clientId, username, password: blank } });
        },
      ),
    );
  });

  it('is the only packet that is changed', () => {
    const publish = {
      kind: 'publish',
      topic: 't',
      payload: Uint8Array.of(1),
      qos: 0,
      retain: false,
      dup: false,
    } as const;
    const bytes = new Uint8Array(encodeMqtt({ ...publish, packetId: undefined }));
    expect(blankPassword(bytes.slice())).toEqual(bytes);
  });
});
