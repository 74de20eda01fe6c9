/** Finds the gateway: its control socket, and its files if the gateway does not run. */
import { type Stats, statSync } from 'node:fs';
import { Fault } from '../base/fault.ts';
import { DEFAULT_CONFIG_PATH, type DefaultPlaces, placesIn, USUAL_PLACES } from '../config/default-places.ts';
import type { AnswerPath, ControlAnswers } from '../ops/api/control-answers.ts';
import { ask } from '../ops/api/control-client.ts';
import { hasCode, isAnswered } from '../ops/api/control-socket.ts';
import { findGateway } from '../ops/api/find-gateway.ts';
import { countOf } from '../ops/words.ts';
import { type CommandContext, readConfigText } from './context.ts';
import { WAITING_FOR_GATEWAY, withNotice } from './notice.ts';
import { warn } from './warning.ts';

/**
 * Locates the gateway of the configuration. If the file is broken, prints a warning and looks for a running gateway
 * that was started with this file. The store is searched only where the configuration says: another directory may hold
 * the store of another gateway.
 * @param problems `reported later`: the command itself reports a broken file of a running gateway
 * @throws Fault `config-unreadable` if a file was named and cannot be read
 */
export async function locateGateway(
  context: CommandContext,
  problems: 'warn' | 'reported later' = 'warn',
): Promise<DefaultPlaces> {
  const { socketPath } = context;
  const read = configuredPlaces(context);
  if (socketPath !== undefined) {
    refuseNoSocket(socketPath);
    if ('stateDir' in read && problems === 'warn') warnOfProblem(context, read);
    const isAsConfigured = 'stateDir' in read && read.controlSocket === socketPath;
    return isAsConfigured ? read : { ...USUAL_PLACES, controlSocket: socketPath, stateDir: undefined };
  }
  if ('stateDir' in read && (await isAnswered(read.controlSocket))) {
    if (problems === 'warn') warnOfProblem(context, read);
    return read;
  }
  const running = await findGateway(context.configPath);
  if (running === undefined) {
    if (!('stateDir' in read)) throw read;
    if (read === USUAL_PLACES)
      warn(context, `There is no configuration yet: ${DEFAULT_CONFIG_PATH} does not exist.`, FIRST_STEP);
    warnOfProblem(context, read);
    return read;
  }
  const { controlSocket, pid } = running;
  if (problems === 'warn' || isValid(read))
    warn(
      context,
      `${changeWords(context.configPath, read)} The gateway that was started with it (process ${pid}) is still running.`,
      isValid(read)
        ? 'Apply the file with config apply --restart, or restart the gateway; until then the gateway answers on its present socket.'
        : nextStart(context),
    );
  return { controlSocket, stateDir: undefined, problem: undefined };
}

const FIRST_STEP = 'Write one: sudo holdfast init. It asks for what is missing.';

function isValid(read: DefaultPlaces | Fault): boolean {
  return 'stateDir' in read && read.problem === undefined;
}

/** Change of the configuration file since the start of the gateway. */
function changeWords(configPath: string, read: DefaultPlaces | Fault): string {
  if (!('stateDir' in read)) return `${read.message}.`;
  if (read.problem !== undefined) return `The configuration ${configPath} is broken: ${read.problem}.`;
  return `The configuration ${configPath} now names another control_socket (${read.controlSocket}).`;
}

function warnOfProblem(context: CommandContext, { problem }: DefaultPlaces): void {
  if (problem !== undefined)
    warn(context, `The configuration ${context.configPath} is broken: ${problem}.`, nextStart(context));
}

/** @returns a fault if a file was named and cannot be read */
function configuredPlaces({ configPath, socketPath }: CommandContext): DefaultPlaces | Fault {
  try {
    return placesIn(readConfigText(configPath));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (socketPath !== undefined) return { ...USUAL_PLACES, stateDir: undefined };
    if (configPath !== DEFAULT_CONFIG_PATH) return error;
    if (hasCode(error.cause, 'ENOENT')) return USUAL_PLACES;
    return { ...USUAL_PLACES, stateDir: undefined, problem: error.message };
  }
}

/**
 * @throws Fault `usage` for a path that is not a socket. Such a path is a typing error, and does not mean that the
 * gateway is down
 */
function refuseNoSocket(socketPath: string): void {
  const found = statsOf(socketPath);
  if (found === undefined || found.isSocket()) return;
  throw new Fault('usage', `--socket ${socketPath} is a ${found.isDirectory() ? 'directory' : 'file'}, not a socket`, {
    hint: 'Name the control socket of the gateway (control_socket in [gateway]), or omit --socket.',
  });
}

/** `undefined` also for a path in a folder that this user may not enter: the request then names the folder. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/**
 * Store directory of a gateway that does not run.
 * @param absent fault to throw if the directory is unknown
 * @throws Fault `absent`, or `not-running` if the configuration is broken
 */
export function storeOf({ stateDir, problem }: DefaultPlaces, absent: Fault): string {
  if (stateDir !== undefined) return stateDir;
  if (problem === undefined) throw absent;
  throw new Fault(
    'not-running',
    `${absent.message}, and its store cannot be found, because the configuration is broken`,
    {
      hint: 'Correct the configuration; holdfast config check shows what is wrong.',
    },
  );
}

/** Warns if the configuration was changed after the start of the gateway and is invalid now. */
export async function warnOfNextStart(context: CommandContext, uptimeMs: number): Promise<void> {
  const { configPath, socketPath } = context;
  if (socketPath !== undefined || !isNewerThan(configPath, Date.now() - uptimeMs)) return;
  const { parseConfig } = await import('../config/parse.ts');
  let text: string;
  try {
    text = readConfigText(configPath);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return warn(context, `${error.message}.`, nextStart(context));
  }
  const parsed = parseConfig(text);
  if (parsed.ok) return;
  const found = `${countOf(parsed.problems.length, 'problem')}`;
  warn(
    context,
    `The configuration ${configPath} was changed after the gateway started and now has ${found}.`,
    nextStart(context),
  );
}

function nextStart({ configPath }: CommandContext): string {
  return `The next start cannot use this file. Run: holdfast config check ${configPath}`;
}

function isNewerThan(path: string, wallMs: number): boolean {
  try {
    return statSync(path).mtimeMs > wallMs;
  } catch {
    return false;
  }
}

/** @param query query string with its question mark. @throws Fault `not-running` */
export async function askRunning<Path extends AnswerPath>(
  context: CommandContext,
  path: Path,
  query = '',
  problems: 'warn' | 'reported later' = 'warn',
): Promise<ControlAnswers[Path]> {
  const { controlSocket, stateDir } = await locateGateway(context, problems);
  const asked = await withNotice(WAITING_FOR_GATEWAY, ask(controlSocket, path, query));
  if (asked.kind === 'answered') return asked.report;
  if (asked.kind !== 'absent' || stateDir === undefined) throw asked.fault;
  const { code, message, hint } = asked.fault;
  const offline =
    'While it is down, holdfast status, ledger, forecast, outbox, subdevices and dead-letters list read the store.';
  throw new Fault(code, message, { hint: `${hint} ${offline}`, cause: asked.fault });
}
