/** The flow of downlinks, with a simulated hub and simulated subdevices around it. */

import { hash } from 'node:crypto';
import { newFacts } from '../../../src/base/events.ts';
import type { Message } from '../../../src/base/message.ts';
import type { Change } from '../../../src/custody/change.ts';
import { EarlierSendings } from '../../../src/custody/earlier-sendings.ts';
import type { CommandMark } from '../../../src/custody/row.ts';
import type { DriverCommand } from '../../../src/driver/driver.ts';
import { type Arriving, DownlinkFlow } from '../../../src/flow/downlink.ts';
import { type Discard, noteShed } from '../../../src/flow/intake.ts';
import type { Links } from '../../../src/flow/links.ts';
import { NO_OWN_MESSAGES, type OwnMessages } from '../../../src/flow/own-messages.ts';
import type { Pager } from '../../../src/flow/pager.ts';
import { SetAside } from '../../../src/flow/set-aside.ts';
import { UnderWay } from '../../../src/flow/under-way.ts';
import type { HubInput } from '../../../src/hub/client/hub-contract.ts';
import { PoisonDetector } from '../../../src/outbox/poison-detector.ts';
import { Mailbox } from '../../../src/runtime/mailbox.ts';
import { Inbox } from '../../../src/subdevices/inbox.ts';
import { SubdeviceRegistry } from '../../../src/subdevices/registry.ts';
import { RetainedCommands, type RetainedPolicy } from '../../../src/subdevices/retained-commands.ts';
import { NO_SHARED_TOPICS, type SharedTopics } from '../../../src/subdevices/shared-topics.ts';
import { topicMap } from '../../../src/subdevices/topic-map.ts';
import { BenchDisk, custodianOn, STAMP } from '../custody/custody-rig.ts';
import { StepClock } from './flow-rig.ts';

type Deliver = Extract<DriverCommand, { kind: 'deliver' }>;

const LIMITS = { overflow: 'drop-oldest', replayIntervalMs: 0, holdMs: 200, commitMs: 100 } as const;

/** The flow with a real inbox, custody and registry; the test controls the links, the hub and the disk. */
export class FlowBench {
  readonly clock = new StepClock();
  readonly disk = new BenchDisk();
  readonly registry = new SubdeviceRegistry({ subdevices: [], subscriptions: [], topicIds: [] });
  readonly custodian = custodianOn(this.disk, {
    direction: 'downlink',
    windowMax: 64,
    shed: (lane, reason, topic) => {
      const subdevice = this.registry.byLane(lane)?.id;
      const intake = { note: (discard: Discard) => this.shed.push(`${discard.reason}: ${discard.sample}`) };
      noteShed(intake, { direction: 'downlink', subdevice, reason, topic }, this.ownMessages);
    },
  });
  /** Shed downlinks that the intake has noted, without those that `refusals` has. */
  readonly shed: string[] = [];
  ownMessages: OwnMessages = NO_OWN_MESSAGES;
  readonly mailbox = new Mailbox((error) => {
    throw error;
  });
  readonly inbox: Inbox;
  isReading = true;
  readonly refusals: string[] = [];
  readonly #commands: HubInput[] = [];
  readonly #deliveries: Deliver[] = [];
  readonly facts = newFacts();
  readonly flow: DownlinkFlow;

  readonly lazyChanges: Change[] = [];

  readonly poison = new PoisonDetector(2);

  isHeld = false;
  sharedTopics: SharedTopics = NO_SHARED_TOPICS;

