/** Connection of the C client: connect, keep alive, sleep, disconnect, and the times of repetitions. */
import { describe, expect, it } from 'vitest';
import { buildClient, type ClientUnderTest } from './client-under-test.ts';
import { ACCEPTED, brief, CONGESTION, connack, DISCONNECT, downlink, puback } from './gateway-packets.ts';
import { isWithoutCompiler } from './toolchain.ts';

describe.skipIf(isWithoutCompiler())('the C client', () => {
  const { start, connected } = buildClient();

  describe('connecting', () => {
    it('doubles the pause between CONNECTs, and starts again with the shortest when a packet arrives', async () => {
      const client = start();
      await client.run('topic n t 0', 'init', 'connect', 'poll');
      const atMs: number[] = [];
      for (let ms = 100; ms <= 40_000; ms += 100) {
        if ((await client.run(`at ${ms}`, 'poll')).packets.length > 0) atMs.push(ms);
      }
      expect(atMs).toEqual([1000, 3000, 7000, 15_000, 31_000]);
      expect(brief(await client.receive(DISCONNECT))).toEqual([]);
      expect(brief(await client.run('poll'))).toEqual(['connect']);
    });

    it('reports a rejected CONNECT, and sends the next one', async () => {
      const client = start();
      await client.run('topic n t 0', 'init', 'connect', 'poll');
      expect((await client.receive(connack(CONGESTION))).states).toEqual(['connect-refused 1']);
      expect(brief(await client.run('at 1000', 'poll'))).toEqual(['connect']);
    });

    it('requests a clean session only in its first CONNECT, since another one would lose messages', async () => {
      const client = await connected('clean=1');
      await client.receive(DISCONNECT);
      expect((await client.run('poll')).packets).toMatchObject([{ kind: 'connect', clean: false }]);
    });

    it('sends the topic and the message of its will when the gateway requests them', async () => {
      const client = start();
      const connecting = await client.run('topic n t 0', 'will 1 0 gone 6279', 'init', 'connect', 'poll');
      expect(connecting.packets).toMatchObject([{ kind: 'connect', will: true }]);
      const topic = await client.receive({ kind: 'willtopicreq' });
      expect(topic.packets).toEqual([{ kind: 'willtopic', will: { qos: 1, retain: false, topic: 'gone' } }]);
      const message = await client.receive({ kind: 'willmsgreq' });
      expect(message.packets).toMatchObject([{ kind: 'willmsg', payload: Uint8Array.of(0x62, 0x79) }]);
      expect((await client.receive(connack())).states).toEqual(['up 0']);
    });

    it('sends PINGREQ before the keep alive is over, and connects again after five PINGREQs without an answer', async () => {
      const client = await connected('keep=60');
      expect(brief(await client.run('at 29999', 'poll'))).toEqual([]);
      expect(brief(await client.run('at 30000', 'poll'))).toEqual(['pingreq']);
      await client.receive({ kind: 'pingresp' });
      expect(brief(await client.run('at 30001', 'poll'))).toEqual([]);
      expect(brief(await client.run('at 60000', 'poll'))).toEqual(['pingreq']);
      const silent = [61, 62, 63, 64, 65, 66].flatMap((second) => [`at ${second * 1000}`, 'poll']);
      const output = await client.run(...silent, 'poll');
      expect(brief(output)).toEqual([...Array(5).fill('pingreq'), 'connect']);
      expect(output.states).toEqual(['down 0']);
    });

    it('answers a PINGREQ of the gateway, but only while it is connected', async () => {
      const client = await connected();
      expect(brief(await client.receive({ kind: 'pingreq', clientId: '' }))).toEqual(['pingresp']);
      const unconnected = start();
      await unconnected.run('topic p 1 0', 'init ', 'connect', 'poll');
      expect(brief(await unconnected.receive({ kind: 'pingreq', clientId: '' }))).toEqual([]);
    });

    it('keeps its times when the millisecond counter wraps', async () => {
      const client = start();
      await client.run('topic p 1 0', 'at 4294967000', 'init', 'connect', 'poll');
      await client.receive(connack());
      await client.run('publish 0 1 00', 'poll');
      expect(brief(await client.run('at 703', 'poll'))).toEqual([]);
      expect(brief(await client.run('at 704', 'poll'))).toEqual(['publish dup 1']);
    });
  });

  describe('a usage error', () => {
    it.each([
      ['a window of 0', 'window=0', -5],
      ['a window larger than the number of slots', 'window=5 slots=4', -5],
      ['a window larger than the list of duplicates in the gateway', 'window=17 slots=20', -5],
      ['a frame buffer that is too small', 'packet=8', -6],
      ['a repetition pause of 0', 'retry=0', -8],
    ])('is reported by hf_init: %s', async (_, settings, number) => {
      expect((await start().run('topic n t 0', `init ${settings}`)).number).toBe(number);
    });

    it.each([
      ['a named topic at QoS −1', 'publish 0 -1', -3],
      ['QoS 2', 'publish 0 2', -4],
      ['a topic that is received only', 'publish 1 1', -3],
      ['a topic that does not exist', 'publish 9 1', -3],
    ])('is reported by hf_publish: %s', async (_, publish, number) => {
      const client = await connected('', ['n t 0', 'r 8 0']);
      expect((await client.run(publish)).number).toBe(number);
    });
  });

  describe('sleeping', () => {
    async function asleep(): Promise<ClientUnderTest> {
      const client = await connected('keep=60', ['n cmd 0']);
      await client.run('sleep 600', 'poll');
      expect((await client.receive(DISCONNECT)).states).toEqual(['sleeps 0']);
      return client;
    }

    it('sends all messages before DISCONNECT, and nothing during sleep', async () => {
      const client = await connected('keep=60');
      expect(brief(await client.run('publish 0 1 00', 'sleep 600', 'poll'))).toEqual(['publish 1']);
      await client.receive(puback(1));
      expect((await client.run('poll')).packets).toEqual([{ kind: 'disconnect', durationS: 600 }]);
      expect(brief(await client.run('at 1000', 'poll'))).toEqual(['disconnect']);
      await client.receive(DISCONNECT);
      expect(brief(await client.run('at 500000', 'poll'))).toEqual([]);
    });

    it('receives the buffered messages when it wakes, and sleeps again after PINGRESP', async () => {
      const client = await asleep();
      expect((await client.run('wake', 'poll')).packets).toEqual([{ kind: 'pingreq', clientId: 's1' }]);
      const output = await client.receive(
        { kind: 'register', topicId: 1, messageId: 1, topic: 'cmd' },
        downlink(2, 'on'),
      );
      expect([output.messages, brief(output)]).toEqual([['cmd 1 6f6e'], ['regack 1 = 0', 'puback 2 = 0']]);
      expect((await client.receive({ kind: 'pingresp' })).states).toEqual(['sleeps 0']);
      expect(brief(await client.run('poll'))).toEqual([]);
    });

    it('connects if it wakes with a message to send, and receives the buffered messages before it sleeps again', async () => {
      const client = await asleep();
      expect(brief(await client.run('publish 0 0 00', 'wake', 'poll'))).toEqual(['connect']);
      await client.receive(connack());
      expect(brief(await client.run('poll'))).toEqual(['register 1']);
      await client.receive({ kind: 'regack', topicId: 1, messageId: 1, returnCode: ACCEPTED });
      expect(brief(await client.run('poll'))).toEqual(['publish 0', 'disconnect']);
      expect((await client.receive(DISCONNECT)).states).toEqual([]);
      expect((await client.run('poll')).packets).toEqual([{ kind: 'pingreq', clientId: 's1' }]);
      expect((await client.receive({ kind: 'pingresp' })).states).toEqual(['sleeps 0']);
    });

    it('waits for PINGRESP while packets arrive, and connects again after five PINGREQs without an answer', async () => {
      const client = await asleep();
      await client.run('wake', 'poll');
      for (let second = 1; second <= 20; second += 1) {
        await client.run(`at ${second * 1000 - 1}`);
        const output = await client.receive({ kind: 'register', topicId: 1, messageId: second, topic: 'cmd' });
        expect(brief(output)).toEqual([`regack ${second} = 0`]);
        expect(brief(await client.run(`at ${second * 1000}`, 'poll'))).toEqual([]);
      }
      const silent = [21, 22, 23, 24, 25, 26].flatMap((second) => [`at ${second * 1000}`, 'poll']);
      expect(brief(await client.run(...silent, 'poll'))).toEqual([...Array(5).fill('pingreq'), 'connect']);
    });

    it('connects if the gateway no longer knows it, and sleeps again after that', async () => {
      const client = await asleep();
      await client.run('wake', 'poll');
      await client.receive(DISCONNECT);
      expect(brief(await client.run('poll'))).toEqual(['connect']);
      await client.receive(connack());
      expect((await client.run('poll')).packets).toEqual([{ kind: 'disconnect', durationS: 600 }]);
      expect((await client.receive(DISCONNECT)).states).toEqual(['sleeps 0']);
    });

    it('stays awake after hf_connect', async () => {
      const client = await asleep();
      expect(brief(await client.run('connect', 'poll'))).toEqual(['connect']);
      await client.receive(connack());
      expect(brief(await client.run('poll'))).toEqual([]);
    });

    it('ends after DISCONNECT even if no answer arrives', async () => {
      const client = await connected();
      const output = await client.run(
        'disconnect',
        ...[0, 1, 2, 3, 4, 5, 6].flatMap((s) => [`at ${s * 1000}`, 'poll']),
      );
      expect(brief(output)).toEqual(Array(6).fill('disconnect'));
      expect(output.states).toEqual(['down 0']);
      expect(brief(await client.run('at 60000', 'poll'))).toEqual([]);
    });
  });
});
