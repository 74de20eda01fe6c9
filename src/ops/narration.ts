/**
 * Facts as sentences: one table for `holdfast tail` and for the journal. Sentences about single messages go to the
 * tail, and to the journal at level debug only; sentences about the gateway go to both.
 */
import { BY_SIGNAL, type EventName, type GatewayEvents } from '../base/events.ts';
import type { Age } from '../base/time.ts';
import { ageWords, countOf, countWords, dateWords, durationWords, unreadLinksWords } from './words.ts';

export type Weight = 'debug' | 'info' | 'warn' | 'error';

export type FactOf<Name extends EventName> = Parameters<GatewayEvents[Name]>[0];

interface Narrator<Name extends EventName> {
  readonly weight: Weight;
  readonly tell: (fact: FactOf<Name>) => string;
  /** The event ends a problem: its weight is `info`, for any weight of the beginning. */
  readonly isOver?: (fact: FactOf<Name>) => boolean;
}

export const NARRATORS: { readonly [Name in EventName]: Narrator<Name> } = {
  gatewayStarted: {
    weight: 'info',
    tell: ({ recovered }) => `gateway started; ${countOf(recovered, 'message')} recovered from the previous run`,
  },
  gatewayStopping: { weight: 'info', tell: ({ reason }) => `gateway stopping: ${reason}` },
  linkOpened: { weight: 'info', tell: ({ link, path }) => `link ${link} open on ${path}` },
  linkClosed: { weight: 'warn', tell: ({ link, path, reason }) => `link ${link} on ${path} is down: ${reason}` },
  linkWaits: { weight: 'warn', tell: ({ link, reason }) => `link ${link} is waiting for its port: ${reason}` },
  linkRecovery: {
    weight: 'warn',
    tell: ({ link, recoveryStep, outcome }) => `link ${link} does not work; recovery step ${recoveryStep}: ${outcome}`,
  },
  linkGivenUp: {
    weight: 'error',
    tell: ({ link, trouble }) =>
      `link ${link}: all recovery steps failed; the line is still ${trouble === 'noise' ? 'noisy' : 'silent'}`,
  },
  subdeviceAttached: {
    weight: 'info',
    tell: ({ subdevice, link, lasting, waiting }) =>
      `subdevice ${subdevice} attached on ${link}${lasting ? '' : ' with a clean session'}${waiting === 0 ? '' : `, ${countOf(waiting, 'message')} waiting for it`}`,
  },
  subdeviceRefused: {
    weight: 'warn',
    tell: ({ subdevice, link, reason }) => `subdevice ${subdevice} refused on ${link}: ${reason}`,
  },
  subdeviceSlept: {
    weight: 'debug',
    tell: ({ subdevice, aliveMs }) =>
      `subdevice ${subdevice} is asleep; it counts as lost after ${durationWords(aliveMs)} without a packet`,
  },
  willPublished: {
    weight: 'warn',
    tell: ({ subdevice, topic }) => `subdevice ${subdevice} is lost; its will is published to ${topic}`,
  },
  subdeviceDetached: {
    weight: 'info',
    tell: ({ subdevice, link, reason }) => `subdevice ${subdevice} left ${link}: ${reason}`,
  },
  subscriptionAdded: {
    weight: 'info',
    tell: ({ subdevice, filter }) => `subdevice ${subdevice} subscribed to ${filter}`,
  },
  subscriptionRemoved: {
    weight: 'info',
    tell: ({ subdevice, filter }) => `subdevice ${subdevice} unsubscribed from ${filter}`,
  },
  subscriptionRefused: {
    weight: 'warn',
    tell: ({ subdevice, filter, reason }) =>
      `subscription${subdevice === undefined ? '' : ` of ${subdevice}`} to ${filter} refused: ${reason}`,
  },
  hubConnected: {
    weight: 'info',
    tell: ({ sessionPresent, backlog }) =>
      `hub connected, ${sessionPresent ? 'session present' : 'new session'}${backlog === 0 ? '' : `, ${countOf(backlog, 'message')} to send`}`,
  },
  sessionResumed: {
    weight: 'info',
    tell: ({ away }) => `session resumed at the hub${awayWords(away)}`,
  },
  sessionLost: {
    weight: 'warn',
    tell: ({ away }) => `session lost at the hub${awayWords(away)}; downlinks may be missing; subscribing again`,
  },
  replayStarted: {
    weight: 'info',
    tell: ({ storedMax }) => `hub replay started: at most ${countOf(storedMax, 'stored message')}`,
  },
  replayDone: {
    weight: 'info',
    tell: ({ received }) => `hub replay done: at most ${countOf(received, 'stored message')} received`,
  },
  possibleGap: {
    weight: 'warn',
    tell: ({ reason, away }) => `downlinks may be missing: ${reason}${awayWords(away)}`,
  },
  hubRefused: { weight: 'error', tell: ({ reason, remedy }) => `${reason}. ${remedy}` },
  hubLost: { weight: 'warn', tell: ({ reason }) => `hub lost: ${reason}` },
  passwordRenewed: {
    weight: 'info',
    tell: ({ ms, unsettled }) =>
      `password renewed: connected again after ${durationWords(ms)}${unsettled === 0 ? '' : `; ${countOf(unsettled, 'packet')} had no answer before and may arrive twice`}`,
  },
  passwordJudged: {
    weight: 'warn',
    isOver: ({ problem }) => problem === undefined,
    tell: ({ problem }) =>
      problem === undefined
        ? 'a new password was obtained'
        : `no new password, the connection goes on with the present one: ${problem}`,
  },
  deviceNotesJudged: {
    weight: 'warn',
    isOver: ({ problem }) => problem === undefined,
    tell: ({ problem }) =>
      problem === undefined
        ? 'the notes about devices are saved again'
        : `the notes about devices cannot be saved (file device-notes), so refused registers are asked again after a restart: ${problem}. Check owner and mode of the state directory`,
  },
  hubUnreachable: { weight: 'warn', tell: ({ reason }) => `cannot reach the hub: ${reason}` },
  hubSilent: {
    weight: 'warn',
    tell: ({ peer, forMs }) => `connected to ${peer}, no CONNACK for ${durationWords(forMs)}`,
  },
  tlsFilesJudged: {
    weight: 'warn',
    isOver: ({ problem }) => problem === undefined,
    tell: ({ problem }) =>
      problem === undefined
        ? 'TLS files are valid again'
        : `TLS files are invalid; the last valid ones remain in use: ${problem}`,
  },
  secretFileJudged: {
    weight: 'warn',
    isOver: ({ problem }) => problem === undefined,
    tell: ({ problem }) =>
      problem === undefined
        ? 'the secret file can be read again'
        : `the secret file cannot be read; the last secret remains in use: ${problem}`,
  },
  hubTakenOver: {
    weight: 'error',
    tell: ({ times }) =>
      `the hub accepted ${countOf(times, 'connection')} in a row and closed each soon after; either another gateway uses the same client id, or the hub or a firewall is closing accepted connections`,
  },
  hubAnswered: { weight: 'warn', tell: ({ sentence }) => sentence },
  uplinkAccepted: {
    weight: 'debug',
    tell: ({ subdevice, topic, bytes, qos }) =>
      `uplink from ${subdevice} on ${topic}: ${countWords(Math.max(0, bytes))} B, QoS ${qos}`,
  },
  uplinkRefused: {
    weight: 'debug',
    tell: ({ subdevice, topic, reason }) => `uplink from ${subdevice} on ${topic} rejected: ${reason}`,
  },
  uplinkShed: {
    weight: 'warn',
    tell: ({ subdevice, topic, reason }) => `uplink from ${subdevice} on ${topic} shed: ${reason}`,
  },
  discarded: {
    weight: 'warn',
    tell: ({ link, subdevice, reason, count, sample }) => {
      const whose = subdevice === null ? '' : ` of ${subdevice}`;
      const where = link === null ? '' : ` on link ${link}`;
      return `${countWords(count)} discarded${where}${whose}: ${reason}; last: ${sample}`;
    },
  },
  packetSuspected: {
    weight: 'warn',
    tell: ({ packet, closes }) =>
      `the hub closed the connection right after ${packet}, with nothing else unanswered (${countOf(closes, 'close')} so far); the packet is sent alone, after all others`,
  },
  packetSetAside: {
    weight: 'error',
    tell: ({ packet, closes }) =>
      `the hub closes the connection on ${packet} (${countOf(closes, 'time')}); the packet is set aside and not sent; see holdfast hub subscriptions`,
  },
  packetReleased: { weight: 'info', tell: ({ packet }) => `${packet} is no longer set aside and is sent again` },
  envelopeLeftOut: {
    weight: 'warn',
    tell: ({ subdevice, topic, bytes }) =>
      `uplink from ${subdevice} on ${topic} sent without its envelope: with it, the payload has ${countWords(Math.max(0, bytes))} B, more than the hub accepts; its envelope was off or smaller when the uplink was accepted`,
  },
  topicFallback: {
    weight: 'warn',
    tell: ({ subdevice, topic, reason }) =>
      `uplink from ${subdevice} got a fallback in its topic, ${topic}: ${reason}; more of the next 10 minutes are counted only`,
  },
  uplinkDeadLettered: {
    weight: 'error',
    tell: ({ subdevice, topic, reason }) => `uplink from ${subdevice} on ${topic} became a dead letter: ${reason}`,
  },
  deadLettersRetried: {
    weight: 'info',
    tell: ({ letters }) => `${countOf(letters, 'dead letter')} put back into the outbox by an operator`,
  },
  deadLettersDropped: {
    weight: 'warn',
    tell: ({ letters }) => `${countOf(letters, 'dead letter')} dropped by an operator`,
  },
  uplinkDelivered: {
    weight: 'debug',
    tell: ({ subdevice, topic, isReplay }) =>
      `uplink from ${subdevice} on ${topic} acknowledged by the hub${isReplay ? ' (backlog)' : ''}`,
  },
  retainedSkipped: {
    weight: 'debug',
    tell: ({ subdevice, topic, policy }) =>
      policy === 'never'
        ? `retained downlink on ${topic} not delivered to ${subdevice}: retained_commands is "never"`
        : `retained downlink on ${topic} not delivered to ${subdevice} again: already delivered with this content`,
  },
  downlinkAccepted: {
    weight: 'debug',
    tell: ({ topic, subdevices, qos }) => `downlink on ${topic} for ${countOf(subdevices, 'subdevice')}, QoS ${qos}`,
  },
  downlinkShed: { weight: 'warn', tell: ({ topic, reason }) => `downlink on ${topic} shed: ${reason}` },
  downlinkDelivered: {
    weight: 'debug',
    tell: ({ subdevice, topic }) => `downlink on ${topic} delivered to ${subdevice}`,
  },
  backlogLimitEnded: {
    weight: 'warn',
    tell: ({ limit, afterMs }) =>
      limit === 'pause'
        ? `the pause of the backlog ended by itself after ${durationWords(afterMs)}; the backlog is sent again`
        : `the lower rate of the backlog ended by itself after ${durationWords(afterMs)}; the limit of the hub applies`,
  },
  backlogDrained: { weight: 'info', tell: ({ messages }) => `backlog of ${countOf(messages, 'message')} delivered` },
  messageSetAside: {
    weight: 'error',
    tell: ({ of, what, why, endedProcess }) =>
      endedProcess
        ? `${what} set aside: holdfast ended on it before (${why}); report this defect with the recording`
        : `${of} failed on ${what} (${why}); the input is set aside and ${of} is restarted; report this defect with the recording`,
  },
  listenerFailed: {
    weight: 'error',
    tell: ({ fact, why }) =>
      `reporting ${fact} failed (${why}); entries of the journal, tail or recordings may be missing; messages are not affected; report this defect`,
  },
  storeFull: {
    weight: 'error',
    isOver: ({ isFull }) => !isFull,
    tell: ({ isFull }) =>
      isFull ? 'the disk is full; subdevices that can wait are asked to' : 'the disk has room again',
  },
  clockTrusted: { weight: 'info', tell: ({ wallMs }) => `the clock is synchronised: ${dateWords(wallMs)}` },
  clockStepped: {
    weight: 'warn',
    tell: ({ wasMs, isMs, isTrusted }) => {
      const ackHealth = isTrusted ? '' : '; it is not trusted until it is synchronised again';
      return `the clock stepped from ${dateWords(wasMs)} to ${dateWords(isMs)}${ackHealth}`;
    },
  },
  clockOverruled: {
    weight: 'warn',
    tell: ({ wallMs, aheadMs }) => {
      const direction = aheadMs > 0 ? 'ahead of' : 'behind';
      const offBy = `${durationWords(Math.abs(aheadMs))} ${direction} the time of the hub (${dateWords(wallMs)})`;
      return `the clock is ${offBy}; ages and signatures follow the hub`;
    },
  },
  machineSlept: { weight: 'info', tell: ({ ms }) => `the machine was suspended for ${durationWords(ms)}` },
  storeRecovered: { weight: 'warn', tell: ({ sentence }) => sentence },
  storeOnOtherMachine: {
    weight: 'warn',
    tell: ({ verdict, differences }) =>
      verdict === 'moved'
        ? `the card or disk of this store was moved to another machine (other ${differences}), which owns the store now`
        : `the store was written on another machine (other ${differences}) and may be a copy: nothing is sent until holdfast adopt`,
  },
  gatewayEnded: { weight: 'warn', tell: ({ sentence }) => sentence },
  gatewayHung: {
    weight: 'error',
    tell: ({ what, where, forMs, unacknowledged }) =>
      `restarted by the watchdog: ${what} for ${durationWords(forMs)}${where === '' ? '' : ` (${where})`}${unreadWords(unacknowledged)}`,
  },
  gatewayPaused: {
    weight: 'warn',
    tell: ({ ms, unacknowledged }) =>
      `the gateway did not run for ${durationWords(ms)}: the process was stopped, or the machine was suspended or overloaded${unreadWords(unacknowledged)}`,
  },
  configurationChanged: {
    weight: 'info',
    tell: () => 'the configuration has changed since the previous start',
  },
  configApplied: {
    weight: 'info',
    tell: ({ keys, by }) =>
      `a configuration with ${countOf(keys.length, 'change')} was applied${byWords(by)}${keys.length === 0 ? '' : `: ${keyWords(keys)}`}`,
  },
  configConfirmed: {
    weight: 'info',
    tell: ({ how, by }) => `the configuration on trial was confirmed ${how}${byWords(by)}`,
  },
  configRolledBack: {
    weight: 'warn',
    tell: ({ reason, by }) => `the configuration on trial was rolled back${byWords(by)}: ${reason}`,
  },
  firmwareOffered: {
    weight: 'info',
    tell: ({ subdevice, version, bytes }) =>
      `firmware ${version} offered to subdevice ${subdevice}: ${countWords(Math.max(0, bytes))} B`,
  },
  firmwareOfferRejected: {
    weight: 'warn',
    tell: ({ subdevice, reason }) => `firmware offer for subdevice ${subdevice} rejected: ${reason}`,
  },
  firmwareDownloaded: {
    weight: 'info',
    tell: ({ version, bytes }) => `firmware ${version} downloaded: ${countWords(Math.max(0, bytes))} B`,
  },
  firmwareDownloadFailed: {
    weight: 'warn',
    tell: ({ version, reason, again }) =>
      `download of firmware ${version} failed, ${again ? 'and is repeated later' : 'and is not repeated'}: ${reason}`,
  },
  firmwareReceived: {
    weight: 'info',
    tell: ({ subdevice, version }) => `subdevice ${subdevice} has received firmware ${version} and installs it`,
  },
  firmwareUpdated: {
    weight: 'info',
    tell: ({ subdevice, version }) => `subdevice ${subdevice} runs firmware ${version}; the update is done`,
  },
  firmwareFailed: {
    weight: 'warn',
    tell: ({ subdevice, version, reason }) =>
      `update of subdevice ${subdevice} to firmware ${version} failed: ${reason}`,
  },
  conditionRaised: { weight: 'debug', tell: ({ code, sentence }) => `condition ${code}: ${sentence}` },
  conditionCleared: {
    weight: 'debug',
    tell: ({ code, forMs }) => `condition ${code} is over after ${durationWords(forMs)}`,
  },
  operatorActed: {
    weight: 'info',
    tell: ({ action, subject, detail, by }) =>
      `operator${by === undefined ? '' : ` ${by}`}: ${action}${subject === '' ? '' : ` ${subject}`}${detail === '' ? '' : `: ${detail}`}`,
  },
};

