/**
 * Renewal of the password: connects again with a new password before the present one ends (`hub.password_renew_s`).
 *
 *     away ──CONNACK──▶ waiting ──due──▶ obtaining ──new password──▶ settling ──▶ quieting ──▶ renewing ──CONNACK──▶ waiting
 *                          ▲                 │                                                    │
 *                          └──pause──failed──┘            away ◀──the attempt failed: an outage───┘
 *
 * The connection is kept until there is a new password. `settling`: nothing new is sent, and the answers to what was sent
 * are awaited. `quieting`: the hub is not read, and the PUBACKs of its messages are sent once the messages are safe. What
 * the hub sends meanwhile stays unread and comes again with the next connection. So nothing is unacknowledged at the
 * DISCONNECT, and no message is sent twice. Both waits are bounded, because a hub that does not answer must not keep the
 * old password in use.
 */
import { Backoff, type BackoffLimits } from '../base/backoff.ts';
import type { Facts } from '../base/events.ts';
import type { Clock } from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { Timer } from '../runtime/timer.ts';

/** Source of the passwords for CONNECT. */
export interface PasswordSupply {
  /** Time at which the password of the last CONNECT was obtained, monotonic ms. `undefined`: no CONNECT yet. */
  readonly obtainedAtMs: number | undefined;
  /**
   * Obtains another password for the next CONNECT. Never rejects. @returns the problem; `undefined`: there is a new
   * password
   */
  renew(): Promise<string | undefined>;
}

export interface RenewalTerms {
  /** Time from obtaining a password to its renewal, ms. */
  readonly afterMs: number;
  /** Pauses between two tries to obtain a password. */
  readonly again: BackoffLimits;
  readonly supply: () => PasswordSupply | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Renewals since the start of the process. */
export interface RenewalCounts {
  /** Tries to obtain another password while connected. */
  attempts: number;
  /** Tries without another password, and connections that failed with the new one. */
  failures: number;
}

export interface PasswordRenewalOptions extends RenewalTerms {
  /** Counters, which outlive a change of the configuration. */
  readonly counts: RenewalCounts;
  readonly clock: Clock;
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  /** Stops sending to the hub, except for PUBACKs. */
  readonly suspend: () => void;
  readonly resume: () => void;
  /** Returns the number of packets that the hub has not answered. */
  readonly unanswered: () => number;
  /** Returns the number of downlinks without a PUBACK. */
  readonly unacknowledged: () => number;
  readonly stopReading: () => void;
  /** Disconnects and connects again. */
  readonly reconnect: () => void;
}

/** Problem of the last try to obtain a password, with the time of the first one. */
export interface RenewalTrouble {
  readonly problem: string;
  /** Monotonic ms. */
  readonly sinceMs: number;
}

type RenewalState = 'away' | 'waiting' | 'obtaining' | 'settling' | 'quieting' | 'renewing';

/** Part of the time by which a renewal may come earlier, so that the gateways of a fleet do not renew at once. */
const JITTER_SHARE = 0.1;
/** Longest wait for the answers of the hub, ms: several round trips of a slow mobile network. */
const SETTLE_MS_MAX = 5000;
/** Longest wait for the PUBACKs of downlinks, ms: a slow card needs 2 s for a commit. */
const QUIET_MS_MAX = 3000;
const LOOK_EVERY_MS = 10;

export class PasswordRenewal {
  readonly #options: PasswordRenewalOptions;
  readonly #timer: Timer;
  readonly #backoff: Backoff;
  #state: RenewalState = 'away';
  /** Number of the present try. The result of an earlier one is ignored. */
  #attempt = 0;
  #untilMs = 0;
  #leftAtMs = 0;
  /** Packets and downlinks without an answer at the DISCONNECT. */
  #unsettled = 0;
  #trouble: RenewalTrouble | undefined;

  constructor(options: PasswordRenewalOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.again, options.random);
    this.#timer = new Timer(options.clock, options.mailbox, () => this.#turn());
  }

  /** True from the DISCONNECT until the next connection, or until the attempt has failed. */
  get isRenewing(): boolean {
    return this.#state === 'renewing';
  }