  constructor(messagesMax = 150, retained: RetainedPolicy = 'once', marks: readonly CommandMark[] = []) {
    this.inbox = new Inbox({ ...LIMITS, messagesMax }, this.custodian, new EarlierSendings(1, 100));
    const links: Pick<Links, 'command'> = {
      command: (_, command) => {
        if (command.kind === 'deliver') this.#deliveries.push(command);
      },
    };
    const pager: Pick<Pager, 'turn'> = { turn: () => {} };
    this.flow = new DownlinkFlow({
      clock: this.clock,
      mailbox: this.mailbox,
      stamp: () => STAMP,
      facts: this.facts,
      underWay: new UnderWay(new SetAside(this.facts), []),
      registry: this.registry,
      retainedCommands: new RetainedCommands(retained, marks, (of) => hash('sha256', of, 'base64')),
      addLazy: (change) => this.lazyChanges.push(change),
      ...{ inbox: this.inbox, intake: { note: ({ reason, sample }) => this.refusals.push(`${reason}: ${sample}`) } },
      commandLink: links.command,
      ownMessages: {
        ...NO_OWN_MESSAGES,
        wasShed: (...message) => this.ownMessages.wasShed(...message),
        hubSessionLost: () => this.ownMessages.hubSessionLost(),
      },
      isHeld: () => this.isHeld,
      pager: pager as Pager,
      topicsOf: (subdevice) =>
        topicMap(
          { uplink: '{subdevice}/{topic}', downlink: '{subdevice}/{topic}' },
          { gateway: 'gw', subdevice, productId: undefined, deviceName: undefined },
          this.sharedTopics,
        ),
      sharedTopics: () => this.sharedTopics,
      commandHub: (command) => this.#commands.push(command),
      unstoredBytes: () => this.custodian.unstoredBytes,
      setReading: (isReading) => {
        this.isReading = isReading;
      },
      isExpired: undefined,
      configuredIds: () => new Set(['pump', 'valve']),
      acceptsUnknown: false,
      packetBytesMax: 100_000,
      poison: this.poison,
      send: () => this.flow.acknowledge(),
    });
    this.flow.hubConnected(true);
  }

  /** Attaches a subdevice that has subscribed to `filter`. */
  enter(id: string, isAttached = true, filter = '#'): this {
    const { subdevice } = this.registry.enter(id, 'link');
    this.registry.subscribe(subdevice, filter, 1);
    if (isAttached) this.inbox.attached(subdevice.lane, this.clock.nowMs());
    return this;
  }

  /** Message from the hub. */
  arrive(packetId: number, text: string, message: Partial<Message> & Partial<Arriving> = {}): this {
    const { dup = false, retained = false, topic = 'pump/set', qos = 1 } = message;
    const how = { dup, retained, packetId: qos === 0 ? undefined : packetId };
    this.flow.arrived({ topic, payload: new TextEncoder().encode(text), qos }, how);
    return this;
  }

  /** Answer of the hub to the gateway itself. @returns true if the answer is new */
  consume(packetId: number | undefined, dup = false): boolean {
    return this.flow.consumed({ topic: '$gateway', payload: Uint8Array.of(1), qos: 1 }, dup, packetId);
  }

  reconnect(sessionPresent = true): this {
    this.flow.hubLost();
    this.flow.hubConnected(sessionPresent);
    return this;
  }

  commit(): this {
    this.disk.flushHeld();
    this.disk.begin();
    this.mailbox.post(() => {
      for (const entry of this.disk.finish()) this.custodian.stored(entry);
    });
    return this;
  }

  /** Packet identifiers acknowledged to the hub since the last call. */
  pubacks(): number[] {
    return this.#commands.splice(0).flatMap((command) => (command.kind === 'puback' ? [command.packetId] : []));
  }

  /** True if the connection to the hub was ordered to close. */
  get isLeft(): boolean {
    return this.#commands.some((command) => command.kind === 'leave');
  }

  /** Messages delivered to the subdevices since the last call. The subdevices acknowledge all of them. */
  delivered(): string[] {
    const texts: string[] = [];
    for (let next = this.#deliveries.shift(); next !== undefined; next = this.#deliveries.shift()) {
      texts.push(new TextDecoder().decode(next.payload));
      this.flow.report({ kind: 'delivered', token: next.token });
    }
    return texts;
  }

  /** The subdevices reject the messages delivered since the last call. */
  refuse(): void {
    for (const { token } of this.#deliveries.splice(0))
      this.flow.report({ kind: 'undelivered', token, why: 'refused' });
  }
}
