/**
 * Past-tense facts for observers: the journal, `holdfast tail`, metrics. No function of the product depends on a
 * listener. Removing all listeners changes only what is shown.
 */
import { EventEmitter } from 'node:events';
import type typedEmitter from 'typed-emitter';
import type { Qos } from './message.ts';
import type { Age } from './time.ts';

/** Value of `by` for a change that SIGHUP requested. The sender of a signal is unknown. */
export const BY_SIGNAL = 'SIGHUP';

export type GatewayEvents = {
  gatewayStarted: (fact: { readonly recovered: number }) => void;
  gatewayStopping: (fact: { readonly reason: string }) => void;
  linkOpened: (fact: { readonly link: string; readonly path: string }) => void;
  linkClosed: (fact: { readonly link: string; readonly path: string; readonly reason: string }) => void;
  /** The port is absent or must not be opened. The link waits for the port. */
  linkWaits: (fact: { readonly link: string; readonly path: string; readonly reason: string }) => void;
  /** A recovery step ran on an open line that does not work. */
  linkRecovery: (fact: { readonly link: string; readonly recoveryStep: string; readonly outcome: string }) => void;
  linkGivenUp: (fact: { readonly link: string; readonly trouble: string }) => void;
  subdeviceAttached: (fact: {
    readonly subdevice: string;
    readonly link: string;
    readonly lasting: boolean;
    readonly waiting: number;
  }) => void;
  subdeviceRefused: (fact: { readonly subdevice: string; readonly link: string; readonly reason: string }) => void;
  subdeviceSlept: (fact: { readonly subdevice: string; readonly aliveMs: number }) => void;
  /** The subdevice was lost, and its will is on its way to the hub. */
  willPublished: (fact: { readonly subdevice: string; readonly topic: string }) => void;
  subdeviceDetached: (fact: { readonly subdevice: string; readonly link: string; readonly reason: string }) => void;
  subscriptionAdded: (fact: { readonly subdevice: string; readonly filter: string }) => void;
  subscriptionRemoved: (fact: { readonly subdevice: string; readonly filter: string }) => void;
  subscriptionRefused: (fact: {
    /** `undefined`: the hub rejected a filter of the gateway itself. */
    readonly subdevice: string | undefined;
    readonly filter: string;
    readonly reason: string;
  }) => void;
  hubConnected: (fact: { readonly sessionPresent: boolean; readonly backlog: number }) => void;
  /** `away`: time since the hub last saw this gateway. `null`: unknown. */
  sessionResumed: (fact: { readonly away: Age | null }) => void;
  sessionLost: (fact: { readonly away: Age | null }) => void;
  /** The hub has begun to send stored messages, at most `storedMax`. */
  replayStarted: (fact: { readonly storedMax: number }) => void;
  replayDone: (fact: { readonly received: number }) => void;
  /** Downlinks may be missing, for the given reason. */
  possibleGap: (fact: { readonly reason: string; readonly away: Age | null }) => void;
  hubRefused: (fact: { readonly reason: string; readonly remedy: string }) => void;
  /** A connection attempt failed, and the reason differs from that of the previous attempt. */
  hubUnreachable: (fact: { readonly reason: string }) => void;
  /** The connection to the hub is established, and no CONNACK has arrived for `forMs`. */
  hubSilent: (fact: { readonly peer: string; readonly forMs: number }) => void;
  /** The TLS files were read and are invalid, or are valid again (`undefined`). */
  tlsFilesJudged: (fact: { readonly problem: string | undefined }) => void;
  /** The file of a secret became unreadable, or is readable again (`undefined`). */
  secretFileJudged: (fact: { readonly problem: string | undefined }) => void;
  /** The notes about devices cannot be saved, or are saved again (`undefined`). */
  deviceNotesJudged: (fact: { readonly problem: string | undefined }) => void;
  hubLost: (fact: { readonly reason: string }) => void;
  /**
   * The gateway has disconnected and connected again with a new password; the outage was `ms`. `unsettled`: packets that
   * were unanswered at the DISCONNECT, so they may arrive twice.
   */
  passwordRenewed: (fact: { readonly ms: number; readonly unsettled: number }) => void;
  /** No new password could be obtained, or one was obtained again (`undefined`). The connection goes on meanwhile. */
  passwordJudged: (fact: { readonly problem: string | undefined }) => void;
  /**
   * Another client seems to connect with this gateway's identity. `times`: number of successive connections that were
   * lost to the other client.
   */
  hubTakenOver: (fact: { readonly times: number }) => void;
  hubAnswered: (fact: { readonly sentence: string }) => void;
  uplinkAccepted: (fact: {
    readonly subdevice: string;
    readonly topic: string;
    readonly bytes: number;
    readonly qos: Qos;
    /** Payload itself, not a copy: an observer must not change it. */
    readonly payload: Uint8Array;
  }) => void;
  uplinkRefused: (fact: { readonly subdevice: string; readonly topic: string; readonly reason: string }) => void;
  uplinkShed: (fact: { readonly subdevice: string; readonly topic: string; readonly reason: string }) => void;
  /**
   * Messages or commands ended outside custody: the first of a kind, and later a count of further ones
   * (`flow/intake.ts`).
   */
  discarded: (fact: {
    readonly link: string | null;
    readonly subdevice: string | null;
    readonly reason: string;
    /** Number of messages or commands since the last fact of this kind. */
    readonly count: number;
    readonly sample: string;
  }) => void;
  /** The hub closed the connection while only this packet was in flight. `closes`: number of such closes until now. */
  packetSuspected: (fact: { readonly packet: string; readonly closes: number }) => void;
  packetSetAside: (fact: { readonly packet: string; readonly closes: number }) => void;
  packetReleased: (fact: { readonly packet: string }) => void;
  /**
   * An uplink was published without its envelope: with it, the payload has `bytes` bytes, more than the hub accepts.
   */
  envelopeLeftOut: (fact: { readonly subdevice: string; readonly topic: string; readonly bytes: number }) => void;
  /** First uplink of a run whose topic has a fallback in the place of a field. */
  topicFallback: (fact: { readonly subdevice: string; readonly topic: string; readonly reason: string }) => void;
  uplinkDeadLettered: (fact: { readonly subdevice: string; readonly topic: string; readonly reason: string }) => void;
  deadLettersRetried: (fact: { readonly letters: number }) => void;
  deadLettersDropped: (fact: { readonly letters: number }) => void;
  uplinkDelivered: (fact: {
    readonly subdevice: string;
    readonly topic: string;
    readonly isReplay: boolean;
    readonly payload: Uint8Array;
  }) => void;
  /** A message that the hub retains was not delivered (`inbox.retained_commands`). */
  retainedSkipped: (fact: {
    readonly subdevice: string;
    readonly topic: string;
    readonly policy: 'once' | 'always' | 'never';
  }) => void;
  downlinkAccepted: (fact: {
    readonly topic: string;
    /** Number of receivers. */
    readonly subdevices: number;
    readonly qos: Qos;
    readonly payload: Uint8Array;
    readonly receivers: readonly { readonly subdevice: { readonly id: string } }[];
  }) => void;
  downlinkShed: (fact: { readonly topic: string; readonly reason: string }) => void;
  downlinkDelivered: (fact: {
    readonly subdevice: string;
    readonly topic: string;
    readonly payload: Uint8Array;
  }) => void;
  /** A limit of the backlog ended by itself, `afterMs` after its beginning. */
  backlogLimitEnded: (fact: { readonly limit: 'pause' | 'rate'; readonly afterMs: number }) => void;
  backlogDrained: (fact: { readonly messages: number }) => void;
  /**
   * A machine threw an error on this input. The input is set aside and the machine restarts. `endedProcess`: an earlier
   * process ended on the input, so the input was not handled at all.
   */
  messageSetAside: (fact: {
    readonly of: string;
    readonly what: string;
    readonly why: string;
    readonly endedProcess: boolean;
  }) => void;
  /** A listener of the facts with the name `fact` threw an error. Emitted once for each name. */
  listenerFailed: (fact: { readonly fact: string; readonly why: string }) => void;
  storeFull: (fact: { readonly isFull: boolean }) => void;
  clockTrusted: (fact: { readonly wallMs: number }) => void;
  /** The wall clock jumped. `wasMs`: the time without the jump; `isMs`: the time now; both Unix ms. */
  clockStepped: (fact: { readonly wasMs: number; readonly isMs: number; readonly isTrusted: boolean }) => void;
  /** The wall clock disagrees with the hub. Ages and signatures follow the hub. `wallMs`: time of the hub, Unix ms. */
  clockOverruled: (fact: { readonly wallMs: number; readonly aheadMs: number }) => void;
  machineSlept: (fact: { readonly ms: number }) => void;
  storeRecovered: (fact: { readonly sentence: string }) => void;
  /**
   * The store was written on another machine. `moved`: the card or disk was moved here. `copied`: the store may be a copy,
   * and an operator must decide. `differences`: evidence that differs.
   */
  storeOnOtherMachine: (fact: { readonly verdict: 'moved' | 'copied'; readonly differences: string }) => void;
  /** The previous process ended without a stop. `sentence`: what is known about its end. */
  gatewayEnded: (fact: { readonly sentence: string }) => void;
  /** The watchdog ended the previous process, because `source` did not move on for `forMs`. `where`: '' if unknown. */
  gatewayHung: (fact: {
    readonly source: string;
    readonly what: string;
    readonly where: string;
    readonly forMs: number;
    /** Links whose devices get no acknowledgements. */
    readonly unacknowledged: readonly string[];
  }) => void;
  /**
   * The event loop of this process did not run for `ms`: the process was stopped, or the machine was suspended or
   * overloaded. `unacknowledged`: links whose devices get no acknowledgements.
   */
  gatewayPaused: (fact: { readonly ms: number; readonly unacknowledged: readonly string[] }) => void;
  /** The configuration differs from that of the previous process. */
  configurationChanged: (fact: { readonly mark: string }) => void;
  /**
   * A configuration was applied and is on trial. `keys`: names of the keys and entries that differ, never their values.
   * `by`: user, or `BY_SIGNAL`; absent: unknown.
   */
  configApplied: (fact: { readonly keys: readonly string[]; readonly by?: string | undefined }) => void;
  /** The configuration on trial was confirmed. `how`: by command, or automatically. */
  configConfirmed: (fact: { readonly mark: string; readonly how: string; readonly by?: string | undefined }) => void;
  /** The configuration on trial was replaced by the one before. `reason`: predicate or clause in words. */
  configRolledBack: (fact: {
    readonly mark: string;
    readonly reason: string;
    readonly by?: string | undefined;
  }) => void;
  firmwareOffered: (fact: { readonly subdevice: string; readonly version: string; readonly bytes: number }) => void;
  firmwareOfferRejected: (fact: { readonly subdevice: string; readonly reason: string }) => void;
  /** The image is complete at the gateway, and its digests are right. */
  firmwareDownloaded: (fact: { readonly version: string; readonly bytes: number }) => void;
  /** `again`: the download is repeated later. */
  firmwareDownloadFailed: (fact: {
    readonly version: string;
    readonly reason: string;
    readonly again: boolean;
  }) => void;
  /** The image is complete at the subdevice, which installs it. */
  firmwareReceived: (fact: { readonly subdevice: string; readonly version: string }) => void;
  /** The subdevice runs the offered version. */
  firmwareUpdated: (fact: { readonly subdevice: string; readonly version: string }) => void;
  firmwareFailed: (fact: { readonly subdevice: string; readonly version: string; readonly reason: string }) => void;
  conditionRaised: (fact: { readonly code: string; readonly effect: string; readonly sentence: string }) => void;
  conditionCleared: (fact: { readonly code: string; readonly forMs: number }) => void;
  /**
   * An operator changed something by a command. `action`: the command, e.g. `dead-letters retry`. `subject`: the thing
   * that was changed, e.g. a subdevice; '' if the action has none. `detail`: result in words; '' if there is none. `by`:
   * user who sent the command, as the kernel reports; absent: unknown. `isReadOnly`: the action changed nothing, because
   * it only reads or was rejected.
   */
  operatorActed: (fact: {
    readonly action: string;
    readonly subject: string;
    readonly detail: string;
    readonly by?: string | undefined;
    readonly isReadOnly?: boolean;
  }) => void;
};

