/** Golden vectors in the C client: the same files as in `test/unit/codec/mqttsn-codec.test.ts`. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { encodeFrame } from '../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { bytesOf, COBS, hexOf, MALFORMED, PACKETS, SN_COBS } from '../unit/base/vectors.ts';
import { buildClient, type ClientUnderTest } from './client-under-test.ts';
import { isWithoutCompiler } from './toolchain.ts';

const golden = new Map(PACKETS.map(([name, , bytes]) => [name, hexOf(bytes)]));
/** Settings with room for the longest golden packet that the client sends. */
const ROOMY = 'payload=600 packet=1024';

/** Commands after which the client sends the golden packet of that name. */
const SENT_PACKETS: readonly (readonly [string, (client: ClientUnderTest) => Promise<readonly string[]>])[] = [
  ['CONNECT, clean session, 60 s, id s1', (client) => greet(client, 'id=s1 clean=1 keep=60')],
  ['CONNECT, lasting session, will, no keep alive', (client) => greet(client, 'id=pump-7', 'will 1 1 w 676f6e65')],
  [
    'WILLTOPIC w, QoS 1, retain',
    async (client) => {
      await greet(client, '', 'will 1 1 w 676f6e65');
      return (await client.receive({ kind: 'willtopicreq' })).packetBytes;
    },
  ],
  [
    'WILLMSG gone',
    async (client) => {
      await greet(client, '', 'will 1 1 w 676f6e65');
      return (await client.receive({ kind: 'willmsgreq' })).packetBytes;
    },
  ],
  ['REGISTER by a client', (client) => published(client, 'first=65534', ['n t/1 0'])],
  [
    'REGACK accepted',
    async (client) => {
      await client.connect('', ['n t 0']);
      return (await client.receive({ kind: 'register', topicId: 1, messageId: 1, topic: 't' })).packetBytes;
    },
  ],
  [
    'PUBLISH QoS 0, normal topic id',
    async (client) => {
      await published(client, '', ['n t 0'], 'publish 0 0 68690a');
      await client.receive({ kind: 'regack', topicId: 1, messageId: 1, returnCode: 0 });
      return (await client.run('poll')).packetBytes;
    },
  ],
  [
    'PUBLISH QoS 1, DUP, predefined topic id',
    async (client) => {
      await published(client, 'first=65534', ['p 4660 0'], 'publish 0 1 00');
      return (await client.run('at 1000', 'poll')).packetBytes;
    },
  ],
  [
    'PUBLISH QoS -1, short topic name, no payload',
    async (client) => {
      await client.run('topic s ab 0', 'init');
      return (await client.run('publish 0 -1')).packetBytes;
    },
  ],
  [
    'PUBACK rejected: invalid topic ID',
    async (client) => {
      await client.connect('');
      const topic = { type: 'normal', id: 7 } as const;
      return (await client.receive({ ...PUBLISH, qos: 1, topic, messageId: 8 })).packetBytes;
    },
  ],
  ['SUBSCRIBE QoS 1 by name with a wildcard', (client) => subscribed(client, 'first=8', 'n c/# 2')],
  ['SUBSCRIBE QoS 1, short topic name', (client) => subscribed(client, 'first=9', 's ab 2')],
  [
    'SUBSCRIBE QoS 0, DUP, predefined topic id',
    async (client) => {
      await subscribed(client, 'first=8', 'p 5 1');
      return (await client.run('at 1000', 'poll')).packetBytes;
    },
  ],
  [
    'PINGREQ',
    async (client) => {
      await client.connect('keep=60');
      return (await client.run('at 30000', 'poll')).packetBytes;
    },
  ],
  [
    'PINGREQ of a client that has woken',
    async (client) => {
      await asleep(client);
      return (await client.run('wake', 'poll')).packetBytes;
    },
  ],
  [
    'DISCONNECT',
    async (client) => {
      await client.connect('');
      return (await client.run('disconnect', 'poll')).packetBytes;
    },
  ],
  ['DISCONNECT to sleep for 600 s', asleep],
  ['PUBLISH of 255 octets, the longest short Length', (client) => publishedGolden(client, 255)],
  ['PUBLISH of 258 octets, the shortest long Length', (client) => publishedGolden(client, 258)],
];

const PUBLISH = { kind: 'publish', dup: false, retain: false, payload: new Uint8Array(0) } as const;
/** Golden packets that this client never sends: packets of gateways, or of clients with more functions. */
const SENT_BY_OTHERS: ReadonlySet<Packet['kind']> = new Set<Packet['kind']>([
  ...(['advertise', 'searchgw', 'gwinfo', 'connack', 'willtopicreq', 'willmsgreq', 'suback', 'unsuback'] as const),
  ...([
    'pingresp',
    'willtopicupd',
    'willtopicresp',
    'willmsgupd',
    'willmsgresp',
    'pubcomp',
    'pubrec',
    'pubrel',
  ] as const),
  ...(['unsubscribe', 'encapsulated'] as const),
]);
/** Malformed packets that the client answers with "invalid topic ID", since it compares names octet by octet. */
const UNKNOWN_TOPIC = 'short topic name that is no UTF-8';
const NEVER_SENT = ['REGISTER by the gateway', 'WILLTOPIC empty: no will', 'PUBLISH QoS 2, retain'];

