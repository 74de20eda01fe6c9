/**
 * All conditions of the gateway, with their effect on data and their remedies. Pure: computed from reports of the
 * parts.
 */
import type { CommitPace } from '../../commit/committer.ts';
import type { BacklogState } from '../../flow/backlog-control.ts';
import type { SetAsideReport } from '../../flow/set-aside.ts';
import type { DiscardReport } from '../reports/intake-report.ts';
import type { LinkReport, MissingSubdevice } from '../reports/link-report.ts';
import type { Condition } from '../reports/report.ts';
import { bytesWords, countOf } from '../words.ts';
import { type AccessHealth, accessConditions } from './access-conditions.ts';
import { backlogConditions } from './backlog-conditions.ts';
import { type BindingHealth, bindingConditions } from './binding-conditions.ts';
import { type ClockHealth, clockConditions } from './clock-conditions.ts';
import { type ConfigHealth, configConditions } from './config-conditions.ts';
import { type EnvelopeHealth, envelopeConditions } from './envelope-conditions.ts';
import { type FallbackHealth, fallbackConditions } from './fallback-conditions.ts';
import { type FirmwareHealth, firmwareConditions } from './firmware-conditions.ts';
import { hangConditions, type PastHang } from './hang-conditions.ts';
import { type HoldHealth, holdConditions } from './hold-conditions.ts';
import { type HubHealth, hubConditions } from './hub-conditions.ts';
import { intakeConditions } from './intake-conditions.ts';
import { linkConditions } from './link-conditions.ts';
import { missingConditions } from './missing.ts';
import { type MovingSubdevice, movingConditions } from './moving-subdevices.ts';
import { type RejectedFilters, rejectedConditions } from './rejected-filters.ts';
import { type RemovedSubdevice, removedConditions } from './removed-subdevices.ts';
import { slowCommitConditions } from './slow-commits.ts';
import { type StoreHealth, storeConditions } from './store-conditions.ts';

export interface Health
  extends HoldHealth,
    RejectedFilters,
    BindingHealth,
    ClockHealth,
    AccessHealth,
    ConfigHealth,
    EnvelopeHealth,
    FallbackHealth,
    FirmwareHealth {
  readonly hub: HubHealth;
  readonly links: readonly LinkReport[];
  readonly discarded: readonly DiscardReport[];
  /** Missing subdevices that may be on any of several links. */
  readonly missing: readonly MissingSubdevice[];
  /** Sessions of subdevices that are not in the configuration. */
  readonly removed: readonly RemovedSubdevice[];
  /** Subdevices that are attached on different links in turn. */
  readonly moving: readonly MovingSubdevice[];
  readonly commits: CommitPace;
  readonly storeFullSinceMs: number | undefined;
  /**
   * Set if the disk of the store has less free space than a gateway on a full disk waits for. `undefined`: the disk has
   * more space, or the space is unknown.
   */
  readonly diskLow: { readonly freeBytes: number; readonly sinceMs: number } | undefined;
  readonly outbox: {
    readonly messages: number;
    readonly messagesMax: number;
    readonly bytes: number;
    readonly bytesMax: number;
  };
  readonly store: StoreHealth;
  /** Hangs of earlier processes in this boot, the last one last. */
  readonly hangs: readonly PastHang[];
  /** Links whose devices get no acknowledgements. */
  readonly unacknowledgedLinks: readonly string[];
  readonly backlog: BacklogState;
  readonly imbalance: number;
  readonly setAside: SetAsideReport;
  /** Number of dead letters, of all starts. */
  readonly dead: number;
  /** Topics of the dead letters, the newest first. */
  readonly deadTopics: readonly string[];
}

/** Share of a bound from which the outbox counts as filling. */
const FILLING = 0.8;

export function conditionsOf(health: Health): Condition[] {
  const isFull = health.storeFullSinceMs !== undefined;
  const causes = isFull ? health.discarded.filter((discard) => !isForWantOfRoom(discard)) : health.discarded;
  const discarded = intakeConditions(causes, health.links);
  const { state, missing } = health.configuration;
  const configuration = configConditions(health);
  return [
    // the rollback is the remedy of what does not work since the change
    ...(missing === null ? [] : configuration),
    ...storeConditions(health.store, health.nowMs - health.startedAtMs),
    ...slowCommitConditions(health.commits),
    ...hangConditions(health.hangs, health.unacknowledgedLinks),
    // a gateway that may be a copy does not connect on purpose
    ...(health.store.copiedFrom.length > 0 ? [] : hubConditions(health)),
    ...clockConditions(health),
    ...linkConditions(health.links),
    ...missingConditions(health.missing, {
      link: '',
      path: '',
      isPolled: false,
      receivedInstead: undefined,
      protocol: null,
      hasAnswers: false,
      failed: new Map(),
    }),
    ...movingConditions(health.moving),
    ...discarded,
    ...bindingConditions(health),
    // a rollback needs the sessions of the subdevices that the trial removes
    ...(state === 'unconfirmed' ? [] : removedConditions(health.removed, health.nowMs - health.startedAtMs)),
    ...queueConditions(
      health,
      discarded.some(({ code }) => code === 'shedding'),
    ),
    ...envelopeConditions(health),
    ...fallbackConditions(health),
    ...backlogConditions(health),
    ...holdConditions(health),
    ...accessConditions(health),
    ...firmwareConditions(health),
    ...(missing === null ? configuration : []),
    ...setAsideConditions(health),
    ...ledgerConditions(health),
    ...rejectedConditions(health, health.nowMs - health.startedAtMs),
  ];
}

