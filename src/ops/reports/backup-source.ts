/** Answer of `backup.begin`: the database file of a running gateway, which stays still for a copy. */
import type { StillFile } from '../../ports.ts';

export interface BackupSource extends StillFile {
  readonly gateway: string;
  /** Absolute path of the database file. */
  readonly path: string;
  readonly isClockTrusted: boolean;
}
