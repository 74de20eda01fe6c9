/** Messages on disk as an operator looks at them: selected, page by page, without any effect on custody. */
import type { Direction } from '../base/message.ts';
import type { Row } from './row.ts';

/**
 * Request for the messages after number `after`. A page is limited in selected rows, in bytes and in rows looked at, so
 * it may contain no message although further ones follow.
 */
export interface MessageRequest {
  readonly direction: Direction;
  readonly after: number;
  /** Highest number wanted. */
  readonly upTo: number;
  /** Largest number of messages. */
  readonly limit: number;
  /** Numbers of subdevices. Absent: all. */
  readonly subdevices?: readonly number[];
  /** Filters of topics at the hub. Absent: all topics. */
  readonly filters?: readonly string[];
  /** Numbers of messages. Absent: all. */
  readonly numbers?: readonly number[];
}

export interface DamagedMessage {
  readonly seq: number;
  readonly lane: number;
  readonly bytes: number;
}

export interface MessagePage {
  /** Undamaged messages, sorted by number. */
  readonly rows: readonly Row[];
  /** Damaged rows of the selected subdevices. Their topics are unknown. */
  readonly damaged: readonly DamagedMessage[];
  /** Number of rows looked at. */
  readonly scanned: number;
  /** Number up to which every message was looked at: the value of `after` for the next page. */
  readonly scannedTo: number;
  /** True if no message follows. */
  readonly atEnd: boolean;
}
