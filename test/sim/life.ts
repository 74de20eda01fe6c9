/**
 * One life of the gateway's machine: from power on to power cut. Whatever belongs to a life is deaf once it is over: no
 * timer rings, no byte arrives, no receipt. A restart of the process alone keeps the boot, and so its monotonic clock.
 */
import type { ChannelListener, Clock, OpenChannel } from '../../src/ports.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Boot {
  readonly bootId: string;
  /** World time at which its monotonic clock read 0. */
  readonly startedAtMs: number;
}

export class Life {
  readonly boot: Boot;
  readonly clock: Clock;
  isAlive = true;

  /** @param wallMs what the machine's wall clock shows, right or wrong */
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

  /** A channel that falls silent with this life. */
  guard(open: OpenChannel): OpenChannel {
    return (listener) => {
      const guarded: ChannelListener = {
        opened: () => this.isAlive && listener.opened(),
        bytes: (bytes) => this.isAlive && listener.bytes(bytes),
        closed: (reason) => this.isAlive && listener.closed(reason),
      };
      const channel = open(guarded);
      return {
        write: (bytes) => this.isAlive && channel.write(bytes),
        get queuedBytes() {
          return channel.queuedBytes;
        },
        close: (reason) => this.isAlive && channel.close(reason),
      };
    };
  }
}
