/** Recordings and captures as files of the technician's. */
import { open, writeFile } from 'node:fs/promises';
import { Fault } from '../base/fault.ts';
import { decodeRecording, type Recording } from '../recorder/recording-file.ts';

/** Four times the largest ring: base64 and the names of the fields. */
const BYTES_MAX = 256 * 1024 * 1024;

/** @throws Fault `usage` */
export async function readRecording(path: string): Promise<Recording> {
  return decodeRecording(await readBounded(path), path);
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

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > BYTES_MAX) throw new Error(`it has ${size} bytes, a recording at most ${BYTES_MAX}`);
    return await file.readFile();
  } catch (cause) {
    throw fileFault(`Cannot read ${path}`, cause);
  }
}

function fileFault(what: string, cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Fault('usage', `${what}: ${why}`, {
    hint: 'Check the name; recordings belong to the gateway’s user.',
    cause,
  });
}
