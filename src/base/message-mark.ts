/** What is left of a message on which the process ended: enough to know it again, and to tell of it. */
export interface MessageMark {
  /** Of where the message was on its way, whose it is, and its content: 32 hexadecimal digits. */
  readonly key: string;
  readonly what: string;
  readonly why: string;
}
