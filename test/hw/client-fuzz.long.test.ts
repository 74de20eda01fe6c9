/** The C client with random input (`fuzz.c`). Negative controls: clients with one safety removed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hexOf, MALFORMED, PACKETS } from '../unit/base/vectors.ts';
import { build, CLIENT, isWithoutCompiler, ROOT, run, SANITIZED } from './toolchain.ts';

const INPUTS = 100_000;
const CORPUS = [...PACKETS.map(([, , bytes]) => hexOf(bytes)), ...MALFORMED.map(({ bytes }) => bytes)].join('\n');

describe.skipIf(isWithoutCompiler())('the C client with random input', () => {
  it(`keeps its bounds over ${INPUTS} inputs, and still sends and receives messages`, () => {
    const output = fuzz((source) => source, INPUTS);
    const [messages = 0, acknowledged = 0] = [...output.matchAll(/\d+/g)].map(Number);
    expect(messages).toBeGreaterThan(INPUTS / 500);
    expect(acknowledged).toBeGreaterThan(INPUTS / 500);
  });

  it.each([
    [
      'stores one octet more than the frame buffer holds',
      'c->frame_n < c->config->frame_bytes',
      'c->frame_n <= c->config->frame_bytes',
    ],
    ['does not check a code octet of COBS against the length of the frame', 'if (code > n - at) return 0;', ''],
    ['does not leave room for the NUL of a topic name', 'topic->room_bytes <= n', 'topic->room_bytes < n'],
    ['does not check the length of a PUBLISH', 'return n >= 5 && (body[0]', 'return n >= 1 && (body[0]'],
  ])('negative control: fails if the client %s', (_, safety, none) => {
    const altered = (source: string): string => {
      expect(source.split(safety)).toHaveLength(2);
      return source.replace(safety, none);
    };
    expect(() => fuzz(altered, INPUTS)).toThrow(/broken|Sanitizer|runtime error/);
  });
});

/** Builds one program of the altered client and the fuzzer, and runs it. */
function fuzz(alter: (source: string) => string, inputs: number): string {
  const client = alter(readFileSync(CLIENT, 'utf8'));
  const fuzzer = readFileSync(join(ROOT, 'test/hw/fuzz.c'), 'utf8').replace(/#include ".*holdfast_sn.c"/, () => client);
  const program = build(['-'], { flags: SANITIZED, input: fuzzer });
  onTestFinished(() => program.remove());
  return run(program.path, ['1', String(inputs)], CORPUS);
}
