/**
 * `holdfast report`: writes one page about the gateway for a browser. If no gateway runs, the page shows what the store
 * contains and names what is missing.
 */
import { EXIT, exitCodeOf, Fault } from '../base/fault.ts';
import { type DoctorInput, readDoctorInput } from '../doctor/doctor-input.ts';
import { readBootId } from '../io/boot.ts';
import { systemClock } from '../io/clock.ts';
import { machineVersions } from '../io/machine-versions.ts';
import { volatilePlaceOf } from '../io/volatile-storage.ts';
import type { AnswerPath, ControlAnswers } from '../ops/api/control-answers.ts';
import { ask } from '../ops/api/control-client.ts';
import { eventsQueryOf, eventsReportOf } from '../ops/reports/events-report.ts';
import { historyQueryOf, historyReportOf } from '../ops/reports/history-report.ts';
import { offlineLedgerOf, offlineStatusOf, offlineSubdevicesOf } from '../ops/reports/offline-report.ts';
import { bytesWords } from '../ops/words.ts';
import type { PageContent } from '../page/page-content.ts';
import { pageEventsOf } from '../page/page-events.ts';
import { eventsQuery, historyQuery, PERIODS } from '../page/period.ts';
import { reportFile } from '../page/report-file.ts';
import { knownSecrets } from '../support/collectors.ts';
import { redactValue } from '../support/redact.ts';
import { type CommandContext, printJson, readConfigText } from './context.ts';
import { claimNewFile } from './new-file.ts';
import { Progress } from './progress.ts';
import { readOffline, readOfflineHistory, storeFileWords } from './read-store.ts';
import { hang, wrap } from './terminal.ts';
import { VERSION } from './version.ts';

export interface ReportOptions {
  /** Path of the page. */
  readonly html: string;
}

const PERIOD = PERIODS.week;

/**
 * Writes the page in every case. The exit code is that of a reading command: 69 if no gateway answers.
 * @throws Fault `usage` if the file exists or cannot be written
 */
export async function makeReport(context: CommandContext, { html: path }: ReportOptions): Promise<number> {
  const { configPath, socketPath, terminal, asJson } = context;
  const file = claimNewFile(path, '--html');
  const progress = asJson ? undefined : new Progress('reading', ['gateway', 'store', 'history'], process.stderr);
  const input = await readDoctorInput({ configPath, socketPath, readConfig: readConfigText, version: VERSION });
  progress?.finished('gateway');
  const { content, exitCode } = await contentOf(input);
  progress?.clear();
  const clean = redactValue(content, knownSecrets(input)) as PageContent;
  const page = reportFile(clean, PERIOD.words);
  file.write(page);
  const bytes = Buffer.byteLength(page);
  const { verdict, missing } = clean;
  if (asJson) {
    const { losing, sentence } = verdict;
    printJson(context, 'report', { path, bytes, losing, sentence, missing });
    return exitCode;
  }
  terminal.print(`Wrote ${path}: ${bytesWords(bytes)}, one page for a browser.`);
  for (const line of wrap(`Losing data? ${verdict.sentence}`, terminal.width)) terminal.print(line);
  terminal.print('Secrets, payloads and samples of messages are removed. Topics and names of subdevices are not.');
  for (const sentence of missing)
    for (const line of hang('  missing  ', sentence, terminal.width)) terminal.print(line);
  return exitCode;
}

/** Content that is not redacted yet, and the exit code of the command. */
async function contentOf(input: DoctorInput): Promise<{ readonly content: PageContent; readonly exitCode: number }> {
  const { gateway, reading } = input;
  const versions = await machineVersions(input.version);
  const configured = reading.kind === 'valid' ? reading.config.gateway.name : null;
  const base = {
    madeAtMs: Date.now(),
    gateway: gateway.kind === 'running' ? gateway.status.process.gateway : configured,
    versions: Object.fromEntries(Object.entries(versions).map(([name, value]) => [name, value ?? 'unknown'])),
  };
  if (gateway.kind === 'running')
    return { content: { ...base, ...(await fromGateway(input, gateway)) }, exitCode: EXIT.ok };
  const { facts, fault } = await fromStore(input, gateway);
  return { content: { ...base, ...facts }, exitCode: exitCodeOf(fault.code) };
}

type Facts = Omit<PageContent, 'madeAtMs' | 'gateway' | 'versions'>;
type Running = Extract<DoctorInput['gateway'], { readonly kind: 'running' }>;
type Absent = Exclude<DoctorInput['gateway'], Running>;

