/**
 * More topics than a client session can have ids for: each downlink arrives on its own topic, also across restarts.
 */
import { describe, expect, it } from 'vitest';
import type { Packet } from '../../../../src/codec/mqttsn-packets.ts';
import type { DriverReport } from '../../../../src/driver/driver.ts';
import { REPLACEABLE_ID_MIN } from '../../../../src/driver/mqttsn/topics.ts';
import { delivery, LinkBench, publish } from './mqttsn-bench.ts';

/** `TOPIC_IDS_MAX` of `src/app/machines.ts`. */
const IDS_MAX = 256;

/** Client that stores ids as it receives them, and a flow that stores each reported id and confirms it at once. */
class Conversation {
  readonly durable = new Map<number, string>();
  readonly received: string[] = [];
  readonly refused: DriverReport[] = [];
  readonly answers: Packet[] = [];
  /** Ids that the client knows; a restarted client knows none. */
  names = new Map<number, string>();
  mostIds = 0;
  bench: LinkBench;
  #token = 0;

  constructor(durable: ReadonlyMap<number, string> = new Map(), idsMax = IDS_MAX) {
    for (const [id, topic] of durable) this.durable.set(id, topic);
    this.bench = new LinkBench({ topicIdsMax: idsMax }).attach(this.durable);
  }

  /** New process with the content of the store. */
  restart(): void {
    this.bench = new LinkBench({ topicIdsMax: IDS_MAX }).attach(new Map(this.durable));
  }

  deliver(topic: string): void {
    this.#token += 1;
    this.bench.command(delivery(this.#token, { topic }));
    this.settle();
  }

  send(...packets: Packet[]): void {
    this.bench.send(...packets);
    this.settle();
  }

  settle(): void {
    for (let isBusy = true; isBusy; ) {
      const [reports, packets] = [this.bench.reported(), this.bench.received()];
      for (const report of reports) this.#take(report);
      for (const packet of packets) this.#answer(packet);
      isBusy = reports.length + packets.length > 0;
    }
  }

  #take(report: DriverReport): void {
    if (report.kind === 'topicReleased') this.durable.delete(report.topicId);
    if (report.kind === 'undelivered') this.refused.push(report);
    if (report.kind === 'topicBound') {
      this.durable.set(report.topicId, report.topic);
      this.mostIds = Math.max(this.mostIds, this.durable.size);
      this.bench.command({ kind: 'confirm', token: report.token });
    }
    if (report.kind === 'uplink') this.received.push(`up ${report.topic}`);
  }

  #answer(packet: Packet): void {
    if (packet.kind === 'register') {
      const { topicId, messageId } = packet;
      this.names.set(topicId, packet.topic);
      this.bench.send({ kind: 'regack', topicId, messageId, returnCode: 0 });
    } else if (packet.kind === 'publish') {
      const topicId = packet.topic.type === 'normal' ? packet.topic.id : 0;
      this.received.push(this.names.get(topicId) ?? `unknown ${topicId}`);
      this.bench.send({ kind: 'puback', topicId, messageId: packet.messageId, returnCode: 0 });
    } else {
      this.answers.push(packet);
    }
  }
}

