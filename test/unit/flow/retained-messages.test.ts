/** Retained messages at a broker: after any sequence of events they are the states of the gateway and its subdevices. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Availability } from '../../../src/flow/availability.ts';
import { RetainedDocuments } from '../../../src/flow/retained-documents.ts';
import type { TopicMemory } from '../../../src/ports.ts';
import { SubdeviceRegistry } from '../../../src/subdevices/registry.ts';

const textOf = (payload: Uint8Array): string => Buffer.from(payload).toString();

function newDocuments(memory: TopicMemory): RetainedDocuments {
  return new RetainedDocuments(
    memory,
    () => 0,
    () => undefined,
  );
}

const GATEWAY = 'gw/state';
const IDS = ['a', 'b', 'c'];
const topicOf = (id: string, version: number): string => `gw/${id}/state${version}`;

type Packet = { readonly topic: string; readonly payload: string } | 'PINGREQ' | 'DISCONNECT';

type Step =
  | { readonly kind: 'attach' | 'detach' | 'toggle'; readonly id: string }
  | { readonly kind: 'connect'; readonly sessionPresent: boolean }
  /** The broker reads the first `reads` packets on the wire. */
  | { readonly kind: 'read' | 'lose'; readonly reads: number }
  /** Kill or stop of the process, and a start with these topics. */
  | { readonly kind: 'kill' | 'stop'; readonly reads: number; readonly version: number }
  /** The write of the topics ends. */
  | { readonly kind: 'durable' };

/** A gateway with three subdevices, and a broker that keeps retained messages and a will. */
class ModelOfHub {
  readonly retained = new Map<string, string>();
  readonly #forgets: boolean;
  readonly #hasWill: boolean;
  readonly #trusts: boolean;
  #onDisk: readonly string[] = [];
  #writing: { readonly topics: readonly string[]; readonly done: () => void } | undefined;
  readonly #configured = new Set(IDS);
  readonly #attached = new Set<string>();
  #version = 0;
  #wire: Packet[] = [];
  #isConnected = false;
  #documents = newDocuments({ topics: [], keep: (_, done) => done() });
  #availability = this.#newAvailability();

  /**
   * @param forgets true: topics are not stored; @param hasWill false: CONNECT has no will
   * @param trusts true: what was sent counts as read by the broker
   */
  constructor({ forgets = false, hasWill = true, trusts = false } = {}) {
    this.#forgets = forgets;
    this.#trusts = trusts;
    this.#hasWill = hasWill;
    this.#begin();
  }

