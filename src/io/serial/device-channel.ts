/**
 * `Channel` over one open device: bounded queue, deadlines, one `closed`. Used at both ends of a line: by `tty.ts` for
 * the gateway and by `bench/pty.ts` for the simulated subdevice.
 *
 * Invariants: one device per channel, never reopened. Nothing is written before `opened` or after `close`. Every path
 * ends in exactly one `closed`, and no path waits for the device beyond its deadline.
 */
import type { Channel, ChannelListener, LineErrors } from '../../ports.ts';
import { readLineErrors } from '../libc.ts';
import type { ReadTurns } from './read-turns.ts';
import type { OpenDevice } from './safe-binding.ts';

export interface DeviceChannelOptions {
  readonly open: () => Promise<OpenDevice>;
  readonly openMsMax: number;
  readonly closeMsMax: number;
  /** Largest number of bytes that may wait for the device. */
  readonly queuedBytesMax: number;
  /** Effect of a write beyond that limit: close the channel, or lose the bytes as on a wire without flow control. */
  readonly overflow: 'close' | 'lose';
  /** Order in which this device and others are read. */
  readonly turns: Pick<ReadTurns, 'join'>;
  /** Returns text that explains why the device did not open. */
  readonly explain: (error: unknown) => Promise<string>;
  /** Called if a close reached its deadline: the descriptor is still open in this process. */
  readonly onHungClose?: () => void;
}

type SpeedChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'draining'; readonly baudRate: number; readonly deadline: NodeJS.Timeout }
  | { readonly kind: 'running'; readonly deadline: NodeJS.Timeout };

type State =
  | { readonly kind: 'opening'; readonly deadline: NodeJS.Timeout }
  | { readonly kind: 'open'; readonly device: OpenDevice }
  | { readonly kind: 'closing' }
  | { readonly kind: 'closed' };

/**
 * Size of the read buffer. A tty returns at most 4095 bytes per read (N_TTY_BUF_SIZE in the kernel's n_tty.c), which are
 * at most 455 frames (the shortest has 9). The rest waits in the kernel, and then in the sender, until the device's next
 * turn.
 */
const READ_BYTES = 4096;

export class DeviceChannel implements Channel {
  readonly #options: DeviceChannelOptions;
  readonly #listener: ChannelListener;
  readonly #readBuffer = new Uint8Array(READ_BYTES);
  #state: State;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** A flush is scheduled at the end of this tick, or waits for the device to become writable. */
  #flushIsDue = false;
  /** `armed`: the poller waits for the device to become readable. `waiting`: readable, waits for its turn. */
  #reading: 'none' | 'armed' | 'waiting' = 'none';
  /** The poller has reported an error. */
  #isBroken = false;
  /** Change of the speed. `draining`: the queue is written first. `running`: nothing is read or written. */
  #speed: SpeedChange = { kind: 'none' };
  /** Bytes for the new speed. */
  #later: Uint8Array[] = [];

