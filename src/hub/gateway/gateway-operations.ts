/**
 * The hub's gateway protocol as one service on one pair of topics: what is due (answers to the hub, the list of bound
 * subdevices, bind, unbind, online, offline) goes out in batches that fit a message, and what comes back goes to whom it
 * concerns. Source: hub contract §3.1 to §3.6.
 */

import { type HubIdentity, identityKey, type SignMethod } from '../../base/hub-identity.ts';
import type { Message } from '../../base/message.ts';
import { Announcements } from './announcements.ts';
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
  /** Of a subdevice, for `bind`. */
  readonly secretOf: (identity: HubIdentity) => string | undefined;
  /** Unix ms as far as known. */
  readonly wallMs: () => number | undefined;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Largest payload the hub takes. */
  readonly payloadBytesMax: number;
  /** Devices per request. */
  readonly operationsBatchMax: number;
}

/** The hub's 16 KB are said of the message, not of its payload (hub contract §1.8): room for topic and headers. */
const OVERHEAD_BYTES = 256;
/** Answers to the hub that may wait for the pace; it asks again, or its list says the same. */
const REPLIES_MAX = 16;
/** A signature's random number has six digits in the vendor's examples. */
const NONCE_MAX = 1_000_000;

export class GatewayOperations implements HubService {
  readonly filters: readonly string[];
  readonly bindings: Bindings;
  readonly #options: GatewayOperationsOptions;
  readonly #topic: string;
  readonly #announcements: Announcements;
  readonly #replies: Uint8Array[] = [];
  /** Devices in the last request. */
  readonly #asked: Record<Verb, number> = { online: 0, offline: 0, bind: 0, unbind: 0 };
  /** It has answered for some of those in a request only: the others may come, or never. */
  #isPart = false;
  /** The hub has shown that it takes one device per request, whatever is configured. */
  #isOneByOne = false;
  #isConnected = false;

  constructor(options: GatewayOperationsOptions) {
    this.#options = options;
    const name = identityKey(options.gateway);
    this.#topic = `$gateway/operation/${name}`;
    this.filters = [`$gateway/operation/result/${name}`];
    this.bindings = new Bindings({ ...options, hasSecret: (identity) => this.canBind(identity) });
    this.#announcements = new Announcements((identity) => this.isServed(identity));
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Whoever the hub has said nothing about is served. */
  isServed(identity: HubIdentity): boolean {
    return this.bindings.of(identity)?.binding !== 'unbound';
  }

  setPresent(identity: HubIdentity, isPresent: boolean): void {
    this.#announcements.setPresent(identity, isPresent);
  }

  isOnlineAtHub(identity: HubIdentity): boolean | undefined {
    return this.#announcements.isOnline(identity);
  }

  /** See `announcements.ts`; nobody while there is no hub to answer. */
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
    if (message === undefined) return [{ kind: 'said', sentence: 'the hub sent a result that cannot be read' }];
    const reports = this.#take(message, nowMs);
    for (const report of reports) {
      const isBound =
        (report.kind === 'binding' && report.isBound) ||
        (report.kind === 'answered' && report.verb === 'bind' && isDone('bind', report.code));
      if (isBound) this.#announcements.bound(report.identity);
    }
    return reports;
  }

  #take(message: GatewayMessage, nowMs: number): HubServiceEvent[] {
    switch (message.kind) {
      case 'results':
        return this.#takeResults(message, nowMs);
      case 'described':
        return this.bindings.described(message.devices, message.isWhole, nowMs);
      case 'changed':
        this.#acknowledge(message);
        return this.bindings.changed(message.devices, message.status === 1, nowMs);
      case 'searchAsked':
        this.#reply({ type: 'search_devices', payload: { status: message.status, result: 0 } });
        return [{ kind: 'said', sentence: 'the hub asks for a search; subdevices are configured, not searched for' }];
      case 'unbindAllAsked':
        this.#reply({ type: 'unbind_all', payload: { result: 0 } });
        return this.bindings.unboundAll(nowMs);
      case 'foreign':
        return [];
    }
  }

  /** How many devices a request may name is documented nowhere: a hub may serve the first only, or refuse them all. */
  #takeResults({ verb, devices }: Extract<GatewayMessage, { kind: 'results' }>, nowMs: number): HubServiceEvent[] {
    if (devices.length > 1 && devices.every(({ code }) => code === UNREADABLE)) {
      this.#isOneByOne = true;
      return []; // no answer yet: each is asked about again, alone
    }
    if (devices.length < this.#asked[verb]) this.#isPart = true;
    return devices.flatMap((result) => this.#takeResult(verb, result, nowMs));
  }

  #takeResult(verb: Verb, result: DeviceResult, nowMs: number): HubServiceEvent[] {
    if (verb === 'bind' || verb === 'unbind') return this.bindings.answered(verb, result, nowMs);
    const { identity, code } = result;
    const standing = this.#announcements.answered(verb, identity, code);
    if (standing === 'stale') return [];
    if (saysUnbound(code)) return this.bindings.denied(identity, nowMs);
    if (isDone(verb, code) && verb === 'online')
      return [...this.bindings.confirmed(identity), { kind: 'announced', identity }];
    if (isDone(verb, code)) return [];
    if (standing === 'known') return [];
    const { sentence, remedy } = meaningOf(code);
    const said = `the hub refuses ${verb} for ${identityKey(identity)}: ${sentence} (result ${code})`;
    return [{ kind: 'said', sentence: remedy === null ? said : `${said}. ${remedy}` }];
  }

  /** The documents want one form and the C SDK sends another; both in one, as far as they fit (hub contract §3.2). */
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

  /** Whom to bind before whom to announce. */
  #nextRequest(nowMs: number): Uint8Array | undefined {
    for (const verb of ['unbind', 'bind', 'online', 'offline'] as const) {
      const due = this.#due(verb, nowMs);
      if (due.length === 0) continue;
      if (this.#isPart && due.some(({ ask }) => ask.isOpen)) this.#isOneByOne = true; // who was left out is left out
      const devicesMax = this.#isOneByOne ? 1 : this.#options.operationsBatchMax;
      const batch = new DeviceBatch(verb, { bytesMax: this.#bytesMax, devicesMax });
      for (const { identity, ask } of due) {
        if (!batch.add(this.#requestFor(verb, identity))) break;
        ask.sent(nowMs);
        if (verb === 'online' || verb === 'offline') this.#announcements.sent(verb, identity);
      }
      this.#asked[verb] = batch.size;
      return batch.payload();
    }
    return undefined;
  }

  #due(verb: Verb, nowMs: number): readonly Due[] {
    const isPresence = verb === 'online' || verb === 'offline';
    return isPresence ? this.#announcements.due(verb, nowMs) : this.bindings.due(verb, nowMs);
  }

  #requestFor(verb: Verb, identity: HubIdentity): object {
    const deviceSecret = this.#options.secretOf(identity);
    if (verb !== 'bind' || deviceSecret === undefined) return deviceOf(identity);
    const terms: BindTerms = {
      deviceSecret,
      method: this.#options.signMethod,
      nonce: Math.floor(this.#options.random() * NONCE_MAX),
      // nobody knows the time: the hub will answer 805, and its remedy is the right one
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
