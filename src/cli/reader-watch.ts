/**
 * End of a command that follows something when the reader of its output has gone, as in `holdfast tail | head -1`. Without
 * this the command would notice it at the next line that it writes, perhaps hours later.
 */
import { fstatSync } from 'node:fs';
import { EXIT } from '../base/fault.ts';
import { hasNoReader } from '../io/libc.ts';

/** Interval of the looks. Node cannot wait for the end of the reader: it does not poll a pipe that it only writes. */
const LOOK_MS = 250;

/** Ends the process, as after EPIPE, when its standard output is a pipe or socket that nothing reads any more. */
export function endWithReader(fd: number = process.stdout.fd): void {
  const output = fstatSync(fd);
  if (!output.isFIFO() && !output.isSocket()) return;
  const looks = setInterval(() => {
    if (hasNoReader(fd)) process.exit(EXIT.ok);
  }, LOOK_MS);
  looks.unref();
}
