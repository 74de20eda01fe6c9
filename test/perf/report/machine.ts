/**
 * Facts about the machine that a reader needs to judge the numbers. No host name, no user, no path, no address: a result
 * may be sent to others.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import Sqlite from 'better-sqlite3';
import { volatilePlaceOf } from '../../../src/io/volatile-storage.ts';

export interface MachineFacts {
  /** Model of a board, such as a Raspberry Pi; `null`: not a board. */
  readonly board: string | null;
  readonly cpu: string;
  readonly cores: number;
  readonly architecture: string;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly sqlite: string;
  readonly fileSystem: string;
  /** The state is in RAM, and not on a disk. */
  readonly isVolatile: boolean;
  /** Load average of the last minute. */
  readonly load: number;
}

export function machineFacts(stateRoot: string): MachineFacts {
  const all = cpus();
  return {
    board: board(),
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    architecture: arch(),
    memoryMiB: Math.round(totalmem() / 1024 / 1024),
    kernel: release(),
    node: process.versions.node,
    sqlite: sqliteVersion(),
    fileSystem: fileSystem(stateRoot),
    isVolatile: volatilePlaceOf(stateRoot) !== undefined,
    load: loadavg()[0] ?? Number.NaN,
  };
}

function board(): string | null {
  try {
    return readFileSync('/proc/device-tree/model', 'utf8').replaceAll('\0', '').trim();
  } catch {
    return null;
  }
}

function sqliteVersion(): string {
  const database = new Sqlite(':memory:');
  const version = database.prepare('SELECT sqlite_version()').pluck().get();
  database.close();
  return String(version);
}

function fileSystem(path: string): string {
  try {
    return execFileSync('stat', ['-f', '-c', '%T', path], { encoding: 'utf8' }).trim();
  } catch {
    return `type 0x${statfsSync(path).type.toString(16)}`;
  }
}
