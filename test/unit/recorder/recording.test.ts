/**
 * Recordings as files: read back unchanged, up to the place where they were cut, and a cut file is never taken for a
 * complete one.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kinded, Step } from '../../../src/base/step.ts';
import { encodeFrame } from '../../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../../src/codec/mqttsn-encode.ts';
import type { LinkInput } from '../../../src/driver/driver.ts';
import { createLinesLink } from '../../../src/driver/lines/link.ts';
import { encodeCapture } from '../../../src/recorder/capture.ts';
import { MomentReader } from '../../../src/recorder/moments.ts';
import {
  decodeRecording,
  decodeValue,
  encodeRecording,
  encodeValue,
  FORMAT,
  type Recording,
  type RecordingHeader,
  VERSION,
} from '../../../src/recorder/recording-file.ts';
import { rerun } from '../../../src/recorder/rerun.ts';
import { linesOptions } from '../driver/lines/lines-rig.ts';

const SUBJECT = {
  name: 'meters',
  driver: 'mqttsn',
  options: { packetBytesMax: 256, predefinedTopics: new Map([[1, 't']]) },
};
const HEADER: RecordingHeader = {
  ...{ format: FORMAT, version: VERSION, subject: SUBJECT, gateway: 'gw', program: '0.1.0', reason: 'asked' },
  ...{ frozenAt: { upMs: 5000, wallMs: 1_700_000_000_000 }, forgotten: 0 },
};
const PINGREQ = encodeFrame(encodePacket({ kind: 'pingreq', clientId: 'm1' }));

function step(upMs: number, input: object, ...actions: object[]): Step {
  return { upMs, input: input as Kinded, draws: [0.5], actions: actions as Kinded[], state: 'open' };
}

const STEPS = [
  step(1, { kind: 'opened' }),
  step(2, { kind: 'bytes', bytes: PINGREQ }, { kind: 'write', bytes: Uint8Array.of(0, 1, 2) }),
  step(3, { kind: 'attached', subdevice: 'm1', answer: { accepted: true, topicIds: new Map([[2, 'u']]) } }),
];
const FILE = encodeRecording(HEADER, STEPS);

describe('the file of a recording', () => {
  it('is read back unchanged, with bytes and maps, also if a Buffer was given', () => {
    expect(decodeRecording(FILE, 'f')).toEqual({ header: HEADER, steps: STEPS, damage: undefined });
    const buffered = STEPS.map((one) =>
      one.upMs === 2 ? { ...one, input: { kind: 'bytes', bytes: Buffer.from(PINGREQ) } } : one,
    );
    expect(encodeRecording(HEADER, buffered)).toEqual(FILE);
  });

  it('cut anywhere after its header is readable up to the cut, and reports that it was cut', () => {
    const headerEnds = FILE.indexOf(0x0a) + 1;
    for (let length = headerEnds; length < FILE.length - 1; length += 1) {
      const { steps, damage } = decodeRecording(FILE.subarray(0, length), 'f');
      expect(damage).toMatch(/the file is cut or damaged after \d steps/);
      expect(steps).toEqual(STEPS.slice(0, steps.length));
    }
  });

  it('with any byte changed is rejected or reported as damaged', () => {
    fc.assert(
      fc.property(fc.nat(FILE.length - 2), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = FILE.map((octet, index) => (index === at ? octet ^ flip : octet));
        const read = (): string | undefined => decodeRecording(changed, 'f').damage;
        let damage: string | undefined;
        try {
          damage = read();
        } catch (error) {
          damage = (error as Error).message;
        }
        expect(damage).toBeDefined();
      }),
    );
  });

  it.each([
    ['something else', 'hello\n', /not a recording: the first line is not a header/],
    ['nothing', '', /not a recording/],
    ['a later version', JSON.stringify({ ...HEADER, version: 5 }), /version 5, this program reads 1 to 4/],
  ])('%s is rejected', (_, text, message) => {
    expect(() => decodeRecording(new TextEncoder().encode(text), 'f')).toThrow(message);
  });
});

describe('a recording', () => {
  it('from which no machine can be built is rejected with a remedy', () => {
    expect(() => rerun({ header: HEADER, steps: STEPS, damage: undefined }, 'f')).toThrow(
      /invalid options for a mqttsn machine/,
    );
    const header = { ...HEADER, subject: { ...SUBJECT, driver: 'smoke' } };
    expect(() => rerun({ header, steps: STEPS, damage: undefined }, 'f')).toThrow(/unknown to this program: smoke/);
  });

  it('of a line with a pattern is run again, with its pattern compiled again', () => {
    const options = linesOptions({ pattern: '^(?P<n>[0-9]+)$', topic: 'reading/{n}' });
    const machine = createLinesLink({ ...options, random: () => 0 });
    const inputs: LinkInput[] = [
      { kind: 'start' },
      { kind: 'opened' },
      { kind: 'bytes', bytes: Buffer.from('42\nx\n') },
    ];
    const steps = inputs.map((input, upMs): Step => {
      const actions = machine.handle(input, upMs);
      return { upMs, input, actions, draws: [], state: machine.state };
    });
    const subject = { name: 'meters', driver: 'lines', options };
    const again = decodeValue(encodeValue({ header: { ...HEADER, subject }, steps, damage: undefined }));
    expect(rerun(again as Recording, 'f')).toMatchObject({ steps: 3, same: 3, difference: undefined });
  });

  it('with a step that no machine can have made ends in a difference, not in an exception', () => {
    const subject = {
      name: 'hub',
      driver: 'hub',
      options: { reconnect: { floorMs: 1, ceilingMs: 2 }, packetBytesMax: 99 },
    };
    const steps = [
      step(1, { kind: 'start' }),
      step(2, { kind: 'start' }, { kind: 'open' }),
      step(3, { kind: 'bytes' }),
    ];
    const { difference } = rerun({ header: { ...HEADER, subject }, steps, damage: undefined }, 'f');
    expect(difference).toBeDefined();
  });

  it('shows noise unchanged, and decodes the frame after it', () => {
    const reader = new MomentReader(SUBJECT);
    const noisy = Uint8Array.of(7, 7, 7, 0, ...PINGREQ);
    const words = reader.read(step(1, { kind: 'bytes', bytes: noisy })).map((moment) => moment.words);
    expect(words).toEqual([
      'PINGREQ clientId="m1"',
      expect.stringMatching(/^\?\? 0x07070700.* \(frames with a wrong CRC/),
    ]);
  });

  it('begins a capture with the blocks of pcapng, each a multiple of four long, at the wall time of its steps', () => {
    const capture = Buffer.from(encodeCapture({ header: HEADER, steps: STEPS, damage: undefined }));
    const blocks: Buffer[] = [];
    for (let at = 0; at < capture.length; at += capture.readUInt32LE(at + 4))
      blocks.push(capture.subarray(at, at + capture.readUInt32LE(at + 4)));
    expect(blocks.map((block) => block.readUInt32LE(0))).toEqual([0x0a0d0d0a, 1, 6]);
    for (const block of blocks)
      expect([block.length % 4, block.readUInt32LE(block.length - 4)]).toEqual([0, block.length]);
    const micros = (blocks[2]?.readUInt32LE(12) ?? 0) * 2 ** 32 + (blocks[2]?.readUInt32LE(16) ?? 0);
    expect(micros).toBe((1_700_000_000_000 - 4998) * 1000);
  });
});
