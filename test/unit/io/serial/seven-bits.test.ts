/** The check that a driver has taken 7 data bits. */
import { expect, it } from 'vitest';
import type { IoctlExchange } from '../../../../src/io/libc.ts';
import { checkSevenBits } from '../../../../src/io/serial/seven-bits.ts';

const flags =
  (cflag: number): IoctlExchange =>
  (_, __, termios) => {
    termios.writeUInt32LE(cflag, 8);
    return 0;
  };

it('a port with 7 data bits is accepted, with any other flag', () => {
  expect(() => checkSevenBits(3, flags(0o40 | 0o400 | 0o200))).not.toThrow();
});

it.each([
  ['8 data bits', flags(0o60)],
  ['6 data bits', flags(0o20)],
  ['no terminal', () => 25],
])('a port with %s is refused', (_, exchange) => {
  expect(() => checkSevenBits(3, exchange)).toThrow(/^no 7 data bits/);
});
