/**
 * Notices that something was plugged in or pulled out: the folders in which device files appear are watched, and looked
 * at every few seconds besides, since a watch may miss what happens to a folder that comes and goes itself.
 *
 * Works only while somebody waits for a port: each byte written to a tty is an event of the folder it is in.
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import type { Cancel } from '../../ports.ts';

export interface PortWatchOptions {
  /** E.g. `/dev`; those that do not exist are looked for again each time. */
  readonly folders: readonly string[];
  /** Between two looks at the latest. */
  readonly rescanMs: number;
}

/** What one plug brings comes in a burst: the device file, its owner, udev's links. */
const BURST_MS = 50;

interface Watched {
  readonly watcher: FSWatcher;
  /** Of the folder: another one by the same name needs a watch of its own. */
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

  /** Calls `listener` after each change, and at least every `rescanMs`, until it is cancelled. */
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

  /** `rename` is a file that came or went; `change` is somebody's byte. */
  #watch(folder: string, inode: number): void {
    try {
      const watcher = watch(folder, (event) => {
        if (event === 'rename') this.#burst ??= setTimeout(() => this.#look(), BURST_MS);
      });
      // The rescan goes on without it.
      watcher.on('error', () => watcher.close());
      this.#watched.set(folder, { watcher, inode });
    } catch {
      // No watches left on this machine (fs.inotify.max_user_watches), or the folder is gone again: the rescan goes on.
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
