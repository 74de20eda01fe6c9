/** Kind and direction of each event, for the filters of `holdfast tail`. The types demand an entry for a new event. */
import type { EventName } from '../../base/events.ts';

export const TAIL_KINDS = ['message', 'shed', 'hub', 'link', 'subdevice', 'storage', 'operator', 'gateway'] as const;
export type TailKind = (typeof TAIL_KINDS)[number];

export const DIRECTIONS = ['up', 'down'] as const;
export type TailDirection = (typeof DIRECTIONS)[number];

interface TailClass {
  readonly kind: TailKind;
  /** `undefined`: the event is not about a message. */
  readonly direction?: TailDirection;
}

export const TAIL_CLASSES: Readonly<Record<EventName, TailClass>> = {
  uplinkAccepted: { kind: 'message', direction: 'up' },
  uplinkDelivered: { kind: 'message', direction: 'up' },
  willPublished: { kind: 'message', direction: 'up' },
  downlinkAccepted: { kind: 'message', direction: 'down' },
  downlinkDelivered: { kind: 'message', direction: 'down' },
  retainedSkipped: { kind: 'message', direction: 'down' },
  envelopeLeftOut: { kind: 'message', direction: 'up' },
  uplinkRefused: { kind: 'shed', direction: 'up' },
  uplinkShed: { kind: 'shed', direction: 'up' },
  uplinkDeadLettered: { kind: 'shed', direction: 'up' },
  downlinkShed: { kind: 'shed', direction: 'down' },
  discarded: { kind: 'shed' },
  messageSetAside: { kind: 'shed' },
  deadLettersRetried: { kind: 'operator' },
  deadLettersDropped: { kind: 'operator' },
  operatorActed: { kind: 'operator' },
  backlogLimitEnded: { kind: 'operator' },
  linkOpened: { kind: 'link' },
  linkClosed: { kind: 'link' },
  linkWaits: { kind: 'link' },
  linkRecovery: { kind: 'link' },
  linkGivenUp: { kind: 'link' },
  subdeviceAttached: { kind: 'subdevice' },
  subdeviceRefused: { kind: 'subdevice' },
  subdeviceSlept: { kind: 'subdevice' },
  subdeviceDetached: { kind: 'subdevice' },
  subscriptionAdded: { kind: 'subdevice' },
  subscriptionRemoved: { kind: 'subdevice' },
  subscriptionRefused: { kind: 'subdevice' },
  hubConnected: { kind: 'hub' },
  sessionResumed: { kind: 'hub' },
  sessionLost: { kind: 'hub' },
  replayStarted: { kind: 'hub' },
  replayDone: { kind: 'hub' },
  possibleGap: { kind: 'hub' },
  hubRefused: { kind: 'hub' },
  hubUnreachable: { kind: 'hub' },
  hubSilent: { kind: 'hub' },
  tlsFilesJudged: { kind: 'hub' },
  secretFileJudged: { kind: 'hub' },
  hubLost: { kind: 'hub' },
  hubTakenOver: { kind: 'hub' },
  hubAnswered: { kind: 'hub' },
  packetSuspected: { kind: 'hub' },
  packetSetAside: { kind: 'hub' },
  packetReleased: { kind: 'hub' },
  backlogDrained: { kind: 'hub' },
  storeFull: { kind: 'storage' },
  storeRecovered: { kind: 'storage' },
  storeOnOtherMachine: { kind: 'storage' },
  gatewayStarted: { kind: 'gateway' },
  gatewayStopping: { kind: 'gateway' },
  gatewayEnded: { kind: 'gateway' },
  gatewayHung: { kind: 'gateway' },
  gatewayPaused: { kind: 'gateway' },
  configurationChanged: { kind: 'gateway' },
  configApplied: { kind: 'gateway' },
  configConfirmed: { kind: 'gateway' },
  configRolledBack: { kind: 'gateway' },
  conditionRaised: { kind: 'gateway' },
  conditionCleared: { kind: 'gateway' },
  listenerFailed: { kind: 'gateway' },
  clockTrusted: { kind: 'gateway' },
  clockStepped: { kind: 'gateway' },
  clockOverruled: { kind: 'gateway' },
  machineSlept: { kind: 'gateway' },
};
