/** What the C client publishes and what it is sent: what waits, what is repeated, what is told, and when. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { ClientUnderTest } from './client-under-test.ts';
import {
  ACCEPTED,
  brief,
  CONGESTION,
  connack,
  DISCONNECT,
  downlink,
  INVALID_TOPIC_ID,
  NOT_SUPPORTED,
  puback,
} from './gateway-words.ts';
import { build, CLIENT, isWithoutCompiler, type Program, ROOT } from './toolchain.ts';

describe.skipIf(isWithoutCompiler())('the C client', () => {
  let program: Program;
  beforeAll(() => {
    program = build([`${ROOT}/test/hw/driver.c`, CLIENT]);
  });
  afterAll(() => program.remove());

  /** Connected; publications need no REGISTER unless the topics say so. */
  async function connected(settings = '', topics: readonly string[] = ['p 1 0']): Promise<ClientUnderTest> {
    const client = new ClientUnderTest(program.path);
    await client.connect(settings, topics);
    return client;
  }

  describe('publishing', () => {
    it('tells a message as taken on its PUBACK only, and repeats it with DUP until then', async () => {
      const client = await connected();
      expect((await client.say('publish 0 1 aa')).number).toBe(1);
      expect(brief(await client.say('poll'))).toEqual(['publish 1']);
      expect(brief(await client.say('at 999', 'poll'))).toEqual([]);
      expect(brief(await client.say('at 1000', 'poll'))).toEqual(['publish dup 1']);
      expect((await client.hear(puback(2))).states).toEqual([]);
      expect((await client.hear(puback(1))).states).toEqual(['taken 1']);
      expect(brief(await client.say('at 9000', 'poll'))).toEqual([]);
    });

    it.each([
      [1, ['publish 1']],
      [2, ['publish 1', 'publish 2']],
      [4, ['publish 1', 'publish 2', 'publish 3', 'publish 4']],
    ])('sends no more than a window of %d ahead of the oldest unanswered one', async (window, sent) => {
      const client = await connected(`window=${window} slots=5`);
      const publish = Array(5).fill('publish 0 1 00');
      expect(brief(await client.say(...publish, 'poll'))).toEqual(sent);
      expect(brief(await client.hear(puback(window)))).toEqual([]);
      const next = window === 1 ? ['publish 2'] : [];
      expect(brief(await client.say('poll'))).toEqual(next);
    });

    it('takes no message that it has no room for, and has room again after an answer', async () => {
      const client = await connected('slots=2 payload=4');
      expect((await client.say('publish 0 1 00', 'publish 0 1 00')).number).toBe(2);
      expect((await client.say('publish 0 1 00')).number).toBe(-1);
      await client.say('poll');
      await client.hear(puback(1));
      expect((await client.say('publish 0 1 00')).number).toBe(3);
      expect((await client.say('publish 0 0 0000000000')).number).toBe(-2);
    });

    it('registers a topic first, and lets nothing overtake what waits for that', async () => {
      const client = await connected('window=4', ['n t 0', 'p 1 0']);
      expect(brief(await client.say('publish 0 1 00', 'publish 1 1 00', 'poll'))).toEqual(['register 3']);
      await client.hear({ kind: 'regack', topicId: 9, messageId: 3, returnCode: CONGESTION });
      expect(brief(await client.say('at 999', 'poll'))).toEqual([]);
      expect(brief(await client.say('at 1000', 'poll'))).toEqual(['register 3']);
      await client.hear({ kind: 'regack', topicId: 9, messageId: 3, returnCode: ACCEPTED });
      const { packets } = await client.say('poll');
      expect(packets).toMatchObject([
        { kind: 'publish', topic: { type: 'normal', id: 9 } },
        { kind: 'publish', topic: { type: 'predefined', id: 1 } },
      ]);
    });

    it('gives up a message whose topic the gateway will never take, and goes on behind it', async () => {
      const client = await connected('', ['n t/# 0', 'p 1 0']);
      await client.say('publish 0 1 00', 'publish 1 1 00', 'poll');
      const told = await client.hear({ kind: 'regack', topicId: 0, messageId: 3, returnCode: NOT_SUPPORTED });
      expect(told.states).toEqual(['rejected 1']);
      expect(brief(await client.say('poll'))).toEqual(['publish 2']);
    });

    it('waits after "rejected: congestion", and sends again from there, in order', async () => {
      const client = await connected('window=3');
      await client.say(...Array(3).fill('publish 0 1 00'), 'at 100', 'poll');
      await client.hear(puback(2, CONGESTION), puback(3, CONGESTION));
      expect((await client.hear(puback(1))).states).toEqual(['taken 1']);
      expect(brief(await client.say('at 1099', 'poll'))).toEqual([]);
      expect(brief(await client.say('at 1100', 'poll'))).toEqual(['publish dup 2', 'publish dup 3']);
    });

    it('bears congestion as long as it lasts: it is no silence', async () => {
      const client = await connected();
      await client.say('publish 0 1 00', 'poll');
      for (let second = 1; second <= 20; second += 1) {
        await client.hear(puback(1, CONGESTION));
        expect(brief(await client.say(`at ${second * 1000}`, 'poll'))).toEqual(['publish dup 1']);
      }
      expect(brief(await client.say('at 21000', 'poll'))).toEqual(['publish dup 1']);
    });

    it('tells a message as rejected when the gateway will never take it', async () => {
      const client = await connected();
      await client.say('publish 0 1 00', 'publish 0 1 01', 'poll');
      expect((await client.hear(puback(1, NOT_SUPPORTED))).states).toEqual(['rejected 1']);
      expect(brief(await client.say('poll'))).toEqual(['publish 2']);
      expect((await client.hear(puback(2, INVALID_TOPIC_ID))).states).toEqual(['rejected 2']);
    });

    it('registers again when the gateway does not know an id any more, but not in a hot loop', async () => {
      const client = await connected('', ['n t 0']);
      await client.say('publish 0 1 00', 'poll');
      await client.hear({ kind: 'regack', topicId: 5, messageId: 2, returnCode: ACCEPTED });
      await client.say('poll');
      await client.hear(puback(1, INVALID_TOPIC_ID));
      expect(brief(await client.say('at 999', 'poll'))).toEqual([]);
      expect(brief(await client.say('at 1000', 'poll'))).toEqual(['register 3']);
    });

    it('registers again after QoS 0 to an id that the gateway does not know any more', async () => {
      const client = await connected('', ['n t 0']);
      await client.say('publish 0 0 00', 'poll');
      await client.hear({ kind: 'regack', topicId: 5, messageId: 1, returnCode: ACCEPTED });
      await client.say('poll');
      await client.hear({ kind: 'puback', topicId: 5, messageId: 0, returnCode: INVALID_TOPIC_ID });
      expect(brief(await client.say('publish 0 0 00', 'poll'))).toEqual(['register 2']);
    });

    it('after a lost connection registers anew, and sends what is unanswered again, in order, before what is new', async () => {
      const client = await connected('window=2', ['n t 0']);
      await client.say(...Array(3).fill('publish 0 1 00'), 'poll');
      await client.hear({ kind: 'regack', topicId: 5, messageId: 4, returnCode: ACCEPTED });
      await client.say('poll');
      await client.hear(DISCONNECT);
      expect(brief(await client.say('poll'))).toEqual(['connect']);
      await client.hear(connack());
      expect(brief(await client.say('poll'))).toEqual(['register 5']);
      await client.hear({ kind: 'regack', topicId: 6, messageId: 5, returnCode: ACCEPTED });
      expect(brief(await client.say('poll'))).toEqual(['publish dup 1', 'publish dup 2']);
      await client.hear(puback(1));
      expect(brief(await client.say('poll'))).toEqual(['publish 3']);
    });

    it('connects anew when a publication stays without an answer', async () => {
      const client = await connected();
      await client.say('publish 0 1 00', 'poll');
      const told = await client.say(...[1, 2, 3, 4, 5, 6].flatMap((second) => [`at ${second * 1000}`, 'poll']), 'poll');
      expect(brief(told)).toEqual([...Array(5).fill('publish dup 1'), 'connect']);
    });

    it('keeps QoS 0 in its place among QoS 1, and asks no answer for it', async () => {
      const client = await connected('window=1');
      await client.say('publish 0 0 00', 'publish 0 1 01', 'publish 0 0 02');
      expect(brief(await client.say('poll'))).toEqual(['publish 0', 'publish 1']);
      await client.hear(puback(1));
      expect(brief(await client.say('poll'))).toEqual(['publish 0']);
    });
  });

  describe('listening', () => {
    const LISTENING = ['n cmd 2', 'p 7 0', 's ab 0', 'r 6 0'];

    async function subscribed(): Promise<ClientUnderTest> {
      const client = await connected('', LISTENING);
      await client.say('poll');
      await client.hear({ kind: 'suback', qos: 1, topicId: 1, messageId: 1, returnCode: ACCEPTED });
      return client;
    }

    it('acknowledges a message once it is taken, and a repetition of it without giving it twice', async () => {
      const client = await subscribed();
      const told = await client.hear(downlink(7, 'on'));
      expect(told.messages).toEqual(['cmd 1 6f6e']);
      expect(brief(told)).toEqual(['puback 7 = 0']);
      const again = await client.hear(downlink(7, 'on', { dup: true }));
      expect([again.messages, brief(again)]).toEqual([[], ['puback 7 = 0']]);
    });

    it('takes a message with DUP that is none of its repetitions: another payload, number or connection', async () => {
      const client = await subscribed();
      await client.hear(downlink(7, 'on'));
      expect((await client.hear(downlink(7, 'off', { dup: true }))).messages).toHaveLength(1);
      expect((await client.hear(downlink(8, 'off', { dup: true }))).messages).toHaveLength(1);
      await client.hear(DISCONNECT);
      await client.say('poll');
      await client.hear(connack());
      await client.say('poll');
      await client.hear({ kind: 'suback', qos: 1, topicId: 1, messageId: 2, returnCode: ACCEPTED });
      expect((await client.hear(downlink(8, 'off', { dup: true }))).messages).toHaveLength(1);
    });

    it('refuses with congestion what it cannot take now, and takes it when it comes again', async () => {
      const client = await subscribed();
      await client.say('take 0');
      expect(brief(await client.hear(downlink(7, 'on')))).toEqual(['puback 7 = 1']);
      await client.say('take 1');
      const again = await client.hear(downlink(7, 'on', { dup: true }));
      expect([again.messages, brief(again)]).toEqual([['cmd 1 6f6e'], ['puback 7 = 0']]);
    });

    it('learns names under a wildcard from the gateway; when there is no room left the oldest makes some', async () => {
      const client = await subscribed();
      const register = (topicId: number, topic: string): Packet => ({ kind: 'register', topicId, messageId: 9, topic });
      expect(brief(await client.hear(register(20, 'c/one')))).toEqual(['regack 9 = 0']);
      expect((await client.hear(downlink(1, '1', { id: 20 }))).messages).toEqual(['c/one 1 31']);
      expect(brief(await client.hear(register(21, 'c/two')))).toEqual(['regack 9 = 0']);
      expect((await client.hear(downlink(2, '2', { id: 21 }))).messages).toEqual(['c/two 1 32']);
      expect(brief(await client.hear(downlink(3, '1', { id: 20 })))).toEqual(['puback 3 = 2']);
      expect(brief(await client.hear(register(22, 'c/longer')))).toEqual(['regack 9 = 3']);
      expect(brief(await client.hear(register(0, 'c/x')))).toEqual(['regack 9 = 2']);
    });

    it('takes messages to predefined and short topics, and refuses QoS 2', async () => {
      const client = await subscribed();
      const empty = { kind: 'publish', dup: false, retain: false, messageId: 1, payload: new Uint8Array(0) } as const;
      const predefined = await client.hear({ ...empty, qos: 0, topic: { type: 'predefined', id: 7 } });
      expect([predefined.messages, brief(predefined)]).toEqual([['#7 0'], []]);
      const short = await client.hear({ ...empty, qos: 1, topic: { type: 'short', name: 'ab' } });
      expect([short.messages, brief(short)]).toEqual([['ab 1'], ['puback 1 = 0']]);
      const twice = await client.hear({ ...empty, qos: 2, topic: { type: 'short', name: 'ab' } });
      expect([twice.messages, brief(twice)]).toEqual([[], ['puback 1 = 3']]);
    });

    it('subscribes at each connection, again while the gateway is congested, and says when it is refused', async () => {
      const client = await connected('', LISTENING);
      expect(brief(await client.say('poll'))).toEqual(['subscribe 1']);
      await client.hear({ kind: 'suback', qos: 1, topicId: 0, messageId: 1, returnCode: CONGESTION });
      expect(brief(await client.say('at 1000', 'poll'))).toEqual(['subscribe dup 1']);
      const told = await client.hear({ kind: 'suback', qos: 1, topicId: 0, messageId: 1, returnCode: NOT_SUPPORTED });
      expect(told.states).toEqual(['subscribe-refused 0']);
      expect(brief(await client.say('at 9000', 'poll'))).toEqual([]);
    });

    it('holds no frame longer than its memory, and reads the next one', async () => {
      const client = await connected('packet=64', LISTENING);
      await client.say(`feed ${'55'.repeat(5000)}00`);
      expect((await client.say('counters')).counters).toBe('1 0');
      await client.hear({ kind: 'suback', qos: 1, topicId: 1, messageId: 1, returnCode: ACCEPTED });
      await client.say('poll');
      await client.hear({ kind: 'suback', qos: 1, topicId: 1, messageId: 1, returnCode: ACCEPTED });
      expect((await client.hear(downlink(1, 'x'.repeat(57)))).messages).toHaveLength(1);
    });
  });
});
