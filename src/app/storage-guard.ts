/**
 * Guard of the storage: opens the store, counts the failures of the storage over restarts, and waits in degraded mode
 * after too many of them. In degraded mode the control socket answers and shows the reason. No link is opened, the hub
 * is not connected, and nothing is acknowledged. The store is tried once a minute; when it opens, the gateway starts.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { EXIT, exitCodeOf, Fault, type FaultCode } from '../base/fault.ts';
import type { Config } from '../config/schema.ts';
import { readBootId } from '../io/boot.ts';
import { systemClock } from '../io/clock.ts';
import { containerLossOf, isInContainer } from '../io/container.ts';
import { forgetFailures, noteFailure, readFailures } from '../io/failure-log.ts';
import { fileProblem, folderProblem } from '../io/folders.ts';
import type { Journal } from '../io/journal.ts';
import { lockOwnersOf } from '../io/lock-owners.ts';
import { processWords } from '../io/program-name.ts';
import { notifySystemd, StatusLine, statusOf } from '../io/systemd.ts';
import { volatilePlaceOf } from '../io/volatile-storage.ts';
import { AccessTroubles } from '../ops/access-troubles.ts';
import { startControl } from '../ops/api/control.ts';
import { Standby } from '../ops/api/standby.ts';
import type { OpenStore } from '../ports.ts';
import { STORE_FILE } from '../store/state-files.ts';
import { faultOf } from '../store/store-fault.ts';
import { storeThread } from '../store/thread.ts';
import { LISTEN_AGAIN_MS, openMetrics } from './metrics-on-tcp.ts';
import { socketAccess } from './socket-groups.ts';
import { closeToOthers, makeStateFolder } from './state-folder.ts';

export interface StorageOptions {
  readonly config: Config;
  readonly journal: Journal;
  readonly version: string;
  /** Absolute path. */
  readonly configPath: string;
  /** Checksum of the configuration. Failures with another configuration do not count. */
  readonly configMark: string;
  /** Time between two trials of failing storage. A minute, except in tests. */
  readonly tryMs?: number | undefined;
  /** Result of `startStoreThread`, used for the first opening. */
  readonly storeThread?: Worker | undefined;
  /** Reports to systemd that the start is complete, in degraded mode. */
  readonly ready: () => void;
}

/**
 * File beside the control socket. The directory of the socket is in a tmpfs, so the file can be written when the disk
 * cannot be written.
 */
const FAILURES_FILE = 'storage-failures';
/** Number of failures within ten minutes that starts degraded mode (`io/failure-log.ts`). */
const FAILURES_MAX = 5;
const TRY_MS = 60_000;
/** Time that systemd waits for the next report of recovery. One step of the recovery takes less time on any SD card. */
const RECOVERY_STEP_MS = 60_000;

export class Storage {
  readonly path: string;
  readonly #options: StorageOptions;
  readonly #failuresPath: string;
  readonly #clock = systemClock();
  /** Thread without a store; `undefined` after the first opening. */
  #startedThread: Worker | undefined;

  constructor(options: StorageOptions) {
    const { stateDir, controlSocket } = options.config.gateway;
    this.#options = options;
    this.#startedThread = options.storeThread;
    this.path = join(stateDir, STORE_FILE);
    this.#failuresPath = join(dirname(controlSocket), FAILURES_FILE);
  }

