/** Messages of the C client: order, window, repetition, registration, and the events it reports. */
import { describe, expect, it } from 'vitest';
import type { Packet } from '../../src/codec/mqttsn-packets.ts';
import { buildClient, type ClientUnderTest } from './client-under-test.ts';
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
} from './gateway-packets.ts';
import { isWithoutCompiler } from './toolchain.ts';

describe.skipIf(isWithoutCompiler())('the C client', () => {
  const { connected } = buildClient();

  describe('publishing', () => {
    it('reports a message as acknowledged only after its PUBACK, and repeats it with DUP until then', async () => {
      const client = await connected();
      expect((await client.run('publish 0 1 aa')).number).toBe(1);
      expect(brief(await client.run('poll'))).toEqual(['publish 1']);
      expect(brief(await client.run('at 999', 'poll'))).toEqual([]);
      expect(brief(await client.run('at 1000', 'poll'))).toEqual(['publish dup 1']);
      expect((await client.receive(puback(2))).states).toEqual([]);
      expect((await client.receive(puback(1))).states).toEqual(['acknowledged 1']);
      expect(brief(await client.run('at 9000', 'poll'))).toEqual([]);
    });

    it.each([
      [1, ['publish 1']],
      [2, ['publish 1', 'publish 2']],
      [4, ['publish 1', 'publish 2', 'publish 3', 'publish 4']],
    ])(
      'with a window of %d sends at most that many messages from the oldest unacknowledged one on',
      async (window, sent) => {
        const client = await connected(`window=${window} slots=5`);
        const publish = Array(5).fill('publish 0 1 00');
        expect(brief(await client.run(...publish, 'poll'))).toEqual(sent);
        expect(brief(await client.receive(puback(window)))).toEqual([]);
        const next = window === 1 ? ['publish 2'] : [];
        expect(brief(await client.run('poll'))).toEqual(next);
      },
    );

    it('rejects a message without a free slot, and accepts the next one after an answer', async () => {
      const client = await connected('slots=2 payload=4');
      expect((await client.run('publish 0 1 00', 'publish 0 1 00')).number).toBe(2);
      expect((await client.run('publish 0 1 00')).number).toBe(-1);
      await client.run('poll');
      await client.receive(puback(1));
      expect((await client.run('publish 0 1 00')).number).toBe(3);
      expect((await client.run('publish 0 0 0000000000')).number).toBe(-2);
    });

    it('registers a topic before its first message, and sends no later message before that one', async () => {
      const client = await connected('window=4', ['n t 0', 'p 1 0']);
      expect(brief(await client.run('publish 0 1 00', 'publish 1 1 00', 'poll'))).toEqual(['register 3']);
      await client.receive({ kind: 'regack', topicId: 9, messageId: 3, returnCode: CONGESTION });
      expect(brief(await client.run('at 999', 'poll'))).toEqual([]);
      expect(brief(await client.run('at 1000', 'poll'))).toEqual(['register 3']);
      await client.receive({ kind: 'regack', topicId: 9, messageId: 3, returnCode: ACCEPTED });
      const { packets } = await client.run('poll');
      expect(packets).toMatchObject([
        { kind: 'publish', topic: { type: 'normal', id: 9 } },
        { kind: 'publish', topic: { type: 'predefined', id: 1 } },
      ]);
    });

    it('drops a message if the gateway rejects its topic, and continues with the next one', async () => {
      const client = await connected('', ['n t/# 0', 'p 1 0']);
      await client.run('publish 0 1 00', 'publish 1 1 00', 'poll');
      const output = await client.receive({ kind: 'regack', topicId: 0, messageId: 3, returnCode: NOT_SUPPORTED });
      expect(output.states).toEqual(['rejected 1']);
      expect(brief(await client.run('poll'))).toEqual(['publish 2']);
    });

    it('waits after "rejected: congestion", and sends that message and the later ones again, in order', async () => {
      const client = await connected('window=3');
      await client.run(...Array(3).fill('publish 0 1 00'), 'at 100', 'poll');
      await client.receive(puback(2, CONGESTION), puback(3, CONGESTION));
      expect((await client.receive(puback(1))).states).toEqual(['acknowledged 1']);
      expect(brief(await client.run('at 1099', 'poll'))).toEqual([]);
      expect(brief(await client.run('at 1100', 'poll'))).toEqual(['publish dup 2', 'publish dup 3']);
    });

    it('does not count "rejected: congestion" as a missing answer, however often it comes', async () => {
      const client = await connected();
      await client.run('publish 0 1 00', 'poll');
      for (let second = 1; second <= 20; second += 1) {
        await client.receive(puback(1, CONGESTION));
        expect(brief(await client.run(`at ${second * 1000}`, 'poll'))).toEqual(['publish dup 1']);
      }
      expect(brief(await client.run('at 21000', 'poll'))).toEqual(['publish dup 1']);
    });

    it('reports a message as rejected if the gateway rejects it permanently', async () => {
      const client = await connected();
      await client.run('publish 0 1 00', 'publish 0 1 01', 'poll');
      expect((await client.receive(puback(1, NOT_SUPPORTED))).states).toEqual(['rejected 1']);
      expect(brief(await client.run('poll'))).toEqual(['publish 2']);
      expect((await client.receive(puback(2, INVALID_TOPIC_ID))).states).toEqual(['rejected 2']);
    });

    it('registers a topic again if the gateway does not know its id, after a pause', async () => {
      const client = await connected('', ['n t 0']);
      await client.run('publish 0 1 00', 'poll');
      await client.receive({ kind: 'regack', topicId: 5, messageId: 2, returnCode: ACCEPTED });
      await client.run('poll');
      await client.receive(puback(1, INVALID_TOPIC_ID));
      expect(brief(await client.run('at 999', 'poll'))).toEqual([]);
      expect(brief(await client.run('at 1000', 'poll'))).toEqual(['register 3']);
    });

    it('registers a topic again after a message with QoS 0 on an id that the gateway does not know', async () => {
      const client = await connected('', ['n t 0']);
      await client.run('publish 0 0 00', 'poll');
      await client.receive({ kind: 'regack', topicId: 5, messageId: 1, returnCode: ACCEPTED });
      await client.run('poll');
      await client.receive({ kind: 'puback', topicId: 5, messageId: 0, returnCode: INVALID_TOPIC_ID });
      expect(brief(await client.run('publish 0 0 00', 'poll'))).toEqual(['register 2']);
    });

    it('after a lost connection registers the topic again, and sends unacknowledged messages in order before new ones', async () => {
      const client = await connected('window=2', ['n t 0']);
      await client.run(...Array(3).fill('publish 0 1 00'), 'poll');
      await client.receive({ kind: 'regack', topicId: 5, messageId: 4, returnCode: ACCEPTED });
      await client.run('poll');
      await client.receive(DISCONNECT);
      expect(brief(await client.run('poll'))).toEqual(['connect']);
      await client.receive(connack());
      expect(brief(await client.run('poll'))).toEqual(['register 5']);
      await client.receive({ kind: 'regack', topicId: 6, messageId: 5, returnCode: ACCEPTED });
      expect(brief(await client.run('poll'))).toEqual(['publish dup 1', 'publish dup 2']);
      await client.receive(puback(1));
      expect(brief(await client.run('poll'))).toEqual(['publish 3']);
    });

    it('connects again if a PUBLISH gets no answer', async () => {
      const client = await connected();
      await client.run('publish 0 1 00', 'poll');
      const output = await client.run(
        ...[1, 2, 3, 4, 5, 6].flatMap((second) => [`at ${second * 1000}`, 'poll']),
        'poll',
      );
      expect(brief(output)).toEqual([...Array(5).fill('publish dup 1'), 'connect']);
    });

    it('keeps the order of messages with QoS 0 and 1, and waits for no answer to QoS 0', async () => {
      const client = await connected('window=1');
      await client.run('publish 0 0 00', 'publish 0 1 01', 'publish 0 0 02');
      expect(brief(await client.run('poll'))).toEqual(['publish 0', 'publish 1']);
      await client.receive(puback(1));
      expect(brief(await client.run('poll'))).toEqual(['publish 0']);
    });
  });

  describe('receiving', () => {
    const FILTERS = ['n cmd 2', 'p 7 0', 's ab 0', 'r 6 0'];

    async function subscribed(): Promise<ClientUnderTest> {
      const client = await connected('', FILTERS);
      await client.run('poll');
      await client.receive({ kind: 'suback', qos: 1, topicId: 1, messageId: 1, returnCode: ACCEPTED });
      return client;
    }

    it('acknowledges a message after the application has accepted it, and a repetition without delivering it again', async () => {
      const client = await subscribed();
      const output = await client.receive(downlink(7, 'on'));
      expect(output.messages).toEqual(['cmd 1 6f6e']);
      expect(brief(output)).toEqual(['puback 7 = 0']);
      const again = await client.receive(downlink(7, 'on', { dup: true }));
      expect([again.messages, brief(again)]).toEqual([[], ['puback 7 = 0']]);
    });

    it('accepts a message with DUP that is not a repetition: another payload, packet identifier or connection', async () => {
      const client = await subscribed();
      await client.receive(downlink(7, 'on'));
      expect((await client.receive(downlink(7, 'off', { dup: true }))).messages).toHaveLength(1);
      expect((await client.receive(downlink(8, 'off', { dup: true }))).messages).toHaveLength(1);
      await client.receive(DISCONNECT);
      await client.run('poll');
      await client.receive(connack());
      await client.run('poll');
      await client.receive({ kind: 'suback', qos: 1, topicId: 1, messageId: 2, returnCode: ACCEPTED });
      expect((await client.receive(downlink(8, 'off', { dup: true }))).messages).toHaveLength(1);
    });

    it('rejects a message with congestion if the application does not accept it, and accepts its repetition', async () => {
      const client = await subscribed();
      await client.run('take 0');
      expect(brief(await client.receive(downlink(7, 'on')))).toEqual(['puback 7 = 1']);
      await client.run('take 1');
      const again = await client.receive(downlink(7, 'on', { dup: true }));
      expect([again.messages, brief(again)]).toEqual([['cmd 1 6f6e'], ['puback 7 = 0']]);
    });

    it('learns topic names of a wildcard from REGISTER, and replaces the oldest if there is no room', async () => {
      const client = await subscribed();
      const register = (topicId: number, topic: string): Packet => ({ kind: 'register', topicId, messageId: 9, topic });
      expect(brief(await client.receive(register(20, 'c/one')))).toEqual(['regack 9 = 0']);
      expect((await client.receive(downlink(1, '1', { id: 20 }))).messages).toEqual(['c/one 1 31']);
      expect(brief(await client.receive(register(21, 'c/two')))).toEqual(['regack 9 = 0']);
      expect((await client.receive(downlink(2, '2', { id: 21 }))).messages).toEqual(['c/two 1 32']);
      expect(brief(await client.receive(downlink(3, '1', { id: 20 })))).toEqual(['puback 3 = 2']);
      expect(brief(await client.receive(register(22, 'c/longer')))).toEqual(['regack 9 = 3']);
      expect(brief(await client.receive(register(0, 'c/x')))).toEqual(['regack 9 = 2']);
    });

    it('accepts messages on predefined and short topics, and rejects QoS 2', async () => {
      const client = await subscribed();
      const empty = { kind: 'publish', dup: false, retain: false, messageId: 1, payload: new Uint8Array(0) } as const;
      const predefined = await client.receive({ ...empty, qos: 0, topic: { type: 'predefined', id: 7 } });
      expect([predefined.messages, brief(predefined)]).toEqual([['#7 0'], []]);
      const short = await client.receive({ ...empty, qos: 1, topic: { type: 'short', name: 'ab' } });
      expect([short.messages, brief(short)]).toEqual([['ab 1'], ['puback 1 = 0']]);
      const twice = await client.receive({ ...empty, qos: 2, topic: { type: 'short', name: 'ab' } });
      expect([twice.messages, brief(twice)]).toEqual([[], ['puback 1 = 3']]);
    });

    it('subscribes in each connection, repeats SUBSCRIBE after congestion, and reports a rejected filter', async () => {
      const client = await connected('', FILTERS);
      expect(brief(await client.run('poll'))).toEqual(['subscribe 1']);
      await client.receive({ kind: 'suback', qos: 1, topicId: 0, messageId: 1, returnCode: CONGESTION });
      expect(brief(await client.run('at 1000', 'poll'))).toEqual(['subscribe dup 1']);
      const output = await client.receive({
        kind: 'suback',
        qos: 1,
        topicId: 0,
        messageId: 1,
        returnCode: NOT_SUPPORTED,
      });
      expect(output.states).toEqual(['subscribe-refused 0']);
      expect(brief(await client.run('at 9000', 'poll'))).toEqual([]);
    });

    it('discards a frame that is longer than its buffer, and reads the next one', async () => {
      const client = await connected('packet=64', FILTERS);
      await client.run(`feed ${'55'.repeat(5000)}00`);
      expect((await client.run('counters')).counters).toBe('1 0');
      await client.receive({ kind: 'suback', qos: 1, topicId: 1, messageId: 1, returnCode: ACCEPTED });
      await client.run('poll');
      await client.receive({ kind: 'suback', qos: 1, topicId: 1, messageId: 1, returnCode: ACCEPTED });
      expect((await client.receive(downlink(1, 'x'.repeat(57)))).messages).toHaveLength(1);
    });
  });
});
