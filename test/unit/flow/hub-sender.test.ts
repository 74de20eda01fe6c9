import { describe, expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import { HubSender, type HubSenderOptions } from '../../../src/flow/hub-sender.ts';
import { SetAside } from '../../../src/flow/set-aside.ts';
import { UnderWay } from '../../../src/flow/under-way.ts';
import { HubServices } from '../../../src/hub/gateway/hub-service.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { SubdeviceRegistry } from '../../../src/subdevices/registry.ts';
import { OutboxBench } from '../outbox/outbox-rig.ts';
import { StepClock } from './flow-rig.ts';

/** Sender of a connected gateway, and the topics of the messages that it sent. */
class SenderBench {
  readonly clock = new StepClock();
  readonly mailbox = new Mailbox((error) => {
    throw error;
  });
  readonly bench = new OutboxBench({ inFlightMax: 100 });
  readonly sent: string[] = [];
  looks = 0;
  readonly sender: HubSender;

  constructor() {
    const { clock, mailbox, bench } = this;
    const facts = newFacts();
    const filters: Pick<HubSenderOptions['filters'], 'next' | 'look' | 'wakeAtMs'> = {
      next: () => undefined,
      look: () => undefined,
      wakeAtMs: () => undefined,
    };
    this.sender = new HubSender({
      clock,
      mailbox,
      facts,
      registry: new SubdeviceRegistry({ subdevices: [], subscriptions: [], topicIds: [] }),
      outbox: bench.outbox,
      custodian: bench.custodian,
      pager: { turn: () => undefined } as HubSenderOptions['pager'],
      services: new HubServices([]),
      underWay: new UnderWay(new SetAside(facts), []),
      filters: filters as HubSenderOptions['filters'],
      acknowledge: () => {
        this.looks += 1;
      },
      commandHub: () => undefined,
      publish: ({ topic }) => this.sent.push(topic),
      queuedBytes: () => 0,
      isExpired: undefined,
      isRetainServed: true,
    });
    this.sender.connected(true);
    this.looks = 0;
  }

  /** Offers an uplink with QoS 1, as the flow of uplinks does. */
  offer(topic: string): void {
    this.bench.offer(topic);
    this.sender.sendSoon();
  }

  offerQos0(topic: string): void {
    this.sender.offerQos0(1, { topic, payload: new Uint8Array(1), qos: 0 });
  }
}

describe('the hub sender', () => {
  it('sends once for all messages of a task', () => {
    const bench = new SenderBench();
    bench.mailbox.post(() => {
      for (const topic of ['a', 'b', 'c', 'd']) bench.offer(topic);
      expect(bench.sent, 'within the task').toEqual([]);
    });
    expect([bench.sent, bench.looks]).toEqual([['a', 'b', 'c', 'd'], 1]);
  });

  it('keeps the order of messages with QoS 0 and QoS 1 that come in one task', () => {
    const bench = new SenderBench();
    bench.mailbox.post(() => {
      bench.offer('a');
      bench.offerQos0('b');
      bench.offer('c');
      bench.offer('d');
      bench.offerQos0('e');
      bench.offerQos0('f');
      bench.offer('g');
    });
    expect(bench.sent).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  it('sends the messages of the next task too', () => {
    const bench = new SenderBench();
    bench.mailbox.post(() => bench.offer('a'));
    bench.mailbox.post(() => bench.offer('b'));
    expect(bench.sent).toEqual(['a', 'b']);
  });

  it('sheds no message with QoS 0 of one task, however many they are', () => {
    const bench = new SenderBench();
    const topics = Array.from({ length: 455 }, (_, place) => `t/${place}`);
    bench.mailbox.post(() => {
      for (const topic of topics) bench.offerQos0(topic);
    });
    expect(bench.sent).toEqual(topics);
  });
});
