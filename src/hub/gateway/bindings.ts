/**
 * Bindings of subdevices to this gateway at the hub. They follow from the hub's list, its results and its notices, and
 * are never stored on disk. The hub is the authority and is asked after every CONNACK. A subdevice of unknown state
 * counts as bound, so that a hub which does not answer stops no subdevice (docs/decisions/0016).
 *
 * Results and lists have no request id and may be stale. So a result counts only while its request is open, and an
 * absence only if two lists in a row confirm it.
 */

import { type HubIdentity, identityKey } from '../../base/hub-identity.ts';
import type { DeviceResult } from './gateway-messages.ts';
import type { HubServiceEvent } from './hub-service.ts';
import { isDone, meaningOf } from './result-codes.ts';
import { type Due, RetriedRequest, soonestOf } from './retried-request.ts';

export type Binding = 'unknown' | 'bound' | 'unbound';
export type BindVerb = 'bind' | 'unbind';

interface Reason {
  /** Text without a full stop. */
  readonly sentence: string;
  /** Default: the remedy is to bind the subdevice. */
  readonly remedy?: string | null;
}

/** Reason for an unbound subdevice, with the remedy. */
interface Unbound extends Reason {
  readonly remedy: string;
  /** Monotonic ms. */
  readonly sinceMs: number;
}

export interface BindingState {
  readonly identity: HubIdentity;
  readonly isConfigured: boolean;
  binding: Binding;
  /** Reason and remedy. `undefined` unless `binding` is `unbound`. */
  unbound: Unbound | undefined;
  /** The subdevice was missing in the last list. */
  isMissed: boolean;
  /** Requested operation that the hub has not completed. */
  pendingOperation: { readonly verb: BindVerb; readonly request: RetriedRequest } | undefined;
}

const TO_BIND = 'Bind it: holdfast hub bind ID, or on the hub’s console.';
const TO_BIND_THERE = 'Bind it on the hub’s console, or give its [[subdevice]] a device_secret_file and restart.';

export interface BindingsOptions {
  readonly configured: readonly HubIdentity[];
  /** `auto`: an unbound subdevice with a secret is bound without a command. */
  readonly bind: 'manual' | 'auto';
  readonly hasSecret: (identity: HubIdentity) => boolean;
}

export class Bindings {
  readonly #states = new Map<string, BindingState>();
  readonly #options: BindingsOptions;
  #identities: readonly HubIdentity[];
  #unconfiguredDevices: readonly HubIdentity[] = [];
  #list: RetriedRequest | undefined;
  /**
   * The list was requested a second time because of an absence. Only one second request is made, because a hub may
   * never send the same list twice.
   */
  #isSecondLook = false;

  constructor(options: BindingsOptions) {
    this.#options = options;
    this.#identities = options.configured;
    for (const identity of options.configured) this.#add(identity, true);
  }

