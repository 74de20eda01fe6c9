/**
 * `holdfast init`: writes a first configuration from the ports of this machine and from answers. An existing file is never
 * replaced. A secret is written into a file of its own with mode 0600, and never into the configuration.
 */
import { chmodSync, chownSync, closeSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { EXIT, Fault } from '../../base/fault.ts';
import { DEFAULT_STATE_DIR } from '../../config/default-places.ts';
import { parseConfig } from '../../config/parse.ts';
import { listPorts } from '../../io/serial/serial-ports.ts';
import { serviceUserOf } from '../../io/service-user.ts';
import { type CommandContext, printJson } from '../context.ts';
import { hangOnScreen } from '../terminal.ts';
import { type Answered, answersOf, type InitOptions } from './ask-answers.ts';
import { openInterview } from './question.ts';
import { starterConfig } from './starter-config.ts';

export interface InitCommandOptions extends InitOptions {
  readonly output?: string;
}

/** Name of the file for a secret that is typed, beside the configuration. */
const SECRET_FILE = 'hub-secret';
/** The configuration has no secrets, and the service must be able to read it. */
const CONFIG_MODE = 0o644;
const SECRET_MODE = 0o600;

/** @throws Fault `usage` if a file exists already, or if an answer is missing or invalid */
export async function writeFirstConfig(context: CommandContext, options: InitCommandOptions): Promise<number> {
  const path = resolve(options.output ?? context.configPath);
  refuseExisting(path, 'the configuration', '--output');
  if (options.secretFile !== undefined && !isAbsolute(options.secretFile))
    throw new Fault('usage', `--secret-file ${options.secretFile} is not an absolute path`, {
      hint: 'Write the whole path, such as /etc/holdfast/hub-secret.',
    });
  const newSecretFile = join(dirname(path), SECRET_FILE);
  const interview = process.stdin.isTTY === true && !context.asJson ? openInterview() : undefined;
  let answered: Answered;
  try {
    answered = await answersOf(options, { ports: await listPorts(), interview, newSecretFile });
  } finally {
    interview?.close();
  }
  const text = starterConfig(answered.answers);
  const parsed = parseConfig(text);
  if (!parsed.ok) {
    const [first] = parsed.problems;
    throw new Fault('usage', `The answers do not fit together: ${first?.path} ${first?.what}`, {
      hint: first?.hint ?? 'Start again.',
    });
  }
  const { secretFile } = answered.answers;
  if (answered.secret !== undefined) writeSecret(newSecretFile, answered.secret);
  writeNew(path, text, CONFIG_MODE);
  if (context.asJson) printJson(context, 'config-written', { path, secretFile: secretFile ?? null });
  else for (const line of nextSteps(path, secretFile)) say(context, line);
  return EXIT.ok;
}

function nextSteps(path: string, secretFile: string | undefined): string[] {
  return [
    `${path} was written${secretFile === undefined ? '' : `; the secret is in ${secretFile}`}.`,
    `Look at it, then run: sudo holdfast config check ${path}`,
    'Start the gateway: sudo systemctl enable --now holdfast',
  ];
}

function writeSecret(path: string, secret: string): void {
  refuseExisting(path, 'the secret', '--output');
  writeNew(path, `${secret}\n`, SECRET_MODE);
  giveToService(path);
}

/** Gives a file of root to the user of the service. */
function giveToService(path: string): void {
  const user = serviceUserOf(DEFAULT_STATE_DIR);
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}

function refuseExisting(path: string, what: string, option: string): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new Fault('usage', `${path} exists already; ${what} is not replaced`, {
    hint: `Name another file with ${option}, or change the file and run holdfast config apply.`,
  });
}

function writeNew(path: string, text: string, mode: number): void {
  let file: number;
  try {
    file = openSync(path, 'wx', mode);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new Fault('usage', `${path} cannot be written (${code})`, {
      hint: 'Use sudo, or name another file with --output.',
      cause,
    });
  }
  try {
    chmodSync(path, mode);
    writeFileSync(file, text);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

function say({ terminal }: CommandContext, text: string): void {
  for (const line of hangOnScreen('', text, terminal)) terminal.print(line);
}
