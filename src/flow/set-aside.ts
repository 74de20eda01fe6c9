/**
 * Messages that were set aside because the program threw on them: counted and reported, and not handled. A machine (a
 * driver, the hub client) that throws loses its state and one message, and the process continues. A flow, custody or
 * the store that throws ends the process (docs/decisions/0020-messages-set-aside.md).
 */
import type { Facts } from '../base/events.ts';
import type { MessageMark } from '../base/message-mark.ts';

export interface SetAsideReport {
  /** Times since the start that a machine threw, or that a message came on which a process had ended. */
  readonly times: number;
  readonly last: { readonly of: string; readonly what: string; readonly why: string } | undefined;
}

export class SetAside {
  readonly #facts: Facts;
  #report: SetAsideReport = { times: 0, last: undefined };

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  get report(): SetAsideReport {
    return this.#report;
  }

  /**
   * Called before the machine is replaced, since this event makes its recording be kept.
   * @param of name of the link, or of the hub's connection
   * @param input input on which the machine threw
   */
  note(of: string, input: object, error: unknown): void {
    const what = wordsOf(input);
    const why = error instanceof Error ? error.message : String(error);
    this.#publish({ of, what, why }, false);
  }

  /** Called for a message on which an earlier process ended. The message is not handled. */
  known({ what, why }: MessageMark): void {
    this.#publish({ of: 'gateway', what, why }, true);
  }

  #publish(last: NonNullable<SetAsideReport['last']>, endedProcess: boolean): void {
    this.#report = { times: this.#report.times + 1, last };
    this.#facts.emit('messageSetAside', { ...last, endedProcess });
  }
}

/** Length that is enough to recognise a topic. The recording has the rest. */
const TOPIC_SHOWN_MAX = 80;

function wordsOf(input: object): string {
  if ('kind' in input && input.kind === 'bytes' && 'bytes' in input && input.bytes instanceof Uint8Array)
    return `${input.bytes.length} received bytes`;
  if ('topic' in input) return `a message on ${String(input.topic).slice(0, TOPIC_SHOWN_MAX)}`;
  return 'kind' in input ? String(input.kind) : 'an input';
}
