/** Waits for descriptors: ppoll(2), with a time limit in microseconds. Node itself has no call that waits for several. */
import koffi from 'koffi';

const ppollCall = koffi.load(null).func('int ppoll(void *fds, unsigned long count, void *timeout, void *mask)');

/** `struct pollfd` of <poll.h>: int fd, short events, short revents. */
const ENTRY_BYTES = 8;
const POLLIN = 0x1;
const POLLOUT = 0x4;
/** `struct timespec` on the supported architectures, which have 64 bits. */
const TIMESPEC_BYTES = 16;

export class Poll {
  readonly #entries: Buffer;
  readonly #timeout = Buffer.alloc(TIMESPEC_BYTES);
  readonly #fds: readonly number[];

  constructor(fds: readonly number[]) {
    this.#fds = fds;
    this.#entries = Buffer.alloc(fds.length * ENTRY_BYTES);
    for (const [index, fd] of fds.entries()) this.#entries.writeInt32LE(fd, index * ENTRY_BYTES);
  }

  wantWrite(index: number, isWanted: boolean): void {
    this.#entries.writeInt16LE(isWanted ? POLLIN | POLLOUT : POLLIN, index * ENTRY_BYTES + 4);
  }

  /** Returns when a descriptor is ready, or after the time. */
  wait(timeoutUs: number): void {
    const us = Math.max(0, Math.round(timeoutUs));
    this.#timeout.writeBigInt64LE(BigInt(Math.floor(us / 1e6)), 0);
    this.#timeout.writeBigInt64LE(BigInt((us % 1e6) * 1000), 8);
    ppollCall(this.#entries, this.#fds.length, this.#timeout, null);
  }

  /** Returns when the descriptor takes bytes again. */
  waitForRoom(index: number): void {
    this.#entries.writeInt16LE(POLLOUT, index * ENTRY_BYTES + 4);
    this.wait(1e6);
  }

  /** True if the last wait found something to read, or the end of the line. */
  isReadable(index: number): boolean {
    return (this.#entries.readInt16LE(index * ENTRY_BYTES + 6) & ~POLLOUT) !== 0;
  }
}
