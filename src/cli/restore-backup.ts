/** `holdfast restore`: puts a verified backup in the place of the store of a stopped gateway. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { EXIT, Fault } from '../base/fault.ts';
import { userName } from '../io/accounts.ts';
import { ask } from '../ops/api/control-client.ts';
import { countOf, dateWords } from '../ops/words.ts';
import { type Backup, type Restored, restoreStore } from '../store/backup/restore-store.ts';
import { readStoreOffline } from '../store/offline.ts';
import { ByteProgress } from './byte-progress.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway, storeOf } from './location.ts';
import { wrap } from './terminal.ts';

export interface RestoreChoice {
  readonly replace?: true;
  readonly dropDownlinks?: true;
}

/** @throws Fault `usage` for a file that is no sound backup, `command-rejected`, `store-locked` */
export async function restoreBackup(context: CommandContext, word: string, choice: RestoreChoice): Promise<number> {
  const file = resolve(word);
  refuseNoFile(file);
  const places = await locateGateway(context);
  const asked = await ask(places.controlSocket, '/v1/status');
  if (asked.kind !== 'absent')
    throw new Fault('command-rejected', 'A gateway is running, and its store cannot be replaced', {
      hint: 'Stop it first: sudo systemctl stop holdfast. Then run the command again.',
    });
  const stateDir = storeOf(places, asked.fault);
  refuseNoFolder(stateDir);
  const progress = new ByteProgress('verifying');
  progress.say('verifying the backup');
  try {
    const restored = await restoreStore({
      stateDir,
      file,
      by: userName(),
      dropsDownlinks: choice.dropDownlinks ?? false,
      verified: (backup) => (choice.replace === true ? undefined : refuseFullStore(stateDir, backup)),
    });
    progress.clear();
    show(context, restored);
    return EXIT.ok;
  } finally {
    progress.clear();
  }
}

/** @throws Fault `command-rejected` if the present store holds messages, or cannot be read */
async function refuseFullStore(stateDir: string, { facts }: Backup): Promise<void> {
  const hint = `Add --replace to put the backup of ${dateWords(facts.takenAtMs)} in its place; the present store is kept in the folder replaced. Nothing was changed.`;
  let held: number;
  try {
    const store = await readStoreOffline(stateDir);
    held = (store?.lanes ?? []).reduce((sum, { pending, counts }) => sum + pending + counts.dead, 0);
  } catch (error) {
    if (!(error instanceof Fault) || error.code === 'store-locked') throw error;
    throw new Fault('command-rejected', `The present store cannot be read (${error.message})`, { hint, cause: error });
  }
  if (held === 0) return;
  throw new Fault('command-rejected', `The present store holds ${countOf(held, 'message')}`, { hint });
}

function refuseNoFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() === true) return;
  throw new Fault('usage', `${file} ${found === undefined ? 'does not exist' : 'is not a file'}`, {
    hint: 'Name a file that holdfast backup has written.',
  });
}

function refuseNoFolder(stateDir: string): void {
  if (existsSync(stateDir)) return;
  throw new Fault('command-rejected', `The state directory ${stateDir} does not exist`, {
    hint: 'Start the gateway once, which creates the directory for its user, and stop it: sudo systemctl start holdfast; sudo systemctl stop holdfast.',
  });
}

function show(context: CommandContext, restored: Restored): void {
  const { facts, content, replaced, dropped } = restored;
  if (context.asJson) return printJson(context, 'restore', { ...facts, ...content, replaced, dropped });
  const { uplinks, downlinks, deadLetters } = content;
  const waiting = downlinks - dropped;
  const lines = [
    `Restored the store of ${dateWords(facts.takenAtMs)}: ${countOf(uplinks, 'uplink')}, ${countOf(waiting, 'downlink')}, ${countOf(deadLetters, 'dead letter')}.`,
    ...(dropped === 0
      ? []
      : [`${countOf(dropped, 'downlink')} of the backup discarded; the ledger counts them as dropped by hand.`]),
    ...(replaced === null ? [] : [`The previous store is kept in ${replaced}.`]),
    '',
    'What this means:',
    '- Messages accepted after the backup are not in it.',
    '- Messages of the backup that were delivered since are sent again (duplicates).',
    ...(waiting === 0
      ? []
      : [
          `- ${countOf(waiting, 'downlink')} will be delivered, also outdated commands; --drop-downlinks discards them.`,
        ]),
    '- holdfast status shows "Unknown" until holdfast acknowledge-loss.',
    '',
    'Now start the gateway: sudo systemctl start holdfast',
  ];
  for (const line of lines.flatMap((sentence) => (sentence === '' ? [''] : wrap(sentence, context.terminal.width))))
    context.terminal.print(line);
}