  get trouble(): RenewalTrouble | undefined {
    return this.#trouble;
  }

  /** Time of the DISCONNECT of this renewal, monotonic ms. */
  get leftAtMs(): number {
    return this.#leftAtMs;
  }

  /** Handles CONNACK. */
  connected(): void {
    const { clock, facts, supply, afterMs, random } = this.#options;
    const nowMs = clock.nowMs();
    if (this.isRenewing) facts.emit('passwordRenewed', { ms: nowMs - this.#leftAtMs, unsettled: this.#unsettled });
    this.#settleTrouble();
    this.#backoff.reset();
    this.#state = 'waiting';
    this.#untilMs = (supply()?.obtainedAtMs ?? nowMs) + afterMs * (1 - JITTER_SHARE * random());
    this.#timer.set(undefined);
    this.#timer.set(Math.max(nowMs, this.#untilMs));
  }

  /** Handles the end of a connection or attempt. Not called for the end that this renewal causes. */
  disconnected(): void {
    if (this.isRenewing) this.#options.counts.failures += 1;
    this.#endRenewal();
  }

  #endRenewal(): void {
    const wasSuspended = this.#isSuspended;
    this.#state = 'away';
    this.#timer.set(undefined);
    if (wasSuspended) this.#options.resume();
  }

  /** Called when the gateway is about to stop. A renewal whose DISCONNECT was sent goes on. */
  cancel(): void {
    if (!this.isRenewing) this.end();
  }

  /** Called when the client is stopped or replaced. */
  end(): void {
    this.#endRenewal();
    this.#attempt += 1;
  }

  get #isSuspended(): boolean {
    return this.#state === 'settling' || this.#state === 'quieting' || this.#state === 'renewing';
  }

  #turn(): void {
    const nowMs = this.#options.clock.nowMs();
    switch (this.#state) {
      case 'waiting':
        return this.#obtain();
      case 'settling':
        if (this.#options.unanswered() > 0 && nowMs < this.#untilMs) return this.#lookAgain(nowMs);
        this.#options.stopReading();
        this.#state = 'quieting';
        this.#untilMs = nowMs + QUIET_MS_MAX;
        return this.#turn();
      case 'quieting':
        if (this.#options.unacknowledged() > 0 && nowMs < this.#untilMs) return this.#lookAgain(nowMs);
        return this.#leave(nowMs);
      case 'away':
      case 'obtaining':
      case 'renewing':
        return;
    }
  }

  #lookAgain(nowMs: number): void {
    this.#timer.set(nowMs + LOOK_EVERY_MS);
  }

  #obtain(): void {
    const { mailbox, supply, counts } = this.#options;
    this.#state = 'obtaining';
    counts.attempts += 1;
    this.#attempt += 1;
    const attempt = this.#attempt;
    const obtained = supply()?.renew() ?? Promise.resolve(undefined);
    void obtained.then((problem) => mailbox.post(() => attempt === this.#attempt && this.#obtained(problem)));
  }

  #obtained(problem: string | undefined): void {
    if (this.#state !== 'obtaining') return; // the connection has ended; the next attempt uses the password
    const nowMs = this.#options.clock.nowMs();
    if (problem !== undefined) {
      this.#options.counts.failures += 1;
      this.#note(problem, nowMs);
      this.#state = 'waiting';
      this.#timer.set(nowMs + this.#backoff.next());
      return;
    }
    this.#settleTrouble();
    this.#state = 'settling';
    this.#untilMs = nowMs + SETTLE_MS_MAX;
    this.#options.suspend();
    this.#turn();
  }

  #leave(nowMs: number): void {
    this.#state = 'renewing';
    this.#leftAtMs = nowMs;
    this.#unsettled = this.#options.unanswered() + this.#options.unacknowledged();
    this.#options.reconnect();
  }

  #note(problem: string, nowMs: number): void {
    if (problem !== this.#trouble?.problem) this.#options.facts.emit('passwordJudged', { problem });
    this.#trouble = { problem, sinceMs: this.#trouble?.sinceMs ?? nowMs };
  }

  #settleTrouble(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#options.facts.emit('passwordJudged', { problem: undefined });
  }
}
