/** Yardsticks of the machine: what its parts can do without a gateway. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { CountingHub } from '../hub/counting-hub.ts';
import { payloadOf } from '../load/frames.ts';
import { Poll } from '../load/poll.ts';
import { openRawPty } from '../load/raw-pty.ts';
import { readCost } from '../process-cost.ts';
import type { Figure } from '../report/figure.ts';
import { spreadOf } from '../report/result.ts';
import { endChild, startChild } from '../subjects/child-relay.ts';
import type { BenchCase, RunSettings } from './bench-case.ts';
import { millisecondsOf } from './small-cases.ts';

const CLIENT = fileURLToPath(new URL('../subjects/mqtt-client.ts', import.meta.url));
const CLIENT_WINDOW = 32;
const CHUNK = Buffer.alloc(4096, 'x');
const STARTS = 5;
/** Rows per transaction for which SQLite's own wear is measured. */
const BATCHES = [1, 8, 64, 512];
const ROWS_MAX = 8192;
const COMMITS_MAX = 512;

async function machine(settings: RunSettings): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(settings.stateRoot, 'holdfast-bench-machine-'));
  try {
    const starts = Array.from({ length: settings.isQuick ? 1 : STARTS }, () =>
      millisecondsOf(process.execPath, ['-e', '0']),
    );
    return [
      ...(await mqttClient(settings)),
      { name: 'bytes through a PTY', unit: 'MB/s', better: 'more', value: (await ptyBytes(settings)) / 1e6 },
      { name: 'fsync of 4 KiB', unit: '/s', better: 'more', value: fsyncs(settings, folder) },
      { name: 'start of Node', unit: 'ms', better: 'less', value: spreadOf(starts).median },
      ...BATCHES.map((batch) => sqliteWear(settings, folder, batch)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function mqttClient({ seconds }: RunSettings): Promise<Figure[]> {
  const hub = new CountingHub();
  await hub.open();
  const child = startChild(process.execPath, [CLIENT, String(hub.port), String(CLIENT_WINDOW), String(seconds)]);
  try {
    const [text] = child.stdout === null ? [''] : await once(child.stdout, 'data');
    const { perS, cpuUs } = JSON.parse(String(text)) as { readonly perS: number; readonly cpuUs: number };
    return [
      { name: 'mqtt-packet client: messages', unit: '/s', better: 'more', value: perS },
      { name: 'mqtt-packet client: CPU', unit: 'µs/msg', better: 'less', value: cpuUs },
    ];
  } finally {
    await endChild(child);
    await hub.close();
  }
}

/** @returns bytes per second that a process reads from its end of a PTY */
async function ptyBytes({ seconds }: RunSettings): Promise<number> {
  const pty = openRawPty();
  const reader = spawn('sh', ['-c', 'exec cat <"$0" >/dev/null', pty.path], { stdio: 'ignore' });
  const poll = new Poll([pty.masterFd]);
  const startedMs = performance.now();
  let bytes = 0;
  while (performance.now() - startedMs < seconds * 1000) {
    try {
      bytes += writeSync(pty.masterFd, CHUNK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      poll.waitForRoom(0);
    }
  }
  const perS = (bytes * 1000) / (performance.now() - startedMs);
  await endChild(reader);
  pty.close();
  return perS;
}

function fsyncs({ seconds }: RunSettings, folder: string): number {
  const file = openSync(join(folder, 'fsync'), 'w');
  const startedMs = performance.now();
  let count = 0;
  for (; performance.now() - startedMs < seconds * 1000; count += 1) {
    writeSync(file, CHUNK);
    fsyncSync(file);
  }
  closeSync(file);
  return (count * 1000) / (performance.now() - startedMs);
}

/** Device bytes of rows of the same size as the gateway's, inserted and deleted, with a checkpoint at the end. */
function sqliteWear({ isQuick }: RunSettings, folder: string, batch: number): Figure {
  const database = new Sqlite(join(folder, `wear-${batch}.db`));
  database.pragma('page_size = 1024');
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE outbox (seq INTEGER PRIMARY KEY, lane INTEGER, crc INTEGER, topic TEXT, payload BLOB)');
  const insert = database.prepare('INSERT INTO outbox (lane, crc, topic, payload) VALUES (1, 4000000000, ?, ?)');
  const rows = Math.min(ROWS_MAX, batch * (isQuick ? 1 : COMMITS_MAX));
  const payload = payloadOf(1);
  const insertBatch = database.transaction(() => {
    for (let row = 0; row < batch; row += 1) insert.run('gw/s0/t', payload);
  });
  const before = readCost('self').deviceBytes;
  for (let done = 0; done < rows; done += batch) insertBatch();
  database.pragma('wal_checkpoint(TRUNCATE)');
  const bytes = readCost('self').deviceBytes - before;
  database.close();
  return { name: `SQLite alone, ${batch} rows per commit`, unit: 'device B/row', better: 'less', value: bytes / rows };
}

export const machineCase: BenchCase = {
  name: 'machine',
  about: 'yardsticks: mqtt-packet client, PTY, fsync, start of Node, wear of SQLite alone',
  subjects: ['machine'],
  run: machine,
};
