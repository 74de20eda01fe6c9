/**
 * Health: what is not as it should be, what it means for the data, and what to do now. Pure, from what the stations say.
 */
import type { Counts } from '../custody/ledger.ts';
import { shedEntries } from '../custody/ledger.ts';
import type { Condition, LinkReport } from './report.ts';
import { countOf, dateWords, durationWords } from './words.ts';

export interface Health {
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly hub: {
    readonly isOnline: boolean;
    readonly changedAtMs: number | undefined;
    readonly problem: string | undefined;
    readonly refusal: string | undefined;
    /** Return code of the CONNACK that refused us. */
    readonly refusalCode: number | undefined;
    readonly sessionsLost: number;
    readonly refusedFilters: readonly string[];
  };
  readonly links: readonly LinkReport[];
  readonly clock: {
    readonly wallMs: number;
    readonly isSet: boolean;
    readonly isTrusted: boolean;
    /** `WallClock.aheadOfHubMs` */
    readonly aheadOfHubMs: number | undefined;
  };
  readonly storeFullSinceMs: number | undefined;
  readonly outbox: {
    readonly messages: number;
    readonly messagesMax: number;
    readonly bytes: number;
    readonly bytesMax: number;
  };
  /** Since the process started. */
  readonly uplinks: Counts;
  readonly downlinks: Counts;
  /** Found lost by the opening store, so before the start. */
  readonly lostRows: number;
  readonly imbalance: number;
}

/** Full enough to say so. */
const FILLING = 0.8;
/** CONNACK: bad user name or password [MQTT 3.1.1 §3.2.2.3]. */
const BAD_CREDENTIALS = 4;

export function conditionsOf(health: Health): Condition[] {
  return [
    ...hubConditions(health),
    ...clockConditions(health),
    ...linkConditions(health),
    ...queueConditions(health),
    ...ledgerConditions(health),
  ];
}

function hubConditions({ hub, nowMs, startedAtMs }: Health): Condition[] {
  const conditions: Condition[] = [];
  const forMs = nowMs - (hub.changedAtMs ?? startedAtMs);
  if (!hub.isOnline && hub.refusal !== undefined) {
    conditions.push({
      code: 'hub-refuses',
      losing: 'at risk',
      forMs,
      sentence: sentenceOf(hub.refusal),
      hint: 'Check the hub section of the configuration and the secret file; the attempts go on.',
    });
  } else if (!hub.isOnline) {
    const why = hub.problem === undefined ? '' : ` (${hub.problem})`;
    conditions.push({
      code: 'hub-away',
      losing: 'no',
      forMs,
      sentence: `The hub is away${why}; messages are kept on disk.`,
      hint: 'Check the network if this lasts.',
    });
  }
  if (hub.sessionsLost > 0) {
    conditions.push({
      code: 'hub-session-lost',
      losing: 'at risk',
      forMs: nowMs - startedAtMs,
      sentence: `The hub lost our session ${countOf(hub.sessionsLost, 'time')}: downlinks may be missing. Subscriptions were restored.`,
      hint: 'Send again what was sent to the subdevices while the gateway was away.',
    });
  }
  if (hub.refusedFilters.length > 0) {
    conditions.push({
      code: 'hub-subscriptions-full',
      losing: 'at risk',
      forMs,
      sentence: `The hub refused ${countOf(hub.refusedFilters.length, 'subscription')}: ${hub.refusedFilters.slice(0, 3).join(', ')}.`,
      hint: 'Add the topics to the permissions of the product at the hub.',
    });
  }
  return conditions;
}

/** A clock that nobody has confirmed matters where it is plainly wrong, or where the hub may have refused us for it. */
function clockConditions({ clock, hub, nowMs, startedAtMs }: Health): Condition[] {
  if (clock.aheadOfHubMs !== undefined) return [overruledClock(clock.aheadOfHubMs, nowMs - startedAtMs)];
  const isBlamed = !hub.isOnline && hub.refusalCode === BAD_CREDENTIALS;
  if (clock.isTrusted || (clock.isSet && !isBlamed)) return [];
  const date = dateWords(clock.wallMs);
  return [
    {
      code: 'clock-untrusted',
      losing: isBlamed ? 'at risk' : 'no',
      forMs: nowMs - startedAtMs,
      sentence: isBlamed
        ? `The hub refuses our signature, and the clock, which reads ${date}, is not synchronised.`
        : `The clock is not set: it reads ${date}. Ages over a restart are lower bounds until it is.`,
      hint: 'Check the time service (timedatectl timesync-status) and the network it needs.',
    },
  ];
}

