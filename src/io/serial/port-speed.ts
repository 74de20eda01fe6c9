/**
 * Speed of an open serial port, as its driver has it. tcsetattr(3) reports success if the driver has accepted any of the
 * settings, so a change of the speed is read back.
 *
 * Source: <asm-generic/termbits.h>, the same on x64 and arm64: `struct termios2` has four words of flags, the line
 * discipline, 19 control characters, and the speeds of input and output.
 */
import { exchangeOverIoctl, type IoctlExchange } from '../libc.ts';

/** _IOR('T', 0x2A, struct termios2) of <asm-generic/ioctls.h>. */
const TCGETS2 = 0x802c542a;
const TERMIOS2_BYTES = 44;
const OUTPUT_SPEED_AT = 40;
/**
 * Largest deviation of a speed, as a share. A driver names the speed that its divider reaches. The two ends of a line
 * may differ by about 5 % over the 10 bits of a byte, and the other end deviates too.
 */
const DEVIATION_MAX = 0.025;

/** Returns the speed of a port, or of the slave of a PTY master. @throws if the file has none */
export function portSpeed(fd: number, exchange: IoctlExchange = exchangeOverIoctl): number {
  const termios = Buffer.alloc(TERMIOS2_BYTES);
  const errno = exchange(fd, TCGETS2, termios);
  if (errno !== 0) throw new Error(`the port has no speed: errno ${errno}`);
  return termios.readUInt32LE(OUTPUT_SPEED_AT);
}

/**
 * @param fd open port
 * @param exchange replaced in tests only
 * @throws if the port has another speed
 */
export function checkPortSpeed(fd: number, baudRate: number, exchange: IoctlExchange = exchangeOverIoctl): void {
  const speed = portSpeed(fd, exchange);
  if (Math.abs(speed - baudRate) > baudRate * DEVIATION_MAX) throw new Error(`the port has ${speed} baud`);
}
