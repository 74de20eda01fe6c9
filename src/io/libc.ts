/**
 * Calls of the C library that Node does not offer. The only importer of `koffi`.
 *
 * The symbols come from the running program itself, so any libc works. Each call returns at once or fails.
 */
import { createRequire } from 'node:module';
import { once } from '../base/once.ts';
import type { LineErrors } from '../ports.ts';

const require = createRequire(import.meta.url);

/** Functions of the C library. They are loaded at the first call, because most commands call none. */
const libc = once(() => {
  const koffi: typeof import('koffi') = require('koffi');
  const library = koffi.load(null);
  return {
    errno: () => koffi.errno(),
    grantpt: library.func('int grantpt(int fd)'),
    unlockpt: library.func('int unlockpt(int fd)'),
    ptsname: library.func('int ptsname_r(int fd, _Out_ char *buffer, size_t bytes)'),
    socket: library.func('int socket(int domain, int type, int protocol)'),
    sendto: library.func(
      'intptr_t sendto(int fd, const uint8_t *bytes, size_t length, int flags, const uint8_t *address, uint32_t addressLength)',
    ),
    getsockopt: library.func(
      'int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)',
    ),
    setsockopt: library.func('int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)'),
    ioctl: library.func('int ioctl(int fd, unsigned long request, ...)'),
    close: library.func('int close(int fd)'),
    poll: library.func('int poll(_Inout_ uint8_t *entries, unsigned long count, int timeoutMs)'),
    exit: library.func('void _exit(int status)'),
    fallocate: library.func('int posix_fallocate(int fd, int64_t offset, int64_t bytes)'),
  };
});

/** Size of the buffer for the path of a slave: `/dev/pts/` and a number of at most ten digits. */
const PTS_NAME_BYTES_MAX = 64;

/** Unlocks the slave of an open PTY master and returns its path. */
export function nameSlave(masterFd: number): string {
  const buffer = Buffer.alloc(PTS_NAME_BYTES_MAX);
  check('grantpt', libc().grantpt(masterFd));
  check('unlockpt', libc().unlockpt(masterFd));
  check('ptsname_r', libc().ptsname(masterFd, buffer, buffer.length));
  return buffer.toString('utf8', 0, buffer.indexOf(0));
}

/** Numbers of <netinet/in.h> and <linux/tcp.h>. */
const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;

/** Sets the largest time without an acknowledgement of data or of a keep-alive probe on a TCP socket. @throws the error */
export function setUserTimeout(fd: number, ms: number): void {
  const value = Buffer.alloc(4);
  value.writeUInt32LE(ms);
  check('setsockopt', libc().setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, value, value.length));
}

/** Numbers of <asm-generic/termios.h>. */
const TIOCMBIS = 0x5416;
const TIOCMBIC = 0x5417;
const DTR_AND_RTS = 0x002 | 0x004;

/** Sets DTR and RTS of an open serial port. Throws for a PTY, which has no modem lines. */
export function setModemLines(fd: number, level: 'high' | 'low'): void {
  const lines = Buffer.alloc(4);
  lines.writeInt32LE(DTR_AND_RTS);
  check('ioctl', libc().ioctl(fd, level === 'high' ? TIOCMBIS : TIOCMBIC, 'int *', lines));
}

/** Number of <asm-generic/ioctls.h>, the same on all supported architectures. */
const TIOCGICOUNT = 0x545d;
/**
 * `struct serial_icounter_struct` of <linux/serial.h>: 20 ints, of them cts, dsr, rng, dcd, rx, tx, frame, overrun,
 * parity, brk, buf_overrun, and nine reserved.
 */
const ICOUNTER_BYTES = 80;
const ICOUNTER_AT = { framing: 24, overruns: 28, parity: 32, breaks: 36, bufferOverruns: 40 } as const;

/**
 * Reads the error counters of the driver of an open serial port. `undefined`: the driver has none, for example a PTY
 * (ENOTTY or EINVAL, depending on the kernel version).
 * @param ioctl replaced in tests only
 */
