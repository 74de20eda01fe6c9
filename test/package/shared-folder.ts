/**
 * Folder of one run of the tests, for what several files need and what takes long to make: the first file makes it, and
 * the others wait for it. vitest makes the folder before the first file and removes it after the last one.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    readonly sharedFolder: string;
  }
}

// vitest calls the default export of a file of `globalSetup`
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-shared-'));
  project.provide('sharedFolder', folder);
  // A root of Debian may have mounts.
  return () => void spawnSync('rm', ['-rf', '--one-file-system', folder]);
}

/**
 * @param make makes the folder with this name; what it throws is thrown here, and the next file tries again
 * @returns the folder, which no test changes
 */
export async function makeOnce(name: string, make: (folder: string) => void): Promise<string> {
  const folder = join(inject('sharedFolder'), name);
  const done = `${folder}.done`;
  const lock = openSync(`${folder}.lock`, 'w');
  try {
    // The lock belongs to the opened file, so that it outlives the program `flock` and ends with this process.
    const [status] = await once(spawn('flock', ['3'], { stdio: ['ignore', 'ignore', 'inherit', lock] }), 'exit');
    if (status !== 0) throw new Error(`flock ended with ${status}`);
    if (!existsSync(done)) {
      rmSync(folder, { recursive: true, force: true });
      make(folder);
      writeFileSync(done, '');
    }
    return folder;
  } finally {
    closeSync(lock);
  }
}