function overruledClock(aheadMs: number, forMs: number): Condition {
  const direction = aheadMs > 0 ? 'ahead of' : 'behind';
  return {
    code: 'clock-overruled',
    losing: 'no',
    forMs,
    sentence: `The clock is ${durationWords(Math.abs(aheadMs))} ${direction} the hub's: ages and signatures follow the hub.`,
    hint: 'Check the time service (timedatectl timesync-status); the gateway does not set the clock.',
  };
}

function linkConditions({ links }: Health): Condition[] {
  return links
    .filter((link) => link.state !== 'open' && link.state !== 'stopped')
    .map((link) => ({
      code: 'link-down',
      losing: 'no',
      forMs: link.forMs,
      sentence: `Link ${link.name} is down: ${link.lastProblem ?? 'it does not open'}.`,
      hint: `Check the cable and the adapter of ${link.path}; it is tried again by itself.`,
    }));
}

function queueConditions({ storeFullSinceMs, outbox, nowMs, startedAtMs }: Health): Condition[] {
  const forMs = nowMs - startedAtMs;
  if (storeFullSinceMs !== undefined) {
    return [
      {
        code: 'store-full',
        losing: 'at risk',
        forMs: nowMs - storeFullSinceMs,
        sentence: 'The disk is full: subdevices are told to wait, and the hub gets no PUBACK.',
        hint: 'Free at least 2 MB on the disk of the state directory; the gateway goes on by itself.',
      },
    ];
  }
  const fullness = Math.max(outbox.messages / outbox.messagesMax, outbox.bytes / outbox.bytesMax);
  if (fullness < FILLING) return [];
  const isFull = fullness >= 1;
  return [
    {
      code: isFull ? 'outbox-full' : 'outbox-filling',
      losing: 'at risk',
      forMs,
      sentence: isFull ? 'The outbox is full.' : `The outbox is ${Math.floor(fullness * 100)} % full.`,
      hint: 'Bring the hub back, or raise messages_max and bytes_max of [outbox].',
    },
  ];
}

function ledgerConditions({ uplinks, downlinks, lostRows, imbalance, nowMs, startedAtMs }: Health): Condition[] {
  const forMs = nowMs - startedAtMs;
  const conditions: Condition[] = [];
  const shed = [...shedEntries(uplinks), ...shedEntries(downlinks)].filter(([reason]) => reason !== 'no subscriber');
  const total = shed.reduce((sum, [, count]) => sum + count, 0);
  if (total > 0) {
    const reasons = [...new Set(shed.map(([reason]) => reason))].join(', ');
    conditions.push({
      code: 'shedding',
      losing: 'yes',
      forMs,
      sentence: `${countOf(total, 'message')} shed since the start: ${reasons}.`,
      hint: 'See holdfast ledger; raise the bounds, or change the overflow policy.',
    });
  }
  const dead = uplinks.dead + downlinks.dead;
  if (dead > 0) {
    conditions.push({
      code: 'dead-letters',
      losing: 'yes',
      forMs,
      sentence: `${countOf(dead, 'message')} given up: the hub never acknowledged them.`,
      hint: 'Check the permissions of their topics at the hub; they are kept as dead letters.',
    });
  }
  const damaged = uplinks.damaged + downlinks.damaged + lostRows;
  if (damaged > 0) {
    conditions.push({
      code: 'damaged-rows',
      losing: 'yes',
      forMs,
      sentence: `${countOf(damaged, 'message')} damaged or lost on the disk; none is passed on.`,
      hint: 'Replace the card: it no longer keeps what it is given.',
    });
  }
  if (imbalance !== 0) {
    conditions.push({
      code: 'ledger-unbalanced',
      losing: 'yes',
      forMs,
      sentence: `The ledger is off by ${imbalance}.`,
      hint: 'This is a defect: please report it with the output of holdfast ledger --json.',
    });
  }
  return conditions;
}

function sentenceOf(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
