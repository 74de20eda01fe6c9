/**
 * Facts as sentences: one table for `holdfast tail` and for the journal, so both tell the same story. What concerns single
 * messages is for the tail (and the journal at level debug); what concerns the gateway is for everybody.
 */
import type { EventName, GatewayEvents } from '../base/events.ts';
import type { Age } from '../base/time.ts';
import { ageWords, countOf, countWords, dateWords, durationWords } from './words.ts';

export type Weight = 'debug' | 'info' | 'warn' | 'error';

export type FactOf<Name extends EventName> = Parameters<GatewayEvents[Name]>[0];

interface Narrator<Name extends EventName> {
  readonly weight: Weight;
  readonly tell: (fact: FactOf<Name>) => string;
  /** The event says that something is over, so it is information, whatever the weight of its beginning. */
  readonly isOver?: (fact: FactOf<Name>) => boolean;
}

export const NARRATORS: { readonly [Name in EventName]: Narrator<Name> } = {
  gatewayStarted: {
    weight: 'info',
    tell: ({ recovered }) => `gateway started, ${countOf(recovered, 'message')} in custody from before`,
  },
  gatewayStopping: { weight: 'info', tell: ({ reason }) => `gateway stopping: ${reason}` },
  linkOpened: { weight: 'info', tell: ({ link, path }) => `link ${link} open on ${path}` },
  linkClosed: { weight: 'warn', tell: ({ link, path, reason }) => `link ${link} on ${path} is down: ${reason}` },
  linkWaits: { weight: 'warn', tell: ({ link, reason }) => `link ${link} waits for its port: ${reason}` },
  linkRecovery: {
    weight: 'warn',
    tell: ({ link, recoveryStep, outcome }) => `link ${link} does not work: ${recoveryStep} (${outcome})`,
  },
  linkGivenUp: {
    weight: 'error',
    tell: ({ link, trouble }) => `link ${link}: everything that may be tried was tried, and the ${trouble} lasts`,
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
      `subdevice ${subdevice} sleeps, and is lost after ${durationWords(aliveMs)} of silence`,
  },
  willPublished: {
    weight: 'warn',
    tell: ({ subdevice, topic }) => `subdevice ${subdevice} is lost: its will goes to ${topic}`,
  },
  subdeviceDetached: {
    weight: 'info',
    tell: ({ subdevice, link, reason }) => `subdevice ${subdevice} left ${link}: ${reason}`,
  },
  subscriptionAdded: { weight: 'info', tell: ({ subdevice, filter }) => `${subdevice} subscribed to ${filter}` },
  subscriptionRemoved: { weight: 'info', tell: ({ subdevice, filter }) => `${subdevice} unsubscribed from ${filter}` },
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
    tell: ({ away }) => `session lost at the hub${awayWords(away)}: downlinks may be missing; subscribing again`,
  },
  replayStarted: {
    weight: 'info',
    tell: ({ storedMax }) => `the hub sends what it stored for us, ${countOf(storedMax, 'message')} at most`,
  },
  replayDone: {
    weight: 'info',
    tell: ({ received }) => `the hub has sent what it stored: at most ${countWords(received)}`,
  },
  possibleGap: {
    weight: 'warn',
    tell: ({ reason, away }) => `downlinks may be missing: ${reason}${awayWords(away)}`,
  },
  hubRefused: { weight: 'error', tell: ({ reason, remedy }) => `${reason}. ${remedy}` },
  hubLost: { weight: 'warn', tell: ({ reason }) => `hub lost: ${reason}` },
  hubUnreachable: { weight: 'warn', tell: ({ reason }) => `hub not reached: ${reason}` },
  hubSilent: {
    weight: 'warn',
    tell: ({ peer, forMs }) => `connected to ${peer}, no CONNACK for ${durationWords(forMs)}`,
  },
  tlsFilesJudged: {
    weight: 'warn',
    isOver: ({ problem }) => problem === undefined,
    tell: ({ problem }) =>
      problem === undefined ? 'the files of TLS are good' : `the files of TLS are no good: ${problem}`,
  },
  secretFileJudged: {
    weight: 'warn',
    isOver: ({ problem }) => problem === undefined,
    tell: ({ problem }) =>
      problem === undefined
        ? 'the secret file can be read again'
        : `the secret file cannot be read, the last secret is used: ${problem}`,
  },
  hubTakenOver: {
    weight: 'error',
    tell: ({ times }) =>
      `the hub accepted ${countOf(times, 'connection')} in a row and closed each soon after: is another gateway running with our identity, or does the hub or a firewall end connections?`,
  },
  hubAnswered: { weight: 'warn', tell: ({ sentence }) => sentence },
  uplinkAccepted: {
    weight: 'debug',
    tell: ({ subdevice, topic, bytes, qos }) =>
      `uplink from ${subdevice} on ${topic}: ${countWords(Math.max(0, bytes))} B, QoS ${qos}`,
  },
  uplinkRefused: {
    weight: 'debug',
    tell: ({ subdevice, topic, reason }) => `uplink from ${subdevice} on ${topic} turned away: ${reason}`,
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
      return `${countWords(count)} discarded${where}${whose}: ${reason}; the last: ${sample}`;
    },
  },
  packetSuspected: {
    weight: 'warn',
    tell: ({ packet, closes }) =>
      `the hub closed the connection right after ${packet}, with nothing else unanswered (${countOf(closes, 'close')} so far): it is sent alone and after the others`,
  },
  packetSetAside: {
    weight: 'error',
    tell: ({ packet, closes }) =>
      `the hub closes the connection on ${packet} (${countOf(closes, 'time')}): it is set aside and not sent; holdfast hub subscriptions shows it`,
  },
  packetReleased: { weight: 'info', tell: ({ packet }) => `${packet} is no longer set aside: it is sent again` },
  uplinkDeadLettered: {
    weight: 'error',
    tell: ({ subdevice, topic, reason }) => `uplink from ${subdevice} on ${topic} is a dead letter: ${reason}`,
  },
  deadLettersRetried: {
    weight: 'info',
    tell: ({ letters }) => `${countOf(letters, 'dead letter')} put back into the outbox by order`,
  },
  deadLettersDropped: {
    weight: 'warn',
    tell: ({ letters }) => `${countOf(letters, 'dead letter')} dropped by order`,
  },
  uplinkDelivered: {
    weight: 'debug',
    tell: ({ subdevice, topic, isReplay }) =>
      `uplink from ${subdevice} on ${topic} acknowledged by the hub${isReplay ? ' (replay)' : ''}`,
  },
  retainedSkipped: {
    weight: 'debug',
    tell: ({ subdevice, topic, policy }) =>
      policy === 'never'
        ? `retained downlink on ${topic} not delivered to ${subdevice}: retained_commands is "never"`
        : `retained downlink on ${topic} not delivered to ${subdevice} again: it has had this content`,
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
  backlogDrained: { weight: 'info', tell: ({ messages }) => `backlog of ${countOf(messages, 'message')} delivered` },
  messageSetAside: {
    weight: 'error',
    tell: ({ of, what, why, endedProcess }) =>
      endedProcess
        ? `${what}: set aside, since holdfast ended on it before (${why}); please report this with the recording`
        : `${of} failed on ${what} (${why}): set aside, and ${of} begins again; please report this with the recording`,
  },
  listenerFailed: {
    weight: 'error',
    tell: ({ fact, why }) =>
      `telling of ${fact} failed (${why}): the journal, tail or recordings may miss some; messages are not affected; please report this`,
  },
  storeFull: {
    weight: 'error',
    isOver: ({ isFull }) => !isFull,
    tell: ({ isFull }) =>
      isFull ? 'the disk is full: subdevices are told to wait' : 'there is room on the disk again',
  },
  clockTrusted: { weight: 'info', tell: ({ wallMs }) => `the wall clock is trusted now: ${dateWords(wallMs)}` },
  clockStepped: {
    weight: 'warn',
    tell: ({ wasMs, isMs, isTrusted }) => {
      const ackHealth = isTrusted ? '' : '; it is not trusted until it has been synchronised again';
      return `the wall clock stepped from ${dateWords(wasMs)} to ${dateWords(isMs)}${ackHealth}`;
    },
  },
  clockOverruled: {
    weight: 'warn',
    tell: ({ wallMs, aheadMs }) => {
      const direction = aheadMs > 0 ? 'ahead of' : 'behind';
      const offBy = `${durationWords(Math.abs(aheadMs))} ${direction} the hub's, which reads ${dateWords(wallMs)}`;
      return `the wall clock is ${offBy}: ages and signatures follow the hub`;
    },
  },
  machineSlept: { weight: 'info', tell: ({ ms }) => `the machine slept for ${durationWords(ms)}` },
  storeRecovered: { weight: 'warn', tell: ({ sentence }) => sentence },
};

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
