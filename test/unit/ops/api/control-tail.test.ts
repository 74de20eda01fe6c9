/** Queue of one tail client: bounded, and it reports the number of omitted events. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TailEvent, TailLine } from '../../../../src/ops/api/tail-line.ts';
import { QUEUED_BYTES_MAX, TailStream } from '../../../../src/ops/api/tail-stream.ts';

/** Socket that accepts bytes only on request. */
class Pipe {
  readonly lines: TailLine[] = [];
  writableLength = 0;
  mostQueued = 0;

  write(line: string): boolean {
    this.lines.push(JSON.parse(line));
    this.writableLength += Buffer.byteLength(line);
    this.mostQueued = Math.max(this.mostQueued, this.writableLength);
    return true;
  }
}

function eventOf(sentence: string, upMs: number): TailEvent {
  return { kind: 'event', upMs, wallMs: 0, name: 'n', sentence, detail: {} };
}

const steps = fc.array(
  fc.oneof(fc.record({ burst: fc.integer({ min: 1, max: 60 }), size: fc.nat(3000) }), fc.constant('drain' as const)),
  {
    maxLength: 60,
  },
);

describe('the tail of a client', () => {
  it('never queues more than its maximum, counts each omitted event, and keeps the order', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const pipe = new Pipe();
        const stream = new TailStream(pipe);
        let sent = 0;
        for (const step of script) {
          if (step === 'drain') {
            pipe.writableLength = 0;
            stream.admitGap();
            continue;
          }
          for (let count = 0; count < step.burst; count += 1) {
            const event = eventOf('ü'.repeat(step.size), sent);
            stream.send(() => JSON.stringify(event));
            sent += 1;
          }
        }
        pipe.writableLength = 0;
        stream.admitGap();
        expect(pipe.mostQueued).toBeLessThanOrEqual(QUEUED_BYTES_MAX);
        // The number of an event is the number of events before it, omitted ones included.
        let position = 0;
        for (const line of pipe.lines) {
          if (line.kind === 'skipped') position += line.events;
          else expect(line.upMs).toBe(position++);
        }
        expect(position).toBe(sent);
      }),
    );
  });

  it('omits an event that is larger than its maximum', () => {
    const pipe = new Pipe();
    const stream = new TailStream(pipe);
    stream.send(() => JSON.stringify(eventOf('x'.repeat(QUEUED_BYTES_MAX), 0)));
    stream.send(() => JSON.stringify(eventOf('next', 1)));
    expect(pipe.lines).toMatchObject([{ kind: 'skipped', events: 1 }, { sentence: 'next' }]);
  });
});
