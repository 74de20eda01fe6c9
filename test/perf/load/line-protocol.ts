/**
 * Protocol of the load on a link: the greeting, and the answers to its messages. Parsers are minimal: the far end is the
 * program under test on a line without noise, and other tests check its packets.
 */

/** Receives what a parser found. */
export interface AnswerSink {
  /** The far end accepts messages from now on. */
  connected(): void;
  /** The far end wants a new greeting. */
  disconnected(): void;
  acknowledged(id: number): void;
  /** The message has to be sent again later. */
  refused(id: number): void;
  /** A message or a request to this end. @param number 0 if it has none @param answer bytes to write */
  received(number: number, answer: Uint8Array): void;
  /** A waking has ended: the far end has no more downlinks. */
  slept(): void;
}

export interface LineProtocol {
  /** Bytes repeated until `connected`. `undefined`: the link needs no greeting. */
  readonly greeting: Uint8Array | undefined;
  /** Bytes for a command of `link-memory.ts`. */
  readonly sleep?: Uint8Array;
  readonly wake?: Uint8Array;
  receive(bytes: Uint8Array, sink: AnswerSink): void;
}
