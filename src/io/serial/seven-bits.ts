/**
 * Check that a port has 7 data bits. tcsetattr(3) reports success if the driver has accepted any of the settings, so
 * the mode is read back: an adapter or a pseudo-terminal may keep 8 bits.
 *
 * Source: <asm-generic/termbits.h>, the same on x64 and arm64.
 */
import { exchangeOverIoctl, type IoctlExchange } from '../libc.ts';

/** Number of <asm-generic/ioctls.h>. */
const TCGETS = 0x5401;
/** `struct termios` of the kernel: four words of flags, then the line discipline and 19 control characters. */
const TERMIOS_BYTES = 36;
const CFLAG_AT = 8;
const CSIZE = 0o60;
const CS7 = 0o40;

/**
 * @param fd open port
 * @param exchange replaced in tests only
 * @throws an error that `explainTtyError` knows
 */
export function checkSevenBits(fd: number, exchange: IoctlExchange = exchangeOverIoctl): void {
  const termios = Buffer.alloc(TERMIOS_BYTES);
  const errno = exchange(fd, TCGETS, termios);
  if (errno !== 0) throw new Error(`no 7 data bits: errno ${errno}`);
  if ((termios.readUInt32LE(CFLAG_AT) & CSIZE) !== CS7) throw new Error('no 7 data bits');
}
