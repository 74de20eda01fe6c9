/** Mark of a message on which the process ended. The mark is enough to recognise the message and to report it. */
export interface MessageMark {
  /** Digest of direction, owner and content of the message: 32 hexadecimal digits. */
  readonly key: string;
  readonly what: string;
  readonly why: string;
}
