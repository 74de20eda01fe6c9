/**
 * Screen of `holdfast status`: first the answer whether data is being lost, then the conditions with their remedies,
 * then the state of each part.
 */
import type { HubReport, SessionReport } from '../ops/reports/hub-report.ts';
import { type DiscardReport, discardedMessages } from '../ops/reports/intake-report.ts';
import { brokenFrames, type LinkReport } from '../ops/reports/link-report.ts';
import type { Losing, QueueReport, StatusReport, StoreReport } from '../ops/reports/report.ts';
import {
  ageWords,
  bytesWords,
  countOf,
  countWords,
  durationWords,
  etaWords,
  printable,
  rateWords,
  sleepWords,
} from '../ops/words.ts';
import { allConditionLines, CONDITIONS_SHOWN_MAX, conditionLines, TONE } from './condition-lines.ts';
import { cut, type Terminal, wrap } from './terminal.ts';

/** Number of columns for the labels at the left, including a gap. */
const LABEL_WIDTH = 9;

/** Text for the queues of a store that does not open. */
const NOT_KNOWN = 'not known until the store opens';

/** Number of lines of the screen: the 24 lines of a terminal, less one line for the prompt. */
const SCREEN_LINES = 23;
const VERDICT_LINES_MAX = 2;
const SHORT_LINKS_MAX = 2;

/** @returns at most a screen of 24 lines; `holdfast conditions` shows conditions that have no room */
export function renderStatus(report: StatusReport, terminal: Terminal): string[] {
  const verdict = renderVerdict(report.losing, verdictOf(report), terminal);
  const whole = [...verdict, ...allConditionLines(report.conditions, terminal), '', ...factLines(report, terminal)];
  if (whole.length <= SCREEN_LINES && report.conditions.length <= CONDITIONS_SHOWN_MAX) return whole;
  const top = cut(verdict, VERDICT_LINES_MAX, terminal.width);
  const bottom = ['', ...shortFactLines(report, terminal)];
  return [...top, ...conditionLines(report.conditions, terminal, SCREEN_LINES - top.length - bottom.length), ...bottom];
}

/** Verdict of the report, without the sentences that the conditions on the same screen repeat. */
function verdictOf({ sentence, conditions }: StatusReport): string {
  return conditions.reduce((rest, condition) => rest.replace(`${condition.sentence} `, ''), sentence);
}

function factLines(report: StatusReport, terminal: Terminal): string[] {
  return [
    ...labelled('Hub', hubLines(report.hub), terminal),
    ...labelled('Links', report.links.map(linkLine), terminal),
    ...labelled('Outbox', [report.ledger === null ? NOT_KNOWN : queueLine(report.outbox)], terminal),
    ...labelled('Inbox', [report.ledger === null ? NOT_KNOWN : inboxLine(report.inbox)], terminal),
    ...labelled('Earlier', earlierLines(report.discarded), terminal),
    ...labelled('Store', storeLines(report.store), terminal),
    ...labelled('Gateway', [processLine(report)], terminal),
  ];
}

/** One line per part; links that are not open come first. */
function shortFactLines(report: StatusReport, terminal: Terminal): string[] {
  const short = (label: string, lines: readonly string[]): string[] =>
    lines.flatMap((line, index) => cut(labelled(index === 0 ? label : '', [line], terminal), 1, terminal.width));
  const links = report.links.toSorted((left, right) => Number(left.state === 'open') - Number(right.state === 'open'));
  const isMany = links.length > SHORT_LINKS_MAX;
  const open = links.filter(({ state }) => state === 'open').length;
  return [
    ...short('Hub', hubLines(report.hub).slice(0, 1)),
    ...short(
      'Links',
      isMany ? [`${countWords(open)} of ${countWords(links.length)} open: holdfast links`] : links.map(linkLine),
    ),
    ...short('Outbox', [report.ledger === null ? NOT_KNOWN : queueLine(report.outbox)]),
    ...short('Inbox', [report.ledger === null ? NOT_KNOWN : inboxLine(report.inbox)]),
    ...short('Earlier', earlierLines(report.discarded)),
    ...short('Store', storeLines(report.store).slice(0, 1)),
    ...short('Gateway', [processLine(report)]),
  ];
}

