/**
 * Topics at which the gateway may have retained messages at its hub, in a small file of the state directory, so that a
 * topic that the configuration no longer has is removed at the hub. A file that does not match this format is ignored,
 * and the problem is reported.
 */
import { join } from 'node:path';
import { writeDurablyInBackground } from './durable/small-file.ts';
import { readRegularFile, UnreadableFile } from './regular-file.ts';

const FILE = 'retained-topics.json';
/** 20,000 topics of 255 bytes take 5 MB. */
const BYTES_MAX = 16 * 1024 * 1024;

export interface StoredTopics {
  readonly topics: readonly string[];
  /** Reason for which an existing file was ignored. */
  readonly problem: string | undefined;
}

/** Reads the topics. Never throws. */
export function readRetainedTopics(stateDir: string): StoredTopics {
  try {
    const found: unknown = JSON.parse(readRegularFile(join(stateDir, FILE), BYTES_MAX).toString('utf8'));
    const { topics } = Object(found) as { readonly topics?: unknown };
    if (Array.isArray(topics) && topics.every((topic) => typeof topic === 'string' && topic !== ''))
      return { topics, problem: undefined };
    return { topics: [], problem: 'is not a list of topics' };
  } catch (error) {
    if (!(error instanceof UnreadableFile)) return { topics: [], problem: 'is not JSON' };
    return { topics: [], problem: error.code === 'ENOENT' ? undefined : error.message };
  }
}

/** Stores the topics. They are durable when the promise resolves. Rejects with the error of the file system. */
export async function storeRetainedTopics(stateDir: string, topics: readonly string[]): Promise<void> {
  await writeDurablyInBackground(stateDir, FILE, `${JSON.stringify({ topics })}\n`);
}
