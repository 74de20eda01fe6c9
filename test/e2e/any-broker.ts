/** A gateway and a third-party broker as the hub: the operations that every such broker has, and the testbed. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { Message } from '../../src/base/message.ts';
import { parseTemplate } from '../../src/base/template.ts';
import { shapeOf, type TopicTemplates, topicAtHub } from '../../src/base/topic-template.ts';
import { numberedPayload } from '../../src/bench/account.ts';
import type { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { type ConfigTables, GATEWAY } from './testbed-config.ts';
import { until } from './until.ts';

export const HOST = '127.0.0.1';
/** Port below the range that Linux assigns automatically (ip_local_port_range). */
const PORTS = { first: 20_000, last: 32_000 };

export interface Broker {
  readonly start: () => Promise<void>;
  /** Stops the broker in order, with time to save its state. */
  readonly stop: () => Promise<void>;
  readonly close: () => Promise<void>;
  /** The application side, in a session that outlives the broker: every message once, or again after a reconnect. */
  readonly listen: (filter: string, onMessage: (topic: string, payload: string) => void) => Promise<void>;
  /** Sends the messages in order with QoS 1; resolves when the broker has acknowledged all of them. */
  readonly publish: (topic: string, payloads: readonly string[]) => Promise<void>;
}

export interface BrokerTestbedPlan {
  /** Port to which the gateway connects; a free one by default. */
  readonly port?: number;
  readonly hub?: ConfigTables['hub'];
  /** Ids of the subdevices; `a` and `b` by default. */
  readonly subdevices?: readonly string[];
  /** Keys of each subdevice. */
  readonly will?: Message;
  /** Subdevices with a keep alive of 10 min: a busy machine does not lose them. */
  readonly steady?: readonly string[];
  /** Keep alive of the other subdevices; 1000 if absent. */
  readonly keepAliveMs?: number;
  /** Templates of the gateway, and of the application side. */
  readonly topics?: TopicTemplates;
  /** Keys of the configuration's [inbox]. */
  readonly inbox?: ConfigTables['inbox'];
  /** More text of the configuration. */
  readonly more?: string;
  /** Program other than the product, and its environment, for a negative control. */
  readonly program?: string;
  readonly env?: Record<string, string>;
  /** @param folder folder for its files */
  readonly brokerAt: (port: number, folder: string) => Broker;
}

/** Free port that stays free while the broker is stopped: the system never assigns it automatically. */
export async function findPort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * (PORTS.last - PORTS.first));
    if (!(await answers(port))) return port;
  }
}

