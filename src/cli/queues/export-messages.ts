/** `holdfast outbox|inbox export`: messages as lines of JSON, to a file that is written whole or not at all. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, Fault } from '../../base/fault.ts';
import type { QueueName } from '../../ops/queues/message-selector.ts';
import { bytesWords, countOf } from '../../ops/words.ts';
import { type CommandContext, printJson } from '../context.ts';
import { CountingLine } from './counting-line.ts';
import { type PageReader, readMessages } from './message-source.ts';
import { type SelectionOptions, selectorOf } from './selection.ts';

export interface ExportOptions extends SelectionOptions {
  readonly out?: string;
}

interface Written {
  readonly messages: number;
  readonly bytes: number;
  readonly damaged: number;
}

/** Messages of one page. */
const PAGE_MESSAGES = 1000;
/** Time between two attempts on a full pipe, ms. */
const PIPE_RETRY_MS = 5;

/** @throws Fault `usage` if the file exists or cannot be written */
export async function exportMessages(
  context: CommandContext,
  queue: QueueName,
  options: ExportOptions,
  words: readonly string[],
): Promise<number> {
  const selector = selectorOf(options, words);
  const { out } = options;
  if (out === undefined) {
    await readMessages(
      context,
      { queue, selector },
      lines((text) => writeAll(1, text)),
    );
    return EXIT.ok;
  }
  const file = new WholeFile(out);
  try {
    const { result } = await readMessages(
      context,
      { queue, selector },
      lines((text) => file.write(text)),
    );
    file.finish();
    if (context.asJson) printJson(context, 'messages-exported', { path: out, ...result });
    else context.terminal.print(`${out}: ${countOf(result.messages, 'message')}, ${bytesWords(result.bytes)}.`);
    return EXIT.ok;
  } finally {
    file.discard();
  }
}

function* lines(write: (text: string) => void): PageReader<Written> {
  const progress = new CountingLine(process.stderr);
  const written = { messages: 0, bytes: 0, damaged: 0 };
  let next: number | null = 0;
  let upTo: number | undefined;
  while (next !== null) {
    const page: Parameters<PageReader<Written>['next']>[0] = yield {
      after: next,
      upTo,
      limit: PAGE_MESSAGES,
      show: 'payload',
    };
    upTo ??= page.newest;
    const text = page.messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    if (text !== '') write(text);
    written.messages += page.messages.length;
    written.bytes += Buffer.byteLength(text);
    written.damaged += page.damaged;
    next = page.next;
    progress.show(`exporting: ${countOf(written.messages, 'message')}, ${bytesWords(written.bytes)}`);
  }
  progress.clear();
  return written;
}

/** File under a temporary name, until it is complete and on the disk. */
class WholeFile {
  readonly #path: string;
  readonly #partial: string;
  readonly #file: number;
  #isFinished = false;

  /** @throws Fault `usage` */
  constructor(path: string) {
    this.#path = path;
    this.#partial = `${path}.partial-${process.pid}`;
    if (existsSync(path)) throw unwritable(path, 'exists already');
    try {
      this.#file = openSync(this.#partial, 'wx', 0o600); // payloads: only the owner can read it
    } catch (error) {
      throw unwritable(path, `cannot be written (${codeOf(error)})`);
    }
    process.once('SIGINT', () => {
      this.discard();
      process.exit(EXIT.usage);
    });
  }

  write(text: string): void {
    try {
      writeAll(this.#file, text);
    } catch (error) {
      throw unwritable(this.#path, `cannot be written (${codeOf(error)})`);
    }
  }

  /** Gives the file its name once its content is on the disk. */
  finish(): void {
    fsyncSync(this.#file);
    closeSync(this.#file);
    renameSync(this.#partial, this.#path);
    const folder = openSync(dirname(this.#path), 'r');
    fsyncSync(folder);
    closeSync(folder);
    this.#isFinished = true;
  }

  /** Removes an incomplete file. */
  discard(): void {
    if (!this.#isFinished) rmSync(this.#partial, { force: true });
  }
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(file, bytes, done);
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_RETRY_MS);
    }
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

function unwritable(path: string, what: string): Fault {
  return new Fault('usage', `${path} ${what}`, { hint: 'Name another file with --out FILE.' });
}
