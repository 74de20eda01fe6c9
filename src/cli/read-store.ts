/**
 * Reads the store of a gateway that does not run, without changing it. The code of the store is imported only when
 * needed.
 */
import { type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../base/fault.ts';
import type { HistoryAnswer, HistoryRequest } from '../history/history-requests.ts';
import { readBootId } from '../io/boot.ts';
import { systemClock } from '../io/clock.ts';
import { lockOwnersOf } from '../io/lock-owners.ts';
import { processWords } from '../io/program-name.ts';
import type { AnswerPath, ControlAnswers } from '../ops/api/control-answers.ts';
import { ask } from '../ops/api/control-client.ts';
import type { OfflineReading } from '../ops/reports/ledger-report.ts';
import type { BootMoment } from '../ops/reports/offline-report.ts';
import { bytesWords } from '../ops/words.ts';
import type { OfflineLetters, OfflineMessages, readLettersOffline } from '../store/offline.ts';
import { STORE_FILE } from '../store/state-files.ts';
import type { CommandContext } from './context.ts';
import { locateGateway, storeOf } from './location.ts';
import { WAITING_FOR_GATEWAY, withNotice } from './notice.ts';

/**
 * Reads the store of a gateway that does not run. @param absent fault to throw if there is no store
 * @throws Fault `absent`, or the fault of the store
 */
export async function readOffline(stateDir: string, absent: Fault): Promise<OfflineReading> {
  const { readStoreOffline } = await import('../store/offline.ts');
  return await reading(() => readStoreOffline(stateDir), stateDir, absent);
}

/** Reads dead letters in the same way as `readOffline`. */
export async function readOfflineLetters(
  stateDir: string,
  request: Parameters<typeof readLettersOffline>[1],
  absent: Fault,
): Promise<OfflineLetters> {
  const offline = await import('../store/offline.ts');
  return await reading(() => offline.readLettersOffline(stateDir, request), stateDir, absent);
}

/** Reads messages in the same way as `readOffline`. */
export async function readOfflineMessages<T>(
  stateDir: string,
  read: (messages: OfflineMessages) => T,
  absent: Fault,
): Promise<T> {
  const offline = await import('../store/offline.ts');
  const found = await reading(
    async () => {
      const result = offline.readMessagesOffline(stateDir, (messages) => ({ value: read(messages) }));
      return result;
    },
    stateDir,
    absent,
  );
  return found.value;
}

/** Reads the history in the same way as `readOffline`. */
export async function readOfflineHistory(
  stateDir: string,
  request: HistoryRequest,
  absent: Fault,
): Promise<HistoryAnswer> {
  const { readHistoryOffline } = await import('../store/offline.ts');
  return await reading(() => readHistoryOffline(stateDir, request), stateDir, absent);
}

/** Answer of the running gateway, or the content of the store if no gateway runs. */
type AnswerOrStore<Path extends AnswerPath> =
  | { readonly kind: 'running'; readonly report: ControlAnswers[Path] }
  | {
      readonly kind: 'store';
      readonly reading: OfflineReading;
      readonly moment: BootMoment;
      /** Fault that reports that no gateway runs. */
      readonly fault: Fault;
    };

/**
 * Queries the gateway, or reads the store if no gateway runs. @throws Fault if the gateway runs and does not answer, or
 * if no gateway runs and there is no store
 */
export async function askOrRead<Path extends AnswerPath>(
  context: CommandContext,
  path: Path,
): Promise<AnswerOrStore<Path>> {
  const places = await locateGateway(context);
  const asked = await withNotice(WAITING_FOR_GATEWAY, ask(places.controlSocket, path));
  if (asked.kind === 'answered') return { kind: 'running', report: asked.report };
  if (asked.kind === 'stalled') throw asked.fault;
  const found = await readOffline(storeOf(places, asked.fault), asked.fault);
  const moment = { bootId: readBootId(), upMs: systemClock().nowMs() };
  return { kind: 'store', reading: found, moment, fault: asked.fault };
}

async function reading<Found>(read: () => Promise<Found | undefined>, stateDir: string, absent: Fault): Promise<Found> {
  try {
    const found = await read();
    if (found === undefined) throw absent;
    return found;
  } catch (error) {
    throw error instanceof Fault && error.code === 'store-locked' ? elsewhere(stateDir, error) : error;
  }
}

/** Fault for a store that is used by a gateway which does not answer on its control socket. */
function elsewhere(stateDir: string, cause: Fault): Fault {
  const [pid] = lockOwnersOf(join(stateDir, STORE_FILE));
  const whose = pid === undefined ? 'another process' : processWords(pid);
  return new Fault(
    'not-running',
    `The store in ${stateDir} is used by ${whose}, which does not answer on its control socket`,
    {
      hint: 'The process is starting or stopping, or control_socket was changed after its start. Name its socket with --socket, or run: systemctl restart holdfast.',
      cause,
    },
  );
}

/** `/var/lib/holdfast/holdfast.db · 4.3 MiB + 630 KiB WAL`, without opening the store; `undefined`: no such file. */
export function storeFileWords(stateDir: string): string | undefined {
  const path = join(stateDir, STORE_FILE);
  const size = statsOf(path)?.size;
  if (size === undefined) return undefined;
  return `${path} · ${bytesWords(size)} + ${bytesWords(statsOf(`${path}-wal`)?.size ?? 0)} WAL`;
}

/** `undefined` also in a folder that this user may not enter. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
