/**
 * Pseudo-terminal for the load: the master as a plain non-blocking descriptor. A descriptor of the slave stays open, so
 * the program under test may open and close its end at any time.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { nameSlave } from '../../../src/io/libc.ts';

export interface RawPty {
  /** End of the program under test. */
  readonly path: string;
  readonly masterFd: number;
  close(): void;
}

export function openRawPty(): RawPty {
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK;
  const masterFd = openSync('/dev/ptmx', flags);
  const path = nameSlave(masterFd);
  const slaveFd = openSync(path, flags);
  execFileSync('stty', ['-F', path, 'raw', '-echo']);
  const close = (): void => {
    closeSync(masterFd);
    closeSync(slaveFd);
  };
  return { path, masterFd, close };
}
