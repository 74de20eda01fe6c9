/**
 * Random conversations with extreme sizes and in random order, with a link of any driver. The sizes are the limits of
 * every length field; subdevices and flows send anything.
 */
import { expect } from 'vitest';
import { isChannelAction } from '../../../src/base/machine.ts';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import { encodePacket } from '../../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../../src/codec/mqttsn-packets.ts';
import type { DriverCommand, DriverReport, LinkInput, LinkMachine } from '../../../src/driver/driver.ts';
import { positive } from '../driver/address-book.ts';

const SIZES = [
  ...[0, 1, 2, 3, 127, 128, 245, 254, 255, 256, 257, 1023, 1024, 1025, 4095, 4096, 4097],
  ...[65_520, 65_525, 65_526, 65_527, 65_528, 65_531, 65_532, 65_535, 65_536, 66_000, 70_000, 262_144],
];
export const SEEDS = Array.from({ length: 6 }, (_, seed) => seed);
export const STEPS = 120;

export class ExtremeValues {
  readonly random: Random;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  of<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)] as T;
  }

  is(chance: number): boolean {
    return this.random() < chance;
  }

  size(max = Number.POSITIVE_INFINITY): number {
    return this.of(SIZES.filter((size) => size <= max));
  }

  text(max?: number): string {
    const filling = this.of(['x', '/', 'ü', '{', '"', '€', 'a/']);
    return filling.repeat(Math.ceil(this.size(max) / filling.length));
  }

  bytes(max?: number): Uint8Array {
    return new Uint8Array(this.size(max)).fill(
      this.of([0, 1, 3, 0x0a, 0x30, 0x7f, 0xff, Math.floor(this.random() * 256)]),
    );
  }

  payload(): Uint8Array {
    const texts = ['{}', '[]', '{"p": 1e308}', '{"p": -1}', '{"p": "x"}', '{"__proto__": 1}', 'null', '"', '{"p": 1}'];
    const deep = '[1,'.repeat(5000);
    return this.is(0.4) ? new TextEncoder().encode(this.of([...texts, deep, this.text()])) : this.bytes();
  }
}

/** Number of deliveries that ended in each way. */
const NO_ENDINGS = {
  delivered: 0,
  refused: 0,
  invalid: 0,
  unanswered: 0,
  empty: 0,
  'too large': 0,
  failed: 0,
  lost: 0,
};

/** Subdevices and flows with a link between them. */
class Extremes {
  readonly #values: ExtremeValues;
  readonly #link: LinkMachine;
  readonly #served: readonly string[];
  readonly #sendBytes: (values: ExtremeValues) => Uint8Array;
  readonly #unanswered: DriverCommand[] = [];
  readonly #underWay = new Map<number, string>();
  #nowMs = 0;
  #token = 0;
  readonly endings = { ...NO_ENDINGS };

  constructor(
    values: ExtremeValues,
    link: LinkMachine,
    served: readonly string[],
    sendBytes: (values: ExtremeValues) => Uint8Array,
  ) {
    this.#values = values;
    this.#link = link;
    this.#served = served;
    this.#sendBytes = sendBytes;
  }

