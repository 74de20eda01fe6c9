/**
 * `holdfast run`: the gateway on the operating system. Reads the configuration and the secrets, opens the control
 * socket, reports to systemd and the journal, and ends in one of three ways: by a signal (0), after failed storage
 * (74), after a bug (70).
 */
import { flushCompileCache } from 'node:module';
import { join, resolve } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { adminCommandsFor, recorderCommands } from './app/admin-commands.ts';
import { ConfigChanger } from './app/config-changer.ts';
import { applyOnSignal, configCommands, withTrialGuard } from './app/config-commands.ts';
import { ConfigSource } from './app/config-source.ts';
import { custodyCommands } from './app/custody-commands.ts';
import { narrate } from './app/event-journal.ts';
import { firmwareStorage } from './app/firmware-storage.ts';
import type { Gateway } from './app/gateway.ts';
import { keepHistory } from './app/history.ts';
import { HubDocuments } from './app/hub-documents.ts';
import { LISTEN_AGAIN_MS, openMetrics } from './app/metrics-on-tcp.ts';
import { openGateway } from './app/open-gateway.ts';
import { isRestarted, prepareStart, rejectStart, settleStart } from './app/prepare-start.ts';
import { newEnding, stopWithin } from './app/process-end.ts';
import { sendTelemetry } from './app/remote.ts';
import { serveRemoteCommands } from './app/remote-actions.ts';
import { Replaceable } from './app/replaceable.ts';
import { ServiceWatch } from './app/service-watch.ts';
import { socketAccess } from './app/socket-groups.ts';
import { prepareConfig } from './app/starting-config.ts';
import { Storage } from './app/storage-guard.ts';
import { topicMemory } from './app/topic-memory.ts';
import { viewOf } from './app/view.ts';
import { looking, newFacts } from './base/events.ts';
import { EXIT } from './base/fault.ts';
import type { MessageMark } from './base/message-mark.ts';
import type { Config, RecordingTrigger } from './config/schema.ts';
import { systemClock } from './io/clock.ts';
import { addFaultMark, readFaultMarks } from './io/fault-marks.ts';
import { createJournal, type Journal } from './io/journal.ts';
import { exitAtOnce } from './io/libc.ts';
import { type EvidenceRoots, readMachineEvidence } from './io/machine-evidence.ts';
import { machineReader } from './io/machine-readings.ts';
import { NetworkPorts } from './io/network/network-port.ts';
import { NOTES_FILE, noteFileAt } from './io/note-file.ts';
import { careOf } from './io/serial/port-care.ts';
import { StablePorts } from './io/serial/stable-ports.ts';
import { notifySystemd, StatusLine } from './io/systemd.ts';
import { timesyncd } from './io/time-service.ts';
import { AccessTroubles } from './ops/access-troubles.ts';
import { answeredWhenSettled, startAdministration } from './ops/api/administration.ts';
import { startControl } from './ops/api/control.ts';
import { ConditionWatch } from './ops/history/condition-watch.ts';
import { SnapshotFolder } from './ops/queues/snapshot-folder.ts';
import { Recordings } from './ops/recordings.ts';
import { configReportOf } from './ops/reports/config-report.ts';
import { Inspector } from './ops/reports/inspect.ts';
import { unacknowledgedLinks } from './ops/unacknowledged-links.ts';
import { gatewayReadings } from './ops/watchdog/gateway-readings.ts';
import { HUNG } from './ops/watchdog/hung-loop.ts';
import { LOOP_LOOK_MS, LoopGap } from './ops/watchdog/loop-gap.ts';
import { Mailbox } from './runtime/mailbox.ts';
import { taskClock } from './runtime/task-clock.ts';
import type { WebThread } from './web/web-thread.ts';

export interface DaemonOptions {
  readonly configPath: string;
  readonly version: string;
  /** Time between two trials of failing storage, ms (`storage-guard.ts`). Set in tests only. */
  readonly storageTryMs?: number;
  /** Folders with the evidence of the machine. Set in tests only. */
  readonly machineRoots?: EvidenceRoots;
  /** Result of `startStoreThread`. Default: a thread that starts when the store is opened. */
  readonly storeThread?: Worker;
}

