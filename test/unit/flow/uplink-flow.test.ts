import { describe, expect, it } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import { type Message, retaining } from '../../../src/base/message.ts';
import { alarmLaneOf } from '../../../src/custody/lane-number.ts';
import type { Row } from '../../../src/custody/row.ts';
import type { HubSender } from '../../../src/flow/hub-sender.ts';
import type { LinkCommand, Links } from '../../../src/flow/links.ts';
import { UplinkFlow } from '../../../src/flow/uplink.ts';
import { AlarmTopics } from '../../../src/outbox/alarm-topics.ts';
import { Outbox } from '../../../src/outbox/outbox.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { SubdeviceRegistry } from '../../../src/subdevices/registry.ts';
import { topicMap } from '../../../src/subdevices/topic-map.ts';
import { BenchDisk, custodianOn, STAMP } from '../custody/custody-rig.ts';
import { LIMITS, newPayloads } from '../outbox/outbox-rig.ts';
import { StepClock } from './flow-rig.ts';

/** The flow with a real outbox and custody; the test controls the links, the sending and the disk. */
const TERMS = { holdMs: 200, commitMs: 100, overflow: 'reject', retainTopics: ['state', '+/config'] } as const;

class FlowBench {
  readonly mailbox = new Mailbox((error) => {
    throw error;
  });
  readonly disk = new BenchDisk();
  readonly qos0: string[] = [];
  readonly retained: (true | undefined)[] = [];
  readonly discards: string[] = [];
  readonly clock = new StepClock();
  readonly facts = newFacts();
  readonly #commands: string[] = [];
  readonly #custodian = custodianOn(this.disk, { windowMax: 16 });
  readonly #registry = new SubdeviceRegistry({ subdevices: [], subscriptions: [], topicIds: [] });
  readonly #outbox: Outbox;
  readonly flow: UplinkFlow;

