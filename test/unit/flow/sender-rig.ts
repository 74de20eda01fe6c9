/** Sender of a connected gateway on an outbox with a simulated disk. */
import { newFacts } from '../../../src/base/events.ts';
import { HubSender, type HubSenderOptions } from '../../../src/flow/hub-sender.ts';
import { type DocumentSource, OwnDocuments } from '../../../src/flow/own-documents.ts';
import { SetAside } from '../../../src/flow/set-aside.ts';

import { UnderWay } from '../../../src/flow/under-way.ts';
import type { HubInput, HubPublish } from '../../../src/hub/client/hub-contract.ts';
import { HubServices } from '../../../src/hub/gateway/hub-service.ts';
import type { OutboxLimits } from '../../../src/outbox/outbox-contract.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { SubdeviceRegistry } from '../../../src/subdevices/registry.ts';
import { OutboxBench } from '../outbox/outbox-rig.ts';

import { StepClock } from './flow-rig.ts';

/** Sender of a connected gateway, and the topics of the messages that it sent. */
export class SenderBench {
  readonly clock = new StepClock();
  readonly mailbox = new Mailbox((error) => {
    throw error;
  });
  readonly bench: OutboxBench;
  readonly sent: string[] = [];
  /** Called for each message that is sent. */
  onSent: (message: HubPublish) => void = () => undefined;
  /** Called for each command to the hub client. */
  onCommand: (command: HubInput) => void = () => undefined;
  looks = 0;
  readonly sender: HubSender;

  constructor(limits: Partial<OutboxLimits> = { inFlightMax: 100 }, ...sources: readonly DocumentSource[]) {
    const bench = new OutboxBench(limits);
    this.bench = bench;
    const { clock, mailbox } = this;
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
      commandHub: (command) => this.onCommand(command),
      publish: (message) => {
        this.sent.push(message.topic);
        this.onSent(message);
      },
      queuedBytes: () => 0,
      isExpired: undefined,
      isRetainServed: true,
      documents: new OwnDocuments(sources, bench.outbox.poison),
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
