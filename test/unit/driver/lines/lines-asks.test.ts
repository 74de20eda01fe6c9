/** Devices that speak only when asked: whose answer is whose, who is present, and what happens on a noisy line. */
import { describe, expect, it } from 'vitest';
import { sampleWords } from '../../../../src/base/discard.ts';
import { seededRandom } from '../../../../src/base/random.ts';
import { AskedDevice } from '../../../../src/bench/subdevices/asked-device.ts';
import { appendCheck } from '../../../../src/codec/line-check.ts';
import { problemsOf } from '../../config/config-rig.ts';
import { LinesBench, type LinesKeys, linesText, tablesText } from './lines-rig.ts';

const CR = 0x0d;
const OTHERS = ['scale-2', 'scale-3'];
const ASKS: readonly LinesKeys[] = [
  { name: 'one', send: '1W\r', every_ms: 1000, answer: '^1:' },
  { name: 'two', subdevice: 'scale-2', send: '2W\r', every_ms: 1000, answer: '^2:' },
  { name: 'three', subdevice: 'scale-3', send: '3W\r', every_ms: 5000, answer: '^3:', topic: 'slow' },
];
const KEYS: LinesKeys = { delimiter: '\r', topic: 'w' };

/** The answer time is 100 ms, with two repetitions. */
const bench = (keys: LinesKeys = KEYS): LinesBench =>
  new LinesBench(keys, OTHERS, {}, tablesText('link.lines.ask', ASKS));
/** Waits for the end of the time in which an answer to an earlier process may come. */
const opened = (keys?: LinesKeys): LinesBench => {
  const one = bench(keys);
  one.pass(100);
  return one;
};
const discards = (one: LinesBench): string[] =>
  one.of('discarded').map(({ reason, sample }) => `${reason}: ${sampleWords(sample)}`);

describe('a link with requests', () => {
  it('sends one at a time, the next one after the answer, and each again after its time', () => {
    const one = opened();
    expect(one.takeWritten()).toBe('1W\r');
    one.pass(50);
    expect(one.takeWritten()).toBe('');
    one.receive('1:5\r');
    expect(one.takeWritten()).toBe('2W\r');
    one.receive('2:6\r');
    expect(one.takeWritten()).toBe('3W\r');
    one.receive('3:7\r');
    expect(one.takeWritten()).toBe('');
    expect(one.of('uplink').map(({ subdevice, topic }) => `${subdevice} ${topic}`)).toEqual([
      'meter-1 w',
      'scale-2 w',
      'scale-3 slow',
    ]);
    one.pass(950);
    expect(one.takeWritten()).toBe('1W\r');
  });

  it('is polled, so that a silent line is noticed; a link without requests is not', () => {
    expect([opened().link.isPolled, new LinesBench().link.isPolled]).toEqual([true, false]);
  });

  it('attaches a device with its first answer and not with the port', () => {
    const one = opened();
    expect(one.of('attach')).toEqual([]);
    one.receive('1:5\r');
    expect(one.of('attach').map(({ subdevice }) => subdevice)).toEqual(['meter-1']);
  });

  it('takes no late answer for that of another device, even if the answers carry no address', () => {
    const asks = ASKS.slice(0, 2).map(({ answer: _, ...ask }) => ask);
    const one = new LinesBench(KEYS, ['scale-2'], {}, tablesText('link.lines.ask', asks as LinesKeys[]));
    one.pass(100);
    expect(one.takeWritten()).toBe('1W\r');
    one.pass(150);
    one.receive('5\r');
    expect(one.uplinks).toEqual([]);
    expect(discards(one)).toEqual(['line unexpected: "5"']);
    one.pass(50);
    expect(one.takeWritten()).toBe('2W\r');
    one.receive('6\r');
    expect(one.of('uplink').map(({ subdevice }) => subdevice)).toEqual(['scale-2']);
  });

  it('discards a line without a request, and one that does not match, and still waits for the answer', () => {
    const one = opened();
    one.receive('9:1\r1:5\r1:6\r');
    expect(one.uplinks).toEqual([['w', '1:5']]);
    expect(discards(one)).toEqual(['line unexpected: "9:1"', 'line unexpected: "1:6"']);
    expect(one.link.counters).toMatchObject({ unexpectedPackets: 2, framesIn: 1 });
  });

  it('drops the bytes that arrived before the request', () => {
    const one = bench({ ...KEYS, pattern: '^[0-9]:[0-9]$' });
    one.receive('noise without an end');
    one.pass(100);
    one.receive('1:5\r');
    expect(one.uplinks).toEqual([['w', '1:5']]);
    expect(discards(one)).toEqual(['line not ended: "noise without an end"']);
  });
});

