/**
 * Snapshots of dropped messages: one file of lines (NDJSON) for each drop. The folder is bounded, and its files are never
 * deleted by the gateway: a drop that has no room is rejected.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../../base/fault.ts';
import type { Row } from '../../custody/row.ts';
import type { DropSnapshot } from '../../flow/message-drops.ts';
import { freeBytesAt } from '../../io/machine-facts.ts';
import { bytesWords } from '../words.ts';
import { type MessageFacts, messageReportOf } from './message-report.ts';
import type { QueueName } from './message-selector.ts';

/** Largest sum of all snapshots. */
export const SNAPSHOT_BYTES_MAX = 256 * 1024 * 1024;
/** Free space that a snapshot leaves on the disk: the messages in custody need it. */
const FREE_BYTES_MIN = 32 * 1024 * 1024;

export interface SnapshotFolderOptions {
  readonly folder: string;
  /** Bound of the folder. */
  readonly bytesMax?: number;
  /** Unix ms of the machine's clock, for the name of a file. */
  readonly wallMs: () => number;
}

export class SnapshotFolder {
  readonly #options: SnapshotFolderOptions;

  constructor(options: SnapshotFolderOptions) {
    this.#options = options;
  }

  /** Creates the file of a drop. @throws Fault `command-rejected` if it cannot be written */
  async create(queue: QueueName, facts: MessageFacts): Promise<SnapshotFile> {
    const { folder, wallMs, bytesMax = SNAPSHOT_BYTES_MAX } = this.#options;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await syncEntry(dirname(folder)); // the folder itself may be new
      const used = await bytesIn(folder);
      const time = new Date(wallMs()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
      for (let number = 1; ; number += 1) {
        const path = join(folder, `${queue}-${time}${number === 1 ? '' : `-${number}`}.ndjson`);
        const file = await createFile(path);
        if (file === undefined) continue;
        await syncEntry(folder);
        return new SnapshotFile({ path, queue, file, facts, roomBytes: bytesMax - used });
      }
    } catch (error) {
      throw unwritten(folder, error);
    }
  }
}

interface SnapshotFileOptions {
  readonly path: string;
  readonly queue: QueueName;
  readonly file: FileHandle;
  readonly facts: MessageFacts;
  /** Largest size of the file. */
  readonly roomBytes: number;
}

/** One file, open for writing. */
export class SnapshotFile implements DropSnapshot {
  readonly path: string;
  readonly #options: SnapshotFileOptions;
  #bytes = 0;
  #lastFrom = 0;

  constructor(options: SnapshotFileOptions) {
    this.#options = options;
    this.path = options.path;
  }

  /** @throws Fault `command-rejected`; the messages are not on the medium then */
  async add(rows: readonly Row[]): Promise<void> {
    const { path, queue, facts, roomBytes } = this.#options;
    const text = rows.map((row) => `${JSON.stringify(messageReportOf(queue, row, facts, true))}\n`).join('');
    const lines = Buffer.from(text);
    if (this.#bytes + lines.length > roomBytes)
      throw new Fault('command-rejected', 'The folder of snapshots is full', {
        hint: `Move older files of ${path.slice(0, path.lastIndexOf('/'))} to another machine, and drop the rest then.`,
      });
    const freeBytes = freeBytesAt(path);
    if (freeBytes !== null && freeBytes - lines.length < FREE_BYTES_MIN)
      throw new Fault('command-rejected', `The disk has no room for a snapshot: ${bytesWords(freeBytes)} free`, {
        hint: 'Free space on the disk of the state directory, and drop the rest then.',
      });
    this.#lastFrom = this.#bytes;
    await this.#write(lines);
  }

  async replaceLast(rows: readonly Row[]): Promise<void> {
    await this.#options.file.truncate(this.#lastFrom);
    this.#bytes = this.#lastFrom;
    await this.add(rows);
  }

  async close(): Promise<void> {
    await this.#options.file.close();
  }

  async #write(lines: Uint8Array): Promise<void> {
    const { file, path } = this.#options;
    try {
      await file.write(lines, 0, lines.length, this.#bytes);
      await file.sync();
      this.#bytes += lines.length;
    } catch (error) {
      await file.truncate(this.#bytes).catch(() => undefined);
      throw unwritten(path, error);
    }
  }
}

/** @returns `undefined` if the file exists */
async function createFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

/** Makes the entries of a folder durable. */
async function syncEntry(folder: string): Promise<void> {
  const entry = await open(folder, 'r');
  try {
    await entry.sync();
  } finally {
    await entry.close();
  }
}

async function bytesIn(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function unwritten(path: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new Fault('command-rejected', `The snapshot ${path} cannot be written: ${why}. Nothing more was dropped`, {
    hint: 'Check the disk of the state directory: df, dmesg.',
    cause: error,
  });
}
