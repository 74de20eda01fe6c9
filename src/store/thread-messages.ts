/** Messages between the main thread and the store's thread. Answers come in the order of the requests. */

import type { FaultCode } from '../base/fault.ts';
import type { LetterPage, LetterRequest } from '../custody/dead-letter.ts';
import type { MessageRequest } from '../custody/message-page.ts';
import type { StoreOpening, Tally } from '../custody/row.ts';
import type { HistoryAnswer, HistoryRequest } from '../history/history-requests.ts';
import type { PageRequest, StillFile, StillRequest } from '../ports.ts';
import type { PackedChanges, PackedMessages, PackedPage } from './packed.ts';

export type ToStore =
  | { readonly kind: 'commit'; readonly batch: number; readonly changes: PackedChanges }
  | { readonly kind: 'page'; readonly ask: number; readonly request: PageRequest }
  | { readonly kind: 'tally'; readonly ask: number }
  | { readonly kind: 'letters'; readonly ask: number; readonly request: LetterRequest }
  | { readonly kind: 'history'; readonly ask: number; readonly request: HistoryRequest }
  | { readonly kind: 'still'; readonly ask: number; readonly request: StillRequest }
  | { readonly kind: 'messages'; readonly ask: number; readonly request: MessageRequest }
  | { readonly kind: 'close'; readonly ask: number };

export type FromStore =
  | { readonly kind: 'opened'; readonly opening: StoreOpening }
  | { readonly kind: 'unopened'; readonly code: FaultCode; readonly what: string; readonly hint: string }
  /** Sent before `opened`, because a recovery may take long. */
  | { readonly kind: 'progress'; readonly sentence: string }
  /** `historyBytes`: bytes that the history has caused in the WAL since the opening. */
  | { readonly kind: 'committed'; readonly batch: number; readonly historyBytes: number }
  | { readonly kind: 'full'; readonly batch: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly code: FaultCode }
  | {
      readonly kind: 'answer';
      readonly ask: number;
      readonly value: PackedPage | PackedMessages | Tally | LetterPage | HistoryAnswer | StillFile | undefined;
    };

/** First message to the thread. It opens the store. */
export interface StoreCommand {
  readonly path: string;
  readonly bootId: string;
  /** True if the last process found the file corrupt. The file is then checked before use. */
  readonly suspect: boolean;
}