/**
 * True for messages that are discarded because nothing can be written. On a full disk they are part of the condition
 * store-full.
 */
function isForWantOfRoom({ reason, lasts }: DiscardReport): boolean {
  return lasts && (reason === 'no room' || reason === 'not served');
}

/** @param isShedding the condition shedding is raised already */
function queueConditions(health: Health, isShedding: boolean): Condition[] {
  const { storeFullSinceMs, outbox, nowMs, startedAtMs } = health;
  const forMs = nowMs - startedAtMs;
  if (storeFullSinceMs !== undefined) {
    const lost = health.discarded.filter(isForWantOfRoom).reduce((sum, { recent }) => sum + recent, 0);
    const lostWords = lost === 0 ? '' : ` ${countOf(lost, 'uplink')} lost: their devices cannot be asked to wait.`;
    return [
      {
        code: 'store-full',
        losing: lost === 0 ? 'at risk' : 'yes',
        forMs: nowMs - storeFullSinceMs,
        sentence: `The disk is full: nothing new is accepted. Subdevices that can wait are asked to, and the hub gets no PUBACK.${lostWords}`,
        hint: 'Free at least 2 MB on the disk of the state directory. The gateway continues by itself.',
      },
    ];
  }
  if (health.diskLow !== undefined) {
    return [
      {
        code: 'store-filling',
        losing: 'at risk',
        forMs: nowMs - health.diskLow.sinceMs,
        sentence: `The disk of the state directory has only ${bytesWords(health.diskLow.freeBytes)} free. Messages that cannot be delivered at once will find no room.`,
        hint: 'Free at least 2 MB on that disk.',
      },
    ];
  }
  const shareOf = (count: number, max: number): number => (Number.isFinite(count / max) ? count / max : 0);
  const fullness = Math.max(shareOf(outbox.messages, outbox.messagesMax), shareOf(outbox.bytes, outbox.bytesMax));
  if (fullness < FILLING || (fullness >= 1 && isShedding)) return [];
  const isFull = fullness >= 1;
  return [
    {
      code: isFull ? 'outbox-full' : 'outbox-filling',
      losing: 'at risk',
      forMs,
      sentence: isFull ? 'The outbox is full.' : `The outbox is ${Math.floor(fullness * 100)} % full.`,
      hint: 'Restore the connection to the hub, or raise messages_max and bytes_max of [outbox].',
    },
  ];
}

function setAsideConditions({ setAside: { times, last }, nowMs, startedAtMs }: Health): Condition[] {
  if (last === undefined) return [];
  const { of, what, why } = last;
  return [
    {
      code: 'message-set-aside',
      losing: 'yes',
      forMs: nowMs - startedAtMs,
      sentence: `The program failed on ${countOf(times, 'input')} since the start, last on ${what} at ${of} (${why}). These inputs are set aside.`,
      hint: 'This is a defect of holdfast: report it with the newest file of the folder recordings in the state directory. An input on which holdfast ended is listed in the file fault-marks there, and is tried again with the next version or if that file is deleted.',
    },
  ];
}

/** Largest number of topics in a sentence; `holdfast dead-letters list` shows all. */
const TOPICS_MAX = 3;

function topicWords(topics: readonly string[]): string {
  if (topics.length === 0) return '';
  const more = topics.length > TOPICS_MAX ? ` and ${countOf(topics.length - TOPICS_MAX, 'more topic')}` : '';
  return ` on ${topics.slice(0, TOPICS_MAX).join(', ')}${more}`;
}

function ledgerConditions(health: Health): Condition[] {
  const { imbalance, dead, deadTopics, nowMs, startedAtMs } = health;
  const forMs = nowMs - startedAtMs;
  const conditions: Condition[] = [];
  if (dead > 0) {
    conditions.push({
      code: 'dead-letters',
      losing: 'yes',
      forMs,
      sentence: `${countOf(dead, 'message')}${topicWords(deadTopics)} abandoned after repeated failures: the hub did not acknowledge ${dead === 1 ? 'it' : 'them'}, or closed the connection.`,
      hint: 'holdfast dead-letters list shows the reason of each. Check permissions and limits (size, QoS) of the topics at the hub; then retry or drop the messages.',
    });
  }
  if (imbalance !== 0) {
    conditions.push({
      code: 'ledger-unbalanced',
      losing: 'yes',
      forMs,
      sentence: `The ledger is off by ${countOf(imbalance, 'message')}.`,
      hint: 'This is a defect of holdfast: report it with the output of holdfast ledger --json.',
    });
  }
  return conditions;
}