export function readLineErrors(
  fd: number,
  ioctl: (fd: number, request: number, into: Buffer) => number = (...call) =>
    libc().ioctl(call[0], call[1], 'void *', call[2]),
): LineErrors | undefined {
  const counters = Buffer.alloc(ICOUNTER_BYTES);
  if (ioctl(fd, TIOCGICOUNT, counters) < 0) return undefined;
  const at = (offset: number): number => counters.readUInt32LE(offset);
  return {
    framing: at(ICOUNTER_AT.framing),
    parity: at(ICOUNTER_AT.parity),
    overruns: at(ICOUNTER_AT.overruns),
    bufferOverruns: at(ICOUNTER_AT.bufferOverruns),
    breaks: at(ICOUNTER_AT.breaks),
  };
}

/** Sends the bytes to the driver of an open file, which may change them. @returns 0, or the error number */
export type IoctlExchange = (fd: number, request: number, bytes: Buffer) => number;

export const exchangeOverIoctl: IoctlExchange = (fd, request, bytes) =>
  libc().ioctl(fd, request, 'void *', bytes) < 0 ? libc().errno() : 0;

/** Numbers of <asm-generic/socket.h>, the same on all supported architectures. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** `struct ucred` of unix(7): pid, uid and gid, 4 bytes each. */
const UCRED_BYTES = 12;
const UCRED_UID_AT = 4;

/** Returns the user who opened the other end of a Unix socket, as the kernel noted it then. Throws on failure. */
export function peerUidOf(fd: number): number {
  const credentials = Buffer.alloc(UCRED_BYTES);
  check('getsockopt', libc().getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, [UCRED_BYTES]));
  return credentials.readUInt32LE(UCRED_UID_AT);
}

/**
 * Ends the process without waiting for its threads. `process.exit` would wait for a thread that is in a system call.
 */
export function exitAtOnce(code: number): void {
  libc().exit(code);
}

/**
 * Reserves room on the disk for the first bytes of an open file, which becomes at least as long. The call runs in a
 * thread of its own, because a file system without this function may have to write every block.
 *
 * @returns 0, or the error number; the file must stay open until then
 */
export function reserveRoom(fd: number, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    libc().fallocate.async(fd, 0, bytes, (error: unknown, result: number) => {
      if (error === null || error === undefined) resolve(result);
      else reject(error);
    });
  });
}

/** `struct pollfd` of poll(2): the number of the file in 4 bytes, wanted and found events in 2 bytes each. */
const POLL_ENTRY_BYTES = 8;
const POLL_FOUND_AT = 6;
/** Numbers of <asm-generic/poll.h>. The kernel reports them without a request. */
const POLLERR = 0x8;
const POLLHUP = 0x10;

/** True if the file is a pipe or a socket whose other end is closed. Reads and writes nothing. */
export function hasNoReader(fd: number): boolean {
  const entry = Buffer.alloc(POLL_ENTRY_BYTES);
  entry.writeInt32LE(fd);
  return libc().poll(entry, 1, 0) > 0 && (entry.readUInt16LE(POLL_FOUND_AT) & (POLLERR | POLLHUP)) !== 0;
}

/** Numbers of <sys/socket.h> on Linux. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** Size of the path in sockaddr_un, which has two bytes for the family before it. */
const PATH_BYTES_MAX = 108;

/**
 * Sends one datagram to a Unix socket. A leading `@` means the abstract namespace. Throws on failure.
 */
export function sendUnixDatagram(path: string, text: string): void {
  const address = encodeUnixAddress(path);
  const bytes = Buffer.from(text);
  const fd = libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  check('socket', fd);
  try {
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    check('sendto', libc().sendto(fd, bytes, bytes.length, flags, address, address.length));
  } finally {
    libc().close(fd);
  }
}

/** Encodes sockaddr_un. The family has the byte order of the machine: little-endian on all supported architectures. */
function encodeUnixAddress(path: string): Buffer {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  if (name.length === 0 || name.length > PATH_BYTES_MAX) throw new Error(`no socket path: ${path}`);
  return Buffer.concat([Buffer.from([AF_UNIX, 0]), name]);
}

function check(call: string, result: number): void {
  if (result < 0) throw new Error(`${call} failed with errno ${libc().errno()}`);
}
