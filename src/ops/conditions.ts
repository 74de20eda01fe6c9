/**
 * Health: what is not as it should be, what it means for the data, and what to do now. Pure, from what the stations say.
 */
import { type Counts, shedEntries } from '../custody/ledger.ts';
import { type BindingHealth, bindingConditions } from './binding-conditions.ts';
import type { SessionReport } from './hub-report.ts';
import { linkConditions } from './link-conditions.ts';
import type { LinkReport } from './link-report.ts';
import type { Condition } from './report.ts';
import { type TurnedAway, turnedAwayConditions } from './turned-away.ts';
import { ageWords, countOf, dateWords } from './words.ts';

export interface Health extends TurnedAway, BindingHealth {
  readonly hub: {
    readonly isOnline: boolean;
    readonly changedAtMs: number | undefined;
    readonly problem: string | undefined;
    readonly refusal: string | undefined;
    /** Return code of the CONNACK that refused us. */
    readonly refusalCode: number | undefined;
    readonly session: SessionReport;
    readonly clientId: string;
    /** Connections in a row that somebody else seems to have taken from us. */
    readonly takings: number;
    /** SUBACK 0x80. */
    readonly refusedFilters: readonly string[];
  };
  readonly links: readonly LinkReport[];
  readonly clock: { readonly wallMs: number; readonly isSet: boolean; readonly isTrusted: boolean };
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
  /** Records of the gateway's own that it found damaged. */
  readonly damagedRecords: number;
  readonly imbalance: number;
  /** Dead letters, of all starts. */
  readonly dead: number;
}

/** Full enough to say so. */
const FILLING = 0.8;
/** CONNACK: bad user name or password [MQTT 3.1.1 §3.2.2.3]. */
const BAD_CREDENTIALS = 4;

export function conditionsOf(health: Health): Condition[] {
  return [
    ...hubConditions(health),
    ...clockConditions(health),
    ...linkConditions(health.links),
    ...bindingConditions(health),
    ...queueConditions(health),
    ...ledgerConditions(health),
    ...turnedAwayConditions(health, health.nowMs - health.startedAtMs),
  ];
}

function hubConditions({ hub, nowMs, startedAtMs }: Health): Condition[] {
  const conditions: Condition[] = [];
  const forMs = hub.session.away?.ms ?? nowMs - (hub.changedAtMs ?? startedAtMs);
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
  if (hub.takings > 0) {
    conditions.push({
      code: 'hub-taken-over',
      losing: 'at risk',
      forMs,
      sentence: `The hub accepted ${countOf(hub.takings, 'connection')} in a row and closed each soon after, and nothing else failed: so it looks when another gateway connects as ${hub.clientId}. (A hub or a firewall that ends connections would look the same.)`,
      hint: `Is another gateway running as ${hub.clientId}? Stop it, or give it an identity of its own. This one tries again, at most 15 min apart.`,
    });
  }
  conditions.push(...sessionConditions(hub.session));
  if (hub.refusedFilters.length > 0) {
    conditions.push({
      code: 'hub-subscriptions-refused',
      losing: 'at risk',
      forMs,
      sentence: `The hub refused ${countOf(hub.refusedFilters.length, 'subscription')}: ${hub.refusedFilters.slice(0, 3).join(', ')}.`,
      hint: 'Add the topics to the permissions of the product at the hub.',
    });
  }
  return conditions;
}

function sessionConditions({ away, isOver, gap }: SessionReport): Condition[] {
  const conditions: Condition[] = [];
  if (isOver && away !== null) {
    conditions.push({
      code: 'hub-session-over',
      losing: 'at risk',
      forMs: away.ms,
      sentence: `The hub has not seen us for ${ageWords(away)} and has ended our session: what is sent to the subdevices now is not kept for them.`,
      hint: 'Bring the hub back; the subscriptions are restored by themselves.',
    });
  }
  if (gap !== null) {
    conditions.push({
      code: 'downlink-gap',
      losing: 'at risk',
      forMs: gap.age.ms,
      sentence: `Downlinks may be missing since ${ageWords(gap.age)} ago (${gap.reason}).`,
      hint: 'Send again what was sent to the subdevices since then; then: holdfast acknowledge-gap.',
    });
  }
  return conditions;
}

/** A clock that nobody has confirmed matters where it is plainly wrong, or where the hub may have refused us for it. */
function clockConditions({ clock, hub, nowMs, startedAtMs }: Health): Condition[] {
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

function ledgerConditions(health: Health): Condition[] {
  const { uplinks, downlinks, lostRows, imbalance, dead, nowMs, startedAtMs } = health;
  const forMs = nowMs - startedAtMs;
  const conditions: Condition[] = damagedRecordsConditions(health);
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
  if (dead > 0) {
    conditions.push({
      code: 'dead-letters',
      losing: 'yes',
      forMs,
      sentence: `${countOf(dead, 'message')} given up: the hub never acknowledged them.`,
      hint: 'Check the permissions of their topics at the hub; then holdfast dead-letters list, and retry or drop.',
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

/** Sessions, counters and the like: nothing that was accepted, but what surrounds it. */
function damagedRecordsConditions({ damagedRecords, nowMs, startedAtMs }: Health): Condition[] {
  if (damagedRecords === 0) return [];
  return [
    {
      code: 'damaged-records',
      losing: 'at risk',
      forMs: nowMs - startedAtMs,
      sentence: `${countOf(damagedRecords, 'record')} of the gateway's own (sessions, counters, …) damaged on the disk.`,
      hint: 'What became of them stands under Store; replace the card: it no longer keeps what it is given.',
    },
  ];
}

function sentenceOf(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