  step(step: Step): void {
    switch (step.kind) {
      case 'attach':
        this.#attached.add(step.id);
        this.#note(step.id);
        break;
      case 'detach':
        this.#attached.delete(step.id);
        this.#note(step.id);
        break;
      case 'toggle':
        if (!this.#configured.delete(step.id)) this.#configured.add(step.id);
        this.#attached.delete(step.id);
        this.#availability.look();
        break;
      case 'connect':
        this.#end(0);
        this.#isConnected = true;
        this.#documents.connected(0, step.sessionPresent);
        break;
      case 'read':
        this.#read(step.reads);
        break;
      case 'lose':
        this.#end(step.reads);
        break;
      case 'kill':
      case 'stop':
        if (step.kind === 'stop') this.#leave();
        this.#end(step.reads);
        this.#attached.clear();
        this.#version = step.version;
        this.#begin();
        break;
      case 'durable':
        this.#store();
    }
    this.#send();
  }

  /** The truth, if the gateway is connected and nothing is on the wire. */
  get wanted(): Map<string, string> {
    const states = [...this.#configured].map((id): [string, string] => [
      topicOf(id, this.#version),
      this.#attached.has(id) ? 'online' : 'offline',
    ]);
    return new Map([[GATEWAY, 'online'], ...states]);
  }

  settle(): void {
    this.step({ kind: 'connect', sessionPresent: false });
    for (let rounds = 0; rounds < 10; rounds += 1) {
      this.#store();
      this.#send();
      this.#read(this.#wire.length);
    }
  }

  #begin(): void {
    this.#writing = undefined;
    this.#documents = newDocuments({
      topics: this.#onDisk,
      keep: (topics, done) => {
        this.#writing = { topics, done };
      },
    });
    this.#availability = this.#newAvailability();
    this.#availability.look();
  }

  #newAvailability(): Availability {
    const registry = new SubdeviceRegistry({ subdevices: [], subscriptions: [], topicIds: [] });
    const attached = this.#attached;
    for (const id of IDS)
      Object.defineProperty(registry.enter(id, 'l').subdevice, 'isAttached', { get: () => attached.has(id) });
    return new Availability({
      documents: this.#documents,
      registry,
      gatewayTopic: GATEWAY,
      onlinePayload: 'online',
      offlinePayload: 'offline',
      topicOf: (id) => topicOf(id, this.#version),
      configuredIds: () => this.#configured,
      isAllowed: (id) => this.#configured.has(id),
    });
  }

  #note(id: string): void {
    if (this.#configured.has(id)) this.#availability.changed(id);
    else this.#attached.delete(id);
  }

  #send(): void {
    if (!this.#isConnected) return;
    while (this.#documents.turn(0) !== 'none') {
      const document = this.#documents.take();
      if (document === undefined) break;
      this.#wire.push({ topic: document.topic, payload: textOf(document.payload) });
    }
    if (this.#documents.needsProbe) {
      this.#wire.push('PINGREQ');
      this.#documents.probed();
      if (this.#trusts) this.#documents.alive();
    }
  }

  #leave(): void {
    if (!this.#isConnected) return;
    this.#availability.leave();
    const document = this.#documents.turn(0) === 'at once' ? this.#documents.take() : undefined;
    if (document === undefined) return;
    this.#wire.push({ topic: document.topic, payload: textOf(document.payload) }, 'DISCONNECT');
  }

  /** @returns whether the broker has read a DISCONNECT */
  #read(count: number): boolean {
    for (const packet of this.#wire.splice(0, count)) {
      if (packet === 'DISCONNECT') return true;
      if (packet === 'PINGREQ') this.#documents.alive();
      else if (packet.payload === '') this.retained.delete(packet.topic);
      else this.retained.set(packet.topic, packet.payload);
    }
    return false;
  }

  #end(reads: number): void {
    if (!this.#isConnected) return;
    const hasDisconnected = this.#read(reads);
    this.#wire = [];
    this.#isConnected = false;
    if (!hasDisconnected && this.#hasWill) this.retained.set(GATEWAY, 'offline');
    this.#documents.disconnected();
    // without a connection the gateway is offline at the broker
    if (this.#hasWill && this.retained.get(GATEWAY) === 'online') throw new Error('online without a connection');
  }

  #store(): void {
    const writing = this.#writing;
    this.#writing = undefined;
    if (writing === undefined) return;
    if (!this.#forgets) this.#onDisk = writing.topics;
    writing.done();
  }
}

const id = fc.constantFrom(...IDS);
const reads = fc.nat(12);
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('attach' as const, 'detach' as const, 'toggle' as const), id }),
    fc.record({ kind: fc.constant('connect' as const), sessionPresent: fc.boolean() }),
    fc.record({ kind: fc.constantFrom('read' as const, 'lose' as const), reads }),
    fc.record({ kind: fc.constantFrom('kill' as const, 'stop' as const), reads, version: fc.nat(2) }),
    fc.constant({ kind: 'durable' as const }),
  ),
  { maxLength: 40 },
);

/** Runs the steps, and compares the retained messages with the truth. */
function outcomeOf(
  all: readonly Step[],
  model: ModelOfHub,
): { retained: [string, string][]; wanted: [string, string][] } {
  for (const step of all) model.step(step);
  model.settle();
  return { retained: [...model.retained].sort(), wanted: [...model.wanted].sort() };
}

const RENAMED: readonly Step[] = [
  { kind: 'connect', sessionPresent: false },
  { kind: 'durable' },
  { kind: 'durable' },
  { kind: 'read', reads: 12 },
  { kind: 'kill', reads: 0, version: 1 },
];

/** A topic whose removal is being written is wanted again. */
const WANTED_AGAIN: readonly Step[] = [
  { kind: 'connect', sessionPresent: false },
  { kind: 'toggle', id: 'c' },
  { kind: 'durable' },
  { kind: 'read', reads: 2 },
  { kind: 'durable' },
  { kind: 'read', reads: 4 },
  { kind: 'toggle', id: 'c' },
  { kind: 'durable' },
];

describe('the retained messages at a broker', () => {
  it('are the truth after any sequence of losses, kills, stops and changes', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { retained, wanted } = outcomeOf(all, new ModelOfHub());
        expect(retained).toEqual(wanted);
      }),
      { numRuns: 500, seed: 35, examples: [[[...RENAMED]], [[...WANTED_AGAIN]]] },
    );
  });

  it('keep removed topics if the gateway forgets its topics (negative control)', () => {
    const { retained, wanted } = outcomeOf(RENAMED, new ModelOfHub({ forgets: true }));
    expect(retained).not.toEqual(wanted);
  });

  it('keep removed topics if a document counts as received when it was sent (negative control)', () => {
    const model = new ModelOfHub({ trusts: true });
    const again: readonly Step[] = [
      { kind: 'connect', sessionPresent: true },
      ...Array.from({ length: 3 }, (): Step => ({ kind: 'durable' })),
      { kind: 'kill', reads: 0, version: 1 },
    ];
    const { retained, wanted } = outcomeOf([...RENAMED, ...again], model);
    expect(retained).not.toEqual(wanted);
  });

  it('say online for a killed gateway without a will (negative control)', () => {
    const model = new ModelOfHub({ hasWill: false });
    for (const step of RENAMED) model.step(step);
    expect(model.retained.get(GATEWAY)).toBe('online');
  });
});
