/** Reads recordings, and writes recordings and captures to files named by the user. */
import { writeFile } from 'node:fs/promises';
import { Fault } from '../base/fault.ts';
import { readRegularFile, UnreadableFile } from '../io/regular-file.ts';
import { decodeRecording, type Recording } from '../recorder/recording-file.ts';

/** Largest recording that is read: four times the largest ring, with room for base64 and field names. */
const BYTES_MAX = 256 * 1024 * 1024;
const FILE_HINT = 'Check the name; recordings are owned by the user of the gateway (try sudo).';

/** @throws Fault `usage` */
export async function readRecording(path: string): Promise<Recording> {
  return decodeRecording(readBounded(path), path);
}

/**
 * Converts a recording, whose content is not trusted.
 * @throws Fault `usage` if the conversion fails
 */
export function madeOf<Made>(path: string, make: () => Made): Made {
  try {
    return make();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('usage', `${path} is not a valid recording: ${why}`, {
      hint: 'The file was changed, or written by an incompatible version of holdfast.',
      cause,
    });
  }
}

/** @throws Fault `usage` */
export async function writeOut(path: string, bytes: Uint8Array): Promise<void> {
  try {
    // The file contains payloads, so only the owner of the file can read it.
    await writeFile(path, bytes, { mode: 0o600 });
  } catch (cause) {
    throw fileFault(`Cannot write ${path}`, cause);
  }
}

function readBounded(path: string): Uint8Array {
  try {
    return readRegularFile(path, BYTES_MAX);
  } catch (cause) {
    if (!(cause instanceof UnreadableFile)) throw cause;
    throw new Fault('usage', `The recording ${path} ${cause.message}`, { hint: FILE_HINT, cause });
  }
}

function fileFault(what: string, cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault('usage', `${what}: ${why}`, {
    hint: FILE_HINT,
    cause,
  });
}
