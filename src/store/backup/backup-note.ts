/**
 * Facts in a backup and in a restored store, each in a table that a store in use does not have. The checksum covers the
 * facts; the other tables have checksums of their own.
 */
import type { Database } from '../database.ts';
import { checksumOf } from '../repair/row-checksums.ts';

/** Facts about a backup, at the time of its copy. */
export interface BackupFacts {
  /** Unix ms by the clock of the machine. */
  readonly takenAtMs: number;
  /** True if the gateway had a synchronised clock; `null`: no gateway was running. */
  readonly isClockTrusted: boolean | null;
  /** Name of the gateway; `null`: unknown. */
  readonly gateway: string | null;
  /** Version of the program. */
  readonly version: string;
}

type NoteTable = 'backup_note' | 'restored_note';

export function writeBackupFacts(database: Database, facts: BackupFacts): void {
  writeNote(database, 'backup_note', JSON.stringify(facts));
}

/** @returns `undefined` if the store is no backup, or its note is damaged */
export function readBackupFacts(database: Database): BackupFacts | undefined {
  const text = readNote(database, 'backup_note');
  return text === undefined ? undefined : (JSON.parse(text) as BackupFacts); // the checksum proves who wrote it
}

/** Makes a restored store of a backup: the first opening reports the sentence and what may be missing. */
export function noteRestored(database: Database, sentence: string): void {
  database.exec('DROP TABLE IF EXISTS backup_note; DROP TABLE IF EXISTS restored_note');
  writeNote(database, 'restored_note', sentence);
}

export function isRestored(database: Database): boolean {
  return hasTable(database, 'restored_note');
}

/** Removes the note of a restore. Must be called within the opening transaction. @returns its sentence, if any */
export function takeRestored(database: Database): string | undefined {
  if (!isRestored(database)) return undefined;
  const sentence = readNote(database, 'restored_note');
  database.exec('DROP TABLE restored_note');
  return sentence ?? 'the store was restored from a backup, and the note about it is damaged';
}

function hasTable(database: Database, table: NoteTable): boolean {
  return database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) !== undefined;
}

function writeNote(database: Database, table: NoteTable, text: string): void {
  database.exec(`CREATE TABLE ${table} (text TEXT NOT NULL, crc INTEGER NOT NULL)`);
  database.prepare(`INSERT INTO ${table} VALUES (?, ?)`).run(text, checksumOf([table, text]));
}

function readNote(database: Database, table: NoteTable): string | undefined {
  if (!hasTable(database, table)) return undefined;
  const row = database.prepare(`SELECT text, crc FROM ${table}`).get() as { text: string; crc: number } | undefined;
  return row !== undefined && row.crc === checksumOf([table, row.text]) ? row.text : undefined;
}
