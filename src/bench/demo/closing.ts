/** The last page of the demonstration: the verdict, the account it rests on, and what it took. Pure. */
import { bytesWords, countOf, countWords } from '../../ops/words.ts';
import { wrapped } from './frame.ts';
import type { Outcome } from './outcome.ts';
import type { Paint } from './paint.ts';

const NUMBER_WIDTH = 9;
const LABEL_WIDTH = 12;

/** Wider is harder to read. */
const WIDTH_MAX = 96;

export function closingLines(
  outcome: Outcome,
  { width: columns, paint }: { readonly width: number; readonly paint: Paint },
): string[] {
  const width = Math.min(WIDTH_MAX, columns);
  return [
    paint(outcome.ok ? 'good' : 'bad', verdict(outcome)),
    '',
    ...accountLines(outcome, paint),
    '',
    ...wrapped(ledgerSentence(outcome), width),
    '',
    ...storyLines(outcome).flatMap((line) => wrapped(line, width)),
  ];
}

function verdict({ ok, failure, lost, reordered, ledgerBalances, accepted, downlinksAccepted }: Outcome): string {
  if (ok) return `NOTHING WAS LOST: ${countOf(accepted + downlinksAccepted, 'message')}, all there, all in order.`;
  if (failure !== null) return `FAILED: ${failure}`;
  if (lost > 0) return `FAILED: ${countOf(lost, 'acknowledged message')} never arrived.`;
  if (reordered > 0) return `FAILED: ${countOf(reordered, 'message')} arrived out of order.`;
  return ledgerBalances === null ? 'FAILED: the gateway was not asked.' : 'FAILED: the ledger does not balance.';
}

/** As both ends saw it, without asking the gateway. */
function accountLines(outcome: Outcome, paint: Paint): string[] {
  const row = (label: string, up: number | string, down: number | string, meaning: string): string => {
    const numbers = [up, down].map((count) => (typeof count === 'number' ? countWords(count) : count));
    return `${label.padEnd(LABEL_WIDTH)}${numbers.map((text) => text.padStart(NUMBER_WIDTH)).join('')}   ${paint('quiet', meaning)}`;
  };
  const both = outcome.duplicates + outcome.downlinkDuplicates;
  return [
    paint('quiet', 'What both ends saw, without asking the gateway:'),
    row('', 'readings', 'commands', ''),
    row('accepted', outcome.accepted, outcome.downlinksAccepted, 'acknowledged to whoever sent them'),
    row('delivered', outcome.delivered, outcome.downlinksDelivered, 'different ones that arrived'),
    row('duplicates', outcome.duplicates, outcome.downlinkDuplicates, both === 0 ? '' : 'sent again after the kill'),
    row('lost', outcome.lost, '', 'both together: acknowledged and never arrived'),
    row('reordered', outcome.reordered, '', 'both together: arrived behind a later one'),
  ].map((line) => line.trimEnd());
}

function ledgerSentence({ ledger, ledgerBalances }: Outcome): string {
  if (ledger === null) return 'The gateway was not asked for its ledger.';
  const { uplink } = ledger;
  const shed = Object.values(uplink.shed).reduce((total, count) => total + count, 0);
  const sum = `accepted ${countWords(uplink.accepted)} = delivered ${countWords(uplink.delivered)} + pending ${countWords(uplink.pending)} + shed ${countWords(shed)} + dead ${countWords(uplink.dead)}`;
  const verdictWords = ledgerBalances === true ? 'balances' : 'DOES NOT BALANCE';
  return `The gateway's own ledger ${verdictWords}: ${sum}. (Its counts may be lower: what never touched the disk is counted in RAM, and a kill forgets some of it on both sides.)`;
}

function storyLines(outcome: Outcome): string[] {
  const { steadyFlashBytes, awayFlashBytes, steadyReadings, steadyMs, hubAwayMs, backlogMax, replayMs } = outcome;
  const lines: string[] = [];
  if (outcome.gatewayKills > 0 && hubAwayMs > 0) {
    lines.push(
      `Survived: ${seconds(hubAwayMs)} without hub, SIGKILL meanwhile, ${countOf(backlogMax, 'reading')} of backlog, replayed in ${seconds(replayMs)} at up to ${outcome.messagesPerS}/s.`,
    );
  }
  if (steadyFlashBytes !== null) {
    const away = awayFlashBytes === null ? '' : `; ${bytesWords(awayFlashBytes)} while it was away`;
    lines.push(
      `Flash: ${bytesWords(steadyFlashBytes)} written in ${seconds(steadyMs)} with the hub near (${countOf(steadyReadings, 'reading')})${away}.${flashHint(outcome)}`,
    );
  }
  return lines;
}

/** Zeros that mean nothing, and ones that should be zero, are not left without a word. */
function flashHint({ steadyFlashBytes, awayFlashBytes }: Outcome): string {
  if (awayFlashBytes === 0) return ' (The temporary folder is in RAM, so this proves nothing here.)';
  return steadyFlashBytes === 0 ? '' : ' (More than 0: the hub took longer than hold_ms for some.)';
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
