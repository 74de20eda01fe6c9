/**
 * The C client and its firmware transfer with random input (`fuzz.c`, `fuzz-firmware.c`). Negative controls: clients with one
 * safety removed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hexOf, MALFORMED, PACKETS } from '../unit/base/vectors.ts';
import { build, CLIENT, isWithoutCompiler, ROOT, run, SANITIZED, TRANSFER } from './toolchain.ts';

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
    expect(() => fuzz((source) => without(source, safety, none), INPUTS)).toThrow(/broken|Sanitizer|runtime error/);
  });
});

describe.skipIf(isWithoutCompiler())('the firmware transfer of the C client with random messages', () => {
  it(`keeps its bounds and its order over ${INPUTS} inputs, and still installs images`, () => {
    const output = fuzzTransfer((source) => source, INPUTS);
    const [installations = 0, chunks = 0, discarded = 0] = [...output.matchAll(/\d+/g)].map(Number);
    expect(Math.min(installations, chunks / 50, discarded)).toBeGreaterThan(INPUTS / 2000);
  });

  it.each([
    [
      'does not compare the octets of a chunk with the size of the image',
      'if (offset > fw->offer.size || n > fw->offer.size - offset) return;',
      '',
    ],
    ['does not check the length of a chunk', 'n > config->chunk_bytes || offset', 'offset'],
    ['writes behind a gap', 'if (offset > fw->offset) {', 'if (offset > fw->offset && n == 0) {'],
    ['does not check the length of a version', '&& n <= OFFER_BYTES + HF_FW_TEXT_BYTES_MAX &&', '&&'],
    ['does not check the CRC-32', 'if (~fw->crc == fw->offer.image) {', 'if (fw->verified > 0) {'],
  ])('negative control: fails if the transfer %s', (_, safety, none) => {
    const altered = (source: string): string => without(source, safety, none);
    expect(() => fuzzTransfer(altered, INPUTS)).toThrow(/broken|Sanitizer|runtime error/);
  });
});

/** Returns a source with one safety replaced. */
function without(source: string, safety: string, none: string): string {
  expect(source.split(safety)).toHaveLength(2);
  return source.replace(safety, none);
}

/** Builds one program of the altered client and the fuzzer, and runs it. */
function fuzz(alter: (source: string) => string, inputs: number): string {
  const client = alter(readFileSync(CLIENT, 'utf8'));
  const fuzzer = readFileSync(join(ROOT, 'test/hw/fuzz.c'), 'utf8').replace(/#include ".*holdfast_sn.c"/, () => client);
  return runOnce(['-'], fuzzer, inputs);
}

/** Builds one program of the altered firmware transfer, its fuzzer and the client, and runs it. */
function fuzzTransfer(alter: (source: string) => string, inputs: number): string {
  const transfer = alter(readFileSync(TRANSFER, 'utf8'));
  const fuzzer = readFileSync(join(ROOT, 'test/hw/fuzz-firmware.c'), 'utf8');
  return runOnce(
    [CLIENT, '-'],
    fuzzer.replace(/#include ".*holdfast_fw.c"/, () => transfer),
    inputs,
  );
}

function runOnce(sources: readonly string[], input: string, inputs: number): string {
  const program = build(sources, { flags: SANITIZED, input });
  onTestFinished(() => program.remove());
  return run(program.path, ['1', String(inputs)], CORPUS);
}
