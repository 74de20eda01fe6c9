/** Conditions of the wall clock: not synchronised, or different from the time of the hub. Pure. */
import type { Condition } from '../reports/report.ts';
import { dateWords, durationWords } from '../words.ts';

export interface ClockHealth {
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly hub: {
    readonly isOnline: boolean;
    /** Return code of the CONNACK that refused the gateway. */
    readonly refusal: { readonly code: number } | undefined;
    /** CONNECT carries a signature that expires by the wall clock. */
    readonly isSigned: boolean;
  };
  readonly clock: {
    readonly wallMs: number;
    readonly isSet: boolean;
    readonly isTrusted: boolean;
    /** `WallClock.aheadOfHubMs` */
    readonly aheadOfHubMs: number | undefined;
  };
}

/** CONNACK: bad user name or password [MQTT 3.1.1 §3.2.2.3]. */
const BAD_CREDENTIALS = 4;

/**
 * Returns the conditions of the clock. An unconfirmed clock is a condition if its time is impossible, or if the hub may
 * have refused a signature because of it.
 */
export function clockConditions({ clock, hub, nowMs, startedAtMs }: ClockHealth): Condition[] {
  if (clock.aheadOfHubMs !== undefined) return [overruledClock(clock.aheadOfHubMs, nowMs - startedAtMs)];
  const isBlamed = !hub.isOnline && hub.isSigned && hub.refusal?.code === BAD_CREDENTIALS;
  if (clock.isTrusted || (clock.isSet && !isBlamed)) return [];
  const date = dateWords(clock.wallMs);
  return [
    {
      code: 'clock-untrusted',
      losing: isBlamed ? 'at risk' : 'no',
      forMs: nowMs - startedAtMs,
      sentence: isBlamed
        ? `The hub refuses the signature of this gateway, and the clock is not synchronised (it reads ${date}).`
        : `The clock is not set (it reads ${date}). Ages over a restart are lower bounds until it is set.`,
      hint: 'Check the time service (timedatectl timesync-status) and the network.',
    },
  ];
}

function overruledClock(aheadMs: number, forMs: number): Condition {
  const direction = aheadMs > 0 ? 'ahead of' : 'behind';
  return {
    code: 'clock-overruled',
    losing: 'no',
    forMs,
    sentence: `The clock is ${durationWords(Math.abs(aheadMs))} ${direction} the time of the hub. Ages and signatures follow the hub.`,
    hint: 'Check the time service (timedatectl timesync-status). The gateway does not set the clock.',
  };
}
