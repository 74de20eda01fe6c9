/**
 * RS-485 mode of a serial port: the kernel switches the transceiver between sending and receiving by RTS.
 *
 * A program would switch too late, because it learns only after the last byte that the byte has left. The driver of the
 * port must have the mode; USB adapters and pseudo-terminals do not, and many adapters switch the direction themselves.
 *
 * Source: the kernel's Documentation/driver-api/serial/serial-rs485.rst and <linux/serial.h>. `struct serial_rs485` has
 * fields of 4 bytes only, so it is the same on x64 and arm64.
 */
import type { Rs485Mode } from '../../base/rs485-mode.ts';
import { exchangeOverIoctl, type IoctlExchange } from '../libc.ts';

/** Numbers of <asm-generic/ioctls.h>. */
const TIOCGRS485 = 0x542e;
const TIOCSRS485 = 0x542f;
/** Flags of <linux/serial.h>. Without SER_RS485_RX_DURING_TX the receiver is off while the port sends. */
const ENABLED = 1 << 0;
const RTS_ON_SEND = 1 << 1;
const RTS_AFTER_SEND = 1 << 2;
/** `struct serial_rs485`: flags, delay before and after, then five reserved words. */
const MODE_BYTES = 32;
const BEFORE_AT = 4;
const AFTER_AT = 8;

/** Errors of a driver without the mode (errno-base.h, errno.h). */
const ERRORS: Readonly<Record<number, string>> = { 22: 'EINVAL', 25: 'ENOTTY', 95: 'EOPNOTSUPP' };

export function encodeRs485({ rts, beforeMs, afterMs }: Rs485Mode): Buffer {
  const bytes = Buffer.alloc(MODE_BYTES);
  bytes.writeUInt32LE(ENABLED | (rts === 'rts-on-send' ? RTS_ON_SEND : RTS_AFTER_SEND), 0);
  bytes.writeUInt32LE(beforeMs, BEFORE_AT);
  bytes.writeUInt32LE(afterMs, AFTER_AT);
  return bytes;
}

/**
 * Switches the mode on, and reads it back: a driver may change what it does not support.
 * @param fd open port
 * @param exchange replaced in tests only
 * @throws an error that `explainTtyError` knows, if the driver has no such mode or another one
 */
export function switchRs485On(fd: number, mode: Rs485Mode, exchange: IoctlExchange = exchangeOverIoctl): void {
  const wanted = encodeRs485(mode);
  const applied = Buffer.from(wanted);
  const errno = exchange(fd, TIOCSRS485, applied) || exchange(fd, TIOCGRS485, applied);
  if (errno !== 0) throw new Error(`no RS-485 mode: ${ERRORS[errno] ?? `errno ${errno}`}`);
  const differences = [
    differenceOf('the mode', wordOf(applied, ENABLED), wordOf(wanted, ENABLED)),
    differenceOf('RTS while sending', wordOf(applied, RTS_ON_SEND), wordOf(wanted, RTS_ON_SEND)),
    differenceOf('ms before sending', String(applied.readUInt32LE(BEFORE_AT)), String(mode.beforeMs)),
    differenceOf('ms after sending', String(applied.readUInt32LE(AFTER_AT)), String(mode.afterMs)),
  ].filter((words) => words !== undefined);
  if (differences.length > 0) throw new Error(`another RS-485 mode: ${differences.join(', ')}`);
}

function wordOf(mode: Buffer, flag: number): string {
  return (mode.readUInt32LE(0) & flag) === 0 ? 'off' : 'on';
}

function differenceOf(name: string, applied: string, wanted: string): string | undefined {
  return applied === wanted ? undefined : `${name} is ${applied} and not ${wanted}`;
}