describe('a device that does not answer', () => {
  it('is asked again, then detached and reported, and does not keep the others from their turn', () => {
    const one = opened();
    for (const text of ['1:5\r', '2:6\r', '3:7\r']) one.receive(text);
    one.takeWritten();
    for (let step = 0; step < 40; step += 1) {
      one.pass(100);
      if (one.takeWritten().endsWith('2W\r')) one.receive('2:6\r');
    }
    expect(one.of('detach')).toEqual([
      { kind: 'detach', subdevice: 'meter-1', cause: 'no answer', aliveUntilMs: undefined },
    ]);
    expect(one.link.unanswered().has('meter-1')).toBe(true);
    expect([...one.link.unanswered().keys()]).not.toContain('scale-2');
    expect(one.link.attachedSubdevices()).toContain('scale-2');
    expect(discards(one)).toContain('unit silent: no answer to the request one');
    expect(one.of('uplink').filter(({ subdevice }) => subdevice === 'scale-2').length).toBeGreaterThan(2);
  });

  it('is attached again with its next answer', () => {
    const one = opened();
    one.receive('1:5\r');
    one.pass(8000);
    expect(one.link.attachedSubdevices()).toEqual([]);
    for (let step = 0; step < 600 && one.link.attachedSubdevices().length === 0; step += 1) {
      one.pass(100);
      if (one.takeWritten().endsWith('1W\r')) one.receive('1:5\r');
    }
    expect(one.link.attachedSubdevices()).toEqual(['meter-1']);
    expect(one.link.unanswered().has('meter-1')).toBe(false);
  });

  it('stays attached if it answers another request', () => {
    const asks: LinesKeys[] = [
      { name: 'a', send: 'A\r', every_ms: 300, answer: '^a' },
      { name: 'b', send: 'B\r', every_ms: 300, answer: '^b' },
    ];
    const one = new LinesBench(KEYS, [], {}, tablesText('link.lines.ask', asks));
    for (let step = 0; step < 60; step += 1) {
      one.pass(50);
      if (one.takeWritten().endsWith('A\r')) one.receive('a\r');
    }
    expect(one.link.attachedSubdevices()).toEqual(['meter-1']);
    expect(discards(one)).toContain('unit silent: no answer to the request b');
  });
});

describe('a downlink', () => {
  const DOWN: LinesKeys = { ...KEYS, downlinks: ['cmd'], downlink: 'D {payload}' };

  it('waits for the answer to a request', () => {
    const one = opened(DOWN);
    one.receive('1:5\r');
    expect(one.takeWritten()).toBe('1W\r2W\r');
    one.deliver(7, 'tare');
    expect(one.takeWritten()).toBe('');
    one.receive('2:6\r');
    expect(one.takeWritten()).toBe('D tare\r3W\r');
    expect(one.of('delivered')).toMatchObject([{ token: 7 }]);
  });

  it('is answered before the next request', () => {
    const one = opened({ ...DOWN, downlink_ack: '^DONE$' });
    one.receive('1:5\r');
    one.deliver(7, 'tare');
    one.takeWritten();
    one.receive('2:6\r');
    expect(one.takeWritten()).toBe('D tare\r');
    one.receive('DONE\r');
    expect(one.takeWritten()).toBe('3W\r');
  });
});

