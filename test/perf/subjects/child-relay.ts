/** A relay that is a child process other than the gateway, with its temporary folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { CountingHub } from '../hub/counting-hub.ts';
import type { Load } from '../load/load.ts';
import type { Relay } from './relay.ts';

export interface ChildRelayParts {
  readonly hub: CountingHub;
  readonly load: Load;
  readonly child: ChildProcess;
  readonly folder: string;
  readonly end: () => void;
}

export class ChildRelay implements Relay {
  readonly hub: CountingHub;
  readonly load: Load;
  readonly #parts: ChildRelayParts;

  constructor(parts: ChildRelayParts) {
    this.#parts = parts;
    this.hub = parts.hub;
    this.load = parts.load;
  }

  get pid(): number {
    return this.#parts.child.pid ?? 0;
  }

  async commits(): Promise<undefined> {
    return undefined;
  }

  async close(): Promise<void> {
    const { child, folder, end } = this.#parts;
    await endChild(child);
    await this.load.close();
    await this.hub.close();
    end();
    rmSync(folder, { recursive: true, force: true });
  }
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a program that ends at the latest with this process. */
export function startChild(
  program: string,
  words: readonly string[],
  {
    env = {},
    stderr = 'inherit',
  }: { readonly env?: Readonly<Record<string, string>>; readonly stderr?: 'inherit' | 'ignore' } = {},
): ChildProcess {
  const child = spawn(program, [...words], { stdio: ['ignore', 'pipe', stderr], env: { ...process.env, ...env } });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
