/** Modes, times and sizes of a tree of files, independent of the user and the machine that build it. */
import { chmodSync, lutimesSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const EXECUTABLE = /\/bin\/(node|holdfast)$|\/DEBIAN\/(preinst|postinst|prerm|postrm)$/;

export interface TreeEntry {
  /** Path from the root of the tree. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  /** Size in bytes; 0 for folders and links. */
  readonly size: number;
}

/** Entries of a tree without its root, sorted by path. */
export function entriesOf(root: string): readonly TreeEntry[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry): TreeEntry => {
      const full = join(entry.parentPath, entry.name);
      const kind = entry.isSymbolicLink() ? 'link' : entry.isDirectory() ? 'folder' : 'file';
      return { path: full.slice(root.length + 1), kind, size: kind === 'file' ? statSync(full).size : 0 };
    })
    .sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Sets the mode and the time of everything in the tree. */
export function fixTree(root: string, epoch: number): void {
  for (const { path, kind } of [{ path: '', kind: 'folder' as const }, ...entriesOf(root)]) {
    const full = join(root, path);
    if (kind !== 'link') chmodSync(full, kind === 'folder' || EXECUTABLE.test(full) ? 0o755 : 0o644);
    lutimesSync(full, epoch, epoch);
  }
}

/** Size in KiB as dpkg counts it: whole KiB of each file, 1 for each folder and link. Source: deb-substvars(5). */
export function installedKib(entries: readonly TreeEntry[]): number {
  return entries.reduce((sum, { kind, size }) => sum + (kind === 'file' ? Math.ceil(size / 1024) : 1), 0);
}
