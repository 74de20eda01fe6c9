/**
 * Notes about devices, in a small file of the state directory. The file may be missing, torn or hostile: a file that
 * does not match this format is ignored, because the notes are learned again.
 */
import { rename, writeFile } from 'node:fs/promises';
import type { DeviceIdentity, DeviceNote, RefusedPoint } from '../base/device-note.ts';
import type { Stamp } from '../base/time.ts';
import type { NoteFile, SavedNote, SavedNotes } from '../ports.ts';
import { readRegularFile } from './regular-file.ts';

/** Name of the file. */
export const NOTES_FILE = 'device-notes';
const VERSION = 1;
/** Size of the notes of some hundred units of which each refuses a hundred points. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;
const TEXT_MAX = 255;

export function noteFileAt(path: string): NoteFile {
  return {
    read: () => readNotes(path),
    // without a sync: a power cut leaves the old file, the new one, or one that is ignored
    write: async (saved) => {
      const text = `${JSON.stringify({ version: VERSION, ...saved })}\n`;
      if (text.length > FILE_BYTES_MAX) throw new Error(`the notes are larger than ${FILE_BYTES_MAX} bytes`);
      await writeFile(`${path}.part`, text, { mode: 0o600 });
      await rename(`${path}.part`, path);
    },
  };
}

function readNotes(path: string): SavedNotes | undefined {
  try {
    const found: unknown = JSON.parse(readRegularFile(path, FILE_BYTES_MAX).toString('utf8'));
    if (!isRecord(found) || found.version !== VERSION || !isStamp(found.at) || !Array.isArray(found.notes))
      return undefined;
    return { at: found.at, notes: found.notes.filter(isSavedNote) };
  } catch {
    return undefined;
  }
}

function isSavedNote(found: unknown): found is SavedNote {
  return isRecord(found) && isText(found.link) && isText(found.subdevice) && isNote(found.note);
}

function isNote(found: unknown): found is DeviceNote {
  return (
    isRecord(found) &&
    isText(found.basis) &&
    isListOf(found.refused, isRefusedPoint) &&
    isListOf(found.apart, isText) &&
    (found.identity === undefined || isIdentity(found.identity))
  );
}

function isIdentity(found: unknown): found is DeviceIdentity {
  return isRecord(found) && [found.vendor, found.product, found.revision].every(isText);
}

function isRefusedPoint(found: unknown): found is RefusedPoint {
  return (
    isRecord(found) &&
    [found.name, found.place, found.words].every(isText) &&
    [found.code, found.times, found.atMs].every(Number.isFinite)
  );
}

function isStamp(found: unknown): found is Stamp {
  return isRecord(found) && Number.isSafeInteger(found.epoch) && Number.isFinite(found.upMs);
}

function isListOf(found: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(found) && found.every(isOne);
}

/** True for a text of one printable line. */
function isText(found: unknown): boolean {
  return typeof found === 'string' && found.length <= TEXT_MAX && !/\p{Cc}/u.test(found);
}

function isRecord(found: unknown): found is Readonly<Record<string, unknown>> {
  return typeof found === 'object' && found !== null;
}
