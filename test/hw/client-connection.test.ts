/** The C client comes, stays, sleeps and goes: what it repeats, and how rarely. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientUnderTest } from './client-under-test.ts';
import { ACCEPTED, brief, CONGESTION, connack, DISCONNECT, downlink, puback } from './gateway-words.ts';
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

  describe('connecting', () => {
    it('repeats CONNECT ever more rarely, and at once often again when somebody is there', async () => {
      const client = new ClientUnderTest(program.path);
      await client.say('topic n t 0', 'init', 'connect', 'poll');
      const atMs: number[] = [];
      for (let ms = 100; ms <= 40_000; ms += 100) {
        if ((await client.say(`at ${ms}`, 'poll')).packets.length > 0) atMs.push(ms);
      }
      expect(atMs).toEqual([1000, 3000, 7000, 15_000, 31_000]);
      expect(brief(await client.hear(DISCONNECT))).toEqual([]);
      expect(brief(await client.say('poll'))).toEqual(['connect']);
    });

    it('goes on after a refusal, and says so', async () => {
      const client = new ClientUnderTest(program.path);
      await client.say('topic n t 0', 'init', 'connect', 'poll');
      expect((await client.hear(connack(CONGESTION))).states).toEqual(['connect-refused 1']);
      expect(brief(await client.say('at 1000', 'poll'))).toEqual(['connect']);
    });

    it('asks for a clean session once in its life: what comes later would be lost with it', async () => {
      const client = await connected('clean=1');
      await client.hear(DISCONNECT);
      expect((await client.say('poll')).packets).toMatchObject([{ kind: 'connect', clean: false }]);
    });

    it('gives its will when it is asked, part by part', async () => {
      const client = new ClientUnderTest(program.path);
      const greeted = await client.say('topic n t 0', 'will 1 0 gone 6279', 'init', 'connect', 'poll');
      expect(greeted.packets).toMatchObject([{ kind: 'connect', will: true }]);
      const topic = await client.hear({ kind: 'willtopicreq' });
      expect(topic.packets).toEqual([{ kind: 'willtopic', will: { qos: 1, retain: false, topic: 'gone' } }]);
      const message = await client.hear({ kind: 'willmsgreq' });
      expect(message.packets).toMatchObject([{ kind: 'willmsg', payload: Uint8Array.of(0x62, 0x79) }]);
      expect((await client.hear(connack())).states).toEqual(['up 0']);
    });

    it('pings before the keep alive is over, and connects anew when nobody answers', async () => {
      const client = await connected('keep=60');
      expect(brief(await client.say('at 29999', 'poll'))).toEqual([]);
      expect(brief(await client.say('at 30000', 'poll'))).toEqual(['pingreq']);
      await client.hear({ kind: 'pingresp' });
      expect(brief(await client.say('at 30001', 'poll'))).toEqual([]);
      expect(brief(await client.say('at 60000', 'poll'))).toEqual(['pingreq']);
      const silent = [61, 62, 63, 64, 65, 66].flatMap((second) => [`at ${second * 1000}`, 'poll']);
      const told = await client.say(...silent, 'poll');
      expect(brief(told)).toEqual([...Array(5).fill('pingreq'), 'connect']);
      expect(told.states).toEqual(['down 0']);
    });

    it('answers when the gateway asks whether the line works, and only the gateway that it is connected to', async () => {
      const client = await connected();
      expect(brief(await client.hear({ kind: 'pingreq', clientId: '' }))).toEqual(['pingresp']);
      const stranger = new ClientUnderTest(program.path);
      await stranger.say('topic p 1 0', 'init ', 'connect', 'poll');
      expect(brief(await stranger.hear({ kind: 'pingreq', clientId: '' }))).toEqual([]);
    });

    it('works over the wrap of the millisecond counter', async () => {
      const client = new ClientUnderTest(program.path);
      await client.say('topic p 1 0', 'at 4294967000', 'init', 'connect', 'poll');
      await client.hear(connack());
      await client.say('publish 0 1 00', 'poll');
      expect(brief(await client.say('at 703', 'poll'))).toEqual([]);
      expect(brief(await client.say('at 704', 'poll'))).toEqual(['publish dup 1']);
    });
  });

  describe('wrong use', () => {
    it.each([
      ['no window', 'window=0', -5],
      ['a window wider than the slots', 'window=5 slots=4', -5],
      ['a window wider than the gateway remembers', 'window=17 slots=20', -5],
      ['no room for a frame', 'packet=8', -6],
      ['no pause between repetitions', 'retry=0', -8],
    ])('does not start with %s', async (_, settings, number) => {
      expect((await new ClientUnderTest(program.path).say('topic n t 0', `init ${settings}`)).number).toBe(number);
    });

    it.each([
      ['a named topic at QoS −1', 'publish 0 -1', -3],
      ['QoS 2', 'publish 0 2', -4],
      ['a line with room', 'publish 1 1', -3],
      ['a line that is not there', 'publish 9 1', -3],
    ])('does not take %s', async (_, publish, number) => {
      const client = await connected('', ['n t 0', 'r 8 0']);
      expect((await client.say(publish)).number).toBe(number);
    });
  });

  describe('sleeping', () => {
    async function asleep(): Promise<ClientUnderTest> {
      const client = await connected('keep=60', ['n cmd 0']);
      await client.say('sleep 600', 'poll');
      expect((await client.hear(DISCONNECT)).states).toEqual(['sleeps 0']);
      return client;
    }

    it('says everything first, then sleeps and is quiet', async () => {
      const client = await connected('keep=60');
      expect(brief(await client.say('publish 0 1 00', 'sleep 600', 'poll'))).toEqual(['publish 1']);
      await client.hear(puback(1));
      expect((await client.say('poll')).packets).toEqual([{ kind: 'disconnect', durationS: 600 }]);
      expect(brief(await client.say('at 1000', 'poll'))).toEqual(['disconnect']);
      await client.hear(DISCONNECT);
      expect(brief(await client.say('at 500000', 'poll'))).toEqual([]);
    });

    it('wakes, collects what was kept for it until PINGRESP, and sleeps on', async () => {
      const client = await asleep();
      expect((await client.say('wake', 'poll')).packets).toEqual([{ kind: 'pingreq', clientId: 's1' }]);
      const told = await client.hear({ kind: 'register', topicId: 1, messageId: 1, topic: 'cmd' }, downlink(2, 'on'));
      expect([told.messages, brief(told)]).toEqual([['cmd 1 6f6e'], ['regack 1 = 0', 'puback 2 = 0']]);
      expect((await client.hear({ kind: 'pingresp' })).states).toEqual(['sleeps 0']);
      expect(brief(await client.say('poll'))).toEqual([]);
    });

    it('connects when it wakes with something to say, and collects before it sleeps again', async () => {
      const client = await asleep();
      expect(brief(await client.say('publish 0 0 00', 'wake', 'poll'))).toEqual(['connect']);
      await client.hear(connack());
      expect(brief(await client.say('poll'))).toEqual(['register 1']);
      await client.hear({ kind: 'regack', topicId: 1, messageId: 1, returnCode: ACCEPTED });
      expect(brief(await client.say('poll'))).toEqual(['publish 0', 'disconnect']);
      expect((await client.hear(DISCONNECT)).states).toEqual([]);
      expect((await client.say('poll')).packets).toEqual([{ kind: 'pingreq', clientId: 's1' }]);
      expect((await client.hear({ kind: 'pingresp' })).states).toEqual(['sleeps 0']);
    });

    it('waits for PINGRESP as long as more is coming, and no longer', async () => {
      const client = await asleep();
      await client.say('wake', 'poll');
      for (let second = 1; second <= 20; second += 1) {
        await client.say(`at ${second * 1000 - 1}`);
        const told = await client.hear({ kind: 'register', topicId: 1, messageId: second, topic: 'cmd' });
        expect(brief(told)).toEqual([`regack ${second} = 0`]);
        expect(brief(await client.say(`at ${second * 1000}`, 'poll'))).toEqual([]);
      }
      const silent = [21, 22, 23, 24, 25, 26].flatMap((second) => [`at ${second * 1000}`, 'poll']);
      expect(brief(await client.say(...silent, 'poll'))).toEqual([...Array(5).fill('pingreq'), 'connect']);
    });

    it('connects when the gateway has forgotten it, and sleeps again after that', async () => {
      const client = await asleep();
      await client.say('wake', 'poll');
      await client.hear(DISCONNECT);
      expect(brief(await client.say('poll'))).toEqual(['connect']);
      await client.hear(connack());
      expect((await client.say('poll')).packets).toEqual([{ kind: 'disconnect', durationS: 600 }]);
      expect((await client.hear(DISCONNECT)).states).toEqual(['sleeps 0']);
    });

    it('stays awake when it is told to connect', async () => {
      const client = await asleep();
      expect(brief(await client.say('connect', 'poll'))).toEqual(['connect']);
      await client.hear(connack());
      expect(brief(await client.say('poll'))).toEqual([]);
    });

    it('leaves for good on request, though nobody should answer', async () => {
      const client = await connected();
      const told = await client.say('disconnect', ...[0, 1, 2, 3, 4, 5, 6].flatMap((s) => [`at ${s * 1000}`, 'poll']));
      expect(brief(told)).toEqual(Array(6).fill('disconnect'));
      expect(told.states).toEqual(['down 0']);
      expect(brief(await client.say('at 60000', 'poll'))).toEqual([]);
    });
  });
});