const CLOSE_MS_MAX = 2000;
/** Largest time for the connection to a device server, and for its settings. */
const CONNECT_MS_MAX = 10_000;
const TTY_LIMITS = {
  openMsMax: 5000,
  closeMsMax: CLOSE_MS_MAX,
  /**
   * Largest number of bytes that wait for the device. Downlinks are sent one at a time and acknowledgements are small,
   * so more bytes mean that the device does not read.
   */
  queuedBytesMax: 256 * 1024,
};
/** Umask of the process: other users cannot open a new file unless the code sets its mode. */
const OTHERS_MASK = 0o077;
/** Folder of the messages dropped by operators, in the state directory. */
const SNAPSHOT_FOLDER = 'dropped';
/** Folder of the recordings, in the state directory. */
const RECORDINGS_FOLDER = 'recordings';
/** File in the state directory with the messages that ended a process. */
const MARKS_FILE = 'fault-marks';
/** Interval of the status line that `systemctl status` shows. */
const STATUS_MS = 5000;
/**
 * Time from the start until the compile cache is written. The write blocks the process, so the time is long enough for
 * the first acknowledgements. Node itself writes the cache at a regular exit, but a gateway that always loses its power
 * never exits regularly.
 */
const FLUSH_COMPILE_CACHE_AFTER_MS = 5000;

/**
 * Runs until a signal or a failure. @returns the exit code; @throws Fault for a problem that the operator must fix
 * first
 */
