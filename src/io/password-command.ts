/**
 * Program that prints the password for the hub (`hub.password_command`). It runs without a shell, as the user of this
 * process, with a minimal environment and in a process group of its own. Its time and its output are bounded, and its
 * whole group is ended after it. Two runs never overlap. No text of this file contains a byte of a password.
 */
import { ChildProcess, spawn } from 'node:child_process';
import { Fault } from '../base/fault.ts';
import { PASSWORD_BYTES_MAX, PASSWORD_COMMAND_MS_MAX } from '../base/password-limits.ts';
import { withoutSecretForms } from '../base/secret-forms.ts';
import { programProblem } from './program-file.ts';

/** Program and its arguments. */
export type PasswordProgram = readonly [path: string, ...words: string[]];

export interface PasswordCommandOptions {
  /** User and group that run the program; default: those of this process. Only root may choose others. */
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
  /** Changed in tests only. */
  readonly msMax?: number;
  /** Environment of this process; replaced in tests only. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Last bytes of stderr that are kept. The last lines of an error say the most. */
const STDERR_BYTES_MAX = 4096;
/** Longest text of stderr in a reason. */
const STDERR_LENGTH_MAX = 300;
/** Shortest output that is searched for in stderr. A single character would occur everywhere. */
const SEARCHED_LENGTH_MIN = 4;
/** Line end after a password, in bytes. */
const LINE_END_BYTES_MAX = 2;
/** Time after the end of the program for its output to arrive, ms. */
const DRAIN_MS = 1000;
const REMOVED = '(removed)';
const TOO_LONG = `printed more than ${PASSWORD_BYTES_MAX} bytes`;
const HINT = 'Run the program by hand as the user of the service to see what it prints; see tokens.md.';

export class PasswordCommand {
  readonly #program: PasswordProgram;
  readonly #msMax: number;
  readonly #env: NodeJS.ProcessEnv;
  readonly #runAs: PasswordCommandOptions['runAs'];
  #running: Promise<Uint8Array> | undefined;
  #child: ChildProcess | undefined;
  /** The present run is ended from outside. */
  #isEnded = false;

  /** @throws Fault `password-command` for a file that must not or cannot be run */
  constructor(program: PasswordProgram, options: PasswordCommandOptions = {}) {
    this.#program = program;
    this.#msMax = options.msMax ?? PASSWORD_COMMAND_MS_MAX;
    this.#env = environmentOf(options.env ?? process.env);
    this.#runAs = options.runAs;
    this.#check();
  }

  /** Runs the program, or joins the present run. Rejects with a Fault `password-command`. @returns the password */
  run(): Promise<Uint8Array> {
    this.#running ??= this.#runOnce().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends the present run with all processes of its group. */
  end(): void {
    this.#isEnded = true;
    killGroup(this.#child);
  }

  async #runOnce(): Promise<Uint8Array> {
    this.#isEnded = false;
    this.#check(); // the file may have changed since the last run
    const { stdout, stderr, problem } = await this.#outcome();
    const password = withoutLineEnd(stdout);
    const inOutput =
      password.length > PASSWORD_BYTES_MAX ? TOO_LONG : password.length === 0 ? 'printed no password' : undefined;
    const why = problem ?? inOutput;
    if (why === undefined) return password;
    throw this.#fault(`${why}${stderrWords(stderr, stdout)}`);
  }

  #check(): void {
    const problem = programProblem(this.#program[0], this.#runAs?.uid);
    if (problem !== undefined) throw this.#fault(problem.what, problem.hint);
  }

  #outcome(): Promise<RunOutcome> {
    return new Promise((resolve) => {
      const stdout = new BoundedHead(PASSWORD_BYTES_MAX + LINE_END_BYTES_MAX);
      const stderr = new NewestLines(STDERR_BYTES_MAX);
      let problem: string | undefined;
      let drain: NodeJS.Timeout | undefined;
      const end = (why: string): void => {
        problem ??= why;
        killGroup(child);
      };
      const done = (): void => {
        clearTimeout(late);
        clearTimeout(drain);
        this.#child = undefined;
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({ stdout: stdout.bytes, stderr: stderr.text, problem });
      };
      const late = setTimeout(() => end(`did not end within ${this.#msMax / 1000} s`), this.#msMax);
      const child = this.#start();
      this.#child = child;
      child.stdout?.on('data', (bytes: Buffer) => {
        if (!stdout.add(bytes)) end(TOO_LONG);
      });
      child.stderr?.on('data', (bytes: Buffer) => stderr.add(bytes));
      child.once('error', (error) => {
        problem ??= `cannot be started: ${startWords(error)}`;
        done();
      });
      child.once('exit', (code, signal) => {
        if (code !== 0) problem ??= this.#isEnded ? 'was ended: the gateway stops' : exitWords(code, signal);
        killGroup(child); // processes that the program has left behind
        drain = setTimeout(done, DRAIN_MS); // a process that has left the group may hold the output open
      });
      child.once('close', done);
    });
  }

  /** Errors are events of the result, also those that `spawn` throws. */
  #start(): ChildProcess {
    const [path, ...words] = this.#program;
    try {
      return spawn(path, words, {
        cwd: '/',
        env: this.#env,
        stdio: ['ignore', 'pipe', 'pipe'],
        shell: false,
        ...this.#runAs,
        detached: true, // a process group of its own, which can be ended as a whole
      });
    } catch (error) {
      const failed = new ChildProcess();
      queueMicrotask(() => failed.emit('error', error));
      return failed;
    }
  }

