/** Last page of the demonstration: the verdict, the counts behind it, and the cost. Pure. */
import { bytesWords, countOf, countWords } from '../../ops/words.ts';
import type { AccountSum } from '../account.ts';
import type { DemoOutcome } from './demo-outcome.ts';
import type { DemoOutput } from './demo-output.ts';

const NUMBER_WIDTH = 10;
const LABEL_WIDTH = 12;

export function showLastPage(outcome: DemoOutcome, output: DemoOutput): void {
  output.line('');
  output.line(verdict(outcome), outcome.ok ? 'good' : 'bad');
  if (outcome.seen.uplink.sent === 0) return;
  output.line('');
  for (const line of accountLines(outcome)) output.line(line);
  output.line('');
  output.sentence(ledgerSentence(outcome));
  output.line('');
  for (const line of storyLines(outcome)) output.sentence(line);
}

function verdict({ ok, failure, lost, reordered, ledgerBalances, accepted, downlinksAccepted }: DemoOutcome): string {
  if (ok) return `NOTHING WAS LOST: ${countOf(accepted + downlinksAccepted, 'message')}, all there, all in order.`;
  if (failure !== null) return `FAILED: ${failure}`;
  if (lost > 0) return `FAILED: ${countOf(lost, 'acknowledged message')} never arrived.`;
  if (reordered > 0) return `FAILED: ${countOf(reordered, 'message')} arrived out of order.`;
  return ledgerBalances === null
    ? 'FAILED: the ledger could not be read from the gateway.'
    : 'FAILED: the ledger does not balance.';
}

/** Counts of the subdevices and of the hub's application side, without those of the gateway. */
function accountLines({ seen: { uplink, downlink }, failure }: DemoOutcome): string[] {
  const row = (label: string, count: keyof AccountSum, meaning: string): string => {
    const numbers = [uplink[count], downlink[count]].map((number) => countWords(number).padStart(NUMBER_WIDTH));
    return `${label.padEnd(LABEL_WIDTH)}${numbers.join('')}   ${meaning}`;
  };
  const headings = ['readings', 'commands'].map((heading) => heading.padStart(NUMBER_WIDTH));
  return [
    'Counts of both ends, independent of the gateway:',
    `${' '.repeat(LABEL_WIDTH)}${headings.join('')}`,
    row('accepted', 'acknowledged', 'acknowledged to the sender'),
    row('delivered', 'delivered', 'different messages that arrived'),
    row(
      'lost',
      'missing',
      failure === null ? 'acknowledged and never arrived' : 'acknowledged and not arrived at the end',
    ),
    row('reordered', 'reordered', 'arrived after a later one'),
    row('duplicates', 'duplicates', 'arrived again: allowed after a kill'),
  ];
}

function ledgerSentence({ ledger, ledgerBalances }: DemoOutcome): string {
  if (ledger === null) return 'The ledger could not be read from the gateway.';
  const { uplink } = ledger;
  const shed = Object.values(uplink.shed).reduce((total, count) => total + count, 0);
  const sum = `accepted ${countWords(uplink.accepted)} = delivered ${countWords(uplink.delivered)} + pending ${countWords(uplink.pending)} + shed ${countWords(shed)} + dead ${countWords(uplink.dead)}`;
  const verdictWords = ledgerBalances === true ? 'balances' : 'DOES NOT BALANCE';
  return `The gateway's own ledger ${verdictWords}: ${sum}. (Its counts may be lower: messages that never touched the disk are counted in RAM, and a kill loses some of these counts on both sides of the sum.)`;
}

function storyLines(outcome: DemoOutcome): string[] {
  const { steadyFlashBytes, awayFlashBytes, steadyReadings, steadyMs, hubAwayMs, backlogMax, replayMs } = outcome;
  const lines: string[] = [];
  if (outcome.gatewayKills > 0 && hubAwayMs > 0) {
    lines.push(
      `Survived: ${seconds(hubAwayMs)} without hub, with a SIGKILL, ${countOf(backlogMax, 'reading')} of backlog, sent in ${seconds(replayMs)} at up to ${outcome.messagesPerS}/s.`,
    );
  }
  if (steadyFlashBytes !== null) {
    const away = awayFlashBytes === null ? '' : `; ${bytesWords(awayFlashBytes)} while the hub was away`;
    lines.push(
      `Flash: ${bytesWords(steadyFlashBytes)} written in ${seconds(steadyMs)} with the hub connected (${countOf(steadyReadings, 'reading')})${away}.${flashHint(outcome)}`,
    );
  }
  return lines;
}

/** Explains zeros that prove nothing, and counts that should be zero. */
function flashHint({ steadyFlashBytes, awayFlashBytes }: DemoOutcome): string {
  if (awayFlashBytes === 0) return ' (The temporary folder is in RAM, so this proves nothing here.)';
  return steadyFlashBytes === 0 ? '' : ' (More than 0: the hub acknowledged some messages later than hold_ms.)';
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
