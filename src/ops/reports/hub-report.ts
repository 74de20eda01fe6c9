/** Hub part of the status (`report.ts`): connection, session, and hub replay. */
import type { Age } from '../../base/time.ts';
import type { RoundTripReport } from './link-report.ts';

export type HubStateReport = 'stopped' | 'connecting' | 'connected' | 'waiting to reconnect';

export interface HubReport {
  readonly profile: string;
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly state: HubStateReport;
  /** Time connected, or time away (over failed attempts); `null`: never connected. */
  readonly since: Age | null;
  /** Session of this gateway at the hub. */
  readonly session: SessionReport;
  /** Session present flag of the last CONNACK; `null` before the first. */
  readonly sessionPresent: boolean | null;
  /** Number of sessions that the hub lost although they were expected: downlinks may be missing. */
  readonly sessionsLost: number;
  /** Reason why the last connection or attempt ended; `null`: none has ended. */
  readonly lastProblem: string | null;
  /** Connections in a row that another client with the same id seems to have taken over; 0: none. */
  readonly takeovers: number;
  /** Time until the next attempt, ms; `null` unless waiting. */
  readonly nextAttemptInMs: number | null;
  /** Renewals of the password since the start; `null`: off (`hub.password_renew_s`). */
  readonly passwordRenewals: PasswordRenewalReport | null;
  /** Number of filters at the hub, and the number that it allows (0 = no limit). */
  readonly subscriptions: number;
  readonly subscriptionsMax: number;
  /** Uplinks published without their envelope since the start, because the hub accepts no payload of its size. */
  readonly uplinksWithoutEnvelope: number;
  /** Uplinks accepted since the start with a fallback in their topic. */
  readonly uplinksWithFallback: number;
  /** Uplinks since the start whose payload the form `fields` could not extend: the payload was nested as with `json`. */
  readonly uplinksNested: number;
  /** Times from a PUBLISH to its PUBACK, of the newest messages: at most 256. */
  readonly roundTrip: RoundTripReport;
  /** Hub replay: messages that the hub stored while the gateway was away; `null`: no replay is running. */
  readonly replay: ReplayReport | null;
}

export interface PasswordRenewalReport {
  /** Tries to obtain another password while connected. */
  readonly attempts: number;
  /** Tries without another password, and connections that failed with the new one. */
  readonly failures: number;
}

export interface SessionReport {
  /**
   * Session found by the last CONNACK; `null` before the first. `unexpected`: a session that the gateway did not know
   * of.
   */
  readonly finding: 'new' | 'resumed' | 'lost' | 'unexpected' | null;
  /** Time for which the gateway has not been connected; `null`: connected, or never connected. */
  readonly away: Age | null;
  /** Time for which the hub keeps a session without a connection, ms; `null`: unknown. */
  readonly keptMs: number | null;
  /** The session has certainly ended. */
  readonly isOver: boolean;
  /** Possibly missed downlinks, until `holdfast acknowledge-gap`; `null`: none known. */
  readonly gap: GapReport | null;
}

export interface GapReport {
  readonly reason: string;
  /** Age of the gap. */
  readonly age: Age;
}

export interface ReplayReport {
  /** Largest possible number of stored messages among the messages received. */
  readonly received: number;
  /** Largest number of messages that the hub stores; the hub does not report the actual number. */
  readonly expectedMax: number;
  /** Longest remaining time at the pace of the hub, ms. */
  readonly etaMs: number;
}
