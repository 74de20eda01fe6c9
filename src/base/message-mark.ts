/** Mark of a message on which the process ended. It is enough to recognise and report the message. */
export interface MessageMark {
  /** Digest of direction, owner and content of the message: 32 hexadecimal digits. */
  readonly key: string;
  readonly what: string;
  readonly why: string;
}
