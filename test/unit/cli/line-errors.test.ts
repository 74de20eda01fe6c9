/** Error counters of the kernel for a serial port: their positions in the answer, and missing answers. */
import { describe, expect, it } from 'vitest';
import { readLineErrors } from '../../../src/io/libc.ts';
import { build, isWithoutCompiler, run } from '../../hw/toolchain.ts';

/** Program that prints the request and the fields of `struct serial_icounter_struct` from the headers of this machine. */
const LAYOUT = `
#include <stddef.h>
#include <stdio.h>
#include <asm/ioctls.h>
#include <linux/serial.h>
#define AT(field) (int)(offsetof(struct serial_icounter_struct, field))
int main(void) {
  printf("[%d,%d,%d,%d,%d,%d,%d]", TIOCGICOUNT, (int)sizeof(struct serial_icounter_struct),
         AT(frame), AT(parity), AT(overrun), AT(buf_overrun), AT(brk));
  return 0;
}
`;

/** Fake driver that writes 100 + its position to each int, and records the requests. */
function countingDriver() {
  const asked: { fd: number; request: number; bytes: number }[] = [];
  const ioctl = (fd: number, request: number, into: Buffer): number => {
    asked.push({ fd, request, bytes: into.length });
    for (let at = 0; at < into.length; at += 4) into.writeInt32LE(100 + at, at);
    return 0;
  };
  return { asked, ioctl };
}

describe('the error counters of a port', () => {
  it('are read with one call', () => {
    const { asked, ioctl } = countingDriver();
    expect(readLineErrors(7, ioctl)).toEqual({
      ...{ framing: 124, overruns: 128, parity: 132, breaks: 136, bufferOverruns: 140 },
    });
    expect(asked).toEqual([{ fd: 7, request: 0x545d, bytes: 80 }]);
  });

  it.skipIf(isWithoutCompiler())('have the positions of the kernel’s headers', () => {
    const program = build(['-'], { input: LAYOUT });
    const [request, bytes, ...offsets] = JSON.parse(run(program.path, []));
    program.remove();
    const { asked, ioctl } = countingDriver();
    const errors = readLineErrors(7, ioctl);
    expect(asked).toEqual([{ fd: 7, request, bytes }]);
    const { framing, parity, overruns, bufferOverruns, breaks } = errors ?? {};
    expect([framing, parity, overruns, bufferOverruns, breaks]).toEqual(offsets.map((at: number) => 100 + at));
  });

  it('are unknown, not zero, if the driver does not count', () => {
    expect(readLineErrors(7, () => -1)).toBeUndefined();
  });
});
