import { describe, expect, it } from 'vitest';
import type { RefuseReason } from '../../../../src/driver/driver.ts';
import { LINK_OPTIONS, LinkBench, puback, publish, tokensOf } from './mqttsn-bench.ts';

const CONGESTION = 1;

/** The flow refuses everything it has been asked. */
function refuseAll(bench: LinkBench, why: RefuseReason = 'congestion'): void {
  for (const token of tokensOf(bench.reported())) bench.order({ kind: 'refuse', token, why });
}

/** An attached subdevice whose MsgId 1 was refused. */
function congestedBench(why: RefuseReason = 'congestion'): LinkBench {
  const bench = new LinkBench().attach();
  bench.say(publish(1));
  refuseAll(bench, why);
  bench.heard();
  return bench;
}

describe('after a publication was refused for congestion', () => {
  it('no later one of the subdevice is let in ahead of it', () => {
    const bench = congestedBench();
    bench.say(publish(2), publish(3));
    expect(bench.reported()).toEqual([]);
    expect(bench.heard()).toEqual([puback(2, CONGESTION), puback(3, CONGESTION)]);
    expect(bench.link.counters.refusedUplinks).toBe(3);
  });

  it.each([true, false])('everything goes on once it is offered again (DUP %s)', (dup) => {
    const bench = congestedBench();
    bench.say(publish(1, { dup }), publish(2));
    expect(tokensOf(bench.reported())).toHaveLength(2);
  });

  it('and again, the others go on waiting for it', () => {
    const bench = congestedBench();
    bench.say(publish(1, { dup: true }));
    refuseAll(bench);
    bench.heard();
    bench.say(publish(2));
    expect(bench.heard()).toEqual([puback(2, CONGESTION)]);
  });

  it('the others wait for the first of several', () => {
    const bench = new LinkBench().attach();
    bench.say(publish(1), publish(2), publish(3));
    refuseAll(bench);
    bench.heard();
    bench.say(publish(2, { dup: true }), publish(3, { dup: true }));
    expect(bench.heard()).toEqual([puback(2, CONGESTION), puback(3, CONGESTION)]);
    bench.say(publish(1, { dup: true }), publish(2, { dup: true }), publish(3, { dup: true }));
    expect(bench.reported()).toMatchObject([1, 2, 3].map((mark) => ({ payload: Uint8Array.of(mark) })));
  });

  it('a new connection starts afresh', () => {
    const bench = congestedBench();
    bench.say({ kind: 'disconnect', durationS: undefined });
    bench.attach();
    bench.say(publish(2));
    expect(tokensOf(bench.reported())).toHaveLength(1);
  });

  it('they wait ten of its retry pauses for one that never comes, and no longer', () => {
    const bench = congestedBench();
    bench.after(10 * LINK_OPTIONS.retryMs - 1);
    bench.say(publish(2));
    expect(bench.heard()).toEqual([puback(2, CONGESTION)]);
    bench.after(1);
    bench.say(publish(2));
    expect(tokensOf(bench.reported())).toHaveLength(1);
  });

  it('QoS 0 and repetitions of what is already in are not affected', () => {
    const bench = new LinkBench().attach();
    bench.say(publish(1));
    for (const token of tokensOf(bench.reported())) bench.order({ kind: 'acknowledge', token });
    bench.say(publish(2));
    refuseAll(bench);
    bench.heard();
    bench.say(publish(1, { dup: true }), publish(0, { qos: 0 }));
    expect(bench.heard()).toEqual([puback(1)]);
    expect(bench.reported()).toMatchObject([{ qos: 0 }]);
  });

  it('the same holds for one refused because too many await their answer', () => {
    const bench = new LinkBench().attach();
    const ids = Array.from({ length: LINK_OPTIONS.uplinksMax + 1 }, (_, index) => index + 1);
    bench.say(...ids.map((id) => publish(id)));
    const [first] = tokensOf(bench.reported());
    bench.order({ kind: 'acknowledge', token: first ?? 0 });
    bench.heard();
    bench.say(publish(99));
    expect(bench.heard()).toEqual([puback(99, CONGESTION)]);
    bench.say(publish(ids.length, { dup: true }));
    expect(tokensOf(bench.reported())).toHaveLength(1);
  });
});

it.each(['not allowed', 'too large', 'invalid topic'] as const)('nothing waits for one refused as %s', (why) => {
  const bench = congestedBench(why);
  bench.say(publish(2));
  expect(tokensOf(bench.reported())).toHaveLength(1);
});