  /** Warns about the risk that `allow_volatile_store` accepts, and about a state directory that ends with its container. */
  warnIfVolatile(): void {
    const { stateDir } = this.#options.config.gateway;
    const loss = containerLossOf(stateDir);
    if (loss !== undefined) this.#options.journal.warn(loss.what, { hint: loss.hint });
    const place = volatilePlaceOf(stateDir);
    if (place === undefined) return;
    this.#options.journal.warn('the store is in RAM: a power cut loses every message in it', {
      state_dir: stateDir,
      place,
    });
  }

  /** Opens the store in its thread. A store that the last process found corrupt is checked first. */
  readonly open: OpenStore = async (listener) => {
    const isSuspect = this.#failures().at(-1)?.code === ('store-corrupt' satisfies FaultCode);
    try {
      if (!existsSync(this.path)) prepareFolder(dirname(this.path));
      closeToOthers(dirname(this.path));
      const worker = this.#startedThread;
      this.#startedThread = undefined;
      const settings = { suspect: isSuspect, progress: this.#report, worker };
      return await storeThread(this.path, this.#bootId(), settings)(listener);
    } catch (error) {
      if (error instanceof Fault && isFailureOfStorage(error.code)) this.note(error.code);
      throw this.#withCause(error);
    }
  };

  /**
   * Adds the cause to a fault: SQLite reports only that the file does not open, so this function checks the
   * permissions.
   */
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
    const usual = isInContainer()
      ? 'another container on this volume, or a service on the host'
      : 'systemctl stop holdfast';
    const stop = pid === undefined ? usual : `systemctl stop holdfast, or kill ${pid}`;
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

  /** Records a failure for the next starts. */
  note(code: FaultCode): void {
    noteFailure(this.#failuresPath, { upMs: this.#clock.nowMs(), code, config: this.#options.configMark });
  }

  /**
   * Resolves at once if the storage has not failed too often with this configuration. Otherwise resolves when the store
   * opens again, or with `ended` when the process must end.
   */
  async healthyOr(ended: Promise<unknown>): Promise<'healthy' | 'ended'> {
    const failures = this.#failures().filter(({ config }) => config === this.#options.configMark);
    if (failures.length < FAILURES_MAX) return 'healthy';
    const often = `it failed ${failures.length} times within ten minutes, the last time with ${failures.at(-1)?.code}`;
    return await this.#standBy(often, ended);
  }

  async #standBy(why: string, ended: Promise<unknown>): Promise<'healthy' | 'ended'> {
    const { config, journal, version, configPath, configMark } = this.#options;
    const hint = 'check the disk of the state directory (df, dmesg); the gateway tries it again every minute';
    let fault = new Fault('store-failed', why, { hint });
    const troubles = new AccessTroubles(() => this.#clock.nowMs());
    const standby = new Standby({
      config,
      configPath,
      configMark,
      clock: this.#clock,
      version,
      storePath: this.path,
      fault: () => fault,
      accessTroubles: () => troubles.all,
    });
    const control = await startControl({
      socketPath: config.gateway.controlSocket,
      access: socketAccess(config.gateway, troubles, journal).control,
      inspection: standby,
    });
    const closeMetrics = await openMetrics({
      config,
      inspection: standby,
      troubles,
      journal,
      againMs: LISTEN_AGAIN_MS,
    });
    journal.error('degraded: no message is accepted until storage works again', { reason: why });
    this.#options.ready();
    const statusLine = new StatusLine();
    try {
      for (;;) {
        statusLine.show(`Losing data? ${standby.status().sentence}`);
        if ((await Promise.race([this.#pause(), ended])) !== 'elapsed') return 'ended';
        const found = await Promise.race([this.#try(), ended.then(() => 'ended' as const)]);
        if (found === 'ended') return 'ended';
        if (found === 'opened') break;
        fault = found;
      }
    } finally {
      await Promise.all([control.close(), closeMetrics()]);
    }
    forgetFailures(this.#failuresPath);
    journal.info('storage works again');
    return 'healthy';
  }

  #pause(): Promise<'elapsed'> {
    const untilMs = this.#clock.nowMs() + (this.#options.tryMs ?? TRY_MS);
    return new Promise((resolve) => this.#clock.wakeAt(untilMs, () => resolve('elapsed')));
  }

  /** @returns the fault if the store does not open */
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

  /** Returns the boot id. Without one, every start counts as a new boot: ages are then lower bounds. */
  #bootId(): string {
    const found = readBootId();
    if (found !== undefined) return found;
    this.#options.journal.warn('the boot id of the kernel is unknown; ages across this restart are lower bounds');
    return `unknown-${process.pid}-${Date.now()}`;
  }
}

/** True for a fault of the storage. A lock of another gateway is not a fault of the storage. */
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
