/**
 * The only loop that runs a machine over a byte channel: channel events and timers go in, actions come out.
 *
 * Inputs are handled one after the other, also those that an action of the machine itself gives rise to, so the bytes
 * leave in the order in which the machine decided.
 */
import type { ChannelAction, ChannelInput, Machine } from '../base/machine.ts';
import type { Channel, Clock, LineErrors, OpenChannel, PortWait } from '../ports.ts';
import type { FlightRecorder } from '../recorder/flight-recorder.ts';
import type { Mailbox } from './mailbox.ts';
import { Timer } from './timer.ts';

export interface PumpOptions<Input, Action> {
  readonly machine: Machine<Input, Action>;
  readonly open: OpenChannel;
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  /** Everything that is not about the channel. */
  readonly act: (action: Exclude<Action, ChannelAction>) => void;
  /** The channel has opened or closed: for onlookers. */
  readonly onChannel?: (state: 'opened' | 'closed', reason: string) => void;
  /** It cannot be opened yet: for onlookers. */
  readonly onWait?: (wait: PortWait) => void;
  /** Bytes have come, whatever they mean; a view. */
  readonly onBytes?: (bytes: Uint8Array) => void;
  /** Sees everything that goes in and comes out. */
  readonly recorder?: FlightRecorder;
  /**
   * The machine threw on this input. Brings it, or another in its place, into a known state; without this the throw goes
   * on to the mailbox. @returns what is to be done then
   */
  readonly contain?: (input: Input, error: unknown) => readonly Action[];
}

export class Pump<Input extends { readonly kind: string }, Action extends { readonly kind: string }> {
  readonly #options: PumpOptions<Input | ChannelInput, Action | ChannelAction>;
  readonly #timer: Timer;
  readonly #inputs: (Input | ChannelInput)[] = [];
  #isRunning = false;
  #channel: Channel | undefined;
  /** Told of by a channel that is not ours any more: ignored. */
  #generation = 0;

  constructor(options: PumpOptions<Input | ChannelInput, Action | ChannelAction>) {
    this.#options = options;
    this.#timer = new Timer(options.clock, options.mailbox, () => this.input({ kind: 'wake' }));
  }

  /** Bytes written that the operating system has not taken yet. */
  get queuedBytes(): number {
    return this.#channel?.queuedBytes ?? 0;
  }

  /** What the kernel has counted on its channel; `undefined`: it does not, or there is none. */
  get lineErrors(): LineErrors | undefined {
    return this.#channel?.lineErrors?.();
  }

  /** Stops or resumes reading of the channel that is open now; a new one is read. */
  setReading(isReading: boolean): void {
    this.#channel?.setReading?.(isReading);
  }

  /** Ends the channel, not the machine, which hears of it as of any other end. */
  closeChannel(reason: string): void {
    this.#channel?.close(reason);
  }

  /** Gives the channel up: what it says from now on reaches nobody. */
  abandonChannel(reason: string): void {
    this.#generation += 1;
    this.#channel?.close(reason);
    this.#channel = undefined;
  }

  /** Within a task of the mailbox. */
  input(input: Input | ChannelInput): void {
    this.#inputs.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#run(next);
    } finally {
      this.#isRunning = false;
    }
    this.#timer.set(this.#options.machine.wakeAtMs());
  }

  #run(input: Input | ChannelInput): void {
    if (input.kind === 'bytes' && 'bytes' in input) this.#options.onBytes?.(input.bytes);
    const actions = this.#handle(input, this.#options.clock.nowMs());
    for (const action of actions) {
      if (isChannelAction(action)) this.#operate(action);
      else this.#options.act(action as Exclude<Action, ChannelAction>);
    }
  }

  /** What the machine throws is contained; what comes of its actions is not. */
  #handle(input: Input | ChannelInput, nowMs: number): readonly (Action | ChannelAction)[] {
    const { machine, recorder, contain } = this.#options;
    try {
      recorder?.begin(input, nowMs);
      const actions = machine.handle(input, nowMs);
      machine.wakeAtMs(); // asked for again once the actions are done: it would throw there
      recorder?.end(actions);
      return actions;
    } catch (error) {
      if (contain === undefined) throw error;
      this.#inputs.length = 0; // they were for a machine that is no more
      return contain(input, error);
    }
  }

  #operate(action: ChannelAction): void {
    switch (action.kind) {
      case 'open':
        this.#open();
        return;
      case 'write':
        this.#channel?.write(action.bytes);
        return;
      case 'close':
        this.#channel?.close(action.reason);
        return;
    }
  }

  #open(): void {
    this.#generation += 1;
    const generation = this.#generation;
    const post = (input: ChannelInput): void => {
      this.#options.mailbox.post(() => {
        if (generation === this.#generation) this.input(input);
      });
    };
    this.#channel = this.#options.open({
      waits: (wait) => this.#options.onWait?.(wait),
      opened: () => {
        this.#options.onChannel?.('opened', '');
        post({ kind: 'opened' });
      },
      bytes: (bytes) => post({ kind: 'bytes', bytes }),
      closed: (reason) => {
        this.#options.onChannel?.('closed', reason);
        post({ kind: 'closed', reason });
      },
    });
  }
}

function isChannelAction(action: { readonly kind: string }): action is ChannelAction {
  return action.kind === 'open' || action.kind === 'write' || action.kind === 'close';
}
