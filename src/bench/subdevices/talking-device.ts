/**
 * Simulated device that sends on its own and reads nothing, such as a meter, a scale or a GPS receiver: one text every
 * `everyMs`, with a number that rises.
 */
import type { ChannelAction, ChannelInput, Machine } from '../../base/machine.ts';

export interface TalkingDeviceOptions {
  readonly everyMs: number;
  /** Bytes that the device sends. @param number 1 for the first text */
  textOf(number: number): Uint8Array;
}

export class TalkingDevice implements Machine<ChannelInput, ChannelAction> {
  readonly #options: TalkingDeviceOptions;
  #number = 0;
  #nextAtMs: number | undefined;

  constructor(options: TalkingDeviceOptions) {
    this.#options = options;
  }

  wakeAtMs(): number | undefined {
    return this.#nextAtMs;
  }

  handle(input: ChannelInput, nowMs: number): ChannelAction[] {
    switch (input.kind) {
      case 'start':
      case 'closed':
        this.#nextAtMs = undefined;
        return [{ kind: 'open' }];
      case 'stop':
        this.#nextAtMs = undefined;
        return [{ kind: 'close', reason: 'the device is stopped' }];
      case 'opened':
        this.#nextAtMs = nowMs;
        return [];
      case 'speedSet':
        return [];
      case 'bytes':
        return [];
      case 'wake':
        if (this.#nextAtMs === undefined || nowMs < this.#nextAtMs) return [];
        this.#nextAtMs = nowMs + this.#options.everyMs;
        this.#number += 1;
        return [{ kind: 'write', bytes: this.#options.textOf(this.#number) }];
    }
  }
}
