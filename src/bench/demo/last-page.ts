/** The last page of the demonstration: the verdict, the account it rests on, and what it took. Pure. */
import { bytesWords, countOf, countWords } from '../../ops/words.ts';
import type { AccountSum } from '../account.ts';
import type { DemoOutcome } from './demo-outcome.ts';
import type { Paint } from './paint.ts';
import { wrapped } from './scene-frame.ts';

const NUMBER_WIDTH = 10;
const LABEL_WIDTH = 12;

/** Wider is harder to read. */
const WIDTH_MAX = 96;

export function closingLines(
  outcome: DemoOutcome,
  { width: columns, paint }: { readonly width: number; readonly paint: Paint },
): string[] {
  const width = Math.min(WIDTH_MAX, columns);
  const headline = paint(outcome.ok ? 'good' : 'bad', verdict(outcome));
  if (outcome.seen.uplink.sent === 0) return [headline];
  return [
    headline,
    '',
    ...accountLines(outcome, paint),
    '',
    ...wrapped(ledgerSentence(outcome), width),
    '',
    ...storyLines(outcome).flatMap((line) => wrapped(line, width)),
  ];
}

function verdict({ ok, failure, lost, reordered, ledgerBalances, accepted, downlinksAccepted }: DemoOutcome): string {
  if (ok) return `NOTHING WAS LOST: ${countOf(accepted + downlinksAccepted, 'message')}, all there, all in order.`;
  if (failure !== null) return `FAILED: ${failure}`;
  if (lost > 0) return `FAILED: ${countOf(lost, 'acknowledged message')} never arrived.`;
  if (reordered > 0) return `FAILED: ${countOf(reordered, 'message')} arrived out of order.`;
  return ledgerBalances === null ? 'FAILED: the gateway was not asked.' : 'FAILED: the ledger does not balance.';
}

/** As both ends saw it, without asking the gateway. */
function accountLines({ seen: { uplink, downlink }, failure }: DemoOutcome, paint: Paint): string[] {
  const row = (label: string, count: keyof AccountSum, meaning: string): string => {
    const numbers = [uplink[count], downlink[count]].map((number) => countWords(number).padStart(NUMBER_WIDTH));
    return `${label.padEnd(LABEL_WIDTH)}${numbers.join('')}   ${paint('quiet', meaning)}`;
  };
  const headings = ['readings', 'commands'].map((heading) => heading.padStart(NUMBER_WIDTH));
  return [
    'What both ends saw, without asking the gateway:',
    paint('quiet', `${' '.repeat(LABEL_WIDTH)}${headings.join('')}`),
    row('accepted', 'acknowledged', 'acknowledged to whoever sent them'),
    row('delivered', 'delivered', 'different ones that arrived'),
    row(
      'lost',
      'missing',
      failure === null ? 'acknowledged and never arrived' : 'acknowledged and not there when it ended',
    ),
    row('reordered', 'reordered', 'came behind a later one'),
    row('duplicates', 'duplicates', 'came again: allowed after a kill'),
  ];
}

function ledgerSentence({ ledger, ledgerBalances }: DemoOutcome): string {
  if (ledger === null) return 'The gateway was not asked for its ledger.';
  const { uplink } = ledger;
  const shed = Object.values(uplink.shed).reduce((total, count) => total + count, 0);
  const sum = `accepted ${countWords(uplink.accepted)} = delivered ${countWords(uplink.delivered)} + pending ${countWords(uplink.pending)} + shed ${countWords(shed)} + dead ${countWords(uplink.dead)}`;
  const verdictWords = ledgerBalances === true ? 'balances' : 'DOES NOT BALANCE';
  return `The gateway's own ledger ${verdictWords}: ${sum}. (Its counts may be lower: what never touched the disk is counted in RAM, and a kill forgets some of it on both sides.)`;
}

function storyLines(outcome: DemoOutcome): string[] {
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
function flashHint({ steadyFlashBytes, awayFlashBytes }: DemoOutcome): string {
  if (awayFlashBytes === 0) return ' (The temporary folder is in RAM, so this proves nothing here.)';
  return steadyFlashBytes === 0 ? '' : ' (More than 0: the hub took longer than hold_ms for some.)';
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
