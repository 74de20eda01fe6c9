/**
 * `holdfast run`: the gateway on the operating system. Reads the configuration and the secrets, opens the control socket,
 * tells systemd and the journal, and ends in one of three ways: asked to (0), storage failed (74), or a bug (70).
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { newFacts } from './base/events.ts';
import { EXIT, exitCodeOf, Fault, type FaultCode } from './base/fault.ts';
import { parseConfig } from './config/parse.ts';
import type { Config, HubConfig, LinkConfig } from './config/schema.ts';
import { awaitStorage, FAILURES_MAX } from './degraded.ts';
import { Mailbox } from './flow/mailbox.ts';
import { type Gateway, openGateway } from './gateway.ts';
import { type Credentials, signCredentials } from './hub/credentials.ts';
import { readBootId } from './io/boot.ts';
import { systemClock } from './io/clock.ts';
import { noteFailure, readFailures } from './io/failure-log.ts';
import { createJournal, type Journal } from './io/journal.ts';
import { readSecretFile } from './io/secret-file.ts';
import { notifySystemd, statusOf } from './io/systemd.ts';
import { openTcp } from './io/tcp.ts';
import { openTty } from './io/tty.ts';
import { startControl } from './ops/control.ts';
import { Inspector } from './ops/inspect.ts';
import { EVENT_NAMES, NARRATORS, tellFact } from './ops/narration.ts';
import { Standby } from './ops/standby.ts';
import type { Clock, OpenChannel, OpenStore } from './ports.ts';
import { STORE_FILE } from './store/file.ts';
import { storeThread } from './store/thread.ts';

export interface DaemonOptions {
  readonly configPath: string;
  readonly version: string;
}

const CLOSE_MS_MAX = 2000;
const TTY_OPEN_MS_MAX = 5000;
/** Downlinks go one at a time and acknowledgements are small: more means that nobody reads. */
const TTY_QUEUED_BYTES_MAX = 256 * 1024;
/** A drain that hangs is left to the next start: everything acknowledged is on disk. */
const DRAIN_MS_MAX = 10_000;
/** systemd shows the answer to "is it losing data?" in `systemctl status`. */
const STATUS_MS = 5000;

/** Beside the control socket, which is in a tmpfs: to be written when the disk cannot be. */
const FAILURES_FILE = 'storage-failures';

/** Runs until a signal or a failure. @returns the exit code; @throws Fault for what must be mended first */
export async function runGateway(options: DaemonOptions): Promise<number> {
  const config = readConfig(options.configPath);
  const credentials = credentialsOf(config.hub, systemClock());
  const journal = createJournal({ level: config.gateway.logLevel, format: config.gateway.logFormat });
  const ending = newEnding();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => ending.end({ code: EXIT.ok, reason: signal }));
  const place = { ...options, config, journal, ending, failuresPath: failuresPathOf(config) };
  if ((await storeOf(place)) === 'ended') return EXIT.ok;
  const gateway = await openGateway({
    config,
    clock: systemClock(),
    random: Math.random,
    facts: newFacts(),
    mailbox: new Mailbox((error) => ending.end({ code: EXIT.bug, reason: bugWords(error) })),
    openStore: storeOpener(place),
    openHub: openTcp({
      host: config.hub.host,
      port: config.hub.port,
      openMsMax: config.hub.connectMsMax,
      closeMsMax: CLOSE_MS_MAX,
    }),
    openLink: openLinkTty,
    credentials,
    onStoreFailed: (reason, code) => {
      noteFailure(place.failuresPath, { upMs: systemClock().nowMs(), code });
      ending.end({ code: EXIT.storage, reason });
    },
  });
  narrate(gateway, journal);
  const inspection = new Inspector({ gateway, version: options.version, storePath: storePathOf(config) });
  const control = await startControl({ socketPath: config.gateway.controlSocket, inspection });
  gateway.start();
  notifySystemd('READY=1');
  const status = setInterval(() => notifySystemd(statusOf(`Losing data? ${inspection.status().sentence}`)), STATUS_MS);
  const { code, reason } = await ending.ended;
  clearInterval(status);
  notifySystemd('STOPPING=1');
  if (code === EXIT.ok) await stopWithin(gateway, reason, journal);
  else
    journal.error(
      code === EXIT.storage ? 'storage failed: nothing is acknowledged any more' : 'a bug ends this process',
      { reason },
    );
  await control.close();
  return code;
}

/** Where the gateway is to run. */
interface Place extends DaemonOptions {
  readonly config: Config;
  readonly journal: Journal;
  readonly ending: Ending;
  readonly failuresPath: string;
}

function storePathOf({ gateway }: Config): string {
  return join(gateway.stateDir, STORE_FILE);
}

function failuresPathOf({ gateway }: Config): string {
  return join(dirname(gateway.controlSocket), FAILURES_FILE);
}

