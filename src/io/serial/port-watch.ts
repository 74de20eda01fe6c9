/**
 * Detects plugging and unplugging. Watches the folders in which device files appear. Also scans them every few seconds,
 * because a watch may miss changes of a folder that is itself deleted and created.
 *
 * Active only while a link waits for a port: each byte written to a tty is an event of the folder of its device file.
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import type { Cancel } from '../../ports.ts';

export interface PortWatchOptions {
  /** Folders such as `/dev`. Missing folders are looked for again at each scan. */
  readonly folders: readonly string[];
  /** Longest time between two scans. */
  readonly rescanMs: number;
}

/**
 * Wait after the first event of a burst, ms. One plug causes a burst of events: the device file, its owner, udev's
 * links.
 */
const BURST_MS = 50;

interface Watched {
  readonly watcher: FSWatcher;
  /** Inode of the folder. A new folder with the same name needs a new watch. */
  readonly inode: number;
}

export class PortWatch {
  readonly #options: PortWatchOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #listeners = new Set<() => void>();
  #rescan: NodeJS.Timeout | undefined;
  #burst: NodeJS.Timeout | undefined;

  constructor(options: PortWatchOptions) {
    this.#options = options;
  }

  /** Calls `listener` after each change, and at least every `rescanMs`, until the returned function is called. */
  onLook(listener: () => void): Cancel {
    this.#listeners.add(listener);
    this.#rescan ??= setInterval(() => this.#look(), this.#options.rescanMs);
    this.#watchAll();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#rest();
    };
  }

  #rest(): void {
    clearInterval(this.#rescan);
    clearTimeout(this.#burst);
    this.#rescan = undefined;
    this.#burst = undefined;
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  #look(): void {
    this.#burst = undefined;
    this.#watchAll();
    for (const listener of [...this.#listeners]) listener();
  }

  #watchAll(): void {
    for (const folder of this.#options.folders) {
      const inode = inodeOf(folder);
      const before = this.#watched.get(folder);
      if (before !== undefined && before.inode === inode) continue;
      before?.watcher.close();
      this.#watched.delete(folder);
      if (inode !== undefined) this.#watch(folder, inode);
    }
  }

  /**
   * Watches a folder. Event `rename`: a file was created or deleted. Event `change`, which is ignored: a byte was
   * written to a device.
   */
  #watch(folder: string, inode: number): void {
    try {
      const watcher = watch(folder, (event) => {
        if (event === 'rename') this.#burst ??= setTimeout(() => this.#look(), BURST_MS);
      });
      // The periodic scan continues.
      watcher.on('error', () => watcher.close());
      this.#watched.set(folder, { watcher, inode });
    } catch {
      // No watches left on this machine (fs.inotify.max_user_watches), or the folder was deleted: the periodic scan
      // continues.
    }
  }
}

function inodeOf(folder: string): number | undefined {
  try {
    return statSync(folder).ino;
  } catch {
    return undefined;
  }
}