function unreadWords(links: readonly string[]): string {
  return links.length === 0 ? '' : `. ${unreadLinksWords(links).replace(/\.$/, '')}`;
}

/** Length of the names of keys in a sentence, so that an event keeps them with the user (`history/history-events.ts`). */
const KEYS_LENGTH_MAX = 120;

/** First keys, as many as fit, and the number of the others. */
function keyWords([first = '', ...others]: readonly string[]): string {
  let words = first;
  for (const [index, key] of others.entries()) {
    if (words.length + key.length > KEYS_LENGTH_MAX) return `${words} and ${others.length - index} more`;
    words += `, ${key}`;
  }
  return words;
}

function byWords(by: string | undefined): string {
  if (by === BY_SIGNAL) return ' (by SIGHUP: systemctl reload, or a user with kill)';
  return by === undefined ? '' : ` (user ${by})`;
}

function awayWords(away: Age | null): string {
  return away === null ? '' : ` after ${ageWords(away)} away`;
}

export const EVENT_NAMES = Object.keys(NARRATORS) as EventName[];

export function weightOf<Name extends EventName>(name: Name, fact: FactOf<Name>): Weight {
  const { weight, isOver } = NARRATORS[name];
  return isOver?.(fact) === true ? 'info' : weight;
}

export function reportFact<Name extends EventName>(name: Name, fact: FactOf<Name>): string {
  return NARRATORS[name].tell(fact);
}
