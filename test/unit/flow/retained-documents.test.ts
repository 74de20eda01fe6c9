/** Retained documents of the gateway: their order, their memory and their confirmation. */
import { describe, expect, it } from 'vitest';
import { RetainedDocuments } from '../../../src/flow/retained-documents.ts';
import type { TopicMemory } from '../../../src/ports.ts';

const NO_MEMORY: TopicMemory = { topics: [], keep: (_, done) => done() };
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const textOf = (payload: Uint8Array): string => Buffer.from(payload).toString();

function newDocuments(memory = NO_MEMORY): RetainedDocuments {
  return new RetainedDocuments(
    memory,
    () => 0,
    () => undefined,
  );
}

/** Takes everything that is due. */
function takeAll(documents: RetainedDocuments, nowMs = 0): string[] {
  const taken: string[] = [];
  while (documents.turn(nowMs) !== 'none') {
    const document = documents.take();
    if (document !== undefined) taken.push(`${document.topic} ${textOf(document.payload)}`);
  }
  return taken;
}

function confirm(documents: RetainedDocuments): void {
  documents.probed();
  documents.alive();
}

describe('retained documents', () => {
  it('wait for the connection, the newest content of each topic only, those that are away first', () => {
    const documents = newDocuments();
    documents.set('d', bytes('text'), 'description');
    documents.set('a', bytes('online'), 'here');
    documents.set('gw', bytes('online'), 'gateway');
    documents.set('b', bytes('online'), 'here');
    documents.set('b', bytes('offline'), 'away');
    expect(takeAll(documents)).toEqual([]);
    documents.connected(0, true);
    expect(takeAll(documents)).toEqual(['b offline', 'gw online', 'a online', 'd text']);
    documents.set('b', bytes('online'), 'here');
    documents.set('b', bytes('offline'), 'away');
    documents.set('b', bytes('offline'), 'away');
    expect(takeAll(documents)).toEqual(['b offline']);
  });

  it('are sent again after a connection: states always, descriptions unless the hub has confirmed them', () => {
    const documents = newDocuments();
    documents.set('a', bytes('online'), 'here');
    documents.set('d', bytes('text'), 'description');
    documents.connected(0, true);
    takeAll(documents);
    documents.disconnected();
    documents.connected(0, true);
    expect(takeAll(documents)).toEqual(['a online', 'd text']);
    confirm(documents);
    documents.disconnected();
    documents.connected(0, true);
    expect(takeAll(documents)).toEqual(['a online']);
    documents.disconnected();
    documents.connected(0, false);
    expect(takeAll(documents)).toEqual(['a online', 'd text']);
  });

  it('are not sent before their topic is on the disk', () => {
    const writes: { readonly topics: readonly string[]; readonly done: () => void }[] = [];
    const documents = newDocuments({ topics: [], keep: (topics, done) => writes.push({ topics, done }) });
    documents.connected(0, true);
    documents.set('a', bytes('online'), 'here');
    documents.set('b', bytes('online'), 'here');
    expect(takeAll(documents)).toEqual([]);
    expect(writes.map(({ topics }) => topics)).toEqual([['a']]);
    writes[0]?.done();
    expect(takeAll(documents)).toEqual(['a online']);
    writes[1]?.done();
    expect(takeAll(documents)).toEqual(['b online']);
  });

  it('of an earlier process are removed at the hub, and forgotten when the hub has confirmed that', () => {
    const writes: (readonly string[])[] = [];
    const keep: TopicMemory['keep'] = (topics, done) => {
      writes.push(topics);
      done();
    };
    const documents = newDocuments({ topics: ['old', 'a'], keep });
    documents.set('a', bytes('online'), 'here');
    documents.connected(0, true);
    expect(takeAll(documents)).toEqual(['old ', 'a online']);
    documents.disconnected(); // nothing was confirmed
    documents.connected(0, true);
    expect(takeAll(documents)).toEqual(['old ', 'a online']);
    expect(writes).toEqual([]);
    confirm(documents);
    expect(writes).toEqual([['a']]);
  });

  it('stop after 64 until a PINGRESP proves that the hub has read them', () => {
    const documents = newDocuments();
    documents.connected(0, true);
    for (let count = 0; count < 100; count += 1) documents.set(`t${count}`, bytes('x'), 'description');
    expect([takeAll(documents).length, documents.needsProbe]).toEqual([64, true]);
    documents.probed();
    expect([takeAll(documents).length, documents.needsProbe]).toEqual([0, false]);
    documents.alive();
    expect([takeAll(documents).length, documents.needsProbe]).toEqual([36, true]);
    confirm(documents);
    expect(documents.needsProbe).toBe(false);
  });

  it('repeat the state of the gateway one minute after the connection, once', () => {
    const documents = newDocuments();
    documents.set('gw', bytes('online'), 'gateway');
    documents.set('a', bytes('online'), 'here');
    documents.connected(0, true);
    takeAll(documents);
    expect([documents.wakeAtMs(0), documents.turn(59_999)]).toEqual([60_000, 'none']);
    expect(takeAll(documents, 60_000)).toEqual(['gw online']);
    expect([documents.wakeAtMs(60_000), takeAll(documents, 600_000)]).toEqual([undefined, []]);
  });

  it('that waited are due at once when the gateway leaves, and the state of the gateway is the last one', () => {
    const documents = newDocuments();
    documents.set('gw', bytes('online'), 'gateway');
    documents.connected(0, true);
    takeAll(documents);
    documents.set('a', bytes('offline'), 'away');
    documents.leave('gw', bytes('offline'));
    expect([documents.turn(0), documents.hasLeft]).toEqual(['at once', false]);
    expect(documents.take()).toEqual({ topic: 'gw', payload: bytes('offline'), retain: true });
    expect(documents.hasLeft).toBe(true);
  });

  it('cannot say that the gateway leaves without a connection, or if the hub does not accept the topic', () => {
    const documents = newDocuments();
    documents.set('gw', bytes('online'), 'gateway');
    documents.leave('gw', bytes('offline'));
    expect([documents.turn(0), documents.hasLeft]).toEqual(['none', false]);
    documents.connected(0, true);
    takeAll(documents);
    documents.set('gw', bytes('online'), 'gateway');
    documents.leave('gw', bytes('offline'));
    documents.skip();
    expect([documents.turn(0), documents.hasLeft]).toEqual(['none', false]);
  });
});
