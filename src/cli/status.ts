/**
 * `holdfast status`: is it losing data, and how are things. Without a running gateway it says what is safe on disk.
 */
import { EXIT, type Fault } from '../base/fault.ts';
import { volatilePlaceOf } from '../io/volatile-storage.ts';
import { ask } from '../ops/control-client.ts';
import { offlineStatusOf } from '../ops/offline-report.ts';
import { bytesWords, countOf } from '../ops/words.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';
import { readOffline } from './offline.ts';
import { labelled, renderStatus } from './status-view.ts';
import { findingLines, hang, wrap } from './terminal.ts';

export async function showStatus(context: CommandContext): Promise<number> {
  const places = await locateGateway(context);
  const asked = await ask(places.controlSocket, '/v1/status');
  if (asked.kind === 'absent') return await showOfflineStatus(context, places.stateDir, asked.fault);
  if (context.asJson) printJson(context, asked.report);
  else for (const line of renderStatus(asked.report, context.terminal)) context.terminal.print(line);
  return EXIT.ok;
}

async function showOfflineStatus(context: CommandContext, stateDir: string, fault: Fault): Promise<number> {
  const reading = await readOffline(stateDir, fault);
  const status = offlineStatusOf(reading, volatilePlaceOf(reading.path) ?? null);
  const { terminal } = context;
  if (context.asJson) {
    printJson(context, status);
    return EXIT.notRunning;
  }
  const { path, bytes, walBytes } = status.store;
  const lines = [
    ...wrap(status.sentence, terminal.width),
    ...hang('  -> ', fault.hint, terminal.width),
    ...findingLines(status.findings, terminal),
    '',
    ...labelled('Outbox', [countOf(status.uplinksOnDisk, 'message')], terminal),
    ...labelled('Inbox', [`${countOf(status.downlinksOnDisk, 'message')} for subdevices`], terminal),
    ...labelled('Store', [`${path} · ${bytesWords(bytes)} + ${bytesWords(walBytes)} log`], terminal),
  ];
  for (const line of lines) terminal.print(line);
  return EXIT.notRunning;
}