describe.skipIf(isWithoutCompiler())('the C client', () => {
  const { start } = buildClient();

  it.each(SENT_PACKETS)('sends the golden packet: %s', async (name, send) => {
    expect((await send(start())).at(-1)).toBe(golden.get(name) ?? 'no such golden packet');
  });

  it('is tested with every golden packet that it can send', () => {
    const sendable = PACKETS.filter(([name, { kind }]) => !SENT_BY_OTHERS.has(kind) && !NEVER_SENT.includes(name));
    expect(SENT_PACKETS.map(([name]) => name).sort()).toEqual(sendable.map(([name]) => name).sort());
  });

  const malformed = MALFORMED.filter(({ name }) => name !== UNKNOWN_TOPIC);
  it.each(malformed)('counts $name as malformed, and sends nothing', async ({ bytes }) => {
    const client = start();
    await client.connect('');
    const output = await client.run(`feed ${hexOf(encodeFrame(bytesOf(bytes)))}`, 'poll');
    expect(output).toMatchObject({ written: '', messages: [], states: [] });
    expect(await counters(client)).not.toBe('0 0');
  });

  it.each(SN_COBS.frames)('decodes the golden frame of $name', async ({ frame }) => {
    const client = start();
    await client.connect(ROOMY);
    await client.run(`feed ${frame}`);
    expect((await counters(client)).split(' ')[0]).toBe('0');
  });

  it.each(SN_COBS.frames)('rejects the frame of $name with any one bit inverted', async ({ frame }) => {
    const client = start();
    await client.connect('packet=1024');
    const bytes = bytesOf(frame);
    const turns = Array.from({ length: 64 }, (_, index) => (index * 7919) % ((bytes.length - 2) * 8));
    for (const turn of new Set(turns)) {
      const turned = bytes.map((octet, at) => (at === 1 + (turn >> 3) ? octet ^ (1 << (turn & 7)) : octet));
      await client.run(`feed ${hexOf(turned)}`);
    }
    expect(Number((await counters(client)).split(' ')[0])).toBeGreaterThanOrEqual(new Set(turns).size);
  });

  it.each(COBS.notCobs)('rejects $name as invalid COBS', async ({ encoded }) => {
    const client = start();
    await client.connect('');
    await client.run(`feed 00${encoded}00`);
    expect(await counters(client)).not.toBe('0 0');
  });

  it('frames payloads of lengths around the limits of COBS and of Length as the gateway does', async () => {
    const client = start();
    await client.run('topic p 1 0', `init ${ROOMY}`);
    const random = seededRandom(5);
    for (const bytes of [
      0, 1, 200, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255, 256, 500, 503, 504, 505, 600,
    ]) {
      for (const zeros of [0, 0.01, 0.5]) {
        const payload = Uint8Array.from({ length: bytes }, () =>
          random() < zeros ? 0 : 1 + Math.floor(random() * 255),
        );
        const packet = { ...PUBLISH, qos: -1, topic: { type: 'predefined', id: 1 }, messageId: 0, payload } as const;
        const { written } = await client.run(`publish 0 -1 ${hexOf(payload)}`);
        expect(written).toBe(hexOf(encodeFrame(encodePacket(packet))));
      }
    }
  });
});

async function counters(client: ClientUnderTest): Promise<string> {
  return (await client.run('counters')).counters;
}

async function greet(client: ClientUnderTest, settings: string, ...before: string[]): Promise<readonly string[]> {
  return (await client.run('topic n t 0', ...before, `init ${settings}`, 'connect', 'poll')).packetBytes;
}

async function published(
  client: ClientUnderTest,
  settings: string,
  topics: readonly string[],
  publish = 'publish 0 1 00',
): Promise<readonly string[]> {
  await client.connect(settings, topics);
  return (await client.run(publish, 'poll')).packetBytes;
}

async function publishedGolden(client: ClientUnderTest, packetBytes: number): Promise<readonly string[]> {
  const [, packet] = PACKETS.find(([, , bytes]) => bytes.length === packetBytes) ?? [];
  if (packet?.kind !== 'publish') throw new Error(`no golden PUBLISH of ${packetBytes} octets`);
  await published(client, ROOMY, ['n t 0'], `publish 0 1 ${hexOf(packet.payload)}`);
  await client.receive({ kind: 'regack', topicId: 1, messageId: 2, returnCode: 0 });
  return (await client.run('poll')).packetBytes;
}

async function subscribed(client: ClientUnderTest, settings: string, topic: string): Promise<readonly string[]> {
  await client.connect(settings, [topic]);
  return (await client.run('poll')).packetBytes;
}

async function asleep(client: ClientUnderTest): Promise<readonly string[]> {
  await client.connect('id=s1');
  const { packetBytes } = await client.run('sleep 600', 'poll');
  await client.receive({ kind: 'disconnect', durationS: undefined });
  return packetBytes;
}
