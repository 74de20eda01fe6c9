import { describe, expect, it } from 'vitest';
import { alarmLaneOf } from '../../../src/custody/lane-number.ts';
import type { Sending } from '../../../src/outbox/outbox-contract.ts';
import { LIMITS, OutboxBench, topicsOf } from './outbox-rig.ts';

const PUBACK_MS = LIMITS.pubackMsMax;

const flags = (sendings: readonly Sending[]) => sendings.map(({ entry, dup }) => [entry.row.topic, dup]);

function acknowledge(bench: OutboxBench, sendings: readonly Sending[]): void {
  for (const { packetId } of sendings) bench.outbox.acknowledged(packetId);
}

/** Waits for the missing PUBACKs. @returns topics of the dead letters */
function wait(bench: OutboxBench): string[] {
  bench.nowMs += PUBACK_MS;
  return bench.outbox.giveUp(bench.nowMs).map(({ entry }) => entry.row.topic);
}

it('a topic with a missing PUBACK is listed until the PUBACK comes, or no message waits for it', () => {
  const bench = new OutboxBench().connect();
  for (const topic of ['a/x', 'b/y']) bench.offer(topic);
  const [first, second] = bench.send();
  expect(bench.outbox.ackHealth.suspects).toEqual([]);
  wait(bench);
  expect(bench.outbox.ackHealth.suspects).toEqual(['a/x', 'b/y']);
  acknowledge(bench, [first, second].flatMap((sending) => sending ?? []).slice(0, 1));
  expect(bench.outbox.ackHealth.suspects).toEqual(['b/y']);
  bench.commit();
  for (let attempt = 1; attempt < LIMITS.attemptsMax; attempt += 1) {
    bench.send();
    wait(bench);
  }
  expect(bench.outbox.ackHealth.suspects).toEqual([]); // A dead letter is reported as such.
});

describe('a message that is sent again', () => {
  it('after a reconnect to the same session has DUP and the same packet identifier [MQTT-3.3.1-1]', () => {
    const bench = new OutboxBench().fill('a').connect();
    const [first] = bench.send();
    bench.disconnect();
    const [second] = bench.connect(true).send();
    expect([first?.dup, second?.dup]).toEqual([false, true]);
    expect(second?.packetId).toBe(first?.packetId);
  });

  it('no longer delays its topic once a later value has replaced it', () => {
    const bench = new OutboxBench().connect();
    bench.offer('t', { overflow: 'keep-latest' });
    bench.send();
    wait(bench);
    bench.disconnect();
    bench.offer('t', { overflow: 'keep-latest' });
    expect(topicsOf(bench.connect().send())).toEqual(['t']);
  });

  it('still delays its topic if only another unacknowledged one has been replaced', () => {
    const bench = new OutboxBench().connect();
    bench.offer('t');
    bench.offer('t');
    const [first] = bench.send();
    wait(bench);
    bench.disconnect();
    bench.outbox.expire((stamp) => stamp === first?.entry.row.stamp && first.entry.ended === undefined);
    bench.offer('t');
    expect(
      bench
        .connect()
        .send()
        .map(({ entry }) => entry.row.seq),
    ).toEqual([2]);
  });

  it('to a hub without a session has no DUP', () => {
    const bench = new OutboxBench().fill('a').connect();
    bench.send();
    bench.disconnect();
    expect(flags(bench.connect(false).send())).toEqual([['a', false]]);
  });

  it('goes before all new messages, in the order of the first transmission [MQTT-4.6.0-1]', () => {
    const bench = new OutboxBench().fill('a', 'b').connect();
    bench.send();
    bench.disconnect();
    bench.fill('c');
    expect(flags(bench.connect().send())).toEqual([
      ['a', true],
      ['b', true],
      ['c', false],
    ]);
  });

  it('does not go after its successor because it was repeated before the disconnect', () => {
    const bench = new OutboxBench().connect();
    bench.offer('a');
    bench.send();
    bench.nowMs += PUBACK_MS / 2;
    bench.offer('a');
    bench.send();
    bench.nowMs += PUBACK_MS / 2;
    bench.outbox.giveUp(bench.nowMs);
    expect(bench.send().map(({ entry }) => entry.row.seq)).toEqual([1]);
    bench.disconnect();
    expect(
      bench
        .connect()
        .send()
        .map(({ entry }) => entry.row.seq),
    ).toEqual([1, 2]);
  });

  it('is left out if its custody has ended meanwhile', () => {
    const bench = new OutboxBench().fill('a', 'b').connect();
    bench.send();
    bench.disconnect();
    bench.outbox.expire(() => true);
    expect(bench.connect().send()).toEqual([]);
  });
});

