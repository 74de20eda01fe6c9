/**
 * What was set aside because a machine threw on it: counted, told of, and looked at by nobody else. The border: a machine
 * (a driver, the hub client) that throws loses its state and one message, and the process goes on; a flow, custody or
 * the store that throws ends the process (docs/decisions/0020-messages-set-aside.md).
 */
import type { Facts } from '../base/events.ts';

export interface SetAsideReport {
  /** Times that a machine threw, since the start. */
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
   * Told of before the machine is replaced: its recording is kept upon this.
   * @param of name of the link, or of the hub's connection
   * @param input what the machine threw on
   */
  note(of: string, input: object, error: unknown): void {
    const what = wordsOf(input);
    const why = error instanceof Error ? error.message : String(error);
    this.#report = { times: this.#report.times + 1, last: { of, what, why } };
    this.#facts.emit('messageSetAside', { of, what, why });
  }
}

/** Enough to recognise it: the rest is in the recording. */
const TOPIC_SHOWN_MAX = 80;

function wordsOf(input: object): string {
  if ('kind' in input && input.kind === 'bytes' && 'bytes' in input && input.bytes instanceof Uint8Array)
    return `${input.bytes.length} bytes from the other end`;
  const message = 'publish' in input ? input.publish : input;
  const topic =
    typeof message === 'object' && message !== null && 'topic' in message ? String(message.topic) : undefined;
  if (topic !== undefined) return `a message on ${topic.slice(0, TOPIC_SHOWN_MAX)}`;
  return 'kind' in input ? String(input.kind) : 'an input';
}
