/**
 * Past-tense facts for onlookers: the journal, `holdfast tail`, metrics. Nothing that the product does hangs on a
 * listener; removing every one of them changes only what is seen.
 */
import { EventEmitter } from 'node:events';
import type typedEmitter from 'typed-emitter';
import type { Qos } from './message.ts';
import type { Age } from './time.ts';

export type GatewayEvents = {
  gatewayStarted: (fact: { readonly recovered: number }) => void;
  gatewayStopping: (fact: { readonly reason: string }) => void;
  linkOpened: (fact: { readonly link: string; readonly path: string }) => void;
  linkClosed: (fact: { readonly link: string; readonly path: string; readonly reason: string }) => void;
  /** Its port is not there, or is not to be taken: it is waited for. */
  linkWaits: (fact: { readonly link: string; readonly path: string; readonly reason: string }) => void;
  /** Something was tried for a line that is open and does not work. */
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
  /** It was lost, and its will is on its way to the hub. */
  willPublished: (fact: { readonly subdevice: string; readonly topic: string }) => void;
  subdeviceDetached: (fact: { readonly subdevice: string; readonly link: string; readonly reason: string }) => void;
  subscriptionAdded: (fact: { readonly subdevice: string; readonly filter: string }) => void;
  subscriptionRemoved: (fact: { readonly subdevice: string; readonly filter: string }) => void;
  subscriptionRefused: (fact: {
    /** `undefined`: the hub refused it to the gateway, for whoever wants it. */
    readonly subdevice: string | undefined;
    readonly filter: string;
    readonly reason: string;
  }) => void;
  hubConnected: (fact: { readonly sessionPresent: boolean; readonly backlog: number }) => void;
  /** `away`: for how long the hub had not seen us; `null`: not known. */
  sessionResumed: (fact: { readonly away: Age | null }) => void;
  sessionLost: (fact: { readonly away: Age | null }) => void;
  /** The hub has begun to send what it stored, at most `storedMax`. */
  replayStarted: (fact: { readonly storedMax: number }) => void;
  replayDone: (fact: { readonly received: number }) => void;
  /** Downlinks may be missing. */
  possibleGap: (fact: { readonly reason: string; readonly away: Age | null }) => void;
  hubRefused: (fact: { readonly reason: string }) => void;
  /** An attempt came to nothing, for another reason than the one before. */
  hubUnreachable: (fact: { readonly reason: string }) => void;
  /** The files of TLS were read and are no good, or are good again (`undefined`). */
  tlsFilesJudged: (fact: { readonly problem: string | undefined }) => void;
  /** The file of a secret cannot be read again, or can be (`undefined`). */
  secretFileJudged: (fact: { readonly problem: string | undefined }) => void;
  hubLost: (fact: { readonly reason: string }) => void;
  /** Somebody else seems to connect with our identity: it took so many connections in a row. */
  hubTakenOver: (fact: { readonly times: number }) => void;
  hubAnswered: (fact: { readonly sentence: string }) => void;
  uplinkAccepted: (fact: {
    readonly subdevice: string;
    readonly topic: string;
    readonly bytes: number;
    readonly qos: Qos;
  }) => void;
  uplinkRefused: (fact: { readonly subdevice: string; readonly topic: string; readonly reason: string }) => void;
  uplinkShed: (fact: { readonly subdevice: string; readonly topic: string; readonly reason: string }) => void;
  /** Messages or commands ended outside custody: the first of a kind, and now and then how many more (`flow/intake.ts`). */
  discarded: (fact: {
    readonly link: string | null;
    readonly subdevice: string | null;
    readonly reason: string;
    /** Since the last such fact. */
    readonly count: number;
    readonly sample: string;
  }) => void;
  /** The hub closed the connection with only this one in the air; `closes` count against it so far. */
  /** The hub closed the connection upon this packet alone; `closes`: those that count against it. */
  packetSuspected: (fact: { readonly packet: string; readonly closes: number }) => void;
  packetSetAside: (fact: { readonly packet: string; readonly closes: number }) => void;
  packetReleased: (fact: { readonly packet: string }) => void;
  uplinkDeadLettered: (fact: { readonly subdevice: string; readonly topic: string; readonly reason: string }) => void;
  deadLettersRetried: (fact: { readonly letters: number }) => void;
  deadLettersDropped: (fact: { readonly letters: number }) => void;
  uplinkDelivered: (fact: { readonly subdevice: string; readonly topic: string; readonly isReplay: boolean }) => void;
  /** A message that the hub retains was not delivered (`inbox.retained_commands`). */
  retainedSkipped: (fact: {
    readonly subdevice: string;
    readonly topic: string;
    readonly policy: 'once' | 'always' | 'never';
  }) => void;
  downlinkAccepted: (fact: { readonly topic: string; readonly subdevices: number; readonly qos: Qos }) => void;
  downlinkShed: (fact: { readonly topic: string; readonly reason: string }) => void;
  downlinkDelivered: (fact: { readonly subdevice: string; readonly topic: string }) => void;
  backlogDrained: (fact: { readonly messages: number }) => void;
  /**
   * A machine threw on this: it is set aside, and the machine begins again. `endedProcess`: an earlier process ended on
   * it, so it was not handled at all.
   */
  messageSetAside: (fact: {
    readonly of: string;
    readonly what: string;
    readonly why: string;
    readonly endedProcess: boolean;
  }) => void;
  /** A listener of the facts called `fact` threw: the first time, and never again for this name. */
  listenerFailed: (fact: { readonly fact: string; readonly why: string }) => void;
  storeFull: (fact: { readonly isFull: boolean }) => void;
  clockTrusted: (fact: { readonly wallMs: number }) => void;
  /** The wall clock jumped: Unix ms it would show, and shows. */
  clockStepped: (fact: { readonly wasMs: number; readonly isMs: number; readonly isTrusted: boolean }) => void;
  /** The wall clock is wrong by the hub's: ages and signatures follow the hub, at Unix ms `wallMs`. */
  clockOverruled: (fact: { readonly wallMs: number; readonly aheadMs: number }) => void;
  machineSlept: (fact: { readonly ms: number }) => void;
  storeRecovered: (fact: { readonly sentence: string }) => void;
};

export type EventName = keyof GatewayEvents;
export type Facts = typedEmitter.default<GatewayEvents>;

export function newFacts(): Facts {
  return new Announcer() as unknown as Facts;
}

/** Reports a listener that throws once; the other listeners are not affected. */
class Announcer extends EventEmitter {
  readonly #failed = new Set<string | symbol>();

  override emit(name: string | symbol, ...fact: unknown[]): boolean {
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

/** Guard for the timer of an onlooker, outside the mailbox: an error that `look` throws ends nothing and is reported once. */
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
