/**
 * The gateway as a service of systemd: readiness, watchdog, and the hangs of earlier processes. Without WatchdogSec= in
 * the unit, and outside systemd without HOLDFAST_WATCHDOG_S, nothing is watched.
 */
import { dirname, join } from 'node:path';
import type { Facts } from '../base/events.ts';
import { EXIT } from '../base/fault.ts';
import type { Config } from '../config/schema.ts';
import { HANGS_FILE, handleHangs, noteHang, readHangs, takeUnreported } from '../io/hang-log.ts';
import type { Journal } from '../io/journal.ts';
import { notifySystemd, watchdogMsOf } from '../io/systemd.ts';
import { mayHaveLost, type PastHang } from '../ops/conditions/hang-conditions.ts';
import { unacknowledgedLinks } from '../ops/unacknowledged-links.ts';
import { watchLoop } from '../ops/watchdog/loop-watch.ts';
import { BOUND_TURNS, turnMsOf, Watchdog } from '../ops/watchdog/watchdog.ts';
import type { ProgressReadings, Stall } from '../ops/watchdog/work-progress.ts';
import type { Clock } from '../ports.ts';

/**
 * Time for which a second hang in the opening of the same port does not end the process again: the restart did not
 * help, and the other links must not be interrupted every minute because of one adapter.
 */
const SAME_PORT_MS = 3_600_000;

export interface ServiceWatchOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly journal: Journal;
  /** Called once, when a part of the gateway does not move on. The process must end with the code. */
  readonly hung: (stall: Stall, code: number) => void;
}

export class ServiceWatch {
  readonly #options: ServiceWatchOptions;
  readonly #hangsPath: string;
  #watchdog: Watchdog | undefined;
  /** Ports of which a hanging opening was reported and tolerated. */
  readonly #tolerated = new Set<string>();

  constructor(options: ServiceWatchOptions) {
    this.#options = options;
    this.#hangsPath = join(dirname(options.config.gateway.controlSocket), HANGS_FILE);
  }

  /** Reports that the start is complete. From now on systemd waits for the watchdog. */
  ready(): void {
    notifySystemd('READY=1');
    const timeoutMs = watchdogMsOf();
    if (timeoutMs === undefined || this.#watchdog !== undefined) return;
    const { clock, journal, config } = this.#options;
    const loop = watchLoop(
      {
        turnMs: turnMsOf(timeoutMs),
        turnsMax: BOUND_TURNS,
        hangsPath: this.#hangsPath,
        logFormat: config.gateway.logFormat,
      },
      (why) => journal.warn('a hang of the event loop is detected by systemd alone', { reason: why }),
    );
    this.#watchdog = new Watchdog({
      timeoutMs,
      clock,
      loop,
      feed: () => notifySystemd('WATCHDOG=1'),
      isTolerated: (stall) => this.#isTolerated(stall),
      stalled: (stall) => this.#stalled(stall),
    });
  }

  /** Watches the progress of the gateway in addition to the event loop. */
  watch(readings: ProgressReadings): void {
    this.#watchdog?.watch(readings);
  }

  /** Reports the hangs that ended earlier processes, each once. */
  report(facts: Facts): void {
    const unacknowledged = unacknowledgedLinks(this.#options.config);
    for (const { source, what, where, forMs } of takeUnreported(this.#hangsPath, this.#options.clock.nowMs()))
      facts.emit('gatewayHung', { source, what, where, forMs, unacknowledged });
  }

  /**
   * Monotonic ms since which the previous process did not speak to the hub, if a hang ended that process. `undefined`:
   * unknown. With another hang than that of the event loop, the process worked until the hang was detected.
   */
  get silentSinceMs(): number | undefined {
    const last = readHangs(this.#hangsPath, this.#options.clock.nowMs()).findLast(({ isReported }) => !isReported);
    return last === undefined ? undefined : last.upMs - (last.source === 'event-loop' ? last.forMs : 0);
  }

  /** Hangs of earlier processes in this boot. */
  readonly hangs = (): PastHang[] => {
    const nowMs = this.#options.clock.nowMs();
    return readHangs(this.#hangsPath, nowMs).map(({ upMs, ...hang }) => ({ ...hang, agoMs: nowMs - upMs }));
  };

  /** Marks the loss that the hangs may have caused as handled. @returns false: there is none to handle */
  readonly handleLoss = (): boolean => {
    const isOpen = mayHaveLost(this.hangs(), unacknowledgedLinks(this.#options.config));
    if (isOpen) handleHangs(this.#hangsPath, this.#options.clock.nowMs());
    return isOpen;
  };

  stop(): void {
    this.#watchdog?.stop();
  }

  #isTolerated({ source, subject, forMs }: Stall): boolean {
    if (source !== 'serial-open') return false;
    const nowMs = this.#options.clock.nowMs();
    const isSame = readHangs(this.#hangsPath, nowMs).some(
      (hang) => hang.source === source && hang.subject === subject && nowMs - hang.upMs < SAME_PORT_MS,
    );
    if (isSame && !this.#tolerated.has(subject)) {
      this.#tolerated.add(subject);
      this.#options.journal.error(
        'the opening of a port hangs again after a restart; the gateway continues without the port',
        { port: subject, for_s: Math.round(forMs / 1000) },
      );
    }
    return isSame;
  }

  #stalled(stall: Stall): void {
    const { source, subject, forMs, what } = stall;
    const upMs = this.#options.clock.nowMs();
    noteHang(this.#hangsPath, {
      upMs,
      source,
      subject,
      forMs,
      what,
      where: '',
      hasRecordings: false,
      isReported: false,
      isHandled: false,
    });
    this.#options.hung(stall, source === 'store-thread' ? EXIT.storage : EXIT.bug);
  }
}
