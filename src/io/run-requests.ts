/**
 * Ids of the remote requests that changed something, in a small file of the state directory, so that none of them runs
 * again after a restart. A file that does not match this format is ignored, and the problem is reported.
 */
import { join } from 'node:path';
import type { RunRequests } from '../base/remote-command.ts';
import { readBeginning, writeDurably } from './durable/small-file.ts';

const FILE = 'remote-requests.json';
/** 256 ids of 64 characters take 17 KiB, of the 64 KiB that are read. */
const IDS_MAX = 1000;

export interface StoredRequests {
  readonly run: RunRequests;
  /** Reason for which an existing file was ignored. */
  readonly problem: string | undefined;
}

const NONE: RunRequests = { ids: [], retained: undefined };

/** Reads the ids. Never throws. */
export function readRunRequests(stateDir: string): StoredRequests {
  const text = readBeginning(join(stateDir, FILE));
  if (text === undefined) return { run: NONE, problem: undefined };
  try {
    const found: unknown = JSON.parse(text);
    const { ids, retained = undefined } = Object(found) as { readonly ids?: unknown; readonly retained?: unknown };
    const areIds = Array.isArray(ids) && ids.length <= IDS_MAX && ids.every((id) => typeof id === 'string');
    if (!areIds || !(retained === undefined || typeof retained === 'string'))
      return { run: NONE, problem: 'it is not a list of requests' };
    return { run: { ids, retained }, problem: undefined };
  } catch {
    return { run: NONE, problem: 'it is no JSON' };
  }
}

/** Stores the ids. They are durable on return. @throws the error of the file system */
export function storeRunRequests(stateDir: string, run: RunRequests): void {
  writeDurably(stateDir, FILE, `${JSON.stringify(run)}\n`);
}
