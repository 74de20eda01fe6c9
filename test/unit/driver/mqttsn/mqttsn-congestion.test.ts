import { describe, expect, it } from 'vitest';
import type { RefuseReason } from '../../../../src/driver/driver.ts';
import { LINK_OPTIONS, LinkBench, puback, publish, tokensOf } from './mqttsn-bench.ts';

const CONGESTION = 1;

/** Flow that rejects every offered publication. */
function refuseAll(bench: LinkBench, why: RefuseReason = 'congestion'): void {
  for (const token of tokensOf(bench.reported())) bench.command({ kind: 'refuse', token, why });
}

/** Attached subdevice whose MsgId 1 was rejected. */
function congestedBench(why: RefuseReason = 'congestion'): LinkBench {
  const bench = new LinkBench().attach();
  bench.send(publish(1));
  refuseAll(bench, why);
  bench.received();
  return bench;
}

describe('after a publication was rejected for congestion', () => {
  it('no later one of the subdevice is accepted before it', () => {
    const bench = congestedBench();
    bench.send(publish(2), publish(3));
    expect(bench.reported()).toEqual([]);
    expect(bench.received()).toEqual([puback(2, CONGESTION), puback(3, CONGESTION)]);
    expect(bench.link.counters.refusedUplinks).toBe(3);
  });

  it.each([true, false])('all later ones are accepted once it is offered again (DUP %s)', (dup) => {
    const bench = congestedBench();
    bench.send(publish(1, { dup }), publish(2));
    expect(tokensOf(bench.reported())).toHaveLength(2);
  });

  it('the later ones still wait if it is rejected again', () => {
    const bench = congestedBench();
    bench.send(publish(1, { dup: true }));
    refuseAll(bench);
    bench.received();
    bench.send(publish(2));
    expect(bench.received()).toEqual([puback(2, CONGESTION)]);
  });

  it('the later ones wait for the first of several rejected ones', () => {
    const bench = new LinkBench().attach();
    bench.send(publish(1), publish(2), publish(3));
    refuseAll(bench);
    bench.received();
    bench.send(publish(2, { dup: true }), publish(3, { dup: true }));
    expect(bench.received()).toEqual([puback(2, CONGESTION), puback(3, CONGESTION)]);
    bench.send(publish(1, { dup: true }), publish(2, { dup: true }), publish(3, { dup: true }));
    expect(bench.reported()).toMatchObject([1, 2, 3].map((mark) => ({ payload: Uint8Array.of(mark) })));
  });

  it('a new connection does not wait', () => {
    const bench = congestedBench();
    bench.send({ kind: 'disconnect', durationS: undefined });
    bench.attach();
    bench.send(publish(2));
    expect(tokensOf(bench.reported())).toHaveLength(1);
  });

  it('the later ones wait ten retry times for one that is not sent again, and no longer', () => {
    const bench = congestedBench();
    bench.after(10 * LINK_OPTIONS.retryMs - 1);
    bench.send(publish(2));
    expect(bench.received()).toEqual([puback(2, CONGESTION)]);
    bench.after(1);
    bench.send(publish(2));
    expect(tokensOf(bench.reported())).toHaveLength(1);
  });

  it('QoS 0 and repetitions of accepted messages are not affected', () => {
    const bench = new LinkBench().attach();
    bench.send(publish(1));
    for (const token of tokensOf(bench.reported())) bench.command({ kind: 'acknowledge', token });
    bench.send(publish(2));
    refuseAll(bench);
    bench.received();
    bench.send(publish(1, { dup: true }), publish(0, { qos: 0 }));
    expect(bench.received()).toEqual([puback(1)]);
    expect(bench.reported()).toMatchObject([{ qos: 0 }]);
  });

  it('the same order holds for one that was rejected because of too many unanswered ones', () => {
    const bench = new LinkBench().attach();
    const ids = Array.from({ length: LINK_OPTIONS.uplinksMax + 1 }, (_, index) => index + 1);
    bench.send(...ids.map((id) => publish(id)));
    const [first] = tokensOf(bench.reported());
    bench.command({ kind: 'acknowledge', token: first ?? 0 });
    bench.received();
    bench.send(publish(99));
    expect(bench.received()).toEqual([puback(99, CONGESTION)]);
    bench.send(publish(ids.length, { dup: true }));
    expect(tokensOf(bench.reported())).toHaveLength(1);
  });
});

it.each(['not allowed', 'too large', 'invalid topic'] as const)('no later one waits if the reason was %s', (why) => {
  const bench = congestedBench(why);
  bench.send(publish(2));
  expect(tokensOf(bench.reported())).toHaveLength(1);
});