describe('a missing PUBACK', () => {
  it('is waited for up to the limit, and no longer', () => {
    const bench = new OutboxBench().fill('a').connect();
    bench.send();
    expect(bench.outbox.overdueAtMs).toBe(PUBACK_MS);
    bench.nowMs = PUBACK_MS - 1;
    bench.outbox.giveUp(bench.nowMs);
    expect(bench.send()).toEqual([]);
    bench.nowMs = PUBACK_MS;
    bench.outbox.giveUp(bench.nowMs);
    expect(flags(bench.send())).toEqual([['a', true]]);
  });

  it('is accepted late, before the message could be sent again', () => {
    const bench = new OutboxBench().fill('a').connect();
    const [first] = bench.send();
    wait(bench);
    expect(bench.outbox.acknowledged(first?.packetId ?? 0)?.row.topic).toBe('a');
    expect(bench.send()).toEqual([]);
    expect(bench.custodian.pending).toBe(0);
  });

  it('is not accepted in a connection in which the message was not sent yet', () => {
    const bench = new OutboxBench().fill('a').connect();
    const [first] = bench.send();
    bench.disconnect();
    bench.connect(true);
    expect(bench.outbox.acknowledged(first?.packetId ?? 0)).toBeUndefined();
  });

  it('makes a dead letter after the attempts, with its reason', () => {
    const bench = new OutboxBench().fill('a').connect();
    for (const deadLetters of [[], [], ['a']]) {
      expect(bench.send()).toHaveLength(1);
      expect(wait(bench)).toEqual(deadLetters);
    }
    expect(bench.custodian.counts(1)).toMatchObject({ accepted: 1, dead: 1 });
    bench.commit();
    expect([bench.disk.rows.size, bench.disk.imbalance]).toEqual([0, 0]);
  });

  it('makes no dead letter of a message that is not on disk yet', () => {
    const bench = new OutboxBench({ attemptsMax: 1 }).connect();
    bench.offer('a');
    bench.send();
    expect(wait(bench)).toEqual([]);
    bench.commit();
    bench.send();
    expect(wait(bench)).toEqual(['a']);
  });

  it('is not counted while the connection is lost', () => {
    const bench = new OutboxBench({ attemptsMax: 1 }).fill('a').connect();
    bench.send();
    bench.disconnect();
    expect(wait(bench)).toEqual([]);
    expect(bench.outbox.overdueAtMs).toBeUndefined();
    expect(bench.connect().send()).toHaveLength(1);
  });
});

