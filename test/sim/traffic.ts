/** Traffic of a world: uplinks of the subdevices and downlinks of the application, with bursts of both. */
import type { Qos } from '../../src/base/message.ts';
import type { Random } from '../../src/base/random.ts';
import { pauseOf, randomOf } from './scenario.ts';
import { downlinkDocument, hubNameOf, isSharedTopic } from './shared-documents.ts';
import type { SimDevice } from './sim-device.ts';
import { UNIT_FILTER } from './sim-unit.ts';
import type { World } from './world.ts';

/** Largest number of unsent messages of a subdevice. It publishes nothing more until then. */
const UNSENT_MAX = 50;
const UPLINK_TOPICS = ['event', 'state', 'alarm'] as const;
const DOWNLINK_TOPICS = ['control/set', 'control/ask'] as const;
const QUICK_TOPICS = { uplink: 'tick', downlink: 'control/tell' } as const;
/** Size above the limit of the next hop. */
const TOO_MANY_BYTES = 40;

export class Traffic {
  readonly #world: World;
  readonly #draw = new Map<string, Random>();
  isOn = true;

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    for (const subdevice of this.#world.subdevices) {
      subdevice.start();
      this.#uplinkLater(subdevice);
      this.#downlinkLater(subdevice);
    }
  }

  burst(subdevice: SimDevice, messages: number): void {
    for (let sent = 0; sent < messages; sent += 1) {
      this.#uplink(subdevice);
      this.#downlink(subdevice);
    }
  }

  /** Sends a number of downlinks at once. */
  flood(subdevice: SimDevice, messages: number): void {
    for (let sent = 0; sent < messages; sent += 1) this.#downlink(subdevice);
  }

  #uplinkLater(subdevice: SimDevice): void {
    const { time, scenario } = this.#world;
    time.after(pauseOf(this.#randomOf(subdevice), scenario.uplinkEveryMs), () => {
      if (!this.isOn) return;
      this.#uplink(subdevice);
      this.#uplinkLater(subdevice);
    });
  }

  #downlinkLater(subdevice: SimDevice): void {
    const { time, scenario } = this.#world;
    time.after(pauseOf(this.#randomOf(subdevice), scenario.downlinkEveryMs * scenario.subdevices.length), () => {
      if (!this.isOn) return;
      this.#downlink(subdevice);
      this.#downlinkLater(subdevice);
    });
  }

  #uplink(subdevice: SimDevice): void {
    const random = this.#randomOf(subdevice);
    if (subdevice.queued >= UNSENT_MAX) return;
    const { qos0Share, largeShare, uplinkBytesMax, bounds } = this.#world.scenario;
    const tooLarge = bounds.payloadBytesMax + TOO_MANY_BYTES;
    const isTooLarge = random() < largeShare && tooLarge < bounds.packetBytesMax;
    const bytes = isTooLarge ? tooLarge : 20 + Math.floor(random() * (uplinkBytesMax - 20));
    if (random() < qos0Share) subdevice.publishQos0(QUICK_TOPICS.uplink, bytes);
    else subdevice.publish(oneOf(UPLINK_TOPICS, random), bytes, isTooLarge);
  }

  /** Sends a downlink on a subscribed topic; others are not guaranteed. */
  #downlink(subdevice: SimDevice): void {
    const { hub, time, scenario } = this.#world;
    const { qos0Share, largeShare, bounds } = scenario;
    const random = this.#randomOf(subdevice);
    const isQuick = random() < qos0Share;
    const topic = isQuick ? QUICK_TOPICS.downlink : oneOf(DOWNLINK_TOPICS, random);
    const atHub = this.#world.topicAtHub(subdevice.id, topic);
    if (!this.#isSubscribed(subdevice, isSharedTopic(atHub) ? topic : subdevice.filter)) return;
    const isTooLarge = random() < largeShare;
    const bytes = isTooLarge ? bounds.packetBytesMax + TOO_MANY_BYTES : 24;
    const publish = (number: number, qos: Qos): void => {
      const isObject = isSharedTopic(atHub);
      const command = subdevice.commandOf({ topic, number, bytes, isTooLarge, isObject });
      const { payload } = command;
      const to = this.#world.topicAtHub(subdevice.id, command.topic);
      // a unit would take a member `device` for a point
      const isWhole = isObject && number % 2 === 0 && subdevice.filter !== UNIT_FILTER;
      const document = (): Uint8Array => downlinkDocument(hubNameOf(scenario, subdevice.id), payload, isWhole);
      hub.publish({ payload: isSharedTopic(to) ? document() : payload, topic: to, qos });
    };
    if (isQuick) return publish(subdevice.qos0Downlinks.send(), 0);
    const { downlinks } = subdevice;
    publish(isTooLarge ? downlinks.sendTooLarge(time.nowMs) : downlinks.send(time.nowMs), 1);
  }

  /** Returns whether the hub will send messages for this filter, and the gateway will pass them on to the subdevice. */
  #isSubscribed({ id }: SimDevice, own: string): boolean {
    const { hub, clientId, gateway } = this.#world;
    const filter = this.#world.topicAtHub(id, own);
    if (!hub.subscriptions(clientId).includes(filter)) return false;
    return !isSharedTopic(filter) || gateway?.stations.registry.byId(id)?.subscriptions.has(filter) !== false;
  }

  #randomOf({ id }: SimDevice): Random {
    const draw = this.#draw.get(id) ?? randomOf(this.#world.scenario.seed, `traffic of ${id}`);
    this.#draw.set(id, draw);
    return draw;
  }
}

function oneOf<T>(choices: readonly T[], random: Random): T {
  return choices[Math.floor(random() * choices.length)] as T;
}