async function fromGateway({ places }: DoctorInput, { status, subdevices }: Running): Promise<Facts> {
  const missing: string[] = [];
  const part = async <Path extends AnswerPath>(
    what: string,
    path: Path,
    query: string,
  ): Promise<ControlAnswers[Path] | null> => {
    const found = await answerOf(places.controlSocket, path, query);
    if (!(found instanceof Fault)) return found;
    missing.push(missingWords(what, found));
    return null;
  };
  const nowMs = Date.now();
  const firmware = await part('list of firmware updates', '/v1/firmware', '');
  const ledger = await part('ledger', '/v1/ledger', '');
  const history = await part('history', '/v1/history', historyQuery(PERIOD, nowMs));
  const events = await part('list of events', '/v1/events', eventsQuery(PERIOD, nowMs));
  if (subdevices === undefined) missing.push('The subdevices are missing: the gateway did not list them.');
  return {
    verdict: status,
    status,
    subdevices: subdevices?.subdevices ?? null,
    storedSubdevices: null,
    firmware,
    ledger,
    history,
    events: events === null ? null : pageEventsOf(events, 'removed'),
    missing,
  };
}

async function answerOf<Path extends AnswerPath>(
  socket: string,
  path: Path,
  query: string,
): Promise<ControlAnswers[Path] | Fault> {
  try {
    const asked = await ask(socket, path, query);
    return asked.kind === 'answered' ? asked.report : asked.fault;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** Content without a gateway, and the fault that names the reason. */
interface StoredFacts {
  readonly facts: Facts;
  readonly fault: Fault;
}

async function fromStore({ places }: DoctorInput, gateway: Absent): Promise<StoredFacts> {
  const live = 'Hub, links and conditions are missing: they are known only while the gateway runs.';
  const nothing = {
    status: null,
    subdevices: null,
    storedSubdevices: null,
    firmware: null,
    ledger: null,
    history: null,
    events: null,
  };
  const unknown = (fault: Fault, further: readonly string[] = [], safe = ''): StoredFacts => ({
    facts: {
      ...nothing,
      verdict: { losing: 'unknown', sentence: `Unknown. ${fault.message}.${safe}` },
      missing: [live, `Nothing else can be read: ${fault.message}. ${fault.hint}`, ...further],
    },
    fault,
  });
  if (places.stateDir === undefined) return unknown(gateway.fault);
  if (gateway.kind !== 'absent') {
    const file = storeFileWords(places.stateDir);
    const store = file === undefined ? [] : [`The store is not read while a gateway may use it: ${file}.`];
    const safe = gateway.kind === 'stalled' ? ' Acknowledged messages are on disk or at the hub.' : '';
    return unknown(gateway.fault, store, safe);
  }
  try {
    const reading = await readOffline(places.stateDir, gateway.fault);
    const moment = { bootId: readBootId(), upMs: systemClock().nowMs() };
    const { sentence } = offlineStatusOf(reading, volatilePlaceOf(reading.path) ?? null);
    const facts: Facts = {
      ...nothing,
      verdict: { losing: 'not running', sentence },
      storedSubdevices: offlineSubdevicesOf(reading, moment).subdevices,
      ledger: offlineLedgerOf(reading),
      ...(await storedHistory(places.stateDir, gateway.fault, live)),
    };
    return { facts, fault: gateway.fault };
  } catch (error) {
    if (error instanceof Fault) return unknown(error);
    throw error;
  }
}

/** History and events in the store. @param live first sentence of what is missing */
async function storedHistory(
  stateDir: string,
  absent: Fault,
  live: string,
): Promise<Pick<Facts, 'history' | 'events' | 'missing'>> {
  const nowMs = Date.now();
  const asked = historyQueryOf(new URLSearchParams(historyQuery(PERIOD, nowMs)), undefined);
  const wanted = eventsQueryOf(new URLSearchParams(eventsQuery(PERIOD, nowMs)));
  const steps = { kind: 'steps', range: asked.range, open: undefined, current: undefined } as const;
  const series = await readOfflineHistory(stateDir, steps, absent);
  const found = await readOfflineHistory(
    stateDir,
    { kind: 'events', ...wanted, pending: [], current: undefined },
    absent,
  );
  const failures = [series, found].flatMap((answer) =>
    answer.kind === 'failed' ? `A part of the history cannot be read: ${answer.reason}.` : [],
  );
  return {
    history: series.kind === 'steps' ? historyReportOf(series.series, asked, undefined) : null,
    events: found.kind === 'events' ? pageEventsOf(eventsReportOf(found, undefined), 'removed') : null,
    missing: [live, ...failures],
  };
}

function missingWords(what: string, { message, hint }: Fault): string {
  return `The ${what} cannot be read: ${message}. ${hint}`;
}
