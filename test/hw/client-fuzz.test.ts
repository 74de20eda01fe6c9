/** Anything at all against the C client: `fuzz.c`, and two clients of which it must notice that they are broken. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hexOf, MALFORMED, PACKETS } from '../unit/base/vectors.ts';
import { build, CLIENT, isWithoutCompiler, ROOT, run, SANITIZED } from './toolchain.ts';

const INPUTS = 100_000;
const CORPUS = [...PACKETS.map(([, , bytes]) => hexOf(bytes)), ...MALFORMED.map(({ bytes }) => bytes)].join('\n');

describe.skipIf(isWithoutCompiler())('the C client under anything at all', () => {
  it(`keeps its bounds over ${INPUTS} inputs, and is still a client`, () => {
    const told = fuzz((source) => source, INPUTS);
    const [messages = 0, acknowledged = 0] = [...told.matchAll(/\d+/g)].map(Number);
    expect(messages).toBeGreaterThan(INPUTS / 500);
    expect(acknowledged).toBeGreaterThan(INPUTS / 500);
  });

  it.each([
    ['holds one octet too many', 'c->frame_n < c->config->frame_bytes', 'c->frame_n <= c->config->frame_bytes'],
    ['believes a code octet of COBS', 'if (code > n - at) return 0;', ''],
    ['forgets the end of a name', 'topic->room_bytes <= n', 'topic->room_bytes < n'],
    ['does not look at lengths', 'return n >= 5 && (body[0]', 'return n >= 1 && (body[0]'],
  ])('would be noticed if it %s', (_, safety, none) => {
    const altered = (source: string): string => {
      expect(source.split(safety)).toHaveLength(2);
      return source.replace(safety, none);
    };
    expect(() => fuzz(altered, INPUTS)).toThrow(/broken|Sanitizer|runtime error/);
  });
});

/** One program of the client's text, changed, and the fuzzer that includes it. */
function fuzz(alter: (source: string) => string, inputs: number): string {
  const client = alter(readFileSync(CLIENT, 'utf8'));
  const fuzzer = readFileSync(join(ROOT, 'test/hw/fuzz.c'), 'utf8').replace(/#include ".*holdfast_sn.c"/, () => client);
  const program = build(['-'], { flags: SANITIZED, input: fuzzer });
  onTestFinished(() => program.remove());
  return run(program.path, ['1', String(inputs)], CORPUS);
}
