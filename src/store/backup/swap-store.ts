/**
 * Replaces the store by a prepared one, so that a crash at any moment leaves the old store or the new one, and never parts
 * of both.
 *
 *     restore-stage/ ──renamed──▶ restoring/ ─▶ old files to replaced/<n>/ ─▶ new files in place ─▶ restoring/ removed
 *
 * The rename is the decision: before it the old store is in use, after it the new one. Every opening of the store first
 * completes a decided replacement (`store-recovery.ts`). All steps may be repeated.
 */
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../../io/durable/synced-folder.ts';

/** Files of a store, by the ending of the name; the database is the last one to arrive and the first one to leave. */
const OLD_PARTS = ['', '-wal', '-shm', '-journal', '-highwater', '-suspect'] as const;
const NEW_PARTS = ['-highwater', ''] as const;
/** File in `restoring/` with the number of the folder for the old store. */
const ASIDE = 'aside';
/** File in `restoring/` that states that all old files have left. */
const MOVED = 'moved';

export const STAGE_FOLDER = 'restore-stage';
export const RESTORING_FOLDER = 'restoring';
export const REPLACED_FOLDER = 'replaced';

/** Called before each step. Tests stop the process there. */
export type BeforeStep = (step: string) => void;

const GO_ON: BeforeStep = () => undefined;

export function stageOf(storePath: string): string {
  return join(dirname(storePath), STAGE_FOLDER);
}

/** Decides the replacement by the complete, synced content of the stage. @returns the folder for the old store */
export function decide(storePath: string, before: BeforeStep = GO_ON): string {
  const folder = dirname(storePath);
  const number = nextNumber(join(folder, REPLACED_FOLDER));
  before('note the folder of the old store');
  writeFileSync(join(stageOf(storePath), ASIDE), String(number), { mode: 0o600, flush: true });
  syncFolder(stageOf(storePath));
  before('decide');
  renameSync(stageOf(storePath), join(folder, RESTORING_FOLDER));
  syncFolder(folder);
  return join(folder, REPLACED_FOLDER, String(number));
}

/** Completes a decided replacement. Another process may do the same at the same time. */
export function completeRestore(storePath: string, before: BeforeStep = GO_ON): void {
  const folder = dirname(storePath);
  const restoring = join(folder, RESTORING_FOLDER);
  if (!existsSync(restoring)) return;
  if (!existsSync(join(restoring, MOVED))) {
    moveOld(storePath, restoring, before);
    before('note that the old store has left');
    writeFileSync(join(restoring, MOVED), '', { mode: 0o600, flush: true });
    syncFolder(restoring);
  }
  for (const part of NEW_PARTS) {
    before(`put ${basename(storePath)}${part} in place`);
    move(join(restoring, basename(storePath) + part), storePath + part);
    syncFolder(folder);
  }
  before('remove the folder');
  rmSync(restoring, { recursive: true, force: true });
  syncFolder(folder);
}

function moveOld(storePath: string, restoring: string, before: BeforeStep): void {
  const old = OLD_PARTS.filter((part) => existsSync(storePath + part));
  if (old.length === 0) return;
  const replaced = join(dirname(storePath), REPLACED_FOLDER);
  const aside = join(replaced, readFileSync(join(restoring, ASIDE), 'utf8'));
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  for (const one of [replaced, aside]) belongTo(dirname(storePath), one);
  for (const one of [dirname(storePath), replaced]) syncFolder(one);
  for (const part of old) {
    before(`move ${basename(storePath)}${part} aside`);
    move(storePath + part, join(aside, basename(storePath) + part));
    syncFolder(aside);
    syncFolder(dirname(storePath));
  }
}

/** Gives a folder that root has created to the owner of the state directory. */
function belongTo(stateDir: string, folder: string): void {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(stateDir);
  chownSync(folder, uid, gid);
}

/** Moves a file, unless it has been moved before. */
function move(from: string, to: string): void {
  if (lstatSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, to);
}

function nextNumber(folder: string): number {
  const numbers = existsSync(folder) ? readdirSync(folder).map(Number).filter(Number.isInteger) : [];
  return Math.max(0, ...numbers) + 1;
}
