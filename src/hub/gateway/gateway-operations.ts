/**
 * The hub's gateway protocol as one service on one pair of topics. Requests (answers to the hub, list of bound
 * subdevices, bind, unbind, online, offline) are sent in batches that fit into a message. Results are passed to the
 * bindings and to the announcements. Source: the hub's public pages on topology (1105/41828) and on proxied subdevices
 * (1105/41829).
 */

import { type HubIdentity, identityKey, type SignMethod } from '../../base/hub-identity.ts';
import type { Message } from '../../base/message.ts';
import { Announcements, UNCONFIRMED_MAX } from './announcements.ts';
import { type BindTerms, signedDevice } from './bind-signature.ts';
import { Bindings } from './bindings.ts';
import { DeviceBatch } from './device-batch.ts';
import { type DeviceResult, type GatewayMessage, readGatewayMessage } from './gateway-messages.ts';
import type { HubService, HubServiceEvent, HubServiceRequest } from './hub-service.ts';
import { isDone, meaningOf, saysUnbound, UNREADABLE, type Verb } from './result-codes.ts';
import type { Due } from './retried-request.ts';

export interface GatewayOperationsOptions {
  readonly gateway: HubIdentity;
  readonly configured: readonly HubIdentity[];
  readonly bind: 'manual' | 'auto';
  readonly signMethod: SignMethod;
  /** Returns the device secret of a subdevice, for `bind`. */
  readonly secretOf: (identity: HubIdentity) => string | undefined;
  /** Returns the Unix time in ms, if known. */
  readonly wallMs: () => number | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Largest payload that the hub accepts. */
  readonly payloadBytesMax: number;
  /** Largest number of devices per request. */
  readonly operationsBatchMax: number;
  /** Returns whether uplinks of the subdevice are unacknowledged, or can be sent once it is online. */
  readonly hasUplinks: (identity: HubIdentity) => boolean;
}

/** Bytes reserved for topic and headers: the hub's limit of 16 KB applies to the message, not to its payload. */
const OVERHEAD_BYTES = 256;
/**
 * Largest number of waiting answers. A dropped answer does no harm: the hub asks again, or its list contains the
 * change.
 */
const REPLIES_MAX = 16;
/** Upper bound of a signature's random number: six digits in the vendor's examples. */
const NONCE_MAX = 1_000_000;

export class GatewayOperations implements HubService {
  readonly filters: readonly string[];
  readonly bindings: Bindings;
  readonly #options: GatewayOperationsOptions;
  readonly #topic: string;
  readonly #announcements: Announcements;
  readonly #replies: Uint8Array[] = [];
  /** Number of devices in the last request. */
  readonly #requested: Record<Verb, number> = { online: 0, offline: 0, bind: 0, unbind: 0 };
  /** The hub answered for only some devices of a request. The other results may come later or never. */
  #isPart = false;
  /** The hub has shown that it accepts one device per request, for any configuration. */
  #isOneByOne = false;
  #isConnected = false;

