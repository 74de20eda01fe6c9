/** Mutated recordings: `export` and `replay` report the problem, and never end with a stack trace. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fault } from '../../../src/base/fault.ts';
import { seededRandom } from '../../../src/base/random.ts';
import { exportRecording } from '../../../src/cli/export.ts';
import { replay } from '../../../src/cli/replay.ts';
import { crc32 } from '../../../src/codec/crc32.ts';
import { encodeFrame } from '../../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../../src/codec/mqttsn-encode.ts';
import { encodeRecording, FORMAT, VERSION } from '../../../src/recorder/recording-file.ts';

const PINGREQ = encodeFrame(encodePacket({ kind: 'pingreq', clientId: 'm1' }));
const STEPS = Array.from({ length: 6 }, (_, index) => ({
  upMs: index,
  input: index === 0 ? { kind: 'opened' } : { kind: 'bytes', bytes: PINGREQ },
  draws: [0.5],
  actions: [{ kind: 'write', bytes: PINGREQ }],
  state: 'open',
}));
const FILES = ['mqttsn', 'modbus', 'lines', 'hub', 'unknown'].map((driver) => {
  const subject = { name: 'meters', driver, options: { packetBytesMax: 256, predefinedTopics: new Map([[1, 't']]) } };
  const about = { gateway: 'gw', program: '0.1.0', reason: 'asked', frozenAt: { upMs: 5, wallMs: 1_700_000_000_000 } };
  return encodeRecording({ format: FORMAT, version: VERSION, subject, ...about, forgotten: 0 }, STEPS);
});
const VALUES = [
  'null',
  '-1',
  '1e308',
  '"x"',
  '[]',
  '{}',
  'true',
  '"__proto__"',
  '{"$bytes":"AAAA"}',
  '{"$map":[1]}',
  '[null]',
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-hostile-'));
});
afterAll(() => rm(folder, { recursive: true }));

const context = {
  terminal: { width: 80, isScreen: false, print: () => undefined, tone: (_: unknown, text: string) => text },
  ...{ asJson: false, configPath: '', socketPath: undefined },
};

/**
 * Runs both commands on the file. @param causes receives the causes of Faults @returns exceptions other than Faults
 */
async function defects(bytes: Uint8Array, causes: unknown[] = []): Promise<unknown[]> {
  const path = join(folder, 'recording');
  await writeFile(path, bytes);
  const acts = [() => exportRecording(context, path, join(folder, 'out')), () => replay(context, path)];
  const found: unknown[] = [];
  for (const act of acts)
    await act().catch((error: unknown) => {
      if (error instanceof Fault) causes.push(error.cause);
      else found.push(error);
    });
  return found;
}

/** Adds a matching last line: the checksum does not prevent a deliberate change. */
function sealed(lines: readonly string[]): Uint8Array {
  const body = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  return Buffer.concat([body, Buffer.from(`${JSON.stringify({ steps: lines.length - 1, crc32: crc32(body) })}\n`)]);
}

/** Lines of recordings, each with one replaced value. */
function changedRecordings(): string[][] {
  const random = seededRandom(4);
  const pick = <One>(list: readonly One[]): One | undefined => list[Math.floor(random() * list.length)];
  return Array.from({ length: 400 }, (_, round) => {
    const lines = Buffer.from(FILES[round % FILES.length] ?? [])
      .toString()
      .trimEnd()
      .split('\n')
      .slice(0, -1);
    const at = round % 2 === 0 ? 0 : Math.floor(random() * lines.length);
    const line = lines[at] ?? '';
    const place = pick([...line.matchAll(/:("[^"]*"|[\d.]+|\[[^[\]]*\]|\{[^{}]*\})/g)]);
    if (place === undefined) return lines;
    lines[at] = `${line.slice(0, place.index)}:${pick(VALUES)}${line.slice(place.index + place[0].length)}`;
    return lines;
  });
}

describe('a changed recording', () => {
  it('ends export and replay with a sentence, whichever bytes were changed', async () => {
    const random = seededRandom(9);
    const nat = (bound: number): number => Math.floor(random() * bound);
    for (let round = 0; round < 300; round += 1) {
      const bytes = Uint8Array.from(FILES[round % FILES.length] ?? []);
      for (let flips = nat(4); flips >= 0; flips -= 1) bytes[nat(bytes.length)] = nat(256);
      expect(await defects(round % 3 === 0 ? bytes.subarray(0, nat(bytes.length)) : bytes), `round ${round}`).toEqual(
        [],
      );
    }
  });

  it('ends them with a sentence, whichever value was replaced', async () => {
    for (const lines of changedRecordings()) expect(await defects(sealed(lines)), lines.join('\n')).toEqual([]);
  });

  it('negative control: ends them with a stack trace if exceptions are not converted to sentences', async () => {
    const causes: unknown[] = [];
    for (const lines of changedRecordings()) await defects(sealed(lines), causes);
    expect(causes.some((cause) => cause instanceof TypeError)).toBe(true);
  });

  it.each([
    ['empty', ''],
    ['a binary', String.fromCharCode(...Array.from({ length: 300 }, (_, index) => index % 256))],
    ['null', 'null\n'],
    ['a list without end', '['.repeat(100_000)],
    ['a header of nothing', `{"format":"${FORMAT}","version":2}\n`],
  ])('is rejected as no recording: %s', async (_, text) => {
    await writeFile(join(folder, 'recording'), text, 'latin1');
    await expect(replay(context, join(folder, 'recording'))).rejects.toMatchObject({ code: 'usage' });
    expect(readFileSync(join(folder, 'recording'), 'latin1')).toBe(text);
  });
});
