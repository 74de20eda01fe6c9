/**
 * Gateway as a separate process that can be started, queried, killed and restarted.
 *
 * Invariant: the gateway ends when this process ends, for any reason. The kernel uses the numbers of closed PTYs again.
 * So a gateway that still runs after the end of its test would open the PTYs of later tests.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AnswerPath, ControlAnswers } from '../ops/api/control-answers.ts';
import { ask } from '../ops/api/control-client.ts';
import type { LedgerReport } from '../ops/reports/ledger-report.ts';
import type { OutboxReport, StatusReport } from '../ops/reports/report.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** Longest wait for a start. A cold start compiles all code once. */
const START_MS_MAX = 120_000;
const ASK_EVERY_MS = 20;
/** Longest wait for an answer. A machine that runs tests is busy. */
const ANSWER_MS_MAX = 30_000;
/** Number of characters that are kept from the end of the journal. */
const JOURNAL_CHARACTERS_MAX = 64_000;

export interface GatewayProcessOptions {
  readonly configPath: string;
  readonly socketPath: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node and V8. */
  readonly nodeOptions?: readonly string[];
  /** Path of another program with the same command line, e.g. a gateway from which one safety is removed. */
  readonly program?: string;
  /** Words of a command that starts the program in its own process, e.g. with other mounts. */
  readonly launcher?: readonly string[];
}

export class GatewayProcess {
  readonly #options: GatewayProcessOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<number | string> = Promise.resolve(0);
  #journal = '';

  constructor(options: GatewayProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** End of the journal, over all processes. */
  get journal(): string {
    return this.#journal;
  }

  /** Starts the gateway and waits until it answers. */
  async start(): Promise<void> {
    this.spawn();
    await this.ready();
  }

  spawn(): void {
    const { launcher = [], nodeOptions = [], program = MAIN, configPath, env } = this.#options;
    const command = [...launcher, process.execPath, ...nodeOptions, program, 'run', '--config', configPath];
    const child = spawn(command[0] ?? process.execPath, command.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    child.stderr?.on('data', (text: Buffer) => {
      this.#journal = (this.#journal + text.toString()).slice(-JOURNAL_CHARACTERS_MAX);
    });
    this.#child = child;
    if (child.pid !== undefined) endWithThisProcess(child, child.pid);
    this.#ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal ?? 'gone')));
  }

  async ready(): Promise<void> {
    const deadline = Date.now() + START_MS_MAX;
    while (Date.now() < deadline) {
      const end = this.#child?.exitCode ?? this.#child?.signalCode;
      if (end !== null) throw new Error(`the gateway ended with ${end}:\n${this.#journal}`);
      if (
        (await ask(this.#options.socketPath, '/v1/status', '', ANSWER_MS_MAX).catch(() => undefined))?.kind ===
        'answered'
      )
        return;
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
    throw new Error(`the gateway does not answer:\n${this.#journal}`);
  }

  /**
   * Sends a signal and waits for the end of the process. @returns the exit code, or the name of the signal that ended
   * the process
   */
  async signal(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | string> {
    this.#child?.kill(signal);
    return await this.#ended;
  }

  async ended(): Promise<number | string> {
    return await this.#ended;
  }

  async status(): Promise<StatusReport> {
    return await this.#ask('/v1/status');
  }

  async ledger(): Promise<LedgerReport> {
    return await this.#ask('/v1/ledger');
  }

  async outbox(): Promise<OutboxReport> {
    return await this.#ask('/v1/outbox');
  }

  async #ask<Path extends AnswerPath>(path: Path): Promise<ControlAnswers[Path]> {
    const asked = await ask(this.#options.socketPath, path, '', ANSWER_MS_MAX);
    if (asked.kind !== 'answered') throw asked.fault;
    return asked.report;
  }
}

/**
 * Starts a guard process that kills the child when this process ends. The guard detects the end of this process by the
 * end of its own standard input.
 */
function endWithThisProcess(child: ChildProcess, pid: number): void {
  const guard = spawn('sh', ['-c', 'read _; kill -KILL "$0"', String(pid)], { stdio: ['pipe', 'ignore', 'ignore'] });
  guard.unref();
  child.once('exit', () => guard.kill('SIGKILL'));
}
