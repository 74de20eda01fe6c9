/**
 * Program that uses each package with machine code once: SQLite writes a store and reads it in a second thread, koffi
 * calls the C library, and the serial library sends bytes through a PTY. Prints one JSON object.
 *
 * Words: folder of the installed program, path of the store. The packages are those of that folder, not of this checkout.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

interface SmokeDatabase {
  pragma(text: string, options: { readonly simple: true }): unknown;
  exec(text: string): void;
  prepare(text: string): { all(): unknown[] };
  close(): void;
}

interface SmokePort {
  readonly fd: number;
  write(bytes: Buffer): Promise<void>;
  read(bytes: Buffer, offset: number, length: number): Promise<{ readonly bytesRead: number }>;
}

interface SmokeBinding {
  open(options: { readonly path: string; readonly baudRate: number; readonly lock: boolean }): Promise<SmokePort>;
}

const [home = '', store = ''] = isMainThread ? process.argv.slice(2) : workerData;
const packageOf = createRequire(join(home, 'lib/main.js'));
const Database: new (path: string) => SmokeDatabase = packageOf('better-sqlite3');

if (isMainThread) await useAll();
else parentPort?.postMessage(rowsOf(store));

function rowsOf(path: string): unknown[] {
  const database = new Database(path);
  const rows = database.prepare('SELECT payload FROM messages ORDER BY number').all();
  database.close();
  return rows;
}

async function useAll(): Promise<void> {
  const database = new Database(store);
  const journalMode = database.pragma('journal_mode = WAL', { simple: true });
  database.pragma('synchronous = FULL', { simple: true });
  database.exec(
    "CREATE TABLE messages (number INTEGER PRIMARY KEY, payload TEXT) STRICT; INSERT INTO messages VALUES (1, 'one'), (2, 'two')",
  );
  const rows = await new Promise((resolve, reject) => {
    new Worker(new URL(import.meta.url), { workerData: [home, store] }).once('message', resolve).once('error', reject);
  });
  database.close();

  const library = packageOf('koffi').load(null);
  const call = (declaration: string, ...words: readonly unknown[]): unknown => library.func(declaration)(...words);
  const isOwnPid = call('int getpid()') === process.pid;

  const binding: SmokeBinding = packageOf('@serialport/bindings-cpp').autoDetect();
  const master = await binding.open({ path: '/dev/ptmx', baudRate: 115200, lock: false });
  const name = Buffer.alloc(64);
  call('int grantpt(int fd)', master.fd);
  call('int unlockpt(int fd)', master.fd);
  call('int ptsname_r(int fd, _Out_ char *buffer, size_t bytes)', master.fd, name, name.length);
  const path = name.toString('utf8', 0, name.indexOf(0));
  const slave = await binding.open({ path, baudRate: 9600, lock: true });
  await master.write(Buffer.from('frame'));
  const bytes = Buffer.alloc(16);
  const { bytesRead } = await slave.read(bytes, 0, bytes.length);
  const received = bytes.toString('utf8', 0, bytesRead);
  process.stdout.write(`${JSON.stringify({ arch: process.arch, journalMode, rows, isOwnPid, received })}\n`);
  // the poller of a port keeps the process alive
  process.exit(0);
}