export function renderVerdict(losing: Losing, sentence: string, terminal: Terminal): string[] {
  const [first = '', ...rest] = wrap(`Losing data? ${printable(sentence)}`, terminal.width);
  // The answer is the first sentence of the verdict: "No.", "Not yet.", "Unknown." or "Yes."
  const answer = first.indexOf('. ') + 1 || first.length;
  return [`${terminal.tone(TONE[losing], first.slice(0, answer))}${first.slice(answer)}`, ...rest];
}

/** Returns lines with the label at the left of the first. Continuation lines are indented further. */
export function labelled(label: string, lines: readonly string[], terminal: Terminal): string[] {
  const beside = lines.flatMap((line) => {
    const [first = '', ...rest] = wrap(printable(line), terminal.width - LABEL_WIDTH - 2);
    return [first, ...rest.map((further) => `  ${further}`)];
  });
  return beside.map(
    (line, index) => `${terminal.tone('strong', (index === 0 ? label : '').padEnd(LABEL_WIDTH))}${line}`,
  );
}

function hubLines(hub: HubReport): string[] {
  const { subscriptions, subscriptionsMax } = hub;
  const filters =
    subscriptionsMax === 0
      ? countOf(subscriptions, 'subscription')
      : `${countWords(subscriptions)} of ${countOf(subscriptionsMax, 'subscription')}`;
  const lines = [`${hubState(hub)} · ${hub.host}:${hub.port} (${hub.profile}) as ${hub.clientId}`];
  if (hub.state === 'connected') lines.push(`${sessionWords(hub)}; ${filters}`);
  else lines.push(...waitingSession(hub.session));
  if (hub.replay !== null) {
    const { received, expectedMax, etaMs } = hub.replay;
    lines.push(
      `sends stored messages: ${countWords(received)} of at most ${countWords(expectedMax)}, done in at most ${durationWords(etaMs)}`,
    );
  }
  if (hub.state !== 'connected' && hub.lastProblem !== null) {
    const next = hub.nextAttemptInMs === null ? '' : `; next attempt in ${durationWords(hub.nextAttemptInMs)}`;
    lines.push(`${hub.lastProblem}${next}`);
  }
  return lines;
}

function hubState(hub: HubReport): string {
  if (hub.state === 'stopped') return 'stopped';
  if (hub.since === null) return 'never reached';
  return `${hub.state === 'connected' ? 'connected' : 'away'} ${ageWords(hub.since)}`;
}

const FINDINGS = {
  new: 'new session',
  resumed: 'session resumed',
  lost: 'session lost at the hub; new session',
  unexpected: 'unexpected session found at the hub',
} as const;

function sessionWords({ session, sessionsLost }: HubReport): string {
  const lost = sessionsLost === 0 ? '' : ` (lost ${countOf(sessionsLost, 'time')} so far)`;
  return `${FINDINGS[session.finding ?? 'new']}${lost}`;
}

/** Line about the time for which the hub still keeps the session while the gateway is not connected. */
function waitingSession({ away, keptMs, isOver }: SessionReport): string[] {
  if (away === null || keptMs === null) return [];
  const kept = durationWords(keptMs);
  if (isOver) return [`the hub kept the session for ${kept}; the session has expired`];
  const left = keptMs - away.ms;
  return [
    `the hub keeps the session for ${kept}: ${away.quality === 'exact' ? '' : 'at most '}${durationWords(left)} left`,
  ];
}

