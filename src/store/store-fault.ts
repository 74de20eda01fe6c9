/**
 * Faults of the store: what an error of SQLite or of the file system means for the operator. This file does not load SQLite, so
 * that the main thread does not load it.
 */
import { accessSync, constants } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { Fault, type FaultCode } from '../base/fault.ts';

export function faultOf(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  const code = sqliteCodeOf(error);
  const what = error instanceof Error ? error.message : String(error);
  const fault = (of: FaultCode, sentence: string, hint: string, retryable = false): Fault =>
    new Fault(of, sentence, { hint, retryable, cause: error });
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    const hint = 'a gateway is using this store: run holdfast status, or stop the gateway first';
    return fault('store-locked', `${path} is in use by another process`, hint, true);
  }
  if (code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB')) {
    const hint = 'keep the file for salvage; move it away to start with an empty store';
    return fault('store-corrupt', `${path} cannot be read: ${what}`, hint);
  }
  switch (code === '' ? errnoOf(error) : obstacleOf(code, path)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return fault('store-full', `${path}: the disk is full`, 'free some space on it', true);
    case 'EROFS': {
      const hint = 'remount it read-write; if the kernel made it read-only (dmesg), check or replace the card first';
      return fault('store-read-only', `${path}: the file system is read-only`, hint);
    }
    case 'EACCES':
    case 'EPERM': {
      const hint = `run the gateway as the owner of the folder, or change the owner: chown -R USER: ${dirname(path)}`;
      return fault('store-forbidden', `${path} may not be read and written by ${userWords()}`, hint);
    }
  }
  return new Fault('store-failed', `${path}: ${what}`, {
    hint: 'check that the directory exists and belongs to the gateway, and that the disk is healthy (dmesg)',
    cause: error,
  });
}

/**
 * Reason from the system, because SQLite reports only that it cannot open the file. @returns `undefined`: no obstacle
 * found
 */
function obstacleOf(code: string, path: string): string | undefined {
  if (code.startsWith('SQLITE_FULL')) return 'ENOSPC';
  if (!/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH)/.test(code)) return undefined;
  for (const place of [dirname(path), path, `${path}-wal`])
    try {
      accessSync(place, constants.R_OK | constants.W_OK);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') return errnoOf(error);
    }
  return undefined;
}

/** Code of an error of SQLite, such as `SQLITE_BUSY`; empty for another error. */
function sqliteCodeOf(error: unknown): string {
  const code = errnoOf(error) ?? '';
  return code.startsWith('SQLITE_') ? code : '';
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function userWords(): string {
  return `user ${userInfo().username}`;
}