  #fault(what: string, hint = HINT): Fault {
    return new Fault('password-command', `hub.password_command ${this.#program[0]} ${what}`, {
      hint,
      retryable: hint === HINT,
    });
  }
}

interface RunOutcome {
  readonly stdout: Uint8Array;
  readonly stderr: string;
  /** `undefined`: the program ended with exit code 0. */
  readonly problem: string | undefined;
}

/** Last lines of stderr as a part of a sentence, without anything that is or looks like a password. */
function stderrWords(stderr: string, stdout: Uint8Array): string {
  const printed = Buffer.from(withoutLineEnd(stdout)).toString('utf8');
  const searched = [printed, ...printed.split('\n')].filter((text) => text.length >= SEARCHED_LENGTH_MIN);
  const clean = searched.reduce((text, secret) => text.replaceAll(secret, REMOVED), stderr);
  const words = withoutSecretForms(clean, REMOVED)
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  if (words === '') return '';
  return `; stderr: ${words.length > STDERR_LENGTH_MAX ? `…${words.slice(-STDERR_LENGTH_MAX)}` : words}`;
}

/** Environment of the program: no variable of this process but the folder of credentials, which is a path. */
function environmentOf({ CREDENTIALS_DIRECTORY: credentials }: NodeJS.ProcessEnv): Record<string, string> {
  const base = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', HOME: '/' };
  return credentials === undefined ? base : Object.assign(base, { CREDENTIALS_DIRECTORY: credentials });
}

/** Ends all processes of the group of the program, as far as there are any. */
function killGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // no process of the group is left
  }
}

function startWords(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'the interpreter in its first line does not exist';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'ENOEXEC')
    return 'it is neither a binary of this machine nor a script with an interpreter in its first line';
  return code ?? error.message;
}

function exitWords(code: number | null, signal: NodeJS.Signals | null): string {
  return code === null ? `was ended by ${signal}` : `failed with exit code ${code}`;
}

function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1);
}

/** First bytes of a stream. */
class BoundedHead {
  readonly #bytesMax: number;
  bytes: Uint8Array = new Uint8Array(0);

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** @returns false if the stream is longer than the bound */
  add(bytes: Uint8Array): boolean {
    this.bytes = Buffer.concat([this.bytes, bytes.subarray(0, this.#bytesMax - this.bytes.length + 1)]);
    return this.bytes.length <= this.#bytesMax;
  }
}

/** Last lines of a stream. A line that was cut is left out, because a part of a password could not be recognised. */
class NewestLines {
  readonly #bytesMax: number;
  #bytes: Uint8Array = new Uint8Array(0);
  #isCut = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add(bytes: Uint8Array): void {
    const all = Buffer.concat([this.#bytes, bytes]);
    this.#isCut ||= all.length > this.#bytesMax;
    this.#bytes = all.subarray(-this.#bytesMax);
  }

  get text(): string {
    const text = Buffer.from(this.#bytes).toString('utf8');
    if (!this.#isCut) return text;
    const lineEnd = text.indexOf('\n');
    return lineEnd === -1 ? '' : text.slice(lineEnd + 1);
  }
}
