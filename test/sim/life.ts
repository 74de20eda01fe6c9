/**
 * One life of the gateway process, until it is killed or the power is cut. After its end its parts get no timer, no byte and
 * no receipt. A restart of the process alone keeps the boot, and so the monotonic clock.
 */
import type { ChannelListener, Clock, OpenChannel } from '../../src/ports.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Boot {
  readonly bootId: string;
  /** World time at which the monotonic clock was 0. */
  readonly startedAtMs: number;
}

export class Life {
  readonly boot: Boot;
  readonly clock: Clock;
  isAlive = true;

  /** @param wallMs wall clock of the machine, correct or not */
  constructor(boot: Boot, time: VirtualTime, wallMs: () => number) {
    this.boot = boot;
    this.clock = {
      nowMs: () => time.nowMs - boot.startedAtMs,
      wallMs,
      wakeAt: (atMs, wake) =>
        time.at(atMs + boot.startedAtMs, () => {
          if (this.isAlive) wake();
        }),
    };
  }

  /** Returns a channel that is closed when this life ends. */
  guard(open: OpenChannel): OpenChannel {
    return (listener) => {
      const guarded: ChannelListener = {
        opened: () => this.isAlive && listener.opened(),
        bytes: (bytes) => this.isAlive && listener.bytes(bytes),
        speedSet: (baudRate) => this.isAlive && listener.speedSet?.(baudRate),
        closed: (reason) => this.isAlive && listener.closed(reason),
      };
      const channel = open(guarded);
      return {
        write: (bytes) => this.isAlive && channel.write(bytes),
        setSpeed: (baudRate) => this.isAlive && channel.setSpeed?.(baudRate),
        get queuedBytes() {
          return channel.queuedBytes;
        },
        close: (reason) => this.isAlive && channel.close(reason),
      };
    };
  }
}
