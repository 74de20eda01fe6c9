/**
 * Passwords for CONNECT that may change while the gateway runs: read from a file, or printed by a program. Each CONNECT
 * gets one that was read or printed for it.
 */
import { Fault } from '../base/fault.ts';
import type { PasswordSupply } from '../flow/password-renewal.ts';
import type { PasswordCommand } from '../io/password-command.ts';
import type { RenewedSecret } from '../io/secret-file.ts';
import type { Channel, Clock, OpenChannel } from '../ports.ts';

export interface HubPassword extends PasswordSupply {
  /** Called before a connection is opened. Never rejects. @returns the problem; `undefined`: `current` may be called */
  obtain(): Promise<string | undefined>;
  /** Password for this CONNECT. */
  current(): Uint8Array;
  /** Ends the program, if there is one. */
  end(): void;
}

/** Password in a file, which another program may replace at any time. */
export class StoredPassword implements HubPassword {
  readonly #secret: RenewedSecret<Uint8Array>;
  readonly #clock: Clock;
  /** Password of the last CONNECT. */
  #last: Uint8Array | undefined;
  obtainedAtMs: number | undefined;

  constructor(secret: RenewedSecret<Uint8Array>, clock: Clock) {
    this.#secret = secret;
    this.#clock = clock;
  }

  async obtain(): Promise<undefined> {
    return undefined;
  }

  async renew(): Promise<string | undefined> {
    return isSame(this.#last, this.#secret.current())
      ? 'the password file has not changed since the last CONNECT'
      : undefined;
  }

  current(): Uint8Array {
    this.#last = this.#secret.current();
    this.obtainedAtMs = this.#clock.nowMs();
    return this.#last;
  }

  end(): void {
    // no program runs
  }
}

/** Output of a program, with the monotonic time at which the program ended. */
interface Printed {
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** Password printed by a program. */
export class PrintedPassword implements HubPassword {
  readonly #command: PasswordCommand;
  readonly #clock: Clock;
  /** Last output of the program. */
  #printed: Printed | undefined;
  /** The last output comes from `renew`, and no connection has been opened with it. */
  #isRenewed = false;
  /** Password of the last CONNECT. */
  #last: Printed | undefined;

  constructor(command: PasswordCommand, clock: Clock) {
    this.#command = command;
    this.#clock = clock;
  }

  get obtainedAtMs(): number | undefined {
    return this.#last?.atMs;
  }

  async obtain(): Promise<string | undefined> {
    const isReady = this.#isRenewed;
    this.#isRenewed = false;
    return isReady ? undefined : await this.#run();
  }

  async renew(): Promise<string | undefined> {
    const problem = await this.#run();
    if (problem !== undefined) return problem;
    if (isSame(this.#last?.bytes, this.#printed?.bytes))
      return 'hub.password_command printed the same password as before';
    this.#isRenewed = true;
    return undefined;
  }

  current(): Uint8Array {
    if (this.#printed === undefined) throw new Error('PrintedPassword: CONNECT before the program has run');
    this.#last = this.#printed;
    return this.#last.bytes;
  }

  end(): void {
    this.#command.end();
  }

  async #run(): Promise<string | undefined> {
    try {
      this.#printed = { bytes: await this.#command.run(), atMs: this.#clock.nowMs() };
      return undefined;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return error.retryable ? error.message : `${error.message} (${error.hint})`;
    }
  }
}

function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one !== undefined && other !== undefined && Buffer.compare(one, other) === 0;
}

/** Opens a channel after `prepare`. Its problem is the reason why the channel has closed. */
export function openAfter(prepare: () => Promise<string | undefined>, open: OpenChannel): OpenChannel {
  return (listener) => {
    let channel: Channel | undefined;
    let isClosed = false;
    const end = (reason: string): void => {
      if (isClosed) return;
      isClosed = true;
      listener.closed(reason);
    };
    void prepare().then((problem) => {
      if (problem !== undefined) end(problem);
      else if (!isClosed) channel = open(listener);
    });
    return {
      write: (bytes) => channel?.write(bytes),
      get queuedBytes() {
        return channel?.queuedBytes ?? 0;
      },
      setReading: (isReading) => channel?.setReading?.(isReading),
      close: (reason) => {
        if (channel === undefined) queueMicrotask(() => end(reason));
        else channel.close(reason);
      },
    };
  };
}
