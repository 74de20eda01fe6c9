/** Recordings and captures as files of the technician's. */
import { writeFile } from 'node:fs/promises';
import { Fault } from '../base/fault.ts';
import { readRegularFile, UnreadableFile } from '../io/regular-file.ts';
import { decodeRecording, type Recording } from '../recorder/recording-file.ts';

/** Four times the largest ring: base64 and the names of the fields. */
const BYTES_MAX = 256 * 1024 * 1024;
const FILE_HINT = 'Check the name; recordings belong to the gateway’s user.';

/** @throws Fault `usage` */
export async function readRecording(path: string): Promise<Recording> {
  return decodeRecording(readBounded(path), path);
}

/**
 * What is made of a recording that may hold anything.
 * @throws Fault `usage` where it cannot be made
 */
export function madeOf<Made>(path: string, make: () => Made): Made {
  try {
    return make();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('usage', `${path} holds what no gateway writes: ${why}`, {
      hint: 'The file was changed, or made by a program too different from this one.',
      cause,
    });
  }
}

/** @throws Fault `usage` */
export async function writeOut(path: string, bytes: Uint8Array): Promise<void> {
  try {
    // it holds payloads: for its owner, who may pass it on
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
