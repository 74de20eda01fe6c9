/** The hub's part of the status (`report.ts`): the connection, the session, and what the hub stored for us. */
import type { Age } from '../../base/time.ts';

export type HubStateReport = 'stopped' | 'connecting' | 'connected' | 'waiting to reconnect';

export interface HubReport {
  readonly profile: string;
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly state: HubStateReport;
  /** How long it has been connected, or how long it has been away (over failed attempts); `null`: never connected. */
  readonly since: Age | null;
  /** What is known of our session there. */
  readonly session: SessionReport;
  /** What the last CONNACK said; `null` before the first. */
  readonly sessionPresent: boolean | null;
  /** Sessions the hub lost though we expected them: downlinks may be missing. */
  readonly sessionsLost: number;
  /** Why the last connection or attempt ended; `null`: none has. */
  readonly lastProblem: string | null;
  /** Connections in a row that another gateway with our identity seems to have taken; 0: no such pattern. */
  readonly takeovers: number;
  /** When the next attempt is made; `null` unless waiting. */
  readonly nextAttemptInMs: number | null;
  /** Filters held at the hub, and how many it allows (0 = no limit). */
  readonly subscriptions: number;
  readonly subscriptionsMax: number;
  /** What the hub stored for us while we were away and is sending now; `null`: no replay is running. */
  readonly replay: ReplayReport | null;
}

export interface SessionReport {
  /** What the last CONNACK found; `null` before the first. `unexpected`: there was one that we did not know of. */
  readonly finding: 'new' | 'resumed' | 'lost' | 'unexpected' | null;
  /** For how long the hub has not seen us; `null`: it does, or never did. */
  readonly away: Age | null;
  /** A session without a connection lives so long; `null`: not known of this hub. */
  readonly keptMs: number | null;
  /** It has certainly ended by now. */
  readonly isOver: boolean;
  /** Downlinks may be missing, and nobody has dealt with that (`holdfast acknowledge-gap`); `null`: as far as we know none is. */
  readonly gap: GapReport | null;
}

export interface GapReport {
  readonly reason: string;
  /** Since when. */
  readonly age: Age;
}

export interface ReplayReport {
  /** At most so many of those that came had been stored. */
  readonly received: number;
  /** The most the hub stores; it does not say how many there are. */
  readonly expectedMax: number;
  /** At most so long, at the hub's pace. */
  readonly etaMs: number;
}
