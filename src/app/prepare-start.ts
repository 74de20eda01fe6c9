/** Start of the process with a configuration: checks the directories, reads the secrets, and begins or ends a trial. */
import { dirname } from 'node:path';
import { EXIT, exitCodeOf, Fault } from '../base/fault.ts';
import type { Config } from '../config/schema.ts';
import { makeFolders } from '../io/folders.ts';
import type { Journal } from '../io/journal.ts';
import { placeProblems } from '../io/places.ts';
import type { PreparedConfig } from './config-changer.ts';
import type { HubAccessOptions } from './hub-access.ts';
import { fallBack, prepareConfig, readStartingConfig, type StartingConfig } from './starting-config.ts';
import { refuseForeignOwner } from './state-folder.ts';

/** Mode of the socket directory. The sockets in it have their own modes. */
const SOCKET_FOLDER_MODE = 0o755;

/** Reads the configuration of this start. A file that cannot be used is replaced by the configuration confirmed last. */
export async function prepareStart(
  configPath: string,
  surroundings: Omit<HubAccessOptions, 'hub'>,
): Promise<{ readonly start: StartingConfig; readonly prepared: PreparedConfig }> {
  const prepare = async (start: StartingConfig): Promise<PreparedConfig> => {
    refusePlaces(start.config.gateway);
    refuseForeignOwner(start.config.gateway.stateDir, configPath);
    start.begin();
    makeFolders(dirname(start.config.gateway.controlSocket), SOCKET_FOLDER_MODE);
    return await prepareConfig(start.text, start, surroundings);
  };
  const start = readStartingConfig(configPath, isRestarted());
  try {
    return { start, prepared: await prepare(start) };
  } catch (error) {
    const confirmed = error instanceof Fault ? fallBack(start, error.message) : undefined;
    if (confirmed === undefined) throw error;
    return { start: confirmed, prepared: await prepare(confirmed) };
  }
}

/** Returns whether a service manager starts the process again. */
export function isRestarted(): boolean {
  return process.env.INVOCATION_ID !== undefined;
}

/**
 * Rejects the configuration of a start that has failed after the store was open. The next start, by the service manager,
 * uses the configuration confirmed last.
 */
export function rejectStart(start: StartingConfig, error: unknown): never {
  const confirmed = error instanceof Fault ? fallBack(start, error.message) : undefined;
  if (confirmed === undefined || !(error instanceof Fault)) throw error;
  confirmed.settle();
  throw new Fault('config-rolled-back', `${error.message}. The configuration is rolled back`, {
    hint: `${error.hint} The next start uses the configuration that was confirmed last.`,
    retryable: true,
    cause: error,
  });
}

/** Stores what the start has decided about the configuration; another process cannot use the state directory now. */
export function settleStart({ settle: store, rejected }: StartingConfig, journal: Pick<Journal, 'warn'>): void {
  if (rejected !== undefined)
    journal.warn(
      `the gateway does not run with its file, but with the configuration confirmed last: ${rejected.reason}`,
      { hint: 'Correct the file, then run: holdfast config diff, and: sudo holdfast config apply.' },
    );
  try {
    store();
  } catch (error) {
    journal.warn('the state of the configuration cannot be stored', {
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}

/**
 * Checks the directories before any file is created. @throws Fault for a directory that no later start can use either
 */
function refusePlaces(gateway: Config['gateway']): void {
  for (const { path, code, what, hint } of placeProblems(gateway))
    if (exitCodeOf(code) === EXIT.config) throw new Fault(code, `${path} ${what}`, { hint });
}