  constructor(bytesMax = LIMITS.bytesMax, uplink = '{subdevice}/{topic}') {
    const registry = this.#registry;
    for (const id of ['pump', 'valve']) registry.enter(id, 'link');
    this.#outbox = new Outbox({ ...LIMITS, bytesMax }, this.#custodian, 0, newPayloads());
    const links: Pick<Links, 'command'> = { command: (_, command) => this.#note(command) };
    const hubSender: Pick<HubSender, 'sendSoon' | 'offerQos0'> = {
      sendSoon: () => {},
      offerQos0: (_, { topic, retain }) => {
        this.qos0.push(topic);
        this.retained.push(retain);
      },
    };
    const owner = { gateway: 'gw', productId: undefined, deviceName: undefined };
    this.flow = new UplinkFlow({
      clock: this.clock,
      mailbox: this.mailbox,
      stamp: () => STAMP,
      facts: this.facts,
      registry,
      ...{ outbox: this.#outbox, intake: { note: ({ reason, sample }) => this.discards.push(`${reason}: ${sample}`) } },
      alarmTopics: new AlarmTopics({
        configured: ['alarm'],
        inForce: ['alarm'],
        isEmpty: () => true,
        changed: () => {},
      }),
      commandLink: links.command,
      acknowledge: (_, { token }) => this.#commands.push(`acknowledge ${token}`),
      hubSender: hubSender as HubSender,
      topicsOf: (subdevice) => topicMap({ uplink, downlink: '{subdevice}/{topic}' }, { ...owner, subdevice }),
      termsOf: () => TERMS,
      willTerms: () => TERMS,
    });
  }

  /** Reports within one task, as from a driver after one read of the line. */
  offer(
    ...uplinks: {
      subdevice?: string;
      topic?: string;
      bytes?: number;
      isRetained?: boolean;
      text?: string;
      token: number | undefined;
    }[]
  ): string[] {
    this.mailbox.post(() => {
      for (const { subdevice = 'pump', topic = 'event', bytes = 1, isRetained, token, text } of uplinks) {
        const payload = text === undefined ? new Uint8Array(bytes) : Buffer.from(text);
        const qos = token === undefined ? 0 : 1;
        this.flow.offer('link', { kind: 'uplink', subdevice, topic, payload, qos, token, ...retaining(isRetained) });
      }
    });
    return this.commands();
  }

  offerWill(will: Message): void {
    const subdevice = this.#registry.byId('pump');
    if (subdevice !== undefined)
      this.flow.offerWill(subdevice, will, { safe: () => {}, refuse: () => {}, withdrawn: () => {} });
  }

  /** Messages in custody, by number. */
  get rows(): Row[] {
    return [...this.#custodian.lanes()]
      .flatMap(({ window }) => window.map(({ row }) => row))
      .sort((a, b) => a.seq - b.seq);
  }

  commit(): string[] {
    this.disk.begin();
    for (const entry of this.disk.finish()) this.#custodian.stored(entry);
    return this.commands();
  }

  get lanes(): number[] {
    return [...this.#custodian.lanes()].filter(({ pending }) => pending > 0).map(({ lane }) => lane);
  }

  commands(): string[] {
    return this.#commands.splice(0);
  }

  #note(command: LinkCommand): void {
    if (command.kind === 'refuse') this.#commands.push(`refuse ${command.token}: ${command.why}`);
  }
}

describe('an offered uplink', () => {
  it('is acknowledged to its token once it is committed', () => {
    const bench = new FlowBench();
    expect(bench.offer({ token: 5 }, { token: 6 })).toEqual([]);
    expect(bench.commit()).toEqual(['acknowledge 5', 'acknowledge 6']);
  });

  it.each(['$SYS/x', 'a/+', 'a\0b', ''])('on the topic %j is rejected as not allowed', (topic) => {
    expect(new FlowBench().offer({ token: 5, topic })).toEqual(['refuse 5: not allowed']);
  });

  it('of QoS 0 is sent without custody', () => {
    const bench = new FlowBench();
    expect([bench.offer({ token: undefined }), bench.qos0]).toEqual([[], ['pump/event']]);
  });

  it('keeps its RETAIN: of QoS 0, of QoS 1 and as a will', () => {
    const bench = new FlowBench();
    bench.offer({ token: undefined, isRetained: true }, { token: undefined });
    expect(bench.retained).toEqual([true, undefined]);
    bench.offer({ token: 5, isRetained: true }, { token: 6 });
    bench.offerWill({ topic: 'gone', payload: new Uint8Array(0), qos: 1, retain: true });
    expect(bench.rows.map(({ retain }) => retain)).toEqual([true, undefined, true]);
  });

  it('has RETAIN if a filter for retained uplinks matches its own topic', () => {
    const bench = new FlowBench();
    bench.offer({ token: undefined, topic: 'state' }, { token: undefined, topic: 'pump/state' });
    expect(bench.retained).toEqual([true, undefined]);
    bench.offer({ token: 5, topic: 'a/config' }, { token: 6, topic: 'a/b/config' });
    bench.offerWill({ topic: 'state', payload: new Uint8Array(0), qos: 1 });
    expect(bench.rows.map(({ retain }) => retain)).toEqual([true, undefined, true]);
  });

  it('that is too large is rejected as such, and no later one waits for it', () => {
    const bench = new FlowBench();
    expect(bench.offer({ token: 5, bytes: 9999 }, { token: 6 })).toEqual(['refuse 5: too large']);
    expect(bench.commit()).toEqual(['acknowledge 6']);
    expect(bench.discards).toEqual(['payload too large: event: its payload has 9999 bytes, and the hub accepts 1000']);
  });

  it('on a topic of too many levels is rejected with the same code, and the reason is reported', () => {
    const bench = new FlowBench();
    expect(bench.offer({ token: 5, topic: '1/2/3/4/5/6/7' })).toEqual(['refuse 5: too large']);
    expect(bench.discards).toEqual([
      'too many slashes: 1/2/3/4/5/6/7: its topic at the hub has 7 slashes, and the hub accepts 6',
    ]);
  });

  it('on an alarm topic is put in the alarm lane', () => {
    const bench = new FlowBench();
    bench.offer({ token: 5 }, { token: 6, topic: 'alarm' });
    expect(bench.lanes).toEqual([1, alarmLaneOf(1)]);
  });
});

describe('an uplink with a field in its topic', () => {
  const ROOMS = '{subdevice}/{field:room|none}/{topic}';
  const open = (bytesMax = LIMITS.bytesMax): FlowBench => new FlowBench(bytesMax, ROOMS);
  const topics = ({ rows }: FlowBench): string[] => rows.map(({ topic }) => topic);

  it('has the value at acceptance, in custody, and is acknowledged; RETAIN and alarms go by its own topic', () => {
    const bench = open();
    bench.offer({ token: 5, text: '{"room":"hall"}' }, { token: 6, topic: 'alarm', text: '{"room":"a/b"}' });
    bench.offer({ token: 7, topic: 'state', text: '{"room":"hall"}' }, { token: undefined, text: '{"room":1}' });
    bench.offerWill({ topic: 'gone', payload: Buffer.from('{"room":"yard"}'), qos: 1 });
    expect(topics(bench)).toEqual(['pump/hall/event', 'pump/a%2Fb/alarm', 'pump/hall/state', 'pump/yard/gone']);
    expect(bench.qos0).toEqual(['pump/1/event']);
    expect(bench.rows.map(({ retain }) => retain)).toEqual([undefined, undefined, true, undefined]);
    expect(bench.lanes).toEqual([1, alarmLaneOf(1)]);
    expect(bench.commit()).toEqual(['acknowledge 5', 'acknowledge 6', 'acknowledge 7']);
    expect(bench.flow.fallbacks.count).toBe(0);
  });

  it('without a value is accepted with the fallback, counted, and reported once in 10 minutes', () => {
    const bench = open();
    const facts: string[] = [];
    bench.facts.on('topicFallback', ({ subdevice, topic, reason }) => facts.push(`${subdevice} ${topic}: ${reason}`));
    bench.offer({ token: 5, text: '21.5' }, { token: undefined, text: '{}' }, { token: 6, text: '{"room":"hall"}' });
    bench.offerWill({ topic: 'gone', payload: Buffer.from('offline'), qos: 1 });
    bench.offerWill({ topic: 'gone', payload: Buffer.from('offline'), qos: 0 });
    expect(bench.commit()).toEqual(['acknowledge 5', 'acknowledge 6']);
    expect(bench.discards).toEqual([]);
    expect(topics(bench)).toEqual(['pump/none/event', 'pump/hall/event', 'pump/none/gone']);
    const why = '{field:room}: the payload is not a JSON object of at most 64 levels';
    expect([bench.flow.fallbacks.count, bench.flow.fallbacks.last]).toEqual([
      4,
      { recent: 4, firstAtMs: 1000, lastAtMs: 1000, topic: 'pump/none/gone', why },
    ]);
    expect(facts).toEqual([`pump pump/none/event: ${why}`]);
    bench.flow.fallbacks.note('pump', 't', 'later', 1000 + 600_000);
    expect(bench.flow.fallbacks.last).toMatchObject({ recent: 1, firstAtMs: 601_000 });
    expect(facts).toHaveLength(2);
  });

  it('that is not accepted counts no fallback', () => {
    const bench = open(200);
    expect(bench.offer({ token: 1, bytes: 500 })).toEqual(['refuse 1: congestion']);
    expect(bench.offer({ token: 2, topic: 'a/+' })).toEqual(['refuse 2: not allowed']);
    expect(bench.flow.fallbacks.count).toBe(0);
  });
});

describe('congestion', () => {
  it('that is rejected blocks later uplinks of the same subdevice in the same task, even smaller ones', () => {
    const bench = new FlowBench(200);
    const commands = bench.offer({ token: 1, bytes: 500 }, { token: 2 }, { token: 3, subdevice: 'valve' });
    expect(commands).toEqual(['refuse 1: congestion', 'refuse 2: congestion']);
    expect(bench.commit()).toEqual(['acknowledge 3']);
  });

  it('no longer blocks later uplinks after the task', () => {
    const bench = new FlowBench(200);
    bench.offer({ token: 1, bytes: 500 });
    expect(bench.offer({ token: 2 })).toEqual([]);
  });
});
