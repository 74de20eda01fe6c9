import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame } from '../../../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../../../src/codec/mqttsn-encode.ts';
import { MESSAGE_TYPE } from '../../../../src/codec/mqttsn-packets.ts';
import { CONNECT, delivery, LinkBench } from './mqttsn-bench.ts';

describe('the channel under a link', () => {
  it('is opened at the start, and again after growing pauses', () => {
    const bench = new LinkBench();
    bench.input({ kind: 'start' });
    expect(bench.asked()).toEqual([{ kind: 'open' }]);
    expect(bench.link.state).toBe('opening');
    const pausesMs: number[] = [];
    for (let attempt = 0; attempt < 12; attempt += 1) {
      bench.input({ kind: 'closed', reason: 'no such device' });
      expect(bench.link.state).toBe('waiting to reopen');
      pausesMs.push((bench.link.wakeAtMs() ?? 0) - bench.nowMs);
      bench.after(30_000);
      expect(bench.asked()).toEqual([{ kind: 'open' }]);
    }
    expect(pausesMs[0]).toBe(1000);
    expect(Math.min(...pausesMs)).toBeGreaterThanOrEqual(500);
    expect(pausesMs.at(-1)).toBeGreaterThan(15_000);
    expect(Math.max(...pausesMs)).toBeLessThanOrEqual(30_000);
  });

  it('is opened again soon if it was open for long, and not if it flapped', () => {
    const bench = new LinkBench();
    const pauseAfterMs = (openMs: number) => {
      bench.input({ kind: 'opened' });
      bench.after(openMs);
      bench.input({ kind: 'closed', reason: 'unplugged' });
      const pauseMs = (bench.link.wakeAtMs() ?? 0) - bench.nowMs;
      bench.after(30_000);
      return pauseMs;
    };
    bench.input({ kind: 'start' });
    const [first, flapped, lasted] = [pauseAfterMs(10), pauseAfterMs(10), pauseAfterMs(30_000)];
    expect(flapped).toBeGreaterThan(first);
    expect(lasted).toBe(first);
    expect(bench.link.counters.openings).toBe(3);
  });

  it('is closed on stop and stays closed', () => {
    const bench = new LinkBench().attach();
    bench.input({ kind: 'stop' });
    expect(bench.asked()).toEqual([{ kind: 'close', reason: 'the link is stopped' }]);
    bench.input({ kind: 'closed', reason: 'the link is stopped' });
    expect(bench.reported()).toEqual([{ kind: 'detach', subdevice: 'pump-7', cause: 'link closed' }]);
    expect(bench.link.state).toBe('stopped');
    expect(bench.link.wakeAtMs()).toBeUndefined();
  });

  it('detaches its subdevice when it closes, after giving back the delivery in progress', () => {
    const bench = new LinkBench().attach();
    bench.command(delivery(5));
    bench.input({ kind: 'closed', reason: 'unplugged' });
    expect(bench.reported()).toEqual([
      { kind: 'undelivered', token: 5, why: 'lost' },
      { kind: 'detach', subdevice: 'pump-7', cause: 'link closed' },
    ]);
    expect(bench.link.attachedSubdevices()).toEqual([]);
  });

  it('joins no half of a frame to a half from before it was closed', () => {
    const bench = new LinkBench().open();
    const frame = encodeFrame(encodePacket(CONNECT));
    bench.input({ kind: 'bytes', bytes: frame.subarray(0, 6) });
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.after(30_000);
    bench.input({ kind: 'opened' });
    bench.input({ kind: 'bytes', bytes: frame.subarray(6) });
    expect(bench.reported()).toEqual([]);
    expect(bench.link.counters.crcErrors).toBe(1);
  });

  it('can carry any noise: nothing throws, and a subdevice can still connect', () => {
    const frames = fc
      .tuple(fc.constantFrom(...Object.values(MESSAGE_TYPE)), fc.uint8Array({ maxLength: 20 }))
      .map(([type, body]) => encodeFrame(Uint8Array.of(body.length + 2, type, ...body)));
    fc.assert(
      fc.property(fc.array(fc.oneof(frames, fc.uint8Array({ maxLength: 50 }))), fc.boolean(), (chunks, isAttached) => {
        const bench = new LinkBench();
        if (isAttached) bench.attach();
        else bench.open();
        for (const bytes of chunks) bench.input({ kind: 'bytes', bytes });
        for (const report of bench.reported()) {
          if (report.kind !== 'attach') continue;
          bench.command({
            kind: 'attached',
            subdevice: report.subdevice,
            answer: { accepted: false, why: 'not allowed' },
          });
        }
        bench.input({ kind: 'bytes', bytes: Uint8Array.of(0) });
        bench.attach(new Map(), { clientId: 'other' });
        expect(bench.link.attachedSubdevices()).toEqual(['other']);
      }),
      { numRuns: 500 },
    );
  });

  it('counts the packets that it reads', () => {
    const bench = new LinkBench().open();
    bench.input({ kind: 'bytes', bytes: encodeFrame(Uint8Array.of(2, 0xee)) });
    bench.input({ kind: 'bytes', bytes: Uint8Array.of(9, 9, 9, 0) });
    bench.input({ kind: 'bytes', bytes: new Uint8Array(400).fill(1) });
    bench.input({ kind: 'bytes', bytes: Uint8Array.of(0) });
    expect(bench.link.counters).toMatchObject({ framesIn: 0, malformedPackets: 1, crcErrors: 1, oversizeFrames: 1 });
    expect(bench.link.counters.bytesIn).toBe(405 + 9);
  });
});
