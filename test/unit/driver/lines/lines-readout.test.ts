/** Read-outs by IEC 62056-21, step by step: times, speeds, silence, and the way back to the first speed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinesBench, type LinesKeys, tablesText } from './lines-rig.ts';
import {
  ACK,
  atData,
  bench,
  block,
  DATA,
  discards,
  FIELDS,
  IDENTIFICATION,
  LINK,
  opened,
  speedSet,
  wrong,
} from './readout-rig.ts';

describe('a read-out', () => {
  it('begins when the line was quiet for 2 s after the opening', () => {
    const one = bench();
    one.pass(1500);
    one.receive('rest of a block');
    one.pass(1999);
    expect(one.takeWritten()).toBe('');
    one.pass(1);
    expect(one.takeWritten()).toBe('/?!\r\n');
  });

  it('acknowledges after its pause, and changes the speed when the acknowledgement has left the port', () => {
    const one = opened();
    expect(one.takeWritten()).toBe('/?!\r\n');
    one.receive(IDENTIFICATION);
    one.pass(219);
    expect(one.takeWritten()).toBe('');
    one.pass(1);
    expect(one.takeWritten()).toBe(`${ACK}050\r\n`);
    one.pass(200);
    expect(one.takeWritten()).toBe('');
    one.pass(10);
    expect(one.takeWritten()).toBe('<9600>');
  });

  it('publishes the data, goes back to 300 baud, and begins again after its period', () => {
    const one = atData();
    one.receive(block());
    expect(one.uplinks).toEqual([['state', '{"energy":123.4,"unit":"kWh"}']]);
    expect(one.takeWritten()).toBe('<300>');
    one.pass(120_000);
    expect(one.takeWritten()).toBe('');
    speedSet(one, 300);
    expect(one.takeWritten()).toBe('/?!\r\n');
    one.receive(IDENTIFICATION);
    one.pass(220);
    expect(one.takeWritten()).toBe(`${ACK}050\r\n`);
    expect(one.of('discarded')).toEqual([]);
    expect(one.link.counters).toMatchObject({ framesIn: 1, crcErrors: 0, retries: 0 });
  });

  it('passes the data on as they are, without fields', () => {
    const one = opened({}, { payload: 'line' });
    one.receive(IDENTIFICATION);
    one.pass(430);
    speedSet(one, 9600);
    one.receive(block());
    expect(one.uplinks).toEqual([['state', DATA]]);
  });

  it('attaches the meter with its first data', () => {
    const one = atData();
    expect(one.of('attach')).toEqual([]);
    one.receive(block());
    expect(one.of('attach').map(({ subdevice }) => subdevice)).toEqual(['meter-1']);
  });

  it('ignores all bytes until the speed is confirmed', () => {
    const one = opened();
    one.receive(IDENTIFICATION);
    one.pass(430);
    one.receive(block());
    speedSet(one, 4800);
    one.receive(block());
    expect(one.uplinks).toEqual([]);
    speedSet(one, 9600);
    one.receive(block());
    expect(one.uplinks).toHaveLength(1);
  });

  it('reads identification and data in any pieces, with the echoes of an optical head', () => {
    const one = opened();
    for (const octet of `/?!\r\n${IDENTIFICATION}`) one.receive(octet);
    one.pass(220);
    one.receive(`${ACK}050\r\n`);
    one.pass(210);
    speedSet(one, 9600);
    one.receive(`${ACK}050\r\n`);
    for (const octet of block()) one.receive(octet);
    expect(one.uplinks).toHaveLength(1);
    expect(one.link.counters.echoes).toBe(1);
  });

  it('waits for a slow meter, as long as 2 s pass without a character', () => {
    const one = opened();
    one.pass(2100);
    one.receive('/ISk5MT');
    one.pass(1999);
    one.receive('174-0001\r\n');
    one.pass(430);
    speedSet(one, 9600);
    const text = block();
    one.pass(1999);
    one.receive(text.slice(0, 8));
    one.pass(1999);
    one.receive(text.slice(8));
    expect(one.uplinks).toHaveLength(1);
  });

  it('has the address of the meter', () => {
    expect(opened({ address: '12345678' }).takeWritten()).toBe('/?12345678!\r\n');
  });

  it.each([
    [{ speed_max: 4800 }, '/ISk5MT', `${ACK}040\r\n<4800>`],
    [{ speed_max: 300 }, '/ISk5MT', `${ACK}000\r\n`],
    [{}, '/ISk6MT', `${ACK}060\r\n<19200>`],
    [{}, '/ISk0MT', `${ACK}000\r\n`],
    [{}, '/LUGE0', '<9600>'],
    [{}, '/ABC@X', ''],
  ])('with %j and %s answers %j', (readout, identification, answer) => {
    const one = opened(readout as unknown as LinesKeys);
    one.takeWritten();
    one.receive(`${identification}\r\n`);
    one.pass(430);
    const written = one.takeWritten();
    expect(written).toBe(answer);
    const speed = Number(/<(\d+)>/.exec(written)?.[1] ?? 300);
    if (speed !== 300) speedSet(one, speed);
    one.receive(block());
    expect(one.uplinks).toHaveLength(1);
    expect(one.takeWritten()).toBe(speed === 300 ? '' : '<300>');
  });

  it('of several meters takes turns, one at a time', () => {
    const readouts = ['1', '2'].map((id) => ({ name: id, subdevice: `meter-${id}`, address: id, every_ms: 60_000 }));
    const tables = `${FIELDS}\n${tablesText('link.lines.readout', readouts)}`;
    const keys = { topic: 'state', payload: 'json' };
    const one = new LinesBench(keys, ['meter-2'], LINK, tables);
    one.pass(2000);
    for (const id of ['1', '2']) {
      expect(one.takeWritten()).toBe(`/?${id}!\r\n`);
      one.receive('/ISk0MT\r\n');
      one.pass(430);
      one.takeWritten();
      one.receive(block());
    }
    expect(one.of('uplink').map(({ subdevice }) => subdevice)).toEqual(['meter-1', 'meter-2']);
  });
});

describe('a meter that does not answer', () => {
  /** Reasons of the last report after all repetitions. @param until brings each read-out to its failure */
  const reasonAfter = (fail: (one: LinesBench) => void): string => {
    const one = bench();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      one.pass(2100);
      expect(one.takeWritten(), String(attempt)).toBe('/?!\r\n');
      fail(one);
      if (one.takeWritten().endsWith('<300>')) speedSet(one, 300);
    }
    return discards(one).at(-1) ?? '';
  };
  const identified = (one: LinesBench): void => {
    one.receive(IDENTIFICATION);
    one.pass(430);
    speedSet(one, 9600);
  };

  it('is asked again after 2 s of silence, and reported with the step that failed', () => {
    expect(reasonAfter((one) => one.pass(2167))).toBe('unit silent: read-out grid: no answer');
    expect(
      reasonAfter((one) => {
        one.receive('/ISk');
        one.pass(2000);
      }),
    ).toBe('unit silent: read-out grid: no identification in 4 bytes');
    expect(
      reasonAfter((one) => {
        identified(one);
        one.pass(2000);
      }),
    ).toBe('unit silent: read-out grid: identified, and then no data block at 9600 baud');
    expect(
      reasonAfter((one) => {
        identified(one);
        one.receive('~~~~~~');
        one.pass(2000);
      }),
    ).toBe('unit silent: read-out grid: identified, and then 6 bytes without STX at 9600 baud');
  });

  it('is detached after the repetitions, and attached again with its next data', () => {
    const one = atData();
    one.receive(block());
    speedSet(one, 300);
    expect(one.link.attachedSubdevices()).toEqual(['meter-1']);
    one.pass(80_000);
    expect(one.link.attachedSubdevices()).toEqual([]);
    expect(one.of('detach')).toMatchObject([{ subdevice: 'meter-1', cause: 'no answer' }]);
    expect(one.link.unanswered().has('meter-1')).toBe(true);
    one.takeWritten();
    while (one.takeWritten() !== '/?!\r\n') one.pass(1000);
    identified(one);
    one.receive(block());
    expect(one.link.attachedSubdevices()).toEqual(['meter-1']);
  });

  it('does not get a request while it still sends, at most 200 s', () => {
    const one = opened();
    one.takeWritten();
    one.pass(2167);
    for (let ms = 0; ms < 30_000; ms += 1500) {
      one.pass(1500);
      one.receive('garbage');
    }
    expect(one.takeWritten()).toBe('');
    one.pass(2000);
    expect(one.takeWritten()).toBe('/?!\r\n');
    one.pass(2167);
    for (let ms = 0; ms < 200_000 && one.written === ''; ms += 1500) {
      one.pass(1500);
      one.receive('garbage');
    }
    expect(one.takeWritten()).toBe('/?!\r\n');
  });

  it('ends a probe without an answer', () => {
    const one = atData();
    one.receive(block());
    speedSet(one, 300);
    one.command({ kind: 'probe', subdevice: 'meter-1', token: 4 });
    one.pass(5000);
    expect(one.of('probed')).toEqual([
      { kind: 'probed', token: 4, outcome: { kind: 'asked', requests: 1, answers: 0, damaged: 0, tripMs: undefined } },
    ]);
  });
});

