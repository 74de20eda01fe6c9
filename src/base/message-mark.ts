/** Mark of a message on which the process ended: enough to recognise and to report the message. */
export interface MessageMark {
  /** Digest of direction, owner and content of the message: 32 hexadecimal digits. */
  readonly key: string;
  readonly what: string;
  readonly why: string;
}