describe('a probe', () => {
  it('is the first request of the device, out of turn', () => {
    const one = opened();
    for (const text of ['1:5\r', '2:6\r', '3:7\r']) one.receive(text);
    one.takeWritten();
    one.pass(200);
    expect(one.link.probeable()).toEqual(['meter-1', ...OTHERS]);
    one.command({ kind: 'probe', subdevice: 'scale-3', token: 4 });
    expect(one.takeWritten()).toBe('3W\r');
    one.pass(30);
    one.receive('3:8\r');
    expect(one.of('probed')).toEqual([
      { kind: 'probed', token: 4, outcome: { kind: 'asked', requests: 1, answers: 1, damaged: 0, tripMs: 30 } },
    ]);
  });

  it('reports that no answer came, and that the port was closed', () => {
    const one = opened();
    one.receive('1:5\r2:6\r');
    one.command({ kind: 'probe', subdevice: 'meter-1', token: 1 });
    one.pass(1000);
    one.command({ kind: 'probe', subdevice: 'meter-1', token: 2 });
    one.command({ kind: 'closed', reason: 'unplugged' });
    expect(one.of('probed').map(({ token, outcome }) => [token, outcome.kind])).toEqual([
      [1, 'asked'],
      [2, 'not asked'],
    ]);
  });
});

describe('devices on a noisy line', () => {
  const SEEDS = Array.from({ length: 20 }, (_, seed) => seed + 1);
  /** Two devices with rising numbers; the link keys decide whether a damaged answer is found. */
  function run(
    seed: number,
    keys: LinesKeys,
  ): { readonly wrong: string[]; readonly right: number; readonly overlaps: number } {
    const random = seededRandom(seed);
    const asks = ASKS.slice(0, 2).map((ask) => ({ ...ask, every_ms: 200, answer: '^[12]:' }));
    const link = new LinesBench({ ...KEYS, ...keys }, ['scale-2'], {}, tablesText('link.lines.ask', asks));
    const sent = new Set<string>();
    let count = 0;
    const device = new AskedDevice({
      end: CR,
      answerMs: () => 20,
      answerTo: (request) => {
        const [, address = ''] = /([12])W\r$/.exec(request) ?? [];
        if (address === '') return undefined;
        count += 1;
        const text = `${address}:${count}`;
        sent.add(`${address === '1' ? 'meter-1' : 'scale-2'} ${text}`);
        return `${text}${checkOf(text)}\r`;
      },
    });
    device.handle({ kind: 'start' }, 0);
    device.handle({ kind: 'opened' }, 0);
    for (let step = 0; step < 4000; step += 1) {
      const isNoisy = step < 3000;
      link.pass(10);
      const written = Buffer.from(link.takeWritten(), 'latin1');
      if (written.length > 0 && !(isNoisy && random() < 0.1))
        device.handle({ kind: 'bytes', bytes: Uint8Array.from(written) }, link.nowMs);
      if ((device.wakeAtMs() ?? Number.POSITIVE_INFINITY) > link.nowMs) continue;
      for (const action of device.handle({ kind: 'wake' }, link.nowMs))
        if (action.kind === 'write') link.receive(noisy(action.bytes, isNoisy ? random : () => 1));
    }
    const arrived = link.of('uplink').map(({ subdevice, payload }) => `${subdevice} ${Buffer.from(payload)}`);
    return { wrong: arrived.filter((one) => !sent.has(one)), right: arrived.length, overlaps: device.overlaps };
  }

  const checkOf = (text: string): string => {
    const check = { kind: 'crc16-modbus', separator: Buffer.from('*') } as const;
    return Buffer.from(appendCheck(Buffer.from(text), check))
      .toString()
      .slice(text.length);
  };

  const noisy = (bytes: Uint8Array, random: () => number): string => {
    const flipped = bytes.map((octet) => (random() < 0.03 ? octet ^ (1 << Math.floor(random() * 7)) : octet));
    return Buffer.from(random() < 0.05 ? flipped.subarray(1) : flipped).toString('latin1');
  };

  it.each(SEEDS)('give only values that they have sent, each of its own device, with seed %d', (seed) => {
    const { wrong, right, overlaps } = run(seed, { check: 'crc16-modbus' });
    expect([wrong, overlaps]).toEqual([[], 0]);
    expect(right).toBeGreaterThan(100);
  });

  it('negative control: without the check damaged values arrive', () => {
    const wrong = SEEDS.flatMap((seed) => run(seed, { pattern: '^[12]:[0-9]+' }).wrong.map((one) => one.split('*')[0]));
    expect(wrong.length).toBeGreaterThan(0);
  });
});