  constructor(options: DeviceChannelOptions, listener: ChannelListener) {
    this.#options = options;
    this.#listener = listener;
    const deadline = setTimeout(() => this.#finish(`did not open within ${options.openMsMax} ms`), options.openMsMax);
    this.#state = { kind: 'opening', deadline };
    options.open().then(
      (device) => this.#adopt(device),
      (error: unknown) => this.#refused(error),
    );
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  lineErrors(): LineErrors | undefined {
    return this.#state.kind === 'open' ? readLineErrors(this.#state.device.fd) : undefined;
  }

  /** Writes of one tick leave in one system call. The caller must not change the bytes after the call. */
  write(bytes: Uint8Array): void {
    if (this.#state.kind !== 'open' || bytes.length === 0) return;
    if (this.#queuedBytes + bytes.length > this.#options.queuedBytesMax) {
      if (this.#options.overflow === 'close') {
        this.close(`the device does not accept data: ${this.#queuedBytes} bytes waiting`);
      }
      return;
    }
    if (this.#speed.kind !== 'none') {
      this.#later.push(bytes);
      return;
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#flushIsDue) return;
    this.#flushIsDue = true;
    process.nextTick(() => this.#flush());
  }

  /**
   * The deadline is that of opening: a change follows a short write. A change during another one is a mistake of the
   * caller, and is ignored.
   */
  setSpeed(baudRate: number): void {
    if (this.#state.kind !== 'open' || this.#speed.kind !== 'none') return;
    const { openMsMax } = this.#options;
    const late = `the device did not change its speed to ${baudRate} baud within ${openMsMax} ms`;
    const deadline = setTimeout(() => this.close(late), openMsMax);
    this.#speed = { kind: 'draining', baudRate, deadline };
    if (!this.#flushIsDue) this.#flush();
  }

  close(reason: string): void {
    switch (this.#state.kind) {
      case 'opening':
        clearTimeout(this.#state.deadline);
        this.#state = { kind: 'closing' };
        setImmediate(() => this.#finish(reason));
        return;
      case 'open':
        this.#release(this.#state.device, reason);
        return;
      case 'closing':
      case 'closed':
        return;
    }
  }

  #adopt(device: OpenDevice): void {
    if (this.#state.kind !== 'opening') {
      // `closed` was already reported, so the result of this close does not matter.
      device.close().catch(() => {});
      return;
    }
    clearTimeout(this.#state.deadline);
    this.#state = { kind: 'open', device };
    const turn = this.#options.turns.join(() => this.#read(device));
    device.watch(
      (broken) => {
        this.#isBroken ||= broken;
        this.#reading = 'waiting';
        turn.ask();
      },
      () => this.#flush(),
    );
    this.#rearm(device);
    this.#listener.opened();
  }

  #refused(error: unknown): void {
    if (this.#state.kind !== 'opening') return;
    this.#options.explain(error).then(
      (reason) => this.#finish(reason),
      () => this.#finish(String(error)),
    );
  }

  /** @returns number of bytes */
  #read(device: OpenDevice): number {
    this.#reading = 'none';
    const count = this.#readOnce(device);
    this.#rearm(device);
    return count;
  }

  #readOnce(device: OpenDevice): number {
    if (this.#state.kind !== 'open' || this.#speed.kind === 'running') return 0;
    const transfer = device.read(this.#readBuffer);
    switch (transfer.kind) {
      case 'moved':
        this.#listener.bytes(this.#readBuffer.subarray(0, transfer.count));
        return transfer.count;
      case 'gone':
        this.close(`the device is gone (${transfer.why})`);
        return 0;
      case 'later':
        if (this.#isBroken) this.close('the device is gone (poll error)');
        return 0;
    }
  }

  #flush(): void {
    this.#flushIsDue = false;
    if (this.#state.kind !== 'open') return;
    const { device } = this.#state;
    this.#writeOut(device);
    this.#rearm(device);
    if (this.#speed.kind === 'draining' && this.#queuedBytes === 0) this.#changeSpeed(device, this.#speed);
  }

  #changeSpeed(device: OpenDevice, { baudRate, deadline }: Extract<SpeedChange, { kind: 'draining' }>): void {
    this.#speed = { kind: 'running', deadline };
    device.setSpeed(baudRate).then(
      () => {
        if (!this.#endSpeedChange(deadline)) return;
        this.#listener.speedSet?.(baudRate);
        for (const bytes of this.#later.splice(0)) this.write(bytes);
        this.#flush();
      },
      (error: unknown) => {
        if (!this.#endSpeedChange(deadline)) return;
        const why = error instanceof Error ? error.message : String(error);
        this.close(`the device does not support the change to ${baudRate} baud: ${why}`);
      },
    );
  }

  /** @returns false if the channel was closed meanwhile */
  #endSpeedChange(deadline: NodeJS.Timeout): boolean {
    clearTimeout(deadline);
    this.#speed = { kind: 'none' };
    return this.#state.kind === 'open';
  }

  /** Writes the queue as far as the device accepts bytes. */
  #writeOut(device: OpenDevice): void {
    while (this.#queuedBytes > 0) {
      const bytes = this.#queue.length === 1 && this.#queue[0] ? this.#queue[0] : Buffer.concat(this.#queue);
      const transfer = device.write(bytes);
      const count = transfer.kind === 'moved' ? transfer.count : 0;
      this.#queue = count === bytes.length ? [] : [bytes.subarray(count)];
      this.#queuedBytes -= count;
      if (transfer.kind === 'gone') this.close(`the device is gone (${transfer.why})`);
      if (transfer.kind !== 'moved') return;
    }
  }

  #rearm(device: OpenDevice): void {
    if (this.#state.kind !== 'open') return;
    this.#flushIsDue = this.#queuedBytes > 0;
    if (this.#speed.kind === 'running') return;
    if (this.#reading !== 'none' && !this.#flushIsDue) return;
    if (this.#reading === 'none') this.#reading = 'armed';
    device.arm(this.#flushIsDue);
  }

  /** Closes the device. Bytes that it accepts without waiting are still written, e.g. a DISCONNECT. */
  #release(device: OpenDevice, reason: string): void {
    this.#state = { kind: 'closing' };
    this.#writeOut(device);
    const { closeMsMax, onHungClose } = this.#options;
    const deadline = setTimeout(() => {
      onHungClose?.();
      this.#finish(`${reason}; the device did not close within ${closeMsMax} ms`);
    }, closeMsMax);
    const done = (): void => {
      clearTimeout(deadline);
      this.#finish(reason);
    };
    device.close().then(done, done);
  }

  #finish(reason: string): void {
    if (this.#state.kind === 'closed') return;
    if (this.#state.kind === 'opening') clearTimeout(this.#state.deadline);
    if (this.#speed.kind !== 'none') clearTimeout(this.#speed.deadline);
    this.#state = { kind: 'closed' };
    this.#queue = [];
    this.#later = [];
    this.#queuedBytes = 0;
    this.#listener.closed(reason);
  }
}
