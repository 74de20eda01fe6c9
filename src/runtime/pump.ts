/**
 * The only loop that runs a machine over a byte channel: channel events and timers go in, actions come out.
 *
 * Inputs are handled one after the other, including inputs caused by the machine's own actions. So bytes leave in the
 * order in which the machine decided.
 */
import { type ChannelAction, type ChannelInput, isChannelAction, type Machine } from '../base/machine.ts';
import type { Channel, Clock, LineErrors, OpenChannel, PortWait } from '../ports.ts';
import type { FlightRecorder } from '../recorder/flight-recorder.ts';
import type { Mailbox } from './mailbox.ts';
import { Timer } from './timer.ts';

export interface PumpOptions<Input, Action> {
  readonly machine: Machine<Input, Action>;
  readonly open: OpenChannel;
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  /** Handles all actions that are not about the channel. */
  readonly act: (action: Exclude<Action, ChannelAction>) => void;
  /** Called for observers when the channel has opened or closed. */
  readonly onChannel?: (state: 'opened' | 'closed', reason: string) => void;
  /** Called for observers while the channel cannot be opened yet. */
  readonly onWait?: (wait: PortWait) => void;
  /** Called for all received bytes; the array is a view. */
  readonly onBytes?: (bytes: Uint8Array) => void;
  /** Records all inputs and actions. */
  readonly recorder?: FlightRecorder;
  /**
   * Called if the machine threw on this input. Brings this machine or a new one into a known state. Without this
   * function the error goes on to the mailbox. @returns actions to run then
   */
  readonly contain?: (input: Input, error: unknown) => readonly Action[];
}

export class Pump<Input extends { readonly kind: string }, Action extends { readonly kind: string }> {
  readonly #options: PumpOptions<Input | ChannelInput, Action | ChannelAction>;
  readonly #timer: Timer;
  readonly #inputs: (Input | ChannelInput)[] = [];
  #isRunning = false;
  /** Time at which the machine wants its next `wake`, as of the last input. */
  #wakeAtMs: number | undefined;
  #channel: Channel | undefined;
  /** Called once when the machine has handled the end of the channel. */
  #afterClose: (() => void) | undefined;
  /** Number of the current channel. Events from a previous channel are ignored. */
  #generation = 0;

  constructor(options: PumpOptions<Input | ChannelInput, Action | ChannelAction>) {
    this.#options = options;
    this.#timer = new Timer(options.clock, options.mailbox, () => this.input({ kind: 'wake' }));
  }

  /** Bytes written that the operating system has not taken yet. */
  get queuedBytes(): number {
    return this.#channel?.queuedBytes ?? 0;
  }

  /** Line errors counted by the kernel. `undefined`: the kernel does not count, or no channel is open. */
  get lineErrors(): LineErrors | undefined {
    return this.#channel?.lineErrors?.();
  }

  /** Stops or resumes reading of the open channel. A new channel is read. */
  setReading(isReading: boolean): void {
    this.#channel?.setReading?.(isReading);
  }

  /** Closes the channel. The machine receives `closed` as for any other end. */
  closeChannel(reason: string): void {
    this.#channel?.close(reason);
  }

  /** Closes the channel and ignores all its later events. */
  abandonChannel(reason: string): void {
    this.#generation += 1;
    this.#channel?.close(reason);
    this.#channel = undefined;
    this.#closed();
  }

  /** Calls `done` after the machine has handled the end of the channel; at once if there is no channel. */
  afterClose(done: () => void): void {
    if (this.#channel === undefined) done();
    else this.#afterClose = done;
  }

  /** Must be called within a task of the mailbox. */
  input(input: Input | ChannelInput): void {
    this.#inputs.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#run(next);
    } finally {
      this.#isRunning = false;
    }
    this.#timer.set(this.#wakeAtMs);
  }

  #run(input: Input | ChannelInput): void {
    if (input.kind === 'bytes' && 'bytes' in input) this.#options.onBytes?.(input.bytes);
    const actions = this.#handle(input, this.#options.clock.nowMs());
    for (const action of actions) {
      if (isChannelAction(action)) this.#operate(action);
      else this.#options.act(action as Exclude<Action, ChannelAction>);
    }
  }

  /** Errors thrown by the machine are contained. Errors thrown by its actions are not. */
  #handle(input: Input | ChannelInput, nowMs: number): readonly (Action | ChannelAction)[] {
    const { machine, recorder, contain } = this.#options;
    try {
      recorder?.begin(input, nowMs);
      const actions = machine.handle(input, nowMs);
      this.#wakeAtMs = machine.wakeAtMs();
      recorder?.end(actions);
      return actions;
    } catch (error) {
      if (contain === undefined) throw error;
      this.#inputs.length = 0; // these inputs were for the machine that failed
      const actions = contain(input, error);
      this.#wakeAtMs = this.#options.machine.wakeAtMs(); // `contain` may have replaced the machine
      return actions;
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
      case 'setSpeed':
        if (this.#channel?.setSpeed === undefined) this.#channel?.close('the port cannot change its speed');
        else this.#channel.setSpeed(action.baudRate);
        return;
      case 'close':
        this.#channel?.close(action.reason);
        return;
    }
  }

  #closed(): void {
    const done = this.#afterClose;
    this.#afterClose = undefined;
    done?.();
  }

  #open(): void {
    this.#generation += 1;
    const generation = this.#generation;
    const post = (input: ChannelInput): void => {
      this.#options.mailbox.post(() => {
        if (generation !== this.#generation) return;
        if (input.kind === 'closed') this.#channel = undefined;
        this.input(input);
        if (input.kind === 'closed') this.#closed();
      });
    };
    this.#channel = this.#options.open({
      waits: (wait) => this.#options.onWait?.(wait),
      opened: () => {
        this.#options.onChannel?.('opened', '');
        post({ kind: 'opened' });
      },
      bytes: (bytes) => post({ kind: 'bytes', bytes }),
      speedSet: (baudRate) => post({ kind: 'speedSet', baudRate }),
      closed: (reason) => {
        this.#options.onChannel?.('closed', reason);
        post({ kind: 'closed', reason });
      },
    });
  }
}