describe('devices that answer late and without an address', () => {
  /** @param lateMs time of an answer in ten that is late. @returns values that arrived for another device */
  function wrongWith(lateMs: number): string[] {
    const random = seededRandom(3);
    const asks = ASKS.slice(0, 2).map(({ answer: _, ...ask }) => ({ ...ask, every_ms: 150 }) as LinesKeys);
    const link = new LinesBench(KEYS, ['scale-2'], {}, tablesText('link.lines.ask', asks));
    const owners = new Map<string, string>();
    const device = new AskedDevice({
      end: CR,
      answerMs: () => (random() < 0.1 ? lateMs : 20),
      answerTo: (request) => {
        const value = String(owners.size);
        owners.set(value, request.startsWith('1') ? 'meter-1' : 'scale-2');
        return `${value}\r`;
      },
    });
    for (let step = 0; step < 5000; step += 1) {
      link.pass(10);
      const written = link.takeWritten();
      if (written !== '') device.handle({ kind: 'bytes', bytes: Uint8Array.from(Buffer.from(written)) }, link.nowMs);
      for (const action of device.handle({ kind: 'wake' }, link.nowMs))
        if (action.kind === 'write') link.receive(Buffer.from(action.bytes).toString());
    }
    const uplinks = link
      .of('uplink')
      .map(({ subdevice, payload }) => [subdevice, Buffer.from(payload).toString()] as const);
    expect(uplinks.length).toBeGreaterThan(50);
    return uplinks.filter(([subdevice, value]) => owners.get(value) !== subdevice).map(([, value]) => value);
  }

  it('are not mistaken for each other if an answer comes within two answer times', () => {
    expect(wrongWith(150)).toEqual([]);
    expect(wrongWith(170)).toEqual([]);
  });

  it('negative control: are mistaken if an answer comes later', () => {
    expect(wrongWith(250).length).toBeGreaterThan(0);
  });
});

describe('a mistake in a request', () => {
  const paths = (asks: readonly LinesKeys[], more: LinesKeys = {}, link: LinesKeys = {}): string[] =>
    problemsOf(linesText({ ...KEYS, ...more }, link, tablesText('link.lines.ask', asks))).map(({ path }) => path);
  const ASK: LinesKeys = { name: 'a', send: 'x' };

  it.each<[LinesKeys[], LinesKeys, string]>([
    [[ASK, ASK], {}, 'ask[1].name'],
    [[{ ...ASK, subdevice: 'b' }], {}, 'ask[0].subdevice'],
    [[{ ...ASK, answer: '(' }], {}, 'ask[0].answer'],
    [[{ ...ASK, topic: 'a/#' }], {}, 'ask[0].topic'],
    [[{ ...ASK, topic: '{kg}' }], {}, 'ask[0].topic'],
    [[{ ...ASK, send: '€' }], {}, 'ask[0].send'],
    [[{ ...ASK, every_ms: 10 }], {}, 'ask[0].every_ms'],
    [[ASK], { echo: true }, 'ask[0].send'],
    [[{ ...ASK, send: '\xff' }], { bit_7: 'ignore' }, 'ask[0].send'],
    [[ASK], { ack: 'OK' }, 'ack'],
    [[ASK], { silence_s: 5 }, 'silence_s'],
  ])('%j with %j is reported', (asks, more, key) => {
    expect(paths(asks, more)).toContain(`link[0].lines.${key}`);
  });

  it('is a subdevice that is not asked', () => {
    const text = linesText(KEYS, { subdevices: ['meter-1', 'x'] }, tablesText('link.lines.ask', [ASK]));
    expect(problemsOf(`${text}\n[[subdevice]]\nid = "x"\n`).map(({ path }) => path)).toEqual(['link[0].lines.ask']);
  });
});