export async function runGateway(options: DaemonOptions): Promise<number> {
  process.umask(OTHERS_MASK);
  const configPath = resolve(options.configPath);
  const clock = systemClock();
  const facts = newFacts();
  const surroundings = { clock, facts, closeMsMax: CLOSE_MS_MAX };
  const { start, prepared } = await prepareStart(options.configPath, surroundings);
  const { config, mark: configMark, subdeviceSecrets } = prepared;
  let { access } = prepared;
  let changer: ConfigChanger | undefined;
  const journal = createJournal({ level: config.gateway.logLevel, format: config.gateway.logFormat });
  const ending = newEnding();
  for (const warning of start.warnings) journal.warn(warning);
  process.on('SIGHUP', () => applyOnSignal(changer, journal));
  // without a listener SIGUSR1 opens a debugger for every local user, and SIGUSR2 ends the process
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const)
    process.on(signal, () => journal.warn(`${signal} is ignored: it has no meaning for holdfast`));
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => ending.end({ code: EXIT.ok, reason: signal }));
  const service = new ServiceWatch({
    config,
    clock,
    journal,
    hung: ({ what }, code) => ending.end({ code, reason: what, isHung: true }),
  });
  const storage = new Storage({
    config,
    configMark,
    configPath,
    journal,
    version: options.version,
    tryMs: options.storageTryMs,
    storeThread: options.storeThread,
    ready: () => service.ready(),
  });
  storage.warnIfVolatile();
  if ((await storage.healthyOr(ending.ended)) === 'ended') return EXIT.ok;
  let opened: Gateway | undefined;
  const mailbox = new Mailbox((error) => {
    const mark = opened?.underWay.mark(error);
    if (mark !== undefined) keepMark(mark);
    ending.end({ code: EXIT.bug, reason: bugWords(error) });
  });
  const marksPath = join(config.gateway.stateDir, MARKS_FILE);
  const keepMark = (mark: MessageMark): void => {
    try {
      addFaultMark(marksPath, options.version, mark);
      journal.error('the gateway failed on a message; the next start sets the message aside', { message: mark.what });
    } catch (error) {
      journal.error(`cannot write ${marksPath}: the message may end the next process too`, { reason: bugWords(error) });
    }
  };
  const { marks, problem } = readFaultMarks(marksPath, options.version);
  if (problem !== undefined)
    journal.warn(`${marksPath} is ignored (${problem}): messages that ended an earlier process are handled again`);
  const ports = new StablePorts({ ...TTY_LIMITS, links: config.links });
  const networkPorts = new NetworkPorts({ ...TTY_LIMITS, openMsMax: CONNECT_MS_MAX, wallMs: () => clock.wallMs() });
  const opening = openGateway({
    config,
    clock: taskClock(clock, mailbox),
    random: Math.random,
    facts,
    mailbox,
    openStore: storage.open,
    openHub: (listener) => access.openWithPassword(listener),
    openLink: (link) => networkPorts.opener(link) ?? ports.opener(link),
    careOf: (link) => networkPorts.careOf(link) ?? careOf(ports, link.name),
    credentials: (wallMs) => access.credentials(wallMs),
    passwords: () => access.passwords,
    version: options.version,
    subdeviceSecrets,
    marks,
    noteFile: noteFileAt(join(config.gateway.stateDir, NOTES_FILE)),
    topicMemory: topicMemory(config.gateway.stateDir, mailbox, journal),
    firmwareStorage: await firmwareStorage({ config, running: () => opened, mailbox, clock, journal }),
    silentSinceMs: service.silentSinceMs,
    readMachine: () => readMachineEvidence(config.gateway.stateDir, options.machineRoots),
    timeService: timesyncd(),
    onStoreFailed: (reason, code) => {
      storage.note(code);
      ending.end({ code: EXIT.storage, reason });
    },
  });
  // a signal ends the wait, because the recovery of a store may take long; the next start continues the recovery
  const gateway = await Promise.race([opening, ending.ended]);
  if ('reason' in gateway) {
    journal.warn('stopped before the store was open', { reason: gateway.reason });
    // the store's thread may run for minutes; the next start repeats the uncommitted work
    exitAtOnce(gateway.code);
    return gateway.code;
  }
  opened = gateway;
  settleStart(start, journal);
  /** Parts outside of the flows that use a configuration. */
  const users: ((config: Config) => void)[] = [];
  // a service manager starts the process again
  const restart = isRestarted() ? (why: string) => ending.end({ code: EXIT.ok, reason: why }) : undefined;
  const source = new ConfigSource(configPath);
  let documents: HubDocuments | undefined;
  const changes = new ConfigChanger({
    gateway,
    source,
    hub: start.hub,
    running: prepared,
    trial: start.trial,
    rejected: start.rejected,
    prepare: (text, loaded) => prepareConfig(text, loaded, surroundings),
    used: (next) => {
      access.end();
      ({ access } = next);
      for (const use of users) use(next.config);
    },
    restart,
    ended: (outcome) => documents?.ended(outcome),
    warn: (sentence) => journal.warn(sentence),
  });
  changer = changes;
  documents = new HubDocuments(gateway, changes, source);
  const narration = new Replaceable(config.gateway.logLevel, async (level) => {
    journal.setLevel(level);
    const end = narrate(gateway, journal, level);
    return async () => end();
  });
  const view = viewOf(gateway);
  const history = keepHistory(gateway, { configMark: () => changes.running.mark, machine: machineReader() });
  const snapshots = new SnapshotFolder({
    folder: join(config.gateway.stateDir, SNAPSHOT_FOLDER),
    wallMs: () => clock.wallMs(),
  });
  const recordings = new Recordings({
    gateway: view,
    version: options.version,
    tell: (sentence) => journal.info(sentence),
    folder: join(config.gateway.stateDir, RECORDINGS_FOLDER),
  });
  const accessTroubles = new AccessTroubles(() => clock.nowMs());
  const inspection = new Inspector({
    configMark: () => changes.running.mark,
    hubConfigVersion: () => changes.ofHub?.version ?? null,
    configReport: () =>
      configReportOf(
        { configPath, source, read: () => changes.fileText(), hub: changes.ofHub },
        changes.running,
        changes.state,
      ),
    configState: () => changes.state,
    gateway: view,
    version: options.version,
    configPath,
    storePath: storage.path,
    tlsFilesTrouble: () => access.tlsFilesTrouble(),
    secretTrouble: () => access.secretTrouble(),
    accessTroubles: () => accessTroubles.all,
    history,
    recordings,
    hangs: service.hangs,
  });
  const rejected = (error: unknown): never => rejectStart(start, error);
  const groups = socketAccess(config.gateway, accessTroubles, journal);
  const control = await startControl({
    socketPath: config.gateway.controlSocket,
    access: groups.control,
    inspection,
  }).catch(rejected);
  const settled = () => history.settled();
  const commands = {
    ...withTrialGuard(changes, adminCommandsFor(gateway, service.handleLoss)),
    ...custodyCommands(gateway, snapshots),
    ...recorderCommands(gateway, recordings),
    ...configCommands(changes),
  };
  const administration = await startAdministration({
    controlSocket: config.gateway.controlSocket,
    access: groups.administration,
    commands: answeredWhenSettled(commands, settled),
  }).catch(rejected);
  const present = changes.running.config;
  const web = new Replaceable(present.web, async (settings) => {
    const page = await openWebPage({ ...present, web: settings }, options.version, {
      journal,
      troubles: accessTroubles,
    });
    return async () => {
      accessTroubles.end('web page');
      await page?.close();
    };
  });
  const metrics = new Replaceable(present.metrics, async (settings) => {
    const parts = { inspection, journal, troubles: accessTroubles, againMs: LISTEN_AGAIN_MS };
    const close = await openMetrics({ ...parts, config: { metrics: settings } });
    return async () => {
      accessTroubles.end('metrics');
      await close();
    };
  });
  await Promise.all([web.opened(), metrics.opened()]);
  users.push((next) => {
    narration.change(next.gateway.logLevel);
    web.change(next.web);
    metrics.change(next.metrics);
  });
  recordings.start();
  process.on(HUNG, () => recordings.writeAtOnce('hang'));
  const ledger = async () => inspection.answers['/v1/ledger'](new URLSearchParams());
  serveRemoteCommands(gateway, { status: () => inspection.status(), ledger, commands, restart, journal, settled });
  documents.start();
  const onConditions = sendTelemetry(gateway, () => inspection.status());
  // an error thrown outside the mailbox halts the mailbox at once, and the process ends as after any bug
  process.setUncaughtExceptionCaptureCallback((error) => {
    mailbox.halt();
    ending.end({ code: EXIT.bug, reason: bugWords(error) });
  });
  gateway.start();
  history.start();
  changes.reportStart();
  service.report(facts);
  service.ready();
  const post = (task: () => void): void => mailbox.post(task);
  service.watch(gatewayReadings({ gateway: view, post, oldestOpening: () => ports.oldestOpening }));
  const conditions = new ConditionWatch(facts, clock);
  const gap = new LoopGap(clock.nowMs());
  const gaps = setInterval(() => {
    const ms = gap.look(clock.nowMs());
    if (ms !== undefined) facts.emit('gatewayPaused', { ms, unacknowledged: unacknowledgedLinks(gateway.config) });
  }, LOOP_LOOK_MS);
  const statusLine = new StatusLine();
  const show = looking(facts, 'status', () => {
    const report = inspection.status();
    conditions.look(report.conditions);
    onConditions(report.conditions);
    statusLine.show(`Losing data? ${report.sentence}`);
  });
  const status = setInterval(show, STATUS_MS);
  const flush = setTimeout(flushCompileCache, FLUSH_COMPILE_CACHE_AFTER_MS);
  const { code, reason, isHung = false } = await ending.ended;
  // from here on `main.ts` handles an uncaught error: the process ends at once
  process.setUncaughtExceptionCaptureCallback(null);
  clearInterval(status);
  clearInterval(gaps);
  clearTimeout(flush);
  service.stop();
  notifySystemd('STOPPING=1');
  if (code !== EXIT.ok) mailbox.halt();
  await recordings.end(isHung ? 'hang' : triggerOf(code));
  if (isHung) {
    if (code === EXIT.storage) storage.note('store-failed');
    journal.error('the gateway ends because a part of it does not move on', { reason });
    exitAtOnce(code); // a thread may be in a system call that does not return
  }
  if (code === EXIT.ok) {
    await stopWithin(gateway, reason, journal);
    changes.noteStop();
  } else
    journal.error(
      code === EXIT.storage ? 'storage failed: nothing is acknowledged any more' : 'the gateway ends because of a bug',
      { reason },
    );
  access.end();
  await narration.close();
  await Promise.all([control.close(), administration.close(), metrics.close(), web.close()]);
  return code;
}

/** Starts the web page in its thread. Its code is loaded only if the page is configured. */
async function openWebPage(
  { web, gateway }: Config,
  version: string,
  { journal, troubles }: { readonly journal: Journal; readonly troubles: AccessTroubles },
): Promise<WebThread | undefined> {
  if (web === undefined) return undefined;
  const { startWebThread } = await import('./web/web-thread.ts');
  const input = { web, controlSocket: gateway.controlSocket, gateway: gateway.name, version };
  return startWebThread(input, (report) => {
    if (report.kind === 'listening') {
      troubles.end('web page');
      journal.info('web page started', { host: report.host, port: report.port });
      return;
    }
    const { what, hint } = report;
    const sentence = `The web page cannot be reached: ${what}.`;
    if (troubles.report('web page', { code: 'web-not-listening', sentence, hint }))
      journal.warn(`the web page cannot be reached: ${what}`, { hint });
  });
}

function triggerOf(code: number): RecordingTrigger | undefined {
  if (code === EXIT.storage) return 'store-failed';
  return code === EXIT.bug ? 'bug' : undefined;
}

function bugWords(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