export type EventName = keyof GatewayEvents;
export type Facts = typedEmitter.default<GatewayEvents>;

export function newFacts(): Facts {
  return new Announcer() as unknown as Facts;
}

/** Emitter that reports the first error of a listener. Other listeners are not affected. */
class Announcer extends EventEmitter {
  readonly #failed = new Set<string | symbol>();

  override emit(name: string | symbol, ...fact: unknown[]): boolean {
    if (this.listenerCount(name) === 0) return false; // most facts of a message: no list is copied
    const listeners = this.rawListeners(name);
    for (const listener of listeners) {
      try {
        Reflect.apply(listener, this, fact);
      } catch (error) {
        this.#note(name, error);
      }
    }
    return listeners.length > 0;
  }

  #note(name: string | symbol, error: unknown): void {
    if (this.#failed.has(name)) return;
    this.#failed.add(name);
    const why = error instanceof Error ? error.message : String(error);
    this.emit('listenerFailed', { fact: String(name), why });
  }
}

/**
 * Guard for the timer of an observer, outside the mailbox. An error thrown by `look` is reported once and stops neither
 * the timer nor the gateway.
 */
export function looking(facts: Facts, name: string, look: () => void): () => void {
  let isTold = false;
  return () => {
    try {
      look();
    } catch (error) {
      if (!isTold)
        facts.emit('listenerFailed', { fact: name, why: error instanceof Error ? error.message : String(error) });
      isTold = true;
    }
  };
}
