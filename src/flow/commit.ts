/** What one commit of `committer.ts` is made of. Shapes only. */
import type { Direction } from '../base/message.ts';
import type { Change } from '../custody/change.ts';
import type { Entry } from '../custody/entry.ts';

/** What a commit takes: everything, or on a full disk either what needs no room or what does. */
export type Load = 'all' | 'relief' | 'puts';

export interface Gathered {
  readonly direction: Direction;
  readonly entry: Entry;
}

export interface Required {
  readonly changes: readonly Change[];
  readonly then: () => void;
}

export interface Commit {
  readonly batch: number;
  readonly load: Load;
  readonly puts: readonly Gathered[];
  readonly required: readonly Required[];
  readonly riders: readonly Change[];
}
