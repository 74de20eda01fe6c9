/** Third-party servers of Modbus TCP, with units 1 and 2. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { answers, findPort } from './any-broker.ts';
import { compiled, PYMODBUS_3_0, PYTHON, sourceOf, whyNot } from './modbus-line.ts';
import { until } from './until.ts';

export interface ServerProgram {
  readonly name: string;
  /** Reason why the program cannot run here; `undefined`: it can. Printed. */
  readonly missing: string | undefined;
  readonly prepare: (folder: string) => readonly string[];
}

export const SERVER_PROGRAMS: readonly ServerProgram[] = [
  {
    name: 'libmodbus',
    missing: whyNot(
      'cc',
      ['-fsyntax-only', sourceOf('modbus-server.c'), '-I/usr/include/modbus'],
      'gcc, libmodbus-dev',
    ),
    prepare: (folder) => [compiled('modbus-server', folder)],
  },
  {
    name: 'pymodbus',
    missing: whyNot(PYTHON, ['-c', PYMODBUS_3_0], 'python3-pymodbus 3.0'),
    prepare: () => [PYTHON, sourceOf('modbus-server.py')],
  },
];

/** Requests that wait before they are answered. */
export interface SlowRequests {
  /** Every such request waits; 0: none. */
  readonly each: number;
  readonly ms: number;
}

export class ModbusServer {
  readonly port: number;
  readonly #words: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, words: readonly string[]) {
    this.port = port;
    this.#words = words;
  }

  /** Accepts connections. Stopped at the end of the test. */
  static async open(program: ServerProgram, { each, ms }: SlowRequests = { each: 0, ms: 0 }): Promise<ModbusServer> {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-modbus-'));
    const port = await findPort();
    const server = new ModbusServer(port, [...program.prepare(folder), ...[port, each, ms].map(String)]);
    onTestFinished(async () => {
      await server.switchOff();
      rmSync(folder, { recursive: true });
    });
    await server.switchOn();
    return server;
  }

  async switchOn(): Promise<void> {
    const [program = '', ...words] = this.#words;
    // pymodbus reports each connection that is cut on stderr
    this.#process = spawn(program, words, { stdio: 'ignore' });
    await until(() => answers(this.port));
  }

  async switchOff(): Promise<void> {
    const server = this.#process;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
}