describe('a topic without PUBACKs', () => {
  /** All topics except `bad` are acknowledged. */
  const good = (sendings: readonly Sending[]) => sendings.filter(({ entry }) => entry.row.topic !== 'bad');

  it('delays its own later messages, so that their order is kept if the first is accepted', () => {
    const bench = new OutboxBench({ inFlightMax: 1 }).fill('bad', 'bad', 'good').connect();
    expect(topicsOf(bench.send())).toEqual(['bad']);
    wait(bench);
    const sent = bench.send();
    expect(topicsOf(sent)).toEqual(['bad', 'good']);
    acknowledge(bench, sent);
    expect(flags(bench.send())).toEqual([['bad', false]]);
  });

  it('delays no other topic, even if all messages in flight belong to it', () => {
    const bench = new OutboxBench({ inFlightMax: 2 }).fill('bad', 'bad', 'bad', 'good 1', 'good 2').connect();
    expect(topicsOf(bench.send())).toEqual(['bad', 'bad']);
    wait(bench);
    const sent = good(bench.send());
    expect(topicsOf(sent)).toEqual(['good 1', 'good 2']);
    acknowledge(bench, sent);
  });

  it('that counts as rejected still gives each message the configured number of attempts', () => {
    const bench = new OutboxBench({ attemptsMax: 2 }).fill('bad').connect();
    bench.send();
    expect(wait(bench)).toEqual([]);
    bench.send();
    expect(wait(bench)).toEqual(['bad']);
    bench.fill('bad', 'bad');
    expect(topicsOf(bench.send())).toEqual(['bad', 'bad']);
    expect(wait(bench)).toEqual([]);
    expect(topicsOf(bench.send())).toEqual(['bad', 'bad']);
    expect(wait(bench)).toEqual(['bad', 'bad']);
  });

  it('that counts as rejected gives each message its attempts in slots outside the window', () => {
    const bench = new OutboxBench({ inFlightMax: 2, attemptsMax: 1 }).fill('bad').connect();
    bench.send();
    expect(wait(bench)).toEqual(['bad']);
    bench.fill('bad', 'bad', 'bad', 'good 1', 'good 2', 'good 3');
    const sent = bench.send();
    expect(topicsOf(sent)).toEqual(['bad', 'bad', 'good 1', 'good 2']);
    acknowledge(bench, good(sent));
    const more = bench.send();
    expect(topicsOf(more)).toEqual(['good 3']);
    acknowledge(bench, more);
    expect(wait(bench)).toEqual(['bad', 'bad']);
    expect(topicsOf(bench.send())).toEqual(['bad']);
    expect(wait(bench)).toEqual(['bad']);
    expect([bench.custodian.pending, bench.custodian.imbalance()]).toEqual([0, 0]);
  });

  it('lets the lanes without a slot continue when one is free', () => {
    const bench = new OutboxBench({ inFlightMax: 1, attemptsMax: 1 }).connect();
    for (const lane of [1, 2]) bench.offer('bad', { lane });
    bench.commit();
    for (const round of [1, 2]) {
      expect([round, bench.send().length]).toEqual([round, 1]);
      expect(wait(bench)).toEqual(['bad']);
    }
    for (const lane of [1, 2]) bench.offer('bad', { lane });
    bench.commit();
    for (const round of [3, 4]) {
      expect([round, bench.send().length]).toEqual([round, 1]);
      expect(wait(bench)).toEqual(['bad']);
    }
  });

  it('is trusted again after its first PUBACK', () => {
    const bench = new OutboxBench({ inFlightMax: 2, attemptsMax: 1 }).fill('bad').connect();
    bench.send();
    wait(bench);
    bench.fill('bad', 'bad', 'bad');
    acknowledge(bench, bench.send().slice(0, 1));
    bench.nowMs += PUBACK_MS;
    expect(topicsOf(bench.send())).toEqual(['bad']);
  });
});

it('a message is abandoned after attempts_max transmissions and not before, also on a topic with a dead letter', () => {
  const bench = new OutboxBench().connect();
  const attemptsOf = (): number => {
    bench.offer('a/refused');
    let attempts = 0;
    bench.commit();
    for (let dead: string[] = []; dead.length === 0; attempts += 1) {
      bench.send();
      dead = wait(bench);
    }
    return attempts;
  };
  expect([attemptsOf(), attemptsOf(), attemptsOf()]).toEqual(Array(3).fill(LIMITS.attemptsMax));
});

describe('an alarm in flight beside a full window', () => {
  /** Window of two and one alarm in flight, and a later alarm of the topic that came during the outage. */
  function reconnected(): OutboxBench {
    const bench = new OutboxBench({ inFlightMax: 2 }).connect().fill('a', 'a');
    bench.send();
    bench.offer('alarm', { lane: alarmLaneOf(1) });
    bench.send();
    bench.disconnect();
    bench.offer('alarm', { lane: alarmLaneOf(1) });
    return bench.connect();
  }

  it('is sent again before a later alarm of its topic [MQTT-4.6.0-1]', () => {
    const sent = reconnected().send();
    expect(sent.map(({ entry, dup }) => [entry.row.topic, dup])).toEqual([
      ['a', true],
      ['a', true],
      ['alarm', true],
      ['alarm', false],
    ]);
    expect(sent.map(({ packetId }) => packetId)).toEqual(sent.map(({ packetId }) => packetId).toSorted());
  });

  it('takes no slot beyond those of the alarms', () => {
    const bench = new OutboxBench({ inFlightMax: 2 }).connect().fill('a', 'a');
    bench.send();
    for (let alarms = 0; alarms < 6; alarms += 1) bench.offer('alarm', { lane: alarmLaneOf(1) });
    expect(bench.send()).toHaveLength(4);
    bench.disconnect();
    const again = bench.connect().send();
    expect(again.map(({ dup }) => dup)).toEqual(Array(6).fill(true));
  });
});