export async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: HOST });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export class BrokerTestbed {
  readonly testbed: Testbed;
  readonly broker: Broker;
  readonly #topics: TopicTemplates;

  constructor(testbed: Testbed, broker: Broker, topics: TopicTemplates) {
    this.testbed = testbed;
    this.broker = broker;
    this.#topics = topics;
  }

  /** The broker is running, the application side is subscribed, the gateway is not running. */
  static async open(plan: BrokerTestbedPlan): Promise<BrokerTestbed> {
    const port = plan.port ?? (await findPort());
    const topics = plan.topics ?? PLAIN;
    const will = plan.will === undefined ? {} : { will: plan.will };
    const testbed = await openTestbed({
      // A subdevice without messages notices a restart of the gateway by its keep alive.
      subdevices: Object.fromEntries(
        (plan.subdevices ?? ['a', 'b']).map((id) => [
          id,
          { keepAliveMs: plan.steady?.includes(id) === true ? 600_000 : (plan.keepAliveMs ?? 1000), ...will },
        ]),
      ),
      config: {
        hub: { port, uplink_topic: topics.uplink, downlink_topic: topics.downlink, ...plan.hub },
        inbox: { replay_interval_ms: 0, ...plan.inbox },
      },
      ...(plan.more === undefined ? {} : { more: plan.more }),
      ...(plan.program === undefined ? {} : { program: plan.program, env: plan.env ?? {} }),
    });
    const broker = plan.brokerAt(port, testbed.folder);
    onTestFinished(() => broker.close());
    await broker.start();
    const ownerOf = new Map(testbed.subdevices.map(({ id }) => [topicOf(topics.uplink, id, 't'), id]));
    await broker.listen(filterAround(topics.uplink), (topic, payload) =>
      testbed.arrive({ topic: `${GATEWAY}/${ownerOf.get(topic)}/t`, payload: Buffer.from(payload) }),
    );
    return new BrokerTestbed(testbed, broker, topics);
  }

  /** Starts the gateway and its subdevices; resolves when all of them are subscribed. */
  async enter(): Promise<void> {
    const { testbed } = this;
    await testbed.gateway.start();
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    await testbed.untilStatus(({ hub }) => hub.subscriptions === testbed.subdevices.length);
    await until(() => testbed.subdevices.every(({ isSubscribed }) => isSubscribed));
  }

  /** The application side sends `count` numbered commands to the subdevice. */
  async command({ id, downlinks }: FieldSubdevice, count: number): Promise<void> {
    const numbers = Array.from({ length: count }, () => downlinks.send());
    await this.broker.publish(
      topicOf(this.#topics.downlink, id, 'cmd'),
      numbers.map((number) => Buffer.from(numberedPayload(number, 32)).toString()),
    );
    for (const number of numbers) downlinks.acknowledge(number);
  }

  async commandAll(count: number): Promise<void> {
    for (const subdevice of this.testbed.subdevices) await this.command(subdevice, count);
  }

  /** Sends `count` messages to and from each subdevice at the same time; all of them arrive. */
  async trade(count: number): Promise<void> {
    const commanded = this.commandAll(count);
    this.testbed.publish(count);
    await commanded;
    await this.expectAllDelivered();
  }

  /** The broker is restarted during traffic in both directions; all messages arrive. */
  async outliveRestart(): Promise<void> {
    const { testbed, broker } = this;
    await this.enter();
    testbed.publish(30);
    await until(() => testbed.uplinks.delivered > 10);
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    testbed.publish(100);
    await testbed.untilAcknowledged();
    await broker.start();
    await this.commandAll(20);
    await this.expectAllDelivered();
  }

  async expectAllDelivered(): Promise<void> {
    const { testbed } = this;
    await testbed.untilAcknowledged();
    await until(
      () =>
        testbed.uplinks.delivered === testbed.uplinks.sent && testbed.downlinks.delivered === testbed.downlinks.sent,
    );
    expect(testbed.uplinks.reordered + testbed.downlinks.reordered).toBe(0);
    await until(async () => (await testbed.gateway.ledger()).totals.uplink.pending === 0);
    expect((await testbed.gateway.ledger()).balances).toBe(true);
  }
}

/** Topic of a subdevice as the hub knows it. */
function topicOf(template: string, subdevice: string, topic: string): string {
  const values = new Map([
    ['gateway', GATEWAY],
    ['subdevice', subdevice],
  ]);
  return topicAtHub(
    shapeOf(template, (name) => values.get(name)),
    topic,
  );
}

/** Filter for the topics of a template: its levels before the first placeholder, and everything below. */
function filterAround(template: string): string {
  const [first] = parseTemplate(template);
  const fixed = first?.kind === 'text' ? first.text.replace(/[^/]*$/, '') : '';
  return `${fixed}#`;
}

const PLAIN: TopicTemplates = { uplink: '{gateway}/{subdevice}/{topic}', downlink: '{gateway}/{subdevice}/{topic}' };

/** Forms of topics, with hubs that demand them. */
const FORMS: readonly (TopicTemplates & { readonly of: string })[] = [
  { of: 'one template', ...PLAIN },
  { of: 'fixed first levels', uplink: 'plant/north/{subdevice}/{topic}', downlink: 'plant/north/{subdevice}/{topic}' },
  { of: 'two directions', uplink: 'up/{subdevice}/{topic}', downlink: '{topic}/down/{subdevice}' },
  { of: 'reserved names', uplink: '$aws/rules/{subdevice}/{topic}', downlink: 'things/{subdevice}/{topic}' },
  {
    of: 'properties in the last level',
    uplink: 'devices/{gateway}/messages/events/subdevice={subdevice}&topic={topic_encoded}',
    downlink: 'devices/{gateway}/messages/{subdevice}/{topic}',
  },
  { of: 'unusual characters', uplink: 'Halle 7/ü&{subdevice}=%/{topic}', downlink: '//{subdevice}//{topic}' },
];

/** Defines the test of the main path, with topics of several forms. @param without forms that the broker does not route */
export function itTradesWithEveryTemplate(
  brokerAt: BrokerTestbedPlan['brokerAt'],
  without: readonly string[] = [],
): void {
  it.each(FORMS.filter((form) => !without.includes(form.of)))(
    'messages go both ways, in order, with $of',
    async ({ uplink, downlink }) => {
      const brokerTestbed = await BrokerTestbed.open({ brokerAt, topics: { uplink, downlink } });
      await brokerTestbed.enter();
      await brokerTestbed.trade(50);
    },
  );
}
