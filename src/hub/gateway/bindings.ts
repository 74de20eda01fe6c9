/**
 * Which subdevices the hub lets us speak for: learnt from its list, from its results and from its notices, never kept on
 * disk. The hub is the authority and is asked after every CONNACK; whoever it has said nothing about counts as bound, so
 * that a hub which does not answer stops nobody (docs/decisions/0016).
 *
 * Results and lists have no request id and may be stale: a result counts while its question is open, and an absence only
 * if two lists in a row say it.
 */

import { type HubIdentity, identityKey } from '../../base/hub-identity.ts';
import type { DeviceResult } from './gateway-messages.ts';
import type { HubServiceEvent } from './hub-service.ts';
import { isDone, meaningOf } from './result-codes.ts';
import { type Due, RetriedRequest, soonestOf } from './retried-request.ts';

export type Binding = 'unknown' | 'bound' | 'unbound';
export type BindVerb = 'bind' | 'unbind';

interface Reason {
  /** Without a full stop. */
  readonly sentence: string;
  /** Without one: to bind it. */
  readonly remedy?: string | null;
}

/** Why one is unbound, and what to do now. */
interface Unbound extends Reason {
  readonly remedy: string;
  /** Monotonic ms. */
  readonly sinceMs: number;
}

export interface BindingState {
  readonly identity: HubIdentity;
  readonly isConfigured: boolean;
  binding: Binding;
  /** Only while `unbound`. */
  unbound: Unbound | undefined;
  /** The last list did not name it. */
  isMissed: boolean;
  /** What the hub is asked to do. */
  pendingOperation: { readonly verb: BindVerb; readonly ask: RetriedRequest } | undefined;
}

const TO_BIND = 'Bind it: holdfast hub bind ID, or on the hub’s console.';
const TO_BIND_THERE = 'Bind it on the hub’s console, or give its [[subdevice]] a device_secret_file and restart.';

export interface BindingsOptions {
  readonly configured: readonly HubIdentity[];
  /** `auto`: whoever is missing and has a secret is bound without being told to. */
  readonly bind: 'manual' | 'auto';
  readonly hasSecret: (identity: HubIdentity) => boolean;
}

export class Bindings {
  readonly #states = new Map<string, BindingState>();
  readonly #options: BindingsOptions;
  #unconfiguredDevices: readonly HubIdentity[] = [];
  #list: RetriedRequest | undefined;
  /** It was asked for again because of an absence: once, since a hub may never say the same twice. */
  #isSecondLook = false;

  constructor(options: BindingsOptions) {
    this.#options = options;
    for (const identity of options.configured) this.#add(identity, true);
  }

