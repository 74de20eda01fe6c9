/** Answers of the control API while the storage fails: nothing is accepted until the storage works again. */
import type { Fault } from '../../base/fault.ts';
import type { Config, LinkConfig } from '../../config/schema.ts';
import { flashBytesWritten, freeBytesAt, sizeOf } from '../../io/machine-facts.ts';
import { volatilePlaceOf } from '../../io/volatile-storage.ts';
import type { Clock } from '../../ports.ts';
import type { AccessTrouble } from '../access-troubles.ts';
import { accessConditions } from '../conditions/access-conditions.ts';
import { NO_RECORDINGS } from '../recordings.ts';
import { NO_FIRMWARE } from '../reports/firmware-updates-report.ts';
import type { HubReport } from '../reports/hub-report.ts';
import { type LinkReport, RESTING } from '../reports/link-report.ts';
import { NO_MEDIUM } from '../reports/medium-report.ts';
import type { QueueReport, StatusReport } from '../reports/report.ts';
import { judge } from '../verdict.ts';
import { ANSWERS, type AnswerPath, type Answers, type Inspection } from './control-answers.ts';

export interface StandbyOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly version: string;
  /** Absolute path. */
  readonly configPath: string;
  readonly configMark: string;
  readonly storePath: string;
  /** Fault of the storage, with its hint. */
  readonly fault: () => Fault;
  readonly accessTroubles: () => readonly AccessTrouble[];
}

export class Standby implements Inspection {
  readonly #options: StandbyOptions;
  readonly #sinceMs: number;

  readonly answers: Answers;

  constructor(options: StandbyOptions) {
    this.#options = options;
    const fail = (): never => {
      throw options.fault();
    };
    const failing = Object.fromEntries(Object.keys(ANSWERS).map((path) => [path, fail])) as Record<
      AnswerPath,
      () => never
    >;
    this.answers = { ...failing, '/v1/status': () => this.status() };
    this.#sinceMs = options.clock.nowMs();
  }

  status(): StatusReport {
    const { config, version, configPath, configMark, storePath, fault, clock } = this.#options;
    const { message, hint } = fault();
    const forMs = clock.nowMs() - this.#sinceMs;
    const sentence = `The storage fails: ${message}. Nothing is accepted and nothing is sent.`;
    return judge({
      conditions: [
        { code: 'store-failed', losing: 'at risk', forMs, sentence, hint: `${capital(hint.replace(/\.$/, ''))}.` },
        ...accessConditions({ nowMs: clock.nowMs(), accessTroubles: this.#options.accessTroubles() }),
      ],
      hub: this.#hub(),
      links: config.links.map((link) => restingLink(link, forMs)),
      subdevices: { connected: 0, asleep: 0, away: config.subdevices.length, neverSeen: 0 },
      outlook: { full: null, drain: null },
      medium: NO_MEDIUM,
      outbox: { ...EMPTY, messagesMax: config.outbox.messagesMax, bytesMax: config.outbox.bytesMax },
      inbox: { ...EMPTY, messagesMax: config.inbox.messagesMax },
      ledger: null,
      discarded: [],
      firmware: { ...NO_FIRMWARE, enabled: config.firmware !== undefined },
      store: {
        path: storePath,
        volatile: volatilePlaceOf(storePath) ?? null,
        bytes: sizeOf(storePath),
        walBytes: sizeOf(`${storePath}-wal`),
        freeBytes: freeBytesAt(storePath),
        commits: 0,
        flashBytesWritten: flashBytesWritten(),
        historyBytesWritten: 0,
        recovery: [],
      },
      recordings: NO_RECORDINGS,
      process: {
        gateway: config.gateway.name,
        pid: process.pid,
        version,
        configPath,
        configMark,
        hubConfigVersion: null,
        uptimeMs: forMs,
        rssBytes: process.memoryUsage.rss(),
        clockTrusted: false,
      },
    });
  }

  recorder(): undefined {
    return undefined;
  }

  onTail(): () => void {
    return () => undefined;
  }

  #hub(): HubReport {
    const { profile, host, port, clientId, subscriptionsMax } = this.#options.config.hub;
    return {
      profile,
      host,
      port,
      clientId,
      subscriptionsMax,
      state: 'stopped',
      since: null,
      session: { finding: null, away: null, keptMs: null, isOver: false, gap: null },
      sessionPresent: null,
      sessionsLost: 0,
      uplinksWithoutEnvelope: 0,
      uplinksWithFallback: 0,
      uplinksNested: 0,
      lastProblem: null,
      takeovers: 0,
      nextAttemptInMs: null,
      passwordRenewals: null,
      subscriptions: 0,
      roundTrip: { count: 0, p50Ms: null, p99Ms: null },
      replay: null,
    };
  }
}

const EMPTY: QueueReport = {
  messages: 0,
  bytes: 0,
  onDisk: 0,
  inFlight: 0,
  oldest: null,
  ratePerS: 0,
  etaMs: null,
  messagesMax: 1,
  bytesMax: 0,
  overflow: 'reject',
};

function restingLink({ name, path, driver }: LinkConfig, forMs: number): LinkReport {
  return { ...RESTING, name, path, driver, state: 'stopped', forMs };
}

function capital(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