  /** Replaces the list of configured subdevices, and requests the list of the hub for the new ones. */
  setConfigured(identities: readonly HubIdentity[]): void {
    this.#identities = identities;
    const keys = new Set(identities.map(identityKey));
    for (const [key, state] of [...this.#states]) {
      const isConfigured = keys.has(key);
      if (!isConfigured && state.pendingOperation === undefined) this.#states.delete(key);
      else if (isConfigured !== state.isConfigured) this.#states.set(key, { ...state, isConfigured });
    }
    for (const identity of identities) if (this.of(identity) === undefined) this.#add(identity, true);
    this.askList();
  }

  /** Configured subdevices, then those with a pending operation. */
  states(): readonly BindingState[] {
    return [...this.#states.values()];
  }

  of(identity: HubIdentity): BindingState | undefined {
    return this.#states.get(identityKey(identity));
  }

  /** Subdevices that are bound to this gateway at the hub and not configured. */
  get unconfiguredDevices(): readonly HubIdentity[] {
    return this.#unconfiguredDevices;
  }

  connected(): void {
    this.askList();
    for (const state of this.#states.values()) {
      state.isMissed = false;
      if (state.pendingOperation !== undefined)
        state.pendingOperation = { ...state.pendingOperation, request: new RetriedRequest() };
    }
  }

  askList(): void {
    this.#list = new RetriedRequest();
    this.#isSecondLook = false;
  }

  /** Requests an operation, by a command or automatically. */
  request(verb: BindVerb, identity: HubIdentity): void {
    const state = this.of(identity) ?? this.#add(identity, false);
    state.pendingOperation = { verb, request: new RetriedRequest() };
  }

  due(verb: BindVerb, nowMs: number): Due[] {
    return this.states().flatMap(({ identity, pendingOperation }) =>
      pendingOperation?.verb === verb && pendingOperation.request.isDue(nowMs)
        ? [{ identity, request: pendingOperation.request }]
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
    const times = [...this.#states.values()].map(({ pendingOperation }) => pendingOperation?.request.wakeAtMs());
    return soonestOf([this.#list?.wakeAtMs(), ...times]);
  }

  /** Handles the hub's list. Ignored unless a request of this connection is open. */
  described(devices: readonly HubIdentity[], isWhole: boolean, nowMs: number): HubServiceEvent[] {
    if (this.#list?.isOpen !== true) return [];
    const isFirstLook = !this.#isSecondLook;
    this.#list = undefined;
    const named = new Set(devices.map(identityKey));
    this.#unconfiguredDevices = devices.filter((identity) => this.of(identity)?.isConfigured !== true);
    const reports: HubServiceEvent[] = [];
    for (const state of this.#configured()) {
      const wasMissed = state.isMissed;
      state.isMissed = isWhole && !named.has(identityKey(state.identity));
      if (named.has(identityKey(state.identity))) reports.push(...this.#bound(state));
      else if (!state.isMissed || state.binding === 'unbound') continue;
      else if (wasMissed) reports.push(...this.#missing(state, 'the hub’s list does not name it', nowMs));
      else if (isFirstLook) {
        this.#list = new RetriedRequest(); // this list may be stale: request another one
        this.#isSecondLook = true;
      }
    }
    return this.#list === undefined ? [...reports, { kind: 'described' }] : reports;
  }

  /** Handles a notice about a bind or unbind at the hub. The notice may be stale, so the list is requested too. */
  changed(devices: readonly HubIdentity[], isBound: boolean, nowMs: number): HubServiceEvent[] {
    this.askList();
    return devices.flatMap((identity) => {
      const state = this.of(identity);
      if (state?.isConfigured !== true) return [];
      if (!isBound) return this.#unbound(state, { sentence: 'it was unbound at the hub' }, nowMs);
      this.#bound(state);
      return [{ kind: 'binding', identity, isBound }]; // reported also if the subdevice was served as unknown
    });
  }

  unboundAll(nowMs: number): HubServiceEvent[] {
    return this.changed(this.#identities, false, nowMs);
  }

  /** Handles result −1 of `online` or `offline`: not bound. */
  denied(identity: HubIdentity, nowMs: number): HubServiceEvent[] {
    const state = this.of(identity);
    if (state === undefined || state.binding === 'unbound') return [];
    state.isMissed = true;
    return this.#missing(state, 'the hub rejects it as not bound', nowMs);
  }

  /** Handles result 0 of `online`. */
  confirmed(identity: HubIdentity): HubServiceEvent[] {
    const state = this.of(identity);
    return state === undefined ? [] : this.#bound(state);
  }

  /** Handles a result of `bind` or `unbind`. Some hubs answer `unbind` with the type `bind`. */
  answered(verb: BindVerb, { identity, code }: DeviceResult, nowMs: number): HubServiceEvent[] {
    const state = this.of(identity);
    const pendingOperation = state?.pendingOperation;
    if (state === undefined || pendingOperation?.request.isOpen !== true) return []; // stale, or no request of ours
    if (verb !== pendingOperation.verb && verb !== 'bind') return [];
    const answer: HubServiceEvent = { kind: 'answered', verb: pendingOperation.verb, identity, code };
    if (!isDone(pendingOperation.verb, code))
      return [answer, ...this.#refused(state, { verb: pendingOperation.verb, code }, nowMs)];
    this.withdraw(identity);
    if (!state.isConfigured) this.askList();
    else if (pendingOperation.verb === 'bind') return [answer, ...this.#bound(state)];
    else return [answer, ...this.#unbound(state, { sentence: 'it was unbound by command' }, nowMs)];
    return [answer];
  }

  /** Cancels the pending operation of a subdevice. */
  withdraw(identity: HubIdentity): void {
    const state = this.of(identity);
    if (state === undefined) return;
    state.pendingOperation = undefined;
    if (!state.isConfigured) this.#states.delete(identityKey(identity));
  }

  /**
   * Handles a rejected operation. A rejected `bind` does not prove an absence (the secret may be wrong), unless the
   * list did.
   */
  #refused(
    state: BindingState,
    { verb, code }: { readonly verb: BindVerb; readonly code: number },
    nowMs: number,
  ): HubServiceEvent[] {
    const { sentence, remedy, isPassing } = meaningOf(code);
    if (!isPassing) this.withdraw(state.identity);
    const text = `the hub rejects ${verb} for ${identityKey(state.identity)}: ${sentence} (result ${code})`;
    const reports: HubServiceEvent[] = [{ kind: 'notice', sentence: remedy === null ? text : `${text}. ${remedy}` }];
    if (verb === 'unbind' || !state.isMissed) return reports;
    return [...reports, ...this.#unbound(state, { sentence: `${sentence} (result ${code})`, remedy }, nowMs)];
  }

  /** Handles a subdevice that is not bound without a command or a notice to unbind it. */
  #missing(state: BindingState, sentence: string, nowMs: number): HubServiceEvent[] {
    const { bind, hasSecret } = this.#options;
    if (bind === 'manual' || !hasSecret(state.identity)) return this.#unbound(state, { sentence }, nowMs);
    state.binding = 'unknown';
    if (state.pendingOperation === undefined) this.request('bind', state.identity);
    return [];
  }

  #bound(state: BindingState): HubServiceEvent[] {
    const wasUnbound = state.binding === 'unbound';
    state.binding = 'bound';
    state.unbound = undefined;
    state.isMissed = false;
    return wasUnbound ? [{ kind: 'binding', identity: state.identity, isBound: true }] : [];
  }

  #unbound(state: BindingState, why: Reason, nowMs: number): HubServiceEvent[] {
    const toBind = this.#options.hasSecret(state.identity) ? TO_BIND : TO_BIND_THERE;
    const sinceMs = state.unbound?.sinceMs ?? nowMs;
    const wasUnbound = state.binding === 'unbound';
    state.binding = 'unbound';
    state.unbound = { sentence: why.sentence, remedy: why.remedy ?? toBind, sinceMs };
    return wasUnbound ? [] : [{ kind: 'binding', identity: state.identity, isBound: false }];
  }

  #configured(): BindingState[] {
    return this.states().filter(({ isConfigured }) => isConfigured);
  }

  #add(identity: HubIdentity, isConfigured: boolean): BindingState {
    const state: BindingState = {
      identity,
      isConfigured,
      binding: 'unknown',
      unbound: undefined,
      isMissed: false,
      pendingOperation: undefined,
    };
    this.#states.set(identityKey(identity), state);
    return state;
  }
}
