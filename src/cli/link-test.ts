/**
 * `holdfast link test`: counts frames and probes subdevices for some seconds, then scores the link. Ctrl-C ends the
 * test early and scores what was measured. Exits with 1 unless the score is good or fair.
 */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT, Fault } from '../base/fault.ts';
import { findDriver } from '../driver/drivers.ts';
import { sumOf } from '../ops/link-test/link-findings.ts';
import { type LinkScore, type LinkVerdict, scoreLink } from '../ops/link-test/link-score.ts';
import type { ProbeReport } from '../ops/link-test/probe-tally.ts';
import type { LinkReport } from '../ops/reports/link-report.ts';
import { countWords, deviceWords, durationWords, kernelWords, printable } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson } from './context.ts';
import { askRunning, locateGateway } from './location.ts';
import { Probing } from './probing.ts';
import { renderTable } from './table.ts';
import { hintLines, type Tone, wrap } from './terminal.ts';

export interface LinkTestOptions {
  readonly seconds: number;
  /** Probes per subdevice; 0: frames are only counted. */
  readonly probes: number;
}

const TONES: Readonly<Record<LinkVerdict, Tone>> = { good: 'good', fair: 'warning', bad: 'bad', silent: 'warning' };

const COLUMNS: readonly Column[] = [
  { heading: 'subdevice', shrinks: true },
  { heading: 'probes', align: 'right' },
  { heading: 'answered', align: 'right' },
  { heading: 'damaged', align: 'right' },
  { heading: 'no answer', align: 'right' },
  { heading: 'p50', align: 'right' },
  { heading: 'p99', align: 'right' },
];

export async function testLink(context: CommandContext, name: string, options: LinkTestOptions): Promise<number> {
  const stop = new AbortController();
  void once(process, 'SIGINT', { signal: stop.signal }).then(
    () => stop.abort(),
    () => undefined,
  );
  const before = await askLink(context, name);
  const { controlSocket } = await locateGateway(context);
  const { seconds, probes: rounds } = options;
  const subdevices = rounds === 0 ? [] : before.probeable;
  const probing = new Probing({ controlSocket, link: name, subdevices, rounds, seconds });
  const over = new AbortController();
  const asking = probing.run(AbortSignal.any([stop.signal, over.signal]));
  const startedAtMs = performance.now();
  for (let second = 1; second <= seconds && !stop.signal.aborted; second += 1) {
    await pause(1000, undefined, { signal: stop.signal }).catch(() => undefined);
    if (second < seconds && !stop.signal.aborted) await showProgress(context, probing, { before, second, seconds });
  }
  over.abort();
  if (!stop.signal.aborted) await asking;
  const watchedS = Math.round((performance.now() - startedAtMs) / 1000);
  const after = await askLink(context, name);
  const score = scoreLink({ before, after, seconds: watchedS, probes: probing.reports() });
  stop.abort();
  if (context.asJson)
    printJson(context, 'link-test', { ...score, notProbed: notProbedWords(before, probing, rounds) ?? null });
  else showScore(context, score, notProbedWords(before, probing, rounds));
  return score.verdict === 'good' || score.verdict === 'fair' ? EXIT.ok : EXIT.refused;
}

interface Progress {
  readonly before: LinkReport;
  readonly second: number;
  readonly seconds: number;
}

async function showProgress(
  context: CommandContext,
  probing: Probing,
  { before, second, seconds }: Progress,
): Promise<void> {
  const { terminal, asJson } = context;
  if (asJson) return;
  const probes = probing.reports();
  const { framesIn, broken } = scoreLink({ before, after: await askLink(context, before.name), seconds, probes });
  const requests = sumOf(probes, 'requests');
  const asked = requests === 0 ? '' : `, ${countWords(sumOf(probes, 'answers'))} of ${countWords(requests)} answered`;
  const words = `${second}/${seconds} s  ${countWords(framesIn)} good, ${countWords(broken)} broken${asked}`;
  terminal.print(terminal.tone('quiet', words));
}

/** Reason why the score is based on counters alone, as a sentence. `undefined`: subdevices were probed. */
function notProbedWords(
  { driver, probeable, asleep }: LinkReport,
  probing: Probing,
  rounds: number,
): string | undefined {
  if (rounds === 0) return 'No subdevice was probed: --probes 0.';
  if (probing.problem !== undefined) return `No subdevice could be probed: ${probing.problem}`;
  if (probeable.length > 0) return undefined;
  const because = findDriver(driver)?.unprobedBecause;
  if (because !== undefined) return `No subdevice was probed: ${because}.`;
  const sleepers = asleep.length === 0 ? 'none is connected' : 'all connected subdevices are asleep';
  return `No subdevice was probed: ${sleepers}.`;
}

function showScore({ terminal }: CommandContext, score: LinkScore, notProbed: string | undefined): void {
  const { verdict, sentence, probes, kernel, advice, identities } = score;
  for (const line of wrap(printable(sentence), terminal.width)) terminal.print(terminal.tone(TONES[verdict], line));
  if (probes.length > 0) terminal.print(`\n${renderTable(COLUMNS, probes.map(cells), terminal)}\n`);
  for (const { subdevice, notAsked } of probes)
    if (notAsked !== null) terminal.print(printable(`Some probes of ${subdevice} were not sent: ${notAsked}.`));
  if (notProbed !== undefined) for (const line of wrap(printable(notProbed), terminal.width)) terminal.print(line);
  for (const identity of identities)
    for (const line of wrap(printable(`${identity.subdevice} is ${deviceWords(identity)}.`), terminal.width))
      terminal.print(line);
  terminal.print(`Line errors: ${kernelWords(kernel)}.`);
  for (const words of advice) for (const line of hintLines('  ', words, terminal)) terminal.print(line);
}

function cells({ subdevice, requests, answers, damaged, p50Ms, p99Ms }: ProbeReport): string[] {
  const silence = requests - answers - damaged;
  const counts = [requests, answers, damaged, silence].map(countWords);
  return [subdevice, ...counts, tripWords(p50Ms), tripWords(p99Ms)].map(printable);
}

/** Round-trip time as text: `<1 ms`, `12 ms`, `2 s`. */
function tripWords(ms: number | null): string {
  if (ms === null) return '-';
  if (ms < 1) return '<1 ms';
  return ms < 1000 ? `${Math.ceil(ms)} ms` : durationWords(ms);
}

async function askLink(context: CommandContext, name: string): Promise<LinkReport> {
  const { links } = await askRunning(context, '/v1/status');
  const link = links.find((one) => one.name === name);
  if (link !== undefined) return link;
  throw new Fault('usage', `No link is called ${name}`, {
    hint: `The links are: ${links.map((one) => one.name).join(', ')}.`,
  });
}