describe('a port that closes', () => {
  it('during each step is opened with 300 baud, and the read-out begins from its start', () => {
    const steps: readonly ((one: LinesBench) => void)[] = [
      () => undefined,
      (one) => one.receive(IDENTIFICATION),
      (one) => one.pass(220),
      (one) => one.pass(210),
      (one) => speedSet(one, 9600),
      (one) => one.receive(block().slice(0, 9)),
      (one) => one.receive(`${block().slice(9)}`),
      (one) => speedSet(one, 300),
    ];
    for (let count = 1; count <= steps.length; count += 1) {
      const one = opened();
      for (const step of steps.slice(0, count)) step(one);
      one.command({ kind: 'closed', reason: 'unplugged' });
      one.pass(200);
      one.command({ kind: 'opened' });
      one.takeWritten();
      one.pass(2000);
      expect(one.takeWritten(), `after ${count} steps`).toBe('/?!\r\n');
      one.receive(IDENTIFICATION);
      one.pass(430);
      expect(one.takeWritten()).toBe(`${ACK}050\r\n<9600>`);
    }
  });
});

describe('for any bytes and times', () => {
  it('requests are written at 300 baud only, and one change of the speed is confirmed before the next', () => {
    const texts = fc.constantFrom(
      IDENTIFICATION,
      block(),
      wrong(),
      '/LUGE0\r\n',
      '/?!\r\n',
      ...['\u0002', '\u0003', '\u0003x', '\u0000', '/', '\r\n', '~~~~'],
    );
    const inputs = fc.oneof(
      texts.map((text) => ({ kind: 'text', text }) as const),
      fc
        .uint8Array({ maxLength: 20 })
        .map((bytes) => ({ kind: 'text', text: Buffer.from(bytes).toString('latin1') }) as const),
      fc.constantFrom(10, 220, 430, 2000, 9000).map((ms) => ({ kind: 'time', ms }) as const),
      fc.constant({ kind: 'confirm' } as const),
    );
    fc.assert(
      fc.property(fc.array(inputs, { maxLength: 60 }), (steps) => {
        const one = opened();
        let speed = 300;
        let wanted: number | undefined;
        for (const step of steps) {
          if (step.kind === 'text') one.receive(step.text);
          else if (step.kind === 'time') one.pass(step.ms);
          else if (wanted !== undefined) {
            speed = wanted;
            wanted = undefined;
            speedSet(one, speed);
          }
          for (const [part] of one.takeWritten().matchAll(/<\d+>|\/\?!/g)) {
            expect(wanted).toBeUndefined();
            if (part === '/?!') expect(speed).toBe(300);
            else wanted = Number(part.slice(1, -1));
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