  run(): void {
    this.#input({ kind: 'start' });
    this.#input({ kind: 'opened' });
    for (let step = 0; step < STEPS; step += 1) {
      this.#nowMs += this.#values.is(0.1) ? 3000 : 5;
      this.#step();
    }
    this.#input({ kind: 'closed', reason: 'the end' });
    expect([...this.#underWay]).toEqual([]);
  }

  #step(): void {
    const values = this.#values;
    const order = this.#unanswered.shift();
    if (order !== undefined) return this.#input(order);
    if (values.is(0.05)) {
      this.#input({ kind: 'closed', reason: 'unplugged' });
      this.#nowMs += 60_000;
      this.#input({ kind: 'wake' });
      return this.#input({ kind: 'opened' });
    }
    if ((this.#link.wakeAtMs() ?? Number.POSITIVE_INFINITY) <= this.#nowMs) return this.#input({ kind: 'wake' });
    const subdevice = values.of(this.#served);
    if (values.is(0.1)) return this.#input({ kind: 'probe', subdevice, token: 1 });
    if (values.is(0.1))
      return this.#input(
        values.of<DriverCommand>([
          { kind: 'confirm', subdevice, token: 77 },
          { kind: 'rest', subdevice },
        ]),
      );
    const isIdle = ![...this.#underWay.values()].includes(subdevice);
    if (values.is(0.5) && isIdle && this.#link.attachedSubdevices().includes(subdevice))
      return this.#deliver(subdevice);
    this.#input({ kind: 'bytes', bytes: this.#sendBytes(values) });
  }

  #deliver(subdevice: string): void {
    const values = this.#values;
    this.#token += 1;
    this.#underWay.set(this.#token, subdevice);
    const message = {
      topic: values.is(0.5) ? values.of(['cmd', 'set', 't1']) : `a${values.text(65_000)}`,
      payload: values.payload(),
    };
    this.#input({
      kind: 'deliver',
      subdevice,
      token: this.#token,
      ...message,
      qos: values.of([0, 1]),
      dup: values.is(0.2),
    });
  }

  #input(input: LinkInput): void {
    for (const action of this.#link.handle(input, this.#nowMs)) if (!isChannelAction(action)) this.#handle(action);
  }

  #handle(report: DriverReport): void {
    switch (report.kind) {
      case 'attach': {
        const answer = { accepted: true, topicIds: new Map([[9, 'a'.repeat(65_535)]]) } as const;
        this.#unanswered.push({ kind: 'attached', subdevice: report.subdevice, answer });
        return;
      }
      case 'delivered':
      case 'undelivered':
        expect(this.#underWay.delete(report.token)).toBe(true);
        this.endings[report.kind === 'delivered' ? 'delivered' : report.why] += 1;
        return;
      case 'will':
      case 'subscribe':
      case 'unsubscribe':
      case 'topicBound':
      case 'uplink': {
        const { subdevice, token } = report;
        if (token === undefined) return;
        const yes = report.kind === 'uplink' ? 'acknowledge' : 'confirm';
        this.#unanswered.push(
          this.#values.is(0.8)
            ? positive(yes, subdevice, token)
            : { kind: 'refuse', subdevice, token, why: 'congestion' },
        );
        return;
      }
      case 'woke':
        this.#unanswered.push({ kind: 'rest', subdevice: report.subdevice });
        return;
      default:
    }
  }
}

export const CLIENTS = ['c1', 'c2'];

function packet(values: ExtremeValues): Packet {
  const messageId = values.of([0, 1, 2, 65_535]);
  const topicId = values.of([0, 1, 2, 9, 77, 65_535]);
  const clientId = values.is(0.9) ? values.of(CLIENTS) : values.text(60_000);
  const will = { qos: values.of([-1, 0, 1, 2] as const), retain: true, topic: values.text(60_000) };
  const reference = { type: values.of(['normal', 'predefined'] as const), id: topicId };
  return values.of<Packet>([
    { kind: 'connect', will: values.is(0.3), clean: values.is(0.3), durationS: values.of([0, 1, 65_535]), clientId },
    { kind: 'connect', will: false, clean: false, durationS: 0, clientId: values.of(CLIENTS) },
    { kind: 'willtopic', will: values.is(0.5) ? will : undefined },
    { kind: 'willmsg', payload: values.bytes(60_000) },
    { kind: 'willtopicupd', will },
    { kind: 'willmsgupd', payload: values.bytes(60_000) },
    { kind: 'register', topicId, messageId, topic: values.text(60_000) },
    { kind: 'regack', topicId, messageId, returnCode: values.of([0, 1, 2, 3, 255]) },
    { kind: 'puback', topicId, messageId, returnCode: values.of([0, 1, 2, 3, 255]) },
    { kind: 'subscribe', dup: true, qos: 2, messageId, filter: { type: 'name', name: values.text(60_000) } },
    { kind: 'unsubscribe', messageId, filter: { type: 'name', name: values.text(60_000) } },
    {
      kind: 'publish',
      dup: values.is(0.5),
      qos: values.of([-1, 0, 1, 2] as const),
      retain: true,
      topic: reference,
      messageId,
      payload: values.bytes(60_000),
    },
    { kind: 'pingreq', clientId: values.is(0.5) ? '' : clientId },
    { kind: 'pingresp' },
    { kind: 'disconnect', durationS: values.of([undefined, 0, 1, 65_535]) },
    { kind: 'searchgw', radius: 255 },
    { kind: 'advertise', gatewayId: 255, durationS: 65_535 },
  ]);
}

/** MQTT-SN packet, or bytes that resemble one. */
export function packetBytes(values: ExtremeValues): Uint8Array {
  if (values.is(0.2)) return values.bytes();
  const inner = encodePacket(packet(values));
  if (values.is(0.7)) return inner;
  const node = new Uint8Array(values.of([1, 2, 250, 1000])).fill(0xa0);
  return encodePacket({ kind: 'encapsulated', radius: 3, node, packet: inner });
}

/** Sums the outcomes of the deliveries of all conversations. */
export function converse(
  make: (random: Random) => LinkMachine,
  served: readonly string[],
  sendBytes: (values: ExtremeValues) => Uint8Array,
) {
  const sum = { ...NO_ENDINGS };
  for (const seed of SEEDS) {
    const values = new ExtremeValues(seed);
    const extremes = new Extremes(values, make(values.random), served, sendBytes);
    extremes.run();
    for (const [how, count] of Object.entries(extremes.endings)) sum[how as keyof typeof sum] += count;
  }
  return sum;
}
