/**
 * `holdfast backup`: a verified copy of the store in one file. With a running gateway the file of the database is copied
 * while the gateway keeps it still; commits go on meanwhile. Without a gateway the store is copied with its WAL.
 */
import { existsSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, Fault } from '../base/fault.ts';
import { ask, give } from '../ops/api/control-client.ts';
import type { BackupSource } from '../ops/reports/backup-source.ts';
import { bytesWords, countOf, dateWords } from '../ops/words.ts';
import type { BackupFacts } from '../store/backup/backup-note.ts';
import { copyStoppedStore, type FinishedBackup, finishBackup } from '../store/backup/write-backup.ts';
import { STORE_FILE } from '../store/state-files.ts';
import { ByteProgress } from './byte-progress.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway, storeOf } from './location.ts';
import { wrap } from './terminal.ts';
import { VERSION } from './version.ts';

/** Bytes read at once; after each part the reader waits as long as the part took, so that commits get half the disk. */
const PART_BYTES = 256 * 1024;
/** Bytes after which the copy is synced, so that one long sync at the end does not delay the commits of the gateway. */
const SYNC_BYTES = 8 * 1024 * 1024;
/** Interval of the messages that keep the file still; the gateway waits for 15 s. */
const KEEP_MS = 4000;
const ATTEMPTS_MAX = 3;

/** @throws Fault `usage` if the file exists or cannot be written, `not-running`, `store-corrupt` */
export async function makeBackup(context: CommandContext, word: string): Promise<number> {
  const target = resolve(word);
  refuseTarget(target);
  const places = await locateGateway(context);
  const asked = await ask(places.controlSocket, '/v1/status');
  if (asked.kind === 'stalled') throw asked.fault;
  const folder = newFolder(target);
  // a signal ends the process without `finally`
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(EXIT.refused));
  const progress = new ByteProgress('copying');
  try {
    const takenAtMs = Date.now();
    let facts: BackupFacts;
    if (asked.kind === 'answered') {
      const source = await copyRunning(places.controlSocket, folder, progress);
      facts = { takenAtMs, isClockTrusted: source.isClockTrusted, gateway: source.gateway, version: VERSION };
    } else {
      const stateDir = storeOf(places, asked.fault);
      if (!existsSync(join(stateDir, STORE_FILE))) throw asked.fault;
      refuseNoRoom(folder, statSync(join(stateDir, STORE_FILE)).size);
      copyStoppedStore(stateDir, folder);
      facts = { takenAtMs, isClockTrusted: null, gateway: null, version: VERSION };
    }
    progress.say('verifying the backup');
    const finished = finishBackup(folder, target, facts);
    progress.clear();
    if (asked.kind === 'answered')
      await give(places.controlSocket, 'backup.written', { target }).catch(() => undefined);
    show(context, target, { facts, ...finished });
    return EXIT.ok;
  } finally {
    progress.clear();
    remove();
  }
}

async function copyRunning(controlSocket: string, folder: string, progress: ByteProgress): Promise<BackupSource> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const source = (await give(controlSocket, 'backup.begin', {})) as BackupSource;
    refuseNoRoom(folder, source.bytes);
    const keep = setInterval(() => {
      give(controlSocket, 'backup.keep', { turn: source.turn }).catch(() => undefined); // the end has the result
    }, KEEP_MS);
    try {
      await copyFile(source.path, join(folder, STORE_FILE), progress);
    } finally {
      clearInterval(keep);
    }
    const { isStill } = (await give(controlSocket, 'backup.end', { turn: source.turn })) as BackupSource;
    if (isStill) return source;
  }
  throw new Fault(
    'command-rejected',
    `The gateway had to write into its database file during each of ${ATTEMPTS_MAX} copies, so no copy is complete`,
    {
      hint: 'Copy to a faster disk, or try again when there are fewer messages or more room on the disk.',
      retryable: true,
    },
  );
}

async function copyFile(from: string, to: string, progress: ByteProgress): Promise<void> {
  const source = await open(from, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new Fault('store-forbidden', `${from} cannot be read (${error.code})`, {
      hint: 'Run the command as root or as the user of the gateway: sudo holdfast backup FILE.',
      cause: error,
    });
  });
  const target = await open(to, 'wx', 0o600);
  try {
    const { size } = await source.stat();
    const part = Buffer.allocUnsafe(PART_BYTES);
    let copied = 0;
    for (let unsynced = 0; ; ) {
      const startMs = performance.now();
      const { bytesRead } = await source.read(part, 0, PART_BYTES, copied);
      if (bytesRead === 0) break;
      await target.write(part, 0, bytesRead, copied);
      copied += bytesRead;
      unsynced += bytesRead;
      if (unsynced >= SYNC_BYTES) {
        await target.datasync();
        unsynced = 0;
      }
      progress.show(copied, size);
      await pause(performance.now() - startMs);
    }
    await target.sync();
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

/** Folder for the copy beside the target, so that the last step is a rename. */
function newFolder(target: string): string {
  try {
    return mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new Fault('usage', `${dirname(target)} cannot be written (${code})`, {
      hint: 'Name a file in an existing directory that this user may write, e.g. on a USB drive.',
      cause,
    });
  }
}

function refuseTarget(target: string): void {
  if (!existsSync(target)) return;
  throw new Fault('usage', `${target} exists already`, { hint: 'Name another file: a backup replaces no file.' });
}

function refuseNoRoom(folder: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize > bytes) return;
  throw new Fault('store-full', `${dirname(folder)} has no room for the backup`, {
    hint: `The backup needs ${bytesWords(bytes)}.`,
    retryable: true,
  });
}

function show(context: CommandContext, path: string, backup: FinishedBackup & { readonly facts: BackupFacts }): void {
  const { content, bytes, facts } = backup;
  if (context.asJson) return printJson(context, 'backup', { path, bytes, ...facts, ...content });
  const lines = [
    `Wrote ${path} (${bytesWords(bytes)}), the store at ${dateWords(facts.takenAtMs)}.`,
    `It holds ${countOf(content.uplinks, 'uplink')}, ${countOf(content.downlinks, 'downlink')}, ${countOf(content.deadLetters, 'dead letter')} and the sessions of ${countOf(content.subdevices, 'subdevice')}. SQLite's structures, all checksums and the ledger were verified.`,
    'Payloads are in it: keep it as confidential as the card. To use it: holdfast restore FILE.',
  ];
  for (const line of lines.flatMap((sentence) => wrap(sentence, context.terminal.width))) context.terminal.print(line);
}