  constructor(options: GatewayOperationsOptions) {
    this.#options = options;
    const name = identityKey(options.gateway);
    this.#topic = `$gateway/operation/${name}`;
    this.filters = [`$gateway/operation/result/${name}`];
    this.bindings = new Bindings({ ...options, hasSecret: (identity) => this.canBind(identity) });
    const { hasUplinks } = options;
    this.#announcements = new Announcements({ isBound: (identity) => this.isServed(identity), hasUplinks });
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** True unless the subdevice is known to be unbound. */
  isServed(identity: HubIdentity): boolean {
    return this.bindings.of(identity)?.binding !== 'unbound';
  }

  setPresent(identity: HubIdentity, isPresent: boolean): void {
    this.#announcements.setPresent(identity, isPresent);
  }

  /**
   * Returns whether the hub may get uplinks of the subdevice now. If it may not, the subdevice is announced as online
   * (`announcements.ts`).
   */
  mayPublish(identity: HubIdentity): boolean {
    return this.#announcements.mayPublish(identity) && !this.#isBeingBound(identity);
  }

  /** Same as `mayPublish`, without an effect. */
  isReady(identity: HubIdentity): boolean {
    return this.#announcements.isReady(identity) && !this.#isBeingBound(identity);
  }

  isOnlineAtHub(identity: HubIdentity): boolean | undefined {
    return this.#announcements.isOnline(identity);
  }

  /**
   * Present subdevices whose announcement the hub does not answer (`announcements.ts`). Empty while the hub is not
   * connected.
   */
  unconfirmed(): ReturnType<Announcements['unconfirmed']> {
    return this.#isConnected ? this.#announcements.unconfirmed() : [];
  }

  canBind(identity: HubIdentity): boolean {
    return this.#options.secretOf(identity) !== undefined;
  }

  connected(): void {
    this.#isConnected = true;
    this.bindings.connected();
    this.#announcements.connected();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#replies.length = 0;
  }

  next(nowMs: number): HubServiceRequest | undefined {
    if (!this.#isConnected) return undefined;
    const payload = this.#replies.shift() ?? this.#nextList(nowMs) ?? this.#nextRequest(nowMs);
    return payload === undefined ? undefined : { topic: this.#topic, payload };
  }

  wakeAtMs(): number | undefined {
    if (!this.#isConnected) return undefined;
    const soonest = Math.min(
      this.bindings.wakeAtMs() ?? Number.POSITIVE_INFINITY,
      this.#announcements.wakeAtMs() ?? Number.POSITIVE_INFINITY,
    );
    return Number.isFinite(soonest) ? soonest : undefined;
  }

  onReceived({ payload }: Message, nowMs: number): HubServiceEvent[] {
    const message = readGatewayMessage(payload);
    if (message === undefined) return [{ kind: 'notice', sentence: 'the hub sent a result that cannot be read' }];
    const reports = this.#handle(message, nowMs);
    for (const report of reports) {
      const isBound =
        (report.kind === 'binding' && report.isBound) ||
        (report.kind === 'answered' && report.verb === 'bind' && isDone('bind', report.code));
      if (isBound) this.#announcements.bound(report.identity);
    }
    return reports;
  }

  /** True while the hub is asked to bind the subdevice. A hub that does not answer stops no uplinks. */
  #isBeingBound(identity: HubIdentity): boolean {
    const pending = this.bindings.of(identity)?.pendingOperation;
    return (
      pending?.verb === 'bind' && pending.request.attempts < UNCONFIRMED_MAX && !this.#announcements.isOnline(identity)
    );
  }

  #handle(message: GatewayMessage, nowMs: number): HubServiceEvent[] {
    switch (message.kind) {
      case 'results':
        return this.#handleResults(message, nowMs);
      case 'described':
        return this.bindings.described(message.devices, message.isWhole, nowMs);
      case 'changed':
        this.#acknowledge(message);
        return this.bindings.changed(message.devices, message.status === 1, nowMs);
      case 'searchAsked':
        this.#reply({ type: 'search_devices', payload: { status: message.status, result: 0 } });
        return [{ kind: 'notice', sentence: 'the hub requests a search; subdevices are configured, not searched for' }];
      case 'unbindAllAsked':
        this.#reply({ type: 'unbind_all', payload: { result: 0 } });
        return this.bindings.unboundAll(nowMs);
      case 'foreign':
        return [];
    }
  }

  /**
   * Handles results. The number of devices per request is undocumented: a hub may serve only the first, or reject all.
   */
  #handleResults({ verb, devices }: Extract<GatewayMessage, { kind: 'results' }>, nowMs: number): HubServiceEvent[] {
    if (devices.length > 1 && devices.every(({ code }) => code === UNREADABLE)) {
      // no answer yet: each device is requested again, alone. A later such result is stale
      if (!this.#isOneByOne) for (const { identity } of devices) this.#announcements.repeat(identity);
      this.#isOneByOne = true;
      return [];
    }
    if (devices.length < this.#requested[verb]) this.#isPart = true;
    return devices.flatMap((result) => this.#handleResult(verb, result, nowMs));
  }

  #handleResult(verb: Verb, result: DeviceResult, nowMs: number): HubServiceEvent[] {
    if (verb === 'bind' || verb === 'unbind') return this.bindings.answered(verb, result, nowMs);
    const { identity, code } = result;
    const novelty = this.#announcements.answered(verb, identity, code);
    if (novelty === 'stale') return [];
    if (saysUnbound(code)) return this.bindings.denied(identity, nowMs);
    if (isDone(verb, code) && verb === 'online')
      return [...this.bindings.confirmed(identity), { kind: 'announced', identity }];
    if (isDone(verb, code)) return [];
    if (novelty === 'known') return [];
    const { sentence, remedy } = meaningOf(code);
    const text = `the hub rejects ${verb} for ${identityKey(identity)}: ${sentence} (result ${code})`;
    return [{ kind: 'notice', sentence: remedy === null ? text : `${text}. ${remedy}` }];
  }

  /** Acknowledges a change. The documentation and the C SDK use different forms; the answer has both if they fit. */
  #acknowledge({ status, devices }: Extract<GatewayMessage, { kind: 'changed' }>): void {
    const named = devices.map((identity) => ({ ...deviceOf(identity), result: 0 }));
    const full = { type: 'change', result: 0, payload: { status, devices: named } };
    this.#reply(encode(full).length <= this.#bytesMax ? full : { type: 'change', result: 0 });
  }

  #reply(answer: object): void {
    if (this.#replies.length < REPLIES_MAX) this.#replies.push(encode(answer));
  }

  #nextList(nowMs: number): Uint8Array | undefined {
    if (!this.bindings.isListDue(nowMs)) return undefined;
    this.bindings.listSent(nowMs);
    return encode({ type: 'describe_sub_devices' });
  }

  /** Returns the next request: binding operations before announcements. */
  #nextRequest(nowMs: number): Uint8Array | undefined {
    for (const verb of ['unbind', 'bind', 'online', 'offline'] as const) {
      const due = this.#due(verb, nowMs);
      if (due.length === 0) continue;
      if (this.#isPart && due.some(({ request }) => request.isOpen)) this.#isOneByOne = true; // left without a result
      const devicesMax = this.#isOneByOne ? 1 : this.#options.operationsBatchMax;
      const batch = new DeviceBatch(verb, { bytesMax: this.#bytesMax, devicesMax });
      for (const { identity, request } of due) {
        if (!batch.add(this.#deviceFor(verb, identity))) break;
        request.sent(nowMs);
        if (verb === 'online' || verb === 'offline') this.#announcements.sent(verb, identity);
      }
      this.#requested[verb] = batch.size;
      return batch.payload();
    }
    return undefined;
  }

  #due(verb: Verb, nowMs: number): readonly Due[] {
    const isPresence = verb === 'online' || verb === 'offline';
    return isPresence ? this.#announcements.due(verb, nowMs) : this.bindings.due(verb, nowMs);
  }

  #deviceFor(verb: Verb, identity: HubIdentity): object {
    const deviceSecret = this.#options.secretOf(identity);
    if (verb !== 'bind' || deviceSecret === undefined) return deviceOf(identity);
    const terms: BindTerms = {
      deviceSecret,
      method: this.#options.signMethod,
      nonce: Math.floor(this.#options.random() * NONCE_MAX),
      // with an unknown time the hub answers 805, whose remedy is to set the clock
      atS: Math.floor((this.#options.wallMs() ?? 0) / 1000),
    };
    return signedDevice(identity, terms);
  }

  get #bytesMax(): number {
    return this.#options.payloadBytesMax - OVERHEAD_BYTES;
  }
}

function deviceOf({ productId, deviceName }: HubIdentity): { product_id: string; device_name: string } {
  return { product_id: productId, device_name: deviceName };
}

function encode(message: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}