function linkLine(link: LinkReport): string {
  const state = `${link.state} ${durationWords(link.forMs)}`;
  const why = link.state === 'open' || link.lastProblem === null ? '' : ` · ${link.lastProblem}`;
  const subdevices = `${countOf(link.subdevices.length, 'subdevice')}${sleeperWords(link.asleep)}`;
  const broken = brokenFrames(link.counters);
  const noise =
    broken === 0 ? '' : ` · ${countWords(broken)} broken of ${countWords(link.counters.framesIn + broken)} frames`;
  const port = link.device === null || link.device === link.path ? link.path : `${link.path} (${link.device})`;
  return `${link.name} · ${port} · ${state} · ${subdevices}${noise}${why}`;
}

/**
 * Text about sleeping subdevices: `, asleep: pump-7 (lost in 75 s unless it wakes)`. The text names the subdevice that
 * will be lost first, and gives the number of the others.
 */
function sleeperWords(asleep: LinkReport['asleep']): string {
  const [first, ...others] = asleep.toSorted((one, other) => one.lostInMs - other.lostInMs);
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : ` and ${countOf(others.length, 'other')}`;
  return `, asleep: ${first.subdevice} (${sleepWords(first.lostInMs)})${more}`;
}

function queueLine(queue: QueueReport): string {
  const bound = `${countOf(queue.messages, 'message')}, ${bytesWords(queue.bytes)} (${fullness(queue)} full; when full: ${queue.overflow})`;
  if (queue.messages === 0) return bound;
  const oldest = queue.oldest === null ? '' : ` · oldest ${ageWords(queue.oldest)}`;
  const pace = queue.ratePerS === 0 ? '' : ` · ${rateWords(queue.ratePerS)}, done in ${etaWords(queue.etaMs)}`;
  return `${bound}${oldest}${pace}`;
}

/** Fill level of a queue in percent: that of messages or that of bytes, whichever is higher. */
function fullness(queue: QueueReport): string {
  const shareOf = (count: number, max: number): number => (max === 0 ? 0 : count / max);
  const share = Math.max(shareOf(queue.messages, queue.messagesMax), shareOf(queue.bytes, queue.bytesMax));
  return `${countWords(Math.floor(100 * share))} %`;
}

function inboxLine(inbox: QueueReport): string {
  const oldest = inbox.oldest === null ? '' : ` · oldest ${ageWords(inbox.oldest)}`;
  return `${countOf(inbox.messages, 'message')} for subdevices${oldest} (at most ${countWords(inbox.messagesMax)} each; when full: ${inbox.overflow})`;
}

function storeLines(store: StoreReport): string[] {
  const free = store.freeBytes === null ? '' : `, ${bytesWords(store.freeBytes)} free`;
  const flash = store.flashBytesWritten === null ? 'unknown amount' : bytesWords(store.flashBytesWritten);
  return [
    `${store.path} · ${bytesWords(store.bytes)} + ${bytesWords(store.walBytes)} WAL${free}`,
    `written to flash since start: ${flash} in ${countOf(store.commits, 'commit')}`,
    ...store.recovery.map((sentence) => `at start: ${sentence}`),
  ];
}

/** Lines about discards that have ended. Such discards are history and not a condition. */
function earlierLines(discarded: readonly DiscardReport[]): string[] {
  const over = discarded.filter(
    ({ lasts, reason, subdevice }) => !lasts && (reason !== 'no subscriber' || subdevice !== null),
  );
  if (over.length === 0) return [];
  const last = durationWords(Math.min(...over.map(({ lastMs }) => lastMs)));
  const reasons = [...new Set(over.map(({ reason }) => reason))].slice(0, 3).join(', ');
  return [
    `${countWords(discardedMessages(over))} discarded or shed (${reasons}), last ${last} ago; see holdfast ledger`,
  ];
}

function processLine({ process }: StatusReport): string {
  const clock = process.clockTrusted ? '' : ' · clock not yet confirmed by a time service';
  return `${process.gateway} · ${process.version} · pid ${process.pid} · up ${durationWords(process.uptimeMs)} · ${bytesWords(process.rssBytes)}${clock}`;
}
