/**
 * Reads a file named by the user: only a regular file, and only up to a size. A device or a FIFO is neither opened nor
 * waited for.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { userName } from './accounts.ts';

/** The message is a predicate without a full stop: "is a directory, not a file". */
export class UnreadableFile extends Error {
  /** Error code of the operating system: `ENOENT`, …. `undefined`: the file was found and rejected. */
  readonly code: string | undefined;

  constructor(what: string, code?: string) {
    super(what);
    this.name = 'UnreadableFile';
    this.code = code;
  }
}

const CHUNK_BYTES = 64 * 1024;

/**
 * Reads the whole file.
 * @param accept called with the properties of the open file before it is read; may throw
 * @throws UnreadableFile, or what `accept` throws
 */
export function readRegularFile(
  path: string,
  bytesMax: number,
  accept: (found: Stats) => void = () => undefined,
): Buffer {
  if (path === '') throw new UnreadableFile('has an empty name');
  const file = openRegular(path);
  try {
    const found = fstatSync(file);
    refuseIrregular(found);
    accept(found);
    if (found.size > bytesMax) throw tooLarge(bytesMax);
    return readUpTo(file, bytesMax);
  } catch (error) {
    throw isOfSystem(error) ? new UnreadableFile(`cannot be read (${error.code})`, error.code) : error;
  } finally {
    closeSync(file);
  }
}

function openRegular(path: string): number {
  try {
    // checked before opening, since a device may act on being opened
    refuseIrregular(statSync(path));
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw isOfSystem(error) ? new UnreadableFile(wordsOf(error), error.code) : error;
  }
}

/** Reads up to a size. The size in `Stats` is not used: a file of /proc has size 0 and content. */
function readUpTo(file: number, bytesMax: number): Buffer {
  const chunks: Buffer[] = [];
  for (let bytes = 0; ; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const count = readSync(file, chunk);
    if (count === 0) return Buffer.concat(chunks);
    bytes += count;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk.subarray(0, count));
  }
}

function refuseIrregular(found: Stats): void {
  const kind = kindOf(found);
  if (kind !== undefined) throw new UnreadableFile(`is a ${kind}, not a file`);
}

/** Returns the kind of a file. `undefined`: a regular file. */
function kindOf(found: Stats): string | undefined {
  if (found.isFile()) return undefined;
  if (found.isDirectory()) return 'directory';
  if (found.isFIFO()) return 'FIFO (named pipe)';
  if (found.isSocket()) return 'socket';
  return 'device';
}

function tooLarge(bytesMax: number): UnreadableFile {
  const isWholeMiB = bytesMax % 1_048_576 === 0;
  const size = isWholeMiB ? `${bytesMax / 1_048_576} MiB` : `${Math.floor(bytesMax / 1024)} KiB`;
  return new UnreadableFile(`is larger than ${size}`);
}

function wordsOf({ code }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return 'does not exist';
    case 'EACCES':
    case 'EPERM':
      return `may not be read by user ${userName()}`;
    case 'ENOTDIR':
      return 'does not exist: a part of its path is no directory';
    case 'ELOOP':
      return 'is a link that leads to itself';
    default:
      return `cannot be opened (${code})`;
  }
}

function isOfSystem(error: unknown): error is NodeJS.ErrnoException & { readonly code: string } {
  return error instanceof Error && !(error instanceof UnreadableFile) && 'syscall' in error && 'code' in error;
}
