/**
 * Changes that are added to commits and start none, because no custody depends on them. On a full disk no supplement is
 * written.
 */
import type { Change } from '../custody/change.ts';

export interface CommitSupplement {
  /** True if the supplement has changes that a stop must not lose. */
  readonly isDue: boolean;
  /** Changes for the commit that starts now. After changes, `written` or `unwritten` follows before the next call. */
  take(): readonly Change[];
  written(): void;
  /** Called if the disk had no room. */
  unwritten(): void;
}
