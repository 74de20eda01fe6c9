/** Bytes of the RS-485 mode for the kernel, and drivers that refuse or change the mode. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { IoctlExchange } from '../../../../src/io/libc.ts';
import { encodeRs485, switchRs485On } from '../../../../src/io/serial/rs485.ts';
import { temporaryFolder } from '../../../e2e/faults/fake-service.ts';

const MODE = { rts: 'rts-on-send', beforeMs: 2, afterMs: 3 } as const;
const TIOCGRS485 = 0x542e;
const TIOCSRS485 = 0x542f;

/** Driver that stores the mode, changed by `alter`. */
function driver(alter: (bytes: Buffer) => void = () => undefined): IoctlExchange {
  let stored = Buffer.alloc(32);
  return (_, request, bytes) => {
    if (request === TIOCSRS485) {
      stored = Buffer.from(bytes);
      alter(stored);
    } else stored.copy(bytes);
    return 0;
  };
}

describe('an RS-485 mode', () => {
  it.each([
    [MODE, '03000000 02000000 03000000'],
    [{ rts: 'rts-after-send', beforeMs: 0, afterMs: 100 } as const, '05000000 00000000 64000000'],
  ])('has the bytes of the kernel: %j', (mode, head) => {
    expect(encodeRs485(mode).toString('hex')).toBe(`${head.replaceAll(' ', '')}${'00'.repeat(20)}`);
  });

  it('is switched on, then read back', () => {
    const requests: number[] = [];
    const kernel = driver();
    switchRs485On(7, MODE, (fd, request, bytes) => {
      expect(fd).toBe(7);
      requests.push(request);
      return kernel(fd, request, bytes);
    });
    expect(requests).toEqual([TIOCSRS485, TIOCGRS485]);
  });

  it.each([
    [25, 'no RS-485 mode: ENOTTY'],
    [22, 'no RS-485 mode: EINVAL'],
    [95, 'no RS-485 mode: EOPNOTSUPP'],
    [5, 'no RS-485 mode: errno 5'],
  ])('that the driver refuses with %i is an error', (errno, words) => {
    expect(() => switchRs485On(7, MODE, () => errno)).toThrow(words);
  });

  it.each<[string, (bytes: Buffer) => void, string]>([
    ['switched off', (bytes) => bytes.fill(0, 0, 4), 'the mode is off and not on'],
    ['with the other level', (bytes) => bytes.writeUInt32LE(5), 'RTS while sending is off and not on'],
    ['with another delay', (bytes) => bytes.writeUInt32LE(0, 4), 'ms before sending is 0 and not 2'],
  ])('that the driver keeps %s is an error', (_, alter, words) => {
    expect(() => switchRs485On(7, MODE, driver(alter))).toThrow(`another RS-485 mode: ${words}`);
  });

  it('with a receiver that the driver keeps on is accepted', () => {
    const receives = (bytes: Buffer) => bytes.writeUInt32LE(3 | 0x10);
    expect(() => switchRs485On(7, MODE, driver(receives))).not.toThrow();
  });
});

const SOURCE = `
#include <asm/ioctls.h>
#include <linux/serial.h>
#include <stdio.h>
#include <string.h>
int main(void) {
  struct serial_rs485 mode;
  memset(&mode, 0, sizeof mode);
  mode.flags = SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND;
  mode.delay_rts_before_send = 2;
  mode.delay_rts_after_send = 3;
  for (size_t at = 0; at < sizeof mode; at += 1) printf("%02x", ((unsigned char *)&mode)[at]);
  printf(" %x %x", TIOCSRS485, TIOCGRS485);
}
`;

function compiles(): boolean {
  try {
    execFileSync('cc', ['-x', 'c', '-fsyntax-only', '-'], { input: SOURCE, stdio: ['pipe', 'ignore', 'ignore'] });
    return true;
  } catch {
    console.warn('skipped: the headers of the kernel cannot be compared without gcc, libc6-dev (Debian)');
    return false;
  }
}

it.skipIf(!compiles())('the mode has the bytes and the numbers of the headers of the kernel', () => {
  const folder = temporaryFolder();
  const source = join(folder, 'mode.c');
  writeFileSync(source, SOURCE);
  execFileSync('cc', ['-Wall', '-Werror', '-o', join(folder, 'mode'), source]);
  const words = execFileSync(join(folder, 'mode'), { encoding: 'utf8' });
  expect(words).toBe(`${encodeRs485(MODE).toString('hex')} ${TIOCSRS485.toString(16)} ${TIOCGRS485.toString(16)}`);
});