/** After too many failures of storage, waits for it in degraded mode; the control socket answers meanwhile. */
async function storeOf(place: Place): Promise<'well' | 'ended'> {
  const { config, journal, ending, failuresPath, version } = place;
  const clock = systemClock();
  const failures = readFailures(failuresPath, clock.nowMs());
  if (failures.length < FAILURES_MAX) return 'well';
  const hint = 'check the disk of the state directory (df, dmesg); it is tried again every minute';
  const often = `it failed ${failures.length} times within ten minutes, the last time with ${failures.at(-1)?.code}`;
  const latest = { fault: new Fault('store-failed', often, { hint }) };
  const standby = new Standby({ config, clock, version, storePath: storePathOf(config), fault: () => latest.fault });
  const control = await startControl({ socketPath: config.gateway.controlSocket, inspection: standby });
  journal.error('degraded: nothing is accepted until storage is well again', { reason: often });
  notifySystemd(`READY=1\n${statusOf(standby.status().sentence)}`);
  const outcome = await awaitStorage({
    clock,
    openStore: storeOpener(place),
    ended: ending.ended,
    failed: (fault) => {
      latest.fault = fault;
      notifySystemd(statusOf(standby.status().sentence));
    },
  });
  await control.close();
  if (outcome === 'well') journal.info('storage is well again');
  return outcome;
}

/** Opens the store in its thread; a failure is remembered for the next start. */
function storeOpener({ config, journal, failuresPath }: Place): OpenStore {
  return async (listener) => {
    const { stateDir } = config.gateway;
    const nowMs = systemClock().nowMs();
    const isSuspect = readFailures(failuresPath, nowMs).at(-1)?.code === ('store-corrupt' satisfies FaultCode);
    try {
      makeFolder(stateDir);
      return await storeThread(storePathOf(config), bootId(journal), isSuspect)(listener);
    } catch (error) {
      if (error instanceof Fault && exitCodeOf(error.code) === EXIT.storage)
        noteFailure(failuresPath, { upMs: nowMs, code: error.code });
      throw error;
    }
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Fault('store-failed', `Cannot make the state directory: ${why}`, {
      hint: 'check that its disk is there, writable and not full',
      cause,
    });
  }
}

interface End {
  readonly code: number;
  readonly reason: string;
}

interface Ending {
  readonly ended: Promise<End>;
  readonly end: (end: End) => void;
}

function newEnding(): Ending {
  const { promise, resolve } = Promise.withResolvers<End>();
  return { ended: promise, end: resolve };
}

async function stopWithin(gateway: Gateway, reason: string, journal: Journal): Promise<void> {
  const { clock } = gateway.parts;
  const isLate = new Promise<'late'>((resolve) => clock.wakeAt(clock.nowMs() + DRAIN_MS_MAX, () => resolve('late')));
  const outcome = await Promise.race([gateway.stop(reason), isLate]);
  if (outcome === 'late')
    journal.warn(`the last commit took longer than ${DRAIN_MS_MAX} ms; what was acknowledged is on disk`);
  else journal.info('gateway stopped, everything in custody is on disk');
}

function readConfig(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Fault('config-unreadable', `Cannot read the configuration ${path}: ${bugWords(cause)}`, {
      hint: 'Name the file with --config, or by HOLDFAST_CONFIG.',
      cause,
    });
  }
  const parsed = parseConfig(text);
  if (parsed.ok) return parsed.config;
  const lines = parsed.problems.map(({ path: place, what, hint }) => `  ${place} ${what}. ${hint}`);
  throw new Fault('config-invalid', `The configuration ${path} has problems:\n${lines.join('\n')}`, {
    hint: `Mend them and try: holdfast config check ${path}`,
  });
}

function credentialsOf(hub: HubConfig, clock: Clock): () => Credentials {
  const { credentials, clientId } = hub;
  switch (credentials.kind) {
    case 'none':
      return () => ({ clientId, username: undefined, password: undefined });
    case 'password': {
      const { username, passwordFile } = credentials;
      const password = passwordFile === undefined ? undefined : new TextEncoder().encode(readSecretFile(passwordFile));
      return () => ({ clientId, username, password });
    }
    case 'signed': {
      const { productId, deviceName, signMethod, deviceSecretFile } = credentials;
      const signing = { productId, deviceName, method: signMethod, deviceSecret: readSecretFile(deviceSecretFile) };
      return () => signCredentials(signing, clock.wallMs(), Math.random);
    }
  }
}

function openLinkTty({ path, baudRate }: LinkConfig): OpenChannel {
  return openTty({
    path,
    baudRate,
    openMsMax: TTY_OPEN_MS_MAX,
    closeMsMax: CLOSE_MS_MAX,
    queuedBytesMax: TTY_QUEUED_BYTES_MAX,
  });
}

/** Without a boot id every start counts as a new boot: ages are then lower bounds, never wrong. */
function bootId(journal: Journal): string {
  const found = readBootId();
  if (found !== undefined) return found;
  journal.warn('the kernel does not say its boot id; ages over this restart are lower bounds');
  return `unknown-${process.pid}-${Date.now()}`;
}

function narrate(gateway: Gateway, journal: Journal): void {
  for (const name of EVENT_NAMES) {
    gateway.parts.facts.on(name, (fact: object) => journal[NARRATORS[name].weight](tellFact(name, fact as never)));
  }
}

function bugWords(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
