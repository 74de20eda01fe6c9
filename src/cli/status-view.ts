/**
 * `holdfast status` in words: first whether data is being lost, then what to do now, then how things are.
 */
import type { HubReport, SessionReport } from '../ops/reports/hub-report.ts';
import { type DiscardReport, discardedMessages } from '../ops/reports/intake-report.ts';
import { brokenFrames, type LinkReport } from '../ops/reports/link-report.ts';
import type { Condition, Losing, QueueReport, StatusReport, StoreReport } from '../ops/reports/report.ts';
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
import { hang, type Terminal, type Tone, wrap } from './terminal.ts';

/** The names at the left are not longer than this, with a gap. */
const LABEL_WIDTH = 9;

/** Of a store that does not open. */
const NOT_KNOWN = 'not known until the store opens';

export function renderStatus(report: StatusReport, terminal: Terminal): string[] {
  return [
    ...renderVerdict(report.losing, report.sentence, terminal),
    ...report.conditions.flatMap((condition) => renderCondition(condition, terminal)),
    '',
    ...labelled('Hub', hubLines(report.hub), terminal),
    ...labelled('Links', report.links.map(linkLine), terminal),
    ...labelled('Outbox', [report.books === null ? NOT_KNOWN : queueLine(report.outbox)], terminal),
    ...labelled('Inbox', [report.books === null ? NOT_KNOWN : inboxLine(report.inbox)], terminal),
    ...labelled('Earlier', earlierLines(report.discarded), terminal),
    ...labelled('Store', storeLines(report.store), terminal),
    ...labelled('Gateway', [processLine(report)], terminal),
  ];
}

const TONE: Readonly<Record<Losing, Tone>> = { no: 'good', 'at risk': 'warning', unknown: 'bad', yes: 'bad' };

export function renderVerdict(losing: Losing, sentence: string, terminal: Terminal): string[] {
  const [first = '', ...rest] = wrap(`Losing data? ${printable(sentence)}`, terminal.width);
  // The answer is the first sentence: "No.", "Not yet.", "Unknown.", "Yes."
  const answer = first.indexOf('. ') + 1 || first.length;
  return [`${terminal.tone(TONE[losing], first.slice(0, answer))}${first.slice(answer)}`, ...rest];
}

function renderCondition(condition: Condition, terminal: Terminal): string[] {
  const { losing, forMs, hint } = condition;
  const sentence = `${printable(condition.sentence)} For ${durationWords(forMs)}.`;
  const tone = losing === 'no' ? 'warning' : TONE[losing];
  return [
    '',
    ...hang('  ! ', sentence, terminal.width).map((line) => terminal.tone(tone, line)),
    ...(hint === null ? [] : hang('    -> ', printable(hint), terminal.width)),
  ];
}

/** A name at the left, and its lines beside it; what is too long goes on a little further in. */
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
  const filters = hub.subscriptionsMax === 0 ? '' : ` of ${countWords(hub.subscriptionsMax)}`;
  const lines = [`${hubState(hub)} · ${hub.host}:${hub.port} (${hub.profile}) as ${hub.clientId}`];
  if (hub.state === 'connected')
    lines.push(`${sessionWords(hub)}; ${countWords(hub.subscriptions)}${filters} subscriptions`);
  else lines.push(...waitingSession(hub.session));
  if (hub.replay !== null) {
    const { received, expectedMax, etaMs } = hub.replay;
    lines.push(
      `sends what it stored for us: ${received} of at most ${expectedMax}, done in at most ${durationWords(etaMs)}`,
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
  lost: 'the hub had lost our session: a new one',
  unexpected: 'the hub had a session of ours that we did not know of',
} as const;

function sessionWords({ session, sessionsLost }: HubReport): string {
  const lost = sessionsLost === 0 ? '' : ` (lost ${countOf(sessionsLost, 'time')} so far)`;
  return `${FINDINGS[session.finding ?? 'new']}${lost}`;
}

/** While we are away: what the hub still keeps for us. */
function waitingSession({ away, keptMs, isOver }: SessionReport): string[] {
  if (away === null || keptMs === null) return [];
  const kept = durationWords(keptMs);
  if (isOver) return [`the hub kept our session for ${kept}; that is over`];
  const left = keptMs - away.ms;
  return [
    `the hub keeps our session for ${kept}: ${away.quality === 'exact' ? '' : 'at most '}${durationWords(left)} left`,
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

/** `, asleep: pump-7 (lost in 75 s unless it wakes)`; those to be lost first, and how many others. */
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

/** By messages or by bytes, whichever is nearer to its bound. */
function fullness(queue: QueueReport): string {
  const byBytes = queue.bytesMax === 0 ? 0 : queue.bytes / queue.bytesMax;
  return `${Math.floor(100 * Math.max(queue.messages / queue.messagesMax, byBytes))} %`;
}

function inboxLine(inbox: QueueReport): string {
  const oldest = inbox.oldest === null ? '' : ` · oldest ${ageWords(inbox.oldest)}`;
  return `${countOf(inbox.messages, 'message')} for subdevices${oldest} (at most ${countWords(inbox.messagesMax)} each; when full: ${inbox.overflow})`;
}

function storeLines(store: StoreReport): string[] {
  const free = store.freeBytes === null ? '' : `, ${bytesWords(store.freeBytes)} free`;
  const flash = store.flashBytesWritten === null ? 'not known here' : bytesWords(store.flashBytesWritten);
  return [
    `${store.path} · ${bytesWords(store.bytes)} + ${bytesWords(store.walBytes)} log${free}`,
    `written to flash since start: ${flash} in ${countOf(store.commits, 'commit')}`,
    ...store.recovery.map((sentence) => `at start: ${sentence}`),
  ];
}

/** Discards that are over: history, and no condition. */
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
  const clock = process.clockTrusted ? '' : ' · clock not trusted yet';
  return `${process.gateway} · ${process.version} · pid ${process.pid} · up ${durationWords(process.uptimeMs)} · ${bytesWords(process.rssBytes)}${clock}`;
}
