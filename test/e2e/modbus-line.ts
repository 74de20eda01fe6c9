/** A Modbus line in a testbed: a third-party unit at one end, the gateway at the other, noise between them. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { openPty, type Pty } from '../../src/bench/pty.ts';
import type { Channel } from '../../src/ports.ts';

export const PYTHON = '/usr/bin/python3';
/** Version of Debian 12. Later releases have no such framer, and other names for the parts of the unit. */
export const PYMODBUS_3_0 = 'import pymodbus.server; from pymodbus.transaction import ModbusRtuFramer';
export const sourceOf = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

/** Program that is a Modbus unit. */
export interface UnitProgram {
  readonly name: string;
  /** Reason why the program cannot run here; `undefined`: it can. Printed. */
  readonly missing: string | undefined;
  /** Command line, prepared in `folder`. */
  readonly prepare: (folder: string) => readonly string[];
}

export const UNIT_PROGRAMS: readonly UnitProgram[] = [
  {
    name: 'libmodbus',
    missing: whyNot('cc', ['-fsyntax-only', sourceOf('modbus-unit.c'), '-I/usr/include/modbus'], 'gcc, libmodbus-dev'),
    prepare: (folder) => [compiled('modbus-unit', folder)],
  },
  {
    name: 'pymodbus',
    missing: whyNot(PYTHON, ['-c', PYMODBUS_3_0], 'python3-pymodbus 3.0, python3-serial-asyncio'),
    prepare: () => [PYTHON, sourceOf('modbus-unit.py')],
  },
];

/** @returns path of the program, made of a file of this folder with libmodbus */
export function compiled(name: string, folder: string): string {
  const program = join(folder, name);
  const options = ['-Wall', '-Werror', '-I/usr/include/modbus', '-o', program];
  execFileSync('cc', [...options, sourceOf(`${name}.c`), '-lmodbus'], { stdio: 'pipe' });
  return program;
}

export function whyNot(program: string, words: readonly string[], packages: string): string | undefined {
  try {
    execFileSync(program, [...words], { stdio: 'pipe' });
    return undefined;
  } catch {
    console.warn(`skipped: Modbus units cannot be tried here without ${packages} (Debian)`);
    return packages;
  }
}

export class ModbusLine {
  /** Path of the gateway's end of the line. */
  readonly path: string;
  /** Probability that a piece of bytes on the line is damaged. */
  damage = 0;
  /** True if the adapter of the gateway receives what it sends. */
  echoes = false;
  /** Time after an answer in which the unit receives nothing, ms. */
  deafMs = 0;
  /** Number of pieces of requests that the unit did not receive. */
  missed = 0;
  /** Number of answers of the unit with exception 2. */
  refusals = 0;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  readonly #far: Pty;
  readonly #words: readonly string[];
  #unit: ChildProcess | undefined;

  private constructor(near: Pty, far: Pty, words: readonly string[]) {
    this.path = near.path;
    this.#far = far;
    this.#words = words;
    const random = seededRandom(5);
    const ends: Channel[] = [];
    for (const [index, pty] of [near, far].entries()) {
      const bytes = (piece: Uint8Array) => {
        const isRequest = index === 0;
        // before the gateway can have the answer, so that its pause ends after that of the unit
        if (!isRequest) this.#answeredAtMs = performance.now();
        if (isRequest && this.echoes) ends[0]?.write(piece.slice());
        if (isRequest && performance.now() - this.#answeredAtMs < this.deafMs) this.missed += 1;
        else ends[1 - index]?.write(random() < this.damage ? damaged(piece, random) : piece);
        if (!isRequest && isRefusal(piece)) this.refusals += 1;
      };
      ends.push(pty.open({ opened: () => {}, bytes, closed: () => {} }));
    }
  }

  /** Stopped at the end of the test. */
  static async open(program: UnitProgram): Promise<ModbusLine> {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-modbus-'));
    const [near, far] = [await openPty(), await openPty()];
    const line = new ModbusLine(near, far, program.prepare(folder));
    onTestFinished(async () => {
      await line.switchOff();
      await Promise.all([near.hangUp(), far.hangUp()]);
      rmSync(folder, { recursive: true });
    });
    return line;
  }

  async switchOn(): Promise<void> {
    const [program = '', ...words] = this.#words;
    const unit = spawn(program, [...words, this.#far.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#unit = unit;
    await Promise.race([once(unit.stdout, 'data'), once(unit, 'exit')]);
    if (unit.exitCode !== null) throw new Error(`the unit ended with ${unit.exitCode}`);
  }

  async switchOff(): Promise<void> {
    const unit = this.#unit;
    if (unit === undefined || unit.exitCode !== null || unit.signalCode !== null) return;
    unit.kill('SIGKILL');
    await once(unit, 'exit');
  }
}

/** True for an answer with exception 2 (illegal data address). */
function isRefusal(piece: Uint8Array): boolean {
  const [, code = 0, exception] = piece;
  return piece.length === 5 && code > 0x80 && exception === 2;
}

/** Loses a byte, flips a bit, or adds a stray byte at the front. */
function damaged(piece: Uint8Array, random: () => number): Uint8Array {
  const bytes = [...piece];
  const at = Math.floor(random() * bytes.length);
  const kind = Math.floor(random() * 3);
  if (kind === 0) bytes.splice(at, 1);
  else if (kind === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  else bytes.unshift(Math.floor(random() * 256));
  return Uint8Array.from(bytes);
}
