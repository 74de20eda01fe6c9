/**
 * `holdfast init`: writes a first configuration from the ports of this machine and from answers. An existing file is never
 * replaced. A secret is written into a file of its own with mode 0600, and never into the configuration.
 */
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { EXIT, Fault } from '../../base/fault.ts';
import { DEFAULT_CONFIG_PATH, DEFAULT_STATE_DIR } from '../../config/default-places.ts';
import { parseConfig } from '../../config/parse.ts';
import { userName } from '../../io/accounts.ts';
import { listPorts } from '../../io/serial/serial-ports.ts';
import { serviceUserOf } from '../../io/service-user.ts';
import { type CommandContext, printJson } from '../context.ts';
import { hangOnScreen } from '../terminal.ts';
import { warn } from '../warning.ts';
import { type Answered, answersOf, type Surroundings } from './ask-answers.ts';
import type { InitOptions } from './init-answers.ts';
import { type Interview, InterviewInterrupted, openInterview } from './question.ts';
import { starterConfig } from './starter-config.ts';

export interface InitCommandOptions extends InitOptions {
  readonly output?: string;
}

/** Name of the file for a secret that is typed, beside the configuration. */
const SECRET_FILE = 'hub-secret';
/** The configuration has no secrets, and the service must be able to read it. */
const CONFIG_MODE = 0o644;
const SECRET_MODE = 0o600;

/** Exit code of a command that Ctrl-C ends, as shells count it: 128 and the number of the signal. */
const INTERRUPTED = 130;

/** @throws Fault `usage` if a file exists already, or if an answer is missing or invalid */
export async function writeFirstConfig(context: CommandContext, options: InitCommandOptions): Promise<number> {
  const path = resolve(options.output ?? context.configPath);
  refuseExisting(path);
  refuseClosedFolder(path);
  if (options.secretFile !== undefined && !isAbsolute(options.secretFile))
    throw new Fault('usage', `--secret-file ${options.secretFile} is not an absolute path`, {
      hint: 'Write the whole path, such as /etc/holdfast/hub-secret.',
    });
  const interview = process.stdin.isTTY === true && !context.asJson ? openInterview() : undefined;
  let found: Found;
  try {
    found = await fittingAnswers(context, options, path, interview);
  } catch (error) {
    if (!(error instanceof InterviewInterrupted)) throw error;
    process.stderr.write('Interrupted. Nothing was written.\n');
    return INTERRUPTED;
  } finally {
    interview?.close();
  }
  const { text, answered } = found;
  const { secretFile } = answered.answers;
  if (answered.secret !== undefined && secretFile !== undefined) {
    writeNew(secretFile, `${answered.secret}\n`, SECRET_MODE);
    giveToService(secretFile);
  }
  writeNew(path, text, CONFIG_MODE);
  if (context.asJson) printJson(context, 'config-written', { path, secretFile: secretFile ?? null });
  else for (const line of nextSteps(path, secretFile)) say(context, line);
  return EXIT.ok;
}

interface Found {
  readonly answered: Answered;
  /** Text of the configuration. */
  readonly text: string;
}

/** Asks until the answers fit together. @throws Fault `usage` if they do not, and there is no terminal to ask on */
async function fittingAnswers(
  context: CommandContext,
  options: InitCommandOptions,
  path: string,
  interview: Interview | undefined,
): Promise<Found> {
  const surroundings: Surroundings = {
    ports: await listPorts(),
    interview,
    newSecretFile: join(dirname(path), SECRET_FILE),
    samples: new Map(),
    warn: (message, hint) => warn(context, message, hint),
  };
  for (;;) {
    const answered = await answersOf(options, surroundings);
    const text = starterConfig(answered.answers);
    const parsed = parseConfig(text);
    if (parsed.ok) return { answered, text };
    const [first] = parsed.problems;
    const what = `The answers do not fit together: ${first?.path} ${first?.what}`;
    const hint = first?.hint ?? 'Start again.';
    if (interview === undefined) throw new Fault('usage', what, { hint });
    interview.say(`${what}. ${hint}`);
    interview.say('The questions follow again, each with your answer: Enter keeps it, Ctrl-C ends without a file.');
  }
}

function nextSteps(path: string, secretFile: string | undefined): string[] {
  const isUsual = path === DEFAULT_CONFIG_PATH;
  return [
    `${path} was written${secretFile === undefined ? '' : `; it names the secret in ${secretFile}`}.`,
    `Look at it, then run: ${isUsual ? 'sudo holdfast config check' : `holdfast config check ${path}`}`,
    isUsual
      ? 'Start the gateway: sudo systemctl enable --now holdfast'
      : `Start a gateway with it: holdfast run --config ${path} (the service reads ${DEFAULT_CONFIG_PATH})`,
  ];
}

/** Gives a file of root to the user of the service. */
function giveToService(path: string): void {
  const user = serviceUserOf(DEFAULT_STATE_DIR);
  if (user !== undefined) chownSync(path, user.uid, user.gid);
}

function refuseExisting(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new Fault('usage', `${path} exists already; the configuration is not replaced`, {
    hint: 'Name another file with --output, or change the file and run holdfast config apply.',
  });
}

/** Reports a folder in which no file can be created, before the questions. */
function refuseClosedFolder(path: string): void {
  const folder = dirname(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new Fault('usage', `${path} cannot be written: the folder ${folder} does not exist`, {
      hint: `Create the folder (mkdir -p ${folder}), or name another file with --output.`,
    });
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new Fault('usage', `${path} cannot be written: user ${userName()} may not create files in ${folder}`, {
      hint: 'Use sudo, or name another file with --output.',
      cause,
    });
  }
}

function writeNew(path: string, text: string, mode: number): void {
  let file: number;
  try {
    file = openSync(path, 'wx', mode);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new Fault('usage', `${path} cannot be written (${code})`, {
      hint: 'Free the path, or name another file with --output.',
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
