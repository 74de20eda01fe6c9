/** Lines of text. The answer to message `n` is `OK n`; `BUSY n` asks to send it again later. */
import type { AnswerSink, LineProtocol } from './line-protocol.ts';

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const LETTER_B = 0x42;
const DIGIT_ZERO = 0x30;

export class TextProtocol implements LineProtocol {
  readonly greeting = undefined;
  #held = new Uint8Array(0);

  receive(bytes: Uint8Array, sink: AnswerSink): void {
    const all = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    let from = 0;
    for (let to = all.indexOf(LINE_FEED); to !== -1; to = all.indexOf(LINE_FEED, from)) {
      let id = 0;
      for (let at = all.indexOf(SPACE, from) + 1; at > 0 && at < to; at += 1) {
        id = id * 10 + (all[at] ?? 0) - DIGIT_ZERO;
      }
      if (all[from] === LETTER_B) sink.refused(id);
      else sink.acknowledged(id);
      from = to + 1;
    }
    this.#held = all.slice(from);
  }
}
