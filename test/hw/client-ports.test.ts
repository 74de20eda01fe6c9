/** Sizes of the C client and of its firmware transfer for a Cortex-M0+, and compilation of its ports. Only the POSIX port runs here. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLIENT, isMissing, isWithoutCompiler, ROOT, run, STRICT, TRANSFER } from './toolchain.ts';

/** Sources, with the largest size of code and constants, octets. */
const SOURCES = [
  ['the client', CLIENT, 6144],
  ['the firmware transfer', TRANSFER, 2560],
] as const;
const STUBS = join(ROOT, 'test/hw/stubs');
const INCLUDE_CLIENT = ['-I', join(ROOT, 'hw/client')];
const CORTEX_M0_PLUS = ['-std=c99', ...STRICT, '-Os', '-mcpu=cortex-m0plus', '-mthumb', ...INCLUDE_CLIENT];
/** Headers for a compiler without a C library. Headers of an installed library take precedence. */
const BARE = ['-idirafter', join(STUBS, 'libc')];

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-ports-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe.skipIf(isMissing('arm-none-eabi-gcc', 'gcc-arm-none-eabi'))('the C client for a Cortex-M0+', () => {
  it.each(SOURCES)('%s has no static variables, and few octets of code and constants', (_, source, bytesMax) => {
    const object = join(folder(), 'client.o');
    run('arm-none-eabi-gcc', [...CORTEX_M0_PLUS, ...BARE, '-c', '-o', object, source]);
    const size = run('arm-none-eabi-size', [object]);
    console.log(size);
    const [text, initialised, zeroed] = (size.split('\n')[1] ?? '').trim().split(/\s+/).map(Number);
    expect(text).toBeLessThan(bytesMax);
    expect([initialised, zeroed]).toEqual([0, 0]);
  });

  it.each(SOURCES)('%s uses no functions but those of memory, strings, compiler and client', (_, source) => {
    const object = join(folder(), 'client.o');
    run('arm-none-eabi-gcc', [...CORTEX_M0_PLUS, ...BARE, '-c', '-o', object, source]);
    const wanted = run('arm-none-eabi-nm', ['-u', object]).match(/\w{2,}/g) ?? [];
    expect(
      wanted.filter((name) => !/^(mem(cpy|set|cmp|chr)|strlen|hf_publish|__gnu_thumb1_case_\w+)$/.test(name)),
    ).toEqual([]);
  });

  it('is compiled into the RP2040 example (against stubs of the Pico SDK)', () => {
    const pico = ['-I', join(STUBS, 'pico')];
    const source = join(ROOT, 'hw/ports/rp2040/main.c');
    run('arm-none-eabi-gcc', [...CORTEX_M0_PLUS, ...BARE, ...pico, '-c', '-o', '/dev/null', source]);
  });
});

describe.skipIf(isWithoutCompiler())('the ports', () => {
  it('POSIX: its Makefile builds a program that reports an unusable device', () => {
    const copy = folder();
    cpSync(join(ROOT, 'hw'), copy, { recursive: true });
    run('make', ['--quiet', '-C', join(copy, 'ports/posix')]);
    const program = join(copy, 'ports/posix/holdfast-subdevice');
    expect(() => run(program, ['/dev/null', 'a'])).toThrow('cannot open /dev/null as a serial line');
    expect(() => run(program, [])).toThrow('usage: ');
  });

  it('RP2040: the example compiles (against stubs of the Pico SDK)', () => {
    const flags = ['-std=c99', ...STRICT, ...INCLUDE_CLIENT, '-I', join(STUBS, 'pico')];
    run('cc', [...flags, '-c', '-o', '/dev/null', join(ROOT, 'hw/ports/rp2040/main.c')]);
  });
});

describe.skipIf(isMissing('c++', 'g++', ['-x', 'c++']))('the Arduino example', () => {
  it('compiles as C++ (against stubs of the Arduino core)', () => {
    const flags = ['-std=c++11', ...STRICT, ...INCLUDE_CLIENT, '-I', join(STUBS, 'arduino'), '-x', 'c++'];
    const sketch = join(ROOT, 'hw/ports/arduino/examples/subdevice/subdevice.ino');
    run('c++', [...flags, '-c', '-o', '/dev/null', sketch]);
  });
});
