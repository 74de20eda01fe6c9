/**
 * The disk the gateway stands on: opens the store, remembers over restarts how often it failed, and after too many failures
 * waits in degraded mode. There the control socket answers and says why; no link is opened, the hub is not connected,
 * nothing is acknowledged. The store is tried once a minute; when it opens, the gateway goes on.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, exitCodeOf, Fault, type FaultCode } from '../base/fault.ts';
import type { Config } from '../config/schema.ts';
import { readBootId } from '../io/boot.ts';
import { systemClock } from '../io/clock.ts';
import { forgetFailures, noteFailure, readFailures } from '../io/failure-log.ts';
import { fileProblem, folderProblem } from '../io/folders.ts';
import type { Journal } from '../io/journal.ts';
import { lockOwnersOf } from '../io/lock-owners.ts';
import { processWords } from '../io/program-name.ts';
import { notifySystemd, statusOf } from '../io/systemd.ts';
import { volatilePlaceOf } from '../io/volatile-storage.ts';
import { startControl } from '../ops/api/control.ts';
import { Standby } from '../ops/api/standby.ts';
import type { OpenStore } from '../ports.ts';
import { faultOf } from '../store/database.ts';
import { STORE_FILE } from '../store/state-files.ts';
import { storeThread } from '../store/thread.ts';
import { closeToOthers, makeStateFolder } from './state-folder.ts';

export interface StorageOptions {
  readonly config: Config;
  readonly journal: Journal;
  readonly version: string;
  /** Absolute. */
  readonly configPath: string;
  /** Tells this text of the configuration from another: failures with another one do not count. */
  readonly configMark: string;
  /** Between two looks at storage that keeps failing; a minute, but in a test. */
  readonly tryMs?: number | undefined;
}

/** Beside the control socket, which is in a tmpfs: to be written when the disk cannot be. */
const FAILURES_FILE = 'storage-failures';
/** So many failures within ten minutes are no accident any more (`io/failure-log.ts`). */
const FAILURES_MAX = 5;
const TRY_MS = 60_000;
/** A step of recovery takes less, on whatever card: systemd waits so long for the next one. */
const RECOVERY_STEP_MS = 60_000;

export class Storage {
  readonly path: string;
  readonly #options: StorageOptions;
  readonly #failuresPath: string;
  readonly #clock = systemClock();

  constructor(options: StorageOptions) {
    const { stateDir, controlSocket } = options.config.gateway;
    this.#options = options;
    this.path = join(stateDir, STORE_FILE);
    this.#failuresPath = join(dirname(controlSocket), FAILURES_FILE);
  }