  /** Configured ones, then those of orders under way. */
  states(): readonly BindingState[] {
    return [...this.#states.values()];
  }

  of(identity: HubIdentity): BindingState | undefined {
    return this.#states.get(identityKey(identity));
  }

  /** Bound here, and not configured. */
  get unconfiguredDevices(): readonly HubIdentity[] {
    return this.#unconfiguredDevices;
  }

  connected(): void {
    this.askList();
    for (const standing of this.#states.values()) {
      standing.isMissed = false;
      if (standing.pendingOperation !== undefined)
        standing.pendingOperation = { ...standing.pendingOperation, ask: new RetriedRequest() };
    }
  }

  askList(): void {
    this.#list = new RetriedRequest();
    this.#isSecondLook = false;
  }

  /** An order, or our own wish. */
  want(verb: BindVerb, identity: HubIdentity): void {
    const standing = this.of(identity) ?? this.#add(identity, false);
    standing.pendingOperation = { verb, ask: new RetriedRequest() };
  }

  due(verb: BindVerb, nowMs: number): Due[] {
    return this.states().flatMap(({ identity, pendingOperation }) =>
      pendingOperation?.verb === verb && pendingOperation.ask.isDue(nowMs)
        ? [{ identity, ask: pendingOperation.ask }]
        : [],
    );
  }

  isListDue(nowMs: number): boolean {
    return this.#list?.isDue(nowMs) ?? false;
  }

  listSent(nowMs: number): void {
    this.#list?.sent(nowMs);
  }

  wakeAtMs(): number | undefined {
    const wishes = [...this.#states.values()].map(({ pendingOperation }) => pendingOperation?.ask.wakeAtMs());
    return soonestOf([this.#list?.wakeAtMs(), ...wishes]);
  }

  /** The hub's list, if it is the answer to a question of this connection. */
  described(devices: readonly HubIdentity[], isWhole: boolean, nowMs: number): HubServiceEvent[] {
    if (this.#list?.isOpen !== true) return [];
    const isFirstLook = !this.#isSecondLook;
    this.#list = undefined;
    const named = new Set(devices.map(identityKey));
    this.#unconfiguredDevices = devices.filter((identity) => this.of(identity)?.isConfigured !== true);
    const reports: HubServiceEvent[] = [];
    for (const standing of this.#configured()) {
      const wasMissed = standing.isMissed;
      standing.isMissed = isWhole && !named.has(identityKey(standing.identity));
      if (named.has(identityKey(standing.identity))) reports.push(...this.#bound(standing));
      else if (!standing.isMissed || standing.binding === 'unbound') continue;
      else if (wasMissed) reports.push(...this.#missing(standing, 'the hub’s list does not name it', nowMs));
      else if (isFirstLook) {
        this.#list = new RetriedRequest(); // this one may be old, stored for us: another word on it
        this.#isSecondLook = true;
      }
    }
    return this.#list === undefined ? [...reports, { kind: 'described' }] : reports;
  }

  /** Somebody bound or unbound them on the platform. The notice may be an old one: the list has the last word. */
  changed(devices: readonly HubIdentity[], isBound: boolean, nowMs: number): HubServiceEvent[] {
    this.askList();
    return devices.flatMap((identity) => {
      const standing = this.of(identity);
      if (standing?.isConfigured !== true) return [];
      if (!isBound) return this.#unbound(standing, { sentence: 'it was unbound on the platform' }, nowMs);
      this.#bound(standing);
      return [{ kind: 'binding', identity, isBound }]; // news, even of one that was served as unknown
    });
  }

  unboundAll(nowMs: number): HubServiceEvent[] {
    return this.changed(this.#options.configured, false, nowMs);
  }

  /** The result of `online` or `offline` was −1. */
  denied(identity: HubIdentity, nowMs: number): HubServiceEvent[] {
    const standing = this.of(identity);
    if (standing === undefined || standing.binding === 'unbound') return [];
    standing.isMissed = true;
    return this.#missing(standing, 'the hub refuses it as not bound', nowMs);
  }

  /** The result of `online` was 0. */
  confirmed(identity: HubIdentity): HubServiceEvent[] {
    const standing = this.of(identity);
    return standing === undefined ? [] : this.#bound(standing);
  }

  /** A result of `bind` or `unbind`. Some hubs answer `unbind` under the name of `bind` (hub contract §3.2). */
  answered(verb: BindVerb, { identity, code }: DeviceResult, nowMs: number): HubServiceEvent[] {
    const standing = this.of(identity);
    const pendingOperation = standing?.pendingOperation;
    if (standing === undefined || pendingOperation?.ask.isOpen !== true) return []; // stale, or none of ours
    if (verb !== pendingOperation.verb && verb !== 'bind') return [];
    const answer: HubServiceEvent = { kind: 'answered', verb: pendingOperation.verb, identity, code };
    if (!isDone(pendingOperation.verb, code))
      return [answer, ...this.#refused(standing, { verb: pendingOperation.verb, code }, nowMs)];
    this.withdraw(identity);
    if (!standing.isConfigured) this.askList();
    else if (pendingOperation.verb === 'bind') return [answer, ...this.#bound(standing)];
    else return [answer, ...this.#unbound(standing, { sentence: 'it was unbound by order' }, nowMs)];
    return [answer];
  }

  /** Nobody waits for it any more. */
  withdraw(identity: HubIdentity): void {
    const standing = this.of(identity);
    if (standing === undefined) return;
    standing.pendingOperation = undefined;
    if (!standing.isConfigured) this.#states.delete(identityKey(identity));
  }

  /** A refused `bind` proves nothing about who is bound (the secret may be wrong), unless it was known to be missing. */
  #refused(
    standing: BindingState,
    { verb, code }: { readonly verb: BindVerb; readonly code: number },
    nowMs: number,
  ): HubServiceEvent[] {
    const { sentence, remedy, isPassing } = meaningOf(code);
    if (!isPassing) this.withdraw(standing.identity);
    const said = `the hub refuses ${verb} for ${identityKey(standing.identity)}: ${sentence} (result ${code})`;
    const reports: HubServiceEvent[] = [{ kind: 'said', sentence: remedy === null ? said : `${said}. ${remedy}` }];
    if (verb === 'unbind' || !standing.isMissed) return reports;
    return [...reports, ...this.#unbound(standing, { sentence: `${sentence} (result ${code})`, remedy }, nowMs)];
  }

  /** Not bound, and nobody has said that it should not be. */
  #missing(standing: BindingState, sentence: string, nowMs: number): HubServiceEvent[] {
    const { bind, hasSecret } = this.#options;
    if (bind === 'manual' || !hasSecret(standing.identity)) return this.#unbound(standing, { sentence }, nowMs);
    standing.binding = 'unknown';
    if (standing.pendingOperation === undefined) this.want('bind', standing.identity);
    return [];
  }

  #bound(standing: BindingState): HubServiceEvent[] {
    const wasUnbound = standing.binding === 'unbound';
    standing.binding = 'bound';
    standing.unbound = undefined;
    standing.isMissed = false;
    return wasUnbound ? [{ kind: 'binding', identity: standing.identity, isBound: true }] : [];
  }

  #unbound(standing: BindingState, why: Reason, nowMs: number): HubServiceEvent[] {
    const toBind = this.#options.hasSecret(standing.identity) ? TO_BIND : TO_BIND_THERE;
    const sinceMs = standing.unbound?.sinceMs ?? nowMs;
    const wasUnbound = standing.binding === 'unbound';
    standing.binding = 'unbound';
    standing.unbound = { sentence: why.sentence, remedy: why.remedy ?? toBind, sinceMs };
    return wasUnbound ? [] : [{ kind: 'binding', identity: standing.identity, isBound: false }];
  }

  #configured(): BindingState[] {
    return this.states().filter(({ isConfigured }) => isConfigured);
  }

  #add(identity: HubIdentity, isConfigured: boolean): BindingState {
    const standing: BindingState = {
      ...{ identity, isConfigured },
      ...{ binding: 'unknown', unbound: undefined, isMissed: false, pendingOperation: undefined },
    };
    this.#states.set(identityKey(identity), standing);
    return standing;
  }
}
