/** What is durable is a prefix of what was decided, and an answer to a subdevice waits for all that it promises. */
import { describe, expect, it } from 'vitest';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { HandWire, ID, kindsOf, subscription } from './hand-wire.ts';
import { lazyLast } from './sabotage.ts';
import type { StoredState } from './stored-state.ts';
import type { Sabotage } from './world.ts';

const GOODBYE: Packet = { kind: 'disconnect', durationS: undefined };
const CLEAN = { kind: 'connect', will: false, clean: true, durationS: 60, clientId: ID } as const;
const LASTING = { ...CLEAN, clean: false } as const;
const WILLTOPIC: Packet = { kind: 'willtopic', will: { qos: 1, retain: false, topic: 'gone' } };
const WILLMSG: Packet = { kind: 'willmsg', payload: new TextEncoder().encode('lost') };
/** More than an answer takes, with its commit. */
const SOON_MS = 150;

function registration(topic: string, messageId: number): Packet {
  return { kind: 'register', topicId: 0, messageId, topic };
}

/** Says one packet after the other, each when the one before is answered. @returns the kinds of the answers */
async function say(wire: HandWire, packets: readonly Packet[], ms = SOON_MS): Promise<string[]> {
  const answers: string[] = [];
  for (const packet of packets) answers.push(...kindsOf(await wire.say([packet], ms)));
  return answers;
}

/** A clean session, and at once a lasting one of the same client; then the process is killed. */
async function storeAfterSwap(sabotage: Sabotage = {}): Promise<StoredState> {
  const wire = await HandWire.open(sabotage);
  // with each commit lazy changes grow older before they force one
  for (let commits = 0; commits < 10; commits += 1) await say(wire, [CLEAN, registration('x', 1), GOODBYE], 3000);
  await say(wire, [CLEAN]);
  const first = [registration('x', 1), registration('y', 2), subscription('one', 3)];
  expect(await say(wire, first)).toEqual(['regack', 'regack', 'suback']);
  const answers = await say(wire, [GOODBYE, { ...LASTING, will: true }, WILLTOPIC, WILLMSG]);
  expect(answers).toEqual(['disconnect', 'willtopicreq', 'willmsgreq', 'connack']);
  const second = [registration('y', 4), registration('x', 5), subscription('gk', 6)];
  expect(await say(wire, second)).toEqual(['regack', 'regack', 'suback']);
  wire.world.killProcess(300);
  if (sabotage.patch === undefined) expect(wire.world.complaints).toEqual([]);
  return wire.world.store.state();
}

/** Each request is answered, and none before everything is on the disk that its answer promises. */
async function answersOnSlowCard(requests: readonly Packet[], before: readonly Packet[] = []): Promise<string[]> {
  const wire = await HandWire.open();
  await say(wire, before);
  wire.world.store.commitMs = 2000;
  const early = kindsOf(await wire.say(requests, 1500));
  const late = kindsOf(await wire.say([], 8000));
  expect(wire.world.complaints).toEqual([]);
  expect(early).toEqual([]);
  return late;
}

describe('a lasting session that follows a clean one at once', () => {
  it('keeps its subscription, its will and the topics of its ids over a kill', async () => {
    const state = await storeAfterSwap();
    const session = [...state].filter(([key]) => key.startsWith('session '));
    expect(session.map(([key]) => key.split(' ').slice(2, 3).join()).sort()).toEqual([
      ...['filter', 'topic', 'topic', 'topic', 'will'],
    ]);
    const topics = session.filter(([key]) => key.includes(' topic ')).map(([, topic]) => topic);
    expect(topics.toSorted()).toEqual(['gk', 'x', 'y']);
  });

  it('loses its will where lazy changes are written last', async () => {
    const state = await storeAfterSwap({ patch: lazyLast });
    expect([...state.keys()].filter((key) => key.endsWith(' will'))).toEqual([]);
  });
});

describe('on a slow card', () => {
  it.each([
    ['that had a filter', subscription('one')],
    ['that had a topic id', registration('x', 1)],
  ])('the CONNACK of a clean session waits for the end of a lasting one %s', async (_, request) => {
    expect(await answersOnSlowCard([CLEAN], [LASTING, request])).toEqual(['connack']);
  });

  it.each([
    ['a SUBACK', [subscription('one', 1), subscription('one', 2)], 'suback'],
    ['a REGACK', [registration('x', 1), registration('x', 2)], 'regack'],
  ] as const)('%s waits, and so does the answer to the same request with another number', async (_, requests, kind) => {
    expect(await answersOnSlowCard(requests, [LASTING])).toEqual([kind, kind]);
  });

  it('an UNSUBACK waits, and so does the answer to the same request with another number', async () => {
    const unsubscribe = (messageId: number): Packet => {
      return { kind: 'unsubscribe', messageId, filter: { type: 'name', name: 'one' } };
    };
    const before = [LASTING, subscription('one')];
    expect(await answersOnSlowCard([unsubscribe(1), unsubscribe(2)], before)).toEqual(['unsuback', 'unsuback']);
  });

  it('the answer to a DISCONNECT waits until the will that it ends is disarmed', async () => {
    const connect = [{ ...LASTING, will: true }, WILLTOPIC, WILLMSG];
    expect(await answersOnSlowCard([GOODBYE, GOODBYE], connect)).toEqual(['disconnect']);
  });

  it('a DISCONNECT that ends no will is answered at once', async () => {
    const wire = await HandWire.open();
    await say(wire, [LASTING, subscription('one')]);
    wire.world.store.commitMs = 2000;
    expect(kindsOf(await wire.say([GOODBYE], 10))).toEqual(['disconnect']);
  });

  it('a CONNECT that changes nothing, or begins a session, is answered at once', async () => {
    const wire = await HandWire.open();
    await say(wire, [LASTING, subscription('one'), GOODBYE]);
    wire.world.store.commitMs = 2000;
    expect(kindsOf(await wire.say([LASTING], 10))).toEqual(['connack']);
    expect(kindsOf(await wire.say([{ ...LASTING, clientId: 's2' }], 10))).toEqual(['connack']);
  });

  it('a clean session that becomes a lasting one without a good-bye leaves nothing behind', async () => {
    const wire = await HandWire.open();
    await say(wire, [CLEAN, subscription('one'), LASTING]);
    wire.world.killProcess(300);
    await wire.pass(5000);
    expect([...wire.world.store.state().keys()].filter((key) => key.includes(' filter '))).toEqual([]);
  });
});
