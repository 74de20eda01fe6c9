/** Configurations that the hub sends: each is handled once, and each outcome is reported at every connection. */
import { describe, expect, it } from 'vitest';
import { DOCUMENT_BYTES_MAX, RemoteConfiguration } from '../../../../src/hub/gateway/remote-configuration.ts';

class Rig {
  readonly station: RemoteConfiguration;
  readonly taken: string[] = [];
  readonly rejected: string[] = [];
  nowMs = 0;

  constructor(requestTopic?: string, perMinute = 60) {
    this.station = new RemoteConfiguration({ topic: 'c', requestTopic, reportTopic: 'r', perMinute });
    this.station.connected();
  }

  /** Sends a document; an accepted one is reported as confirmed. */
  send(content: unknown): this {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const message = { topic: 'c', payload: new TextEncoder().encode(text), qos: 1 as const };
    for (const event of this.station.onReceived(message, this.nowMs)) {
      if (event.kind === 'configuration') {
        const { version } = event.document;
        this.taken.push(version);
        this.station.report(new TextEncoder().encode(version));
      }
      if (event.kind === 'configurationRejected') {
        this.rejected.push(event.outcome.reason ?? '');
        this.station.report(new TextEncoder().encode('rejected'));
      }
    }
    return this;
  }

  sent(): string[] {
    const all: string[] = [];
    for (let next = this.station.next(this.nowMs); next !== undefined; next = this.station.next(this.nowMs))
      all.push(`${next.topic} ${new TextDecoder().decode(next.payload)}`);
    return all;
  }
}

describe('a document', () => {
  it('is handled once, also if it comes again, and its report is sent at every connection', () => {
    const rig = new Rig().send({ version: '1', config: {} }).send({ version: '1', config: {} });
    expect(rig.taken).toEqual(['1']);
    expect(rig.sent()).toEqual(['r 1']);
    rig.station.disconnected();
    rig.station.connected();
    expect(rig.sent()).toEqual(['r 1']);
  });

  it('with other content needs another version', () => {
    const rig = new Rig().send({ version: '1', config: {} }).send({ version: '1', config: { outbox: {} } });
    expect(rig.taken).toEqual(['1']);
    expect(rig.rejected).toEqual([expect.stringContaining('use a new version')]);
  });

  it('is not handled again by the next process, and is without the memory (negative control)', () => {
    const content = { version: '1', config: {} };
    let mark = '';
    const first = new Rig();
    const message = { topic: 'c', payload: new TextEncoder().encode(JSON.stringify(content)), qos: 1 as const };
    for (const event of first.station.onReceived(message, 0))
      if (event.kind === 'configuration') mark = event.document.mark;
    const next = new Rig();
    next.station.restore({ version: '1', mark, result: 'rolled-back', reason: 'x' }, new Uint8Array());
    expect(next.send(content).taken).toEqual([]);
    expect(new Rig().send(content).taken).toEqual(['1']);
  });

  it.each([
    ['no JSON', '{', 'not a JSON object'],
    ['a list', '[]', 'not a JSON object'],
    ['no version', { config: {} }, 'no "version"'],
    ['a version with a space', { version: 'a b', config: {} }, 'no "version"'],
    ['no config', { version: '1' }, '"config" is not an object'],
    ['a time out of range', { version: '1', config: {}, confirm_s: 1 }, '"confirm_s"'],
    ['a restart that is no flag', { version: '1', config: {}, restart: 'yes' }, '"restart"'],
    ['an unknown key', { version: '1', config: {}, confrim_s: 60 }, 'unknown key "confrim_s"'],
    ['too many bytes', 'x'.repeat(DOCUMENT_BYTES_MAX + 1), 'the limit is'],
  ])('with %s is rejected with its reason', (_, content, reason) => {
    const rig = new Rig().send(content);
    expect(rig.taken).toEqual([]);
    expect(rig.rejected).toEqual([expect.stringContaining(reason)]);
  });

  it('that is empty removes a retained one at the broker, and changes nothing', () => {
    const rig = new Rig().send('');
    expect([rig.taken, rig.rejected]).toEqual([[], []]);
  });

  it('is handled once, also if it comes again while it is applied', () => {
    const rig = new Rig();
    const content = { version: '1', config: {} };
    const message = { topic: 'c', payload: new TextEncoder().encode(JSON.stringify(content)), qos: 1 as const };
    const kinds = [1, 2].flatMap(() => rig.station.onReceived(message, 0).map(({ kind }) => kind));
    expect(kinds).toEqual(['configuration']);
  });

  it('that is invalid is ignored above the limit of a minute, and a valid one is not', () => {
    const rig = new Rig(undefined, 2);
    for (let count = 1; count <= 6; count += 1) rig.send({ version: String(count) });
    expect(rig.rejected).toHaveLength(2);
    expect(rig.send({ version: '7', config: {} }).taken).toEqual(['7']);
    expect(rig.send({ version: '7', config: { outbox: {} } }).rejected, 'other content').toHaveLength(2);
    rig.nowMs = 60_000;
    expect(rig.send({ version: '6' }).rejected, 'an ignored message is handled if it comes again').toHaveLength(3);
  });

  it.each(['[', '{"a":'])(
    'that is nested thousands of times by %s is rejected, and does not end the process',
    (open) => {
      const close = open === '[' ? ']' : '}';
      const deep = `${open.repeat(10_000)}1${close.repeat(10_000)}`;
      const rig = new Rig().send(`{"version":"1","config":{"outbox":${deep}}}`);
      expect([rig.taken, rig.rejected]).toEqual([[], ['its "config" is nested more than 8 times']]);
      rig.send(`{"version":"2","config":{},"deep":${deep}}`).send(deep);
      expect(rig.taken).toEqual([]);
    },
  );
});

describe('the service of the hub', () => {
  const reply = (result: number, payload?: object) => ({ type: 'reply', result, payload });

  it('is asked at each connection until it answers', () => {
    const rig = new Rig('q');
    expect(rig.sent()).toEqual(['q {"type":"get"}']);
    rig.nowMs = rig.station.wakeAtMs() ?? Number.NaN;
    expect(rig.sent()).toEqual(['q {"type":"get"}']);
    rig.send(reply(0, { version: '1', config: {} }));
    expect(rig.taken).toEqual(['1']);
    expect(rig.station.wakeAtMs()).toBeUndefined();
    rig.station.disconnected();
    rig.station.connected();
    expect(rig.sent()).toEqual(['q {"type":"get"}', 'r 1']);
  });

  it('sends the same document as an answer and by itself, and it is handled once', () => {
    const document = { version: '1', config: {} };
    const rig = new Rig('q').send({ type: 'push', result: 0, payload: document }).send(reply(0, document));
    expect([rig.taken, rig.rejected]).toEqual([['1'], []]);
  });

  it('without a configuration for the product is no rejection, and any other answer is', () => {
    expect(new Rig('q').send(reply(1001)).rejected).toEqual([]);
    expect(new Rig('q').send(reply(0)).rejected).toEqual([expect.stringContaining('no "payload"')]);
    expect(new Rig('q').send({ type: 'other' }).rejected).toHaveLength(1);
  });
});