function topics(count: number, prefix = 'topic'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}/${index}`);
}

describe('downlinks of one subdevice', () => {
  it.each([255, 256, 257, 2560])(
    'on %i topics all arrive, each on its own topic, with a restart in between',
    (count) => {
      const talk = new Conversation();
      const wanted = topics(count);
      for (const [index, topic] of wanted.entries()) {
        if (index === Math.floor(count / 2)) talk.restart();
        talk.deliver(topic);
      }
      for (const topic of wanted) talk.deliver(topic);
      expect(talk.received).toEqual([...wanted, ...wanted]);
      expect(talk.refused).toEqual([]);
      expect(talk.mostIds).toBe(Math.min(count, IDS_MAX));
    },
  );

  it('arrive after every number was assigned once and the count starts again', () => {
    const last = new Map([[0xfffd, 'old']]);
    const talk = new Conversation(last, 4);
    const wanted = topics(10);
    for (const topic of wanted) talk.deliver(topic);
    expect(talk.received).toEqual(wanted);
    expect([...talk.durable.keys()].every((id) => id >= REPLACEABLE_ID_MIN && id <= 0xfffe)).toBe(true);
    expect(talk.durable.size).toBe(4);
  });

  it('arrive in a session in which an earlier version assigned all ids to downlinks', () => {
    const given = new Map(topics(IDS_MAX, 'before').map((topic, index) => [index + 1, topic]));
    const talk = new Conversation(given);
    const wanted = [...topics(300), ...given.values()];
    for (const topic of wanted) talk.deliver(topic);
    expect(talk.received).toEqual(wanted);
  });

  it('keep the id of the most used topic, and need no REGISTER for it', () => {
    const talk = new Conversation(undefined, 4);
    for (const topic of topics(20)) {
      talk.deliver('hot');
      talk.deliver(topic);
    }
    expect([...talk.names.values()].filter((name) => name === 'hot')).toHaveLength(1);
  });
});

describe('an id that was released', () => {
  it('never gets another topic: a late PUBLISH with the old meaning gets "invalid topic id"', () => {
    const talk = new Conversation(undefined, 4);
    for (const topic of topics(5)) talk.deliver(topic);
    const [first] = talk.names.keys();
    const old = { type: 'normal', id: first ?? 0 } as const;
    talk.send(publish(7, { topic: old }));
    expect(talk.answers).toEqual([{ kind: 'puback', topicId: first, messageId: 7, returnCode: 2 }]);
    talk.restart();
    talk.send(publish(8, { topic: old }));
    expect(talk.answers.at(-1)).toEqual({ kind: 'puback', topicId: first, messageId: 8, returnCode: 2 });
    expect(talk.received).toEqual(topics(5));
  });

  it('negative control: gets another topic in a gateway that forgets the assigned numbers', () => {
    const talk = new Conversation(undefined, 4);
    for (const topic of topics(5)) talk.deliver(topic);
    const [first] = talk.names.keys();
    talk.durable.clear();
    talk.restart();
    talk.deliver('another');
    talk.send(publish(7, { topic: { type: 'normal', id: first ?? 0 } }));
    expect(talk.received.at(-1)).toBe('up another');
  });

  it('while its REGISTER is being made durable is answered, and is invalid in the next PUBLISH', () => {
    const bench = new LinkBench({ topicIdsMax: 1 }).attach(new Map([[1, 'kept']]));
    for (const [index, topic] of topics(2).entries())
      bench.send({ kind: 'register', topicId: 0, messageId: index + 1, topic });
    const [lost, , held] = bench.reported();
    expect([lost, held]).toMatchObject([
      { kind: 'topicBound', topicId: REPLACEABLE_ID_MIN },
      { kind: 'topicBound', topicId: REPLACEABLE_ID_MIN + 1 },
    ]);
    bench.command({ kind: 'confirm', token: 1 }, { kind: 'confirm', token: 2 });
    bench.received();
    bench.send(publish(3, { topic: { type: 'normal', id: REPLACEABLE_ID_MIN } }));
    expect(bench.received()).toMatchObject([{ kind: 'puback', returnCode: 2 }]);
  });
});

describe('ids that the client requested', () => {
  it('are kept while downlinks on many other topics arrive', () => {
    const talk = new Conversation(undefined, 4);
    talk.send({ kind: 'register', topicId: 0, messageId: 1, topic: 'mine' });
    expect(talk.answers).toEqual([{ kind: 'regack', topicId: 1, messageId: 1, returnCode: 0 }]);
    for (const topic of topics(50)) talk.deliver(topic);
    talk.send(publish(2, { topic: { type: 'normal', id: 1 } }));
    expect(talk.received.at(-1)).toBe('up mine');
  });

  it('are separate from those of downlinks, and downlinks use them from then on', () => {
    const talk = new Conversation(undefined, 4);
    talk.deliver('both');
    talk.send({ kind: 'register', topicId: 0, messageId: 1, topic: 'both' });
    talk.names = new Map([[1, 'both']]);
    talk.deliver('both');
    talk.restart();
    talk.deliver('both');
    expect(talk.received).toEqual(['both', 'both', 'both']);
    expect([...talk.names.keys()]).toEqual([1]);
  });

  it('are assigned for each of 2560 topics, the later ones until another topic needs the id', () => {
    const talk = new Conversation();
    for (const [index, topic] of topics(2560).entries())
      talk.send({ kind: 'register', topicId: 0, messageId: index + 1, topic });
    expect(talk.answers.every((answer) => answer.kind === 'regack' && answer.returnCode === 0)).toBe(true);
    expect(talk.durable.size).toBe(2 * IDS_MAX);
    const ids = talk.answers.map((answer) => (answer.kind === 'regack' ? answer.topicId : 0));
    for (const index of [0, 255, 2560 - IDS_MAX, 2559])
      talk.send(publish(5000 + index, { topic: { type: 'normal', id: ids[index] ?? 0 } }));
    expect(talk.received).toEqual([0, 255, 2560 - IDS_MAX, 2559].map((index) => `up topic/${index}`));
    talk.send(publish(1, { topic: { type: 'normal', id: ids[256] ?? 0 } }));
    expect(talk.answers.at(-1)).toMatchObject({ kind: 'puback', returnCode: 2 });
  });
});
