/** Durable changes are a prefix of the decisions, and an answer to a subdevice waits for all changes that it confirms. */
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
/** Longer than an answer with its commit takes. */
const SOON_MS = 150;

function registration(topic: string, messageId: number): Packet {
  return { kind: 'register', topicId: 0, messageId, topic };
}

/** Sends packets one after the other, each after the answer to the last. @returns the kinds of the answers */
async function say(wire: HandWire, packets: readonly Packet[], ms = SOON_MS): Promise<string[]> {
  const answers: string[] = [];
  for (const packet of packets) answers.push(...kindsOf(await wire.send([packet], ms)));
  return answers;
}

/** Begins a clean session, and at once a lasting one of the same client; then kills the process. */
async function storeAfterSwap(sabotage: Sabotage = {}): Promise<StoredState> {
  const wire = await HandWire.open(sabotage);
  // each commit makes waiting lazy changes older
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

/** Checks that each request is answered, and only after all changes that the answer confirms are on the disk. */
async function answersOnSlowCard(requests: readonly Packet[], before: readonly Packet[] = []): Promise<string[]> {
  const wire = await HandWire.open();
  await say(wire, before);
  wire.world.store.commitMs = 2000;
  const early = kindsOf(await wire.send(requests, 1500));
  const late = kindsOf(await wire.send([], 8000));
  expect(wire.world.complaints).toEqual([]);
  expect(early).toEqual([]);
  return late;
}

describe('a lasting session directly after a clean one', () => {
  it('keeps its subscription, its will and its topic ids after a kill', async () => {
    const state = await storeAfterSwap();
    const session = [...state].filter(([key]) => key.startsWith('session '));
    expect(session.map(([key]) => key.split(' ').slice(2, 3).join()).sort()).toEqual([
      ...['filter', 'topic', 'topic', 'topic', 'will'],
    ]);
    const topics = session.filter(([key]) => key.includes(' topic ')).map(([, topic]) => topic);
    expect(topics.toSorted()).toEqual(['gk', 'x', 'y']);
  });

  it('negative control: loses its will if lazy changes are written last', async () => {
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
  ] as const)('%s waits, and so does the answer to the same request with another id', async (_, requests, kind) => {
    expect(await answersOnSlowCard(requests, [LASTING])).toEqual([kind, kind]);
  });

  it('an UNSUBACK waits, and so does the answer to the same request with another id', async () => {
    const unsubscribe = (messageId: number): Packet => {
      return { kind: 'unsubscribe', messageId, filter: { type: 'name', name: 'one' } };
    };
    const before = [LASTING, subscription('one')];
    expect(await answersOnSlowCard([unsubscribe(1), unsubscribe(2)], before)).toEqual(['unsuback', 'unsuback']);
  });

  it('the answer to a DISCONNECT waits until the will is deleted on the disk', async () => {
    const connect = [{ ...LASTING, will: true }, WILLTOPIC, WILLMSG];
    expect(await answersOnSlowCard([GOODBYE, GOODBYE], connect)).toEqual(['disconnect']);
  });

  it('a DISCONNECT without a will is answered at once', async () => {
    const wire = await HandWire.open();
    await say(wire, [LASTING, subscription('one')]);
    wire.world.store.commitMs = 2000;
    expect(kindsOf(await wire.send([GOODBYE], 10))).toEqual(['disconnect']);
  });

  it('a CONNECT that changes nothing or begins a session is answered at once', async () => {
    const wire = await HandWire.open();
    await say(wire, [LASTING, subscription('one'), GOODBYE]);
    wire.world.store.commitMs = 2000;
    expect(kindsOf(await wire.send([LASTING], 10))).toEqual(['connack']);
    expect(kindsOf(await wire.send([{ ...LASTING, clientId: 's2' }], 10))).toEqual(['connack']);
  });

  it('a clean session that is replaced by a lasting one without DISCONNECT is deleted', async () => {
    const wire = await HandWire.open();
    await say(wire, [CLEAN, subscription('one'), LASTING]);
    wire.world.killProcess(300);
    await wire.pass(5000);
    expect([...wire.world.store.state().keys()].filter((key) => key.includes(' filter '))).toEqual([]);
  });
});