  /** Says what `allow_volatile_store` accepts. */
  warnIfVolatile(): void {
    const { stateDir } = this.#options.config.gateway;
    const place = volatilePlaceOf(stateDir);
    if (place === undefined) return;
    this.#options.journal.warn('the store is in RAM: a power cut loses every message in it', {
      state_dir: stateDir,
      place,
    });
  }

  /** Opens the store in its thread. A file that the last process found corrupt is looked at first. */
  readonly open: OpenStore = async (listener) => {
    const isSuspect = this.#failures().at(-1)?.code === ('store-corrupt' satisfies FaultCode);
    try {
      if (!existsSync(this.path)) prepareFolder(dirname(this.path));
      closeToOthers(dirname(this.path));
      return await storeThread(this.path, this.#bootId(), { suspect: isSuspect, progress: this.#report })(listener);
    } catch (error) {
      if (error instanceof Fault && isFailureOfStorage(error.code)) this.note(error.code);
      throw this.#withCause(error);
    }
  };

  /** The library says only that the file does not open: who may write where is seen here. */
  #withCause(error: unknown): unknown {
    if (!(error instanceof Fault)) return error;
    if (error.code === 'store-locked') return this.#lockedBy(error);
    if (error.code !== 'store-failed') return error;
    const found = fileProblem(this.path) ?? folderProblem(dirname(this.path));
    if (found === undefined) return error;
    return new Fault('store-failed', `The store does not open: ${found.what}`, { hint: found.hint, cause: error });
  }

  #lockedBy(cause: Fault): Fault {
    const [pid] = lockOwnersOf(this.path);
    const stateDir = dirname(this.path);
    const whose = pid === undefined ? 'Another process' : `Another ${processWords(pid)}`;
    const stop = pid === undefined ? 'systemctl stop holdfast' : `systemctl stop holdfast, or kill ${pid}`;
    return new Fault('store-locked', `${whose} uses the state directory ${stateDir}`, {
      hint: `One gateway per state directory: stop the other one (${stop}), or give this one its own state_dir and control_socket.`,
      retryable: true,
      cause,
    });
  }

  readonly #report = (sentence: string): void => {
    this.#options.journal.warn(`the store is being recovered: ${sentence}`);
    notifySystemd(`EXTEND_TIMEOUT_USEC=${RECOVERY_STEP_MS * 1000}\n${statusOf(`recovering: ${sentence}`)}`);
  };

  /** It failed: the next starts are to know. */
  note(code: FaultCode): void {
    noteFailure(this.#failuresPath, { upMs: this.#clock.nowMs(), code, config: this.#options.configMark });
  }

  /**
   * At once, unless it has failed too often with this configuration: then when it opens again, or when the process is to
   * end.
   */
  async healthyOr(ended: Promise<unknown>): Promise<'healthy' | 'ended'> {
    const failures = this.#failures().filter(({ config }) => config === this.#options.configMark);
    if (failures.length < FAILURES_MAX) return 'healthy';
    const often = `it failed ${failures.length} times within ten minutes, the last time with ${failures.at(-1)?.code}`;
    return await this.#standBy(often, ended);
  }

  async #standBy(why: string, ended: Promise<unknown>): Promise<'healthy' | 'ended'> {
    const { config, journal, version, configPath } = this.#options;
    const hint = 'check the disk of the state directory (df, dmesg); it is tried again every minute';
    let fault = new Fault('store-failed', why, { hint });
    const standby = new Standby({
      config,
      configPath,
      clock: this.#clock,
      version,
      storePath: this.path,
      fault: () => fault,
    });
    const control = await startControl({ socketPath: config.gateway.controlSocket, inspection: standby });
    journal.error('degraded: nothing is accepted until storage is well again', { reason: why });
    notifySystemd('READY=1');
    try {
      for (;;) {
        notifySystemd(statusOf(standby.status().sentence));
        if ((await Promise.race([this.#pause(), ended])) !== 'rested') return 'ended';
        const found = await Promise.race([this.#try(), ended.then(() => 'ended' as const)]);
        if (found === 'ended') return 'ended';
        if (found === 'opened') break;
        fault = found;
      }
    } finally {
      await control.close();
    }
    forgetFailures(this.#failuresPath);
    journal.info('storage is well again');
    return 'healthy';
  }

  #pause(): Promise<'rested'> {
    const untilMs = this.#clock.nowMs() + (this.#options.tryMs ?? TRY_MS);
    return new Promise((resolve) => this.#clock.wakeAt(untilMs, () => resolve('rested')));
  }

  /** @returns why it does not open, if it does not */
  async #try(): Promise<Fault | 'opened'> {
    try {
      const { store } = await this.open({ committed: () => undefined, full: () => undefined, failed: () => undefined });
      await store.close();
      return 'opened';
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  }

  #failures(): ReturnType<typeof readFailures> {
    return readFailures(this.#failuresPath, this.#clock.nowMs());
  }

  /** Without a boot id every start counts as a new boot: ages are then lower bounds, never wrong. */
  #bootId(): string {
    const found = readBootId();
    if (found !== undefined) return found;
    this.#options.journal.warn('the kernel does not say its boot id; ages over this restart are lower bounds');
    return `unknown-${process.pid}-${Date.now()}`;
  }
}

/** Another gateway at work is none: the store is well. */
function isFailureOfStorage(code: FaultCode): boolean {
  return code !== 'store-locked' && exitCodeOf(code) === EXIT.storage;
}

function prepareFolder(path: string): void {
  try {
    makeStateFolder(path);
  } catch (error) {
    throw faultOf(error, path);
  }
}
