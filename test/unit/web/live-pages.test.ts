/** Live pages: what changed is sent, a slow browser is cut, and nothing runs without a browser. */
import type { ServerResponse } from 'node:http';
import { get } from 'node:http';
import { describe, expect, it } from 'vitest';
import { EventStream, WAITING_BYTES_MAX } from '../../../src/web/event-stream.ts';
import { FOLLOWERS_MAX } from '../../../src/web/live-streams.ts';
import { TraceBatch } from '../../../src/web/trace-streams.ts';
import { AWAY, until } from '../ops/api/control-rig.ts';
import { type WebRig, withWeb } from './web-rig.ts';

interface Following {
  readonly text: () => string;
  readonly status: () => number | undefined;
  close(): void;
}

function follow({ port, bearer }: WebRig, path: string): Following {
  let text = '';
  let status: number | undefined;
  const outgoing = get({ host: '127.0.0.1', port, path, headers: bearer, agent: false }, (response) => {
    status = response.statusCode;
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    response.on('error', () => undefined);
  });
  outgoing.on('error', () => undefined);
  return { text: () => text, status: () => status, close: () => outgoing.destroy() };
}

const elementsIn = (text: string): string[] =>
  [...text.matchAll(/"element":"([^"]*)"/g)].map(([, element = '']) => element);
const statesIn = (text: string): number[] => [...text.matchAll(/"state":(\d+)/g)].map(([, state]) => Number(state));

describe('a browser that follows a page', () => {
  it('gets the whole page, then only the parts that changed', () =>
    withWeb({}, async (rig) => {
      const following = follow(rig, '/live?period=day&state=0');
      await until(() => statesIn(following.text()).length === 1);
      expect(elementsIn(following.text())).toEqual(
        [
          'verdict',
          'conditions',
          'hub',
          'charts',
          'links',
          'subdevices',
          'firmware',
          'ledger',
          'events',
          'versions',
        ].map((id) => (id === 'verdict' ? id : `${id}-content`)),
      );
      const first = following.text().length;
      rig.gateway.facts = { ...AWAY, conditions: [] };
      await until(() => following.text().slice(first).includes('No condition is present'));
      await until(() => statesIn(following.text()).length >= 2);
      const later = elementsIn(following.text().slice(first));
      expect(later).toContain('conditions-content');
      expect(later).not.toContain('ledger-content');
      following.close();
    }));

  it('gets nothing that its page has already', () =>
    withWeb({}, async (rig) => {
      const { text } = await rig.ask('/', { headers: rig.bearer });
      const state = /data-state="(\d+)"/.exec(text)?.[1];
      const following = follow(rig, `/live?period=day&state=${state}`);
      await until(() => statesIn(following.text()).length === 1);
      expect(elementsIn(following.text())).not.toContain('subdevices-content');
      following.close();
    }));

  it(`is refused if ${FOLLOWERS_MAX} others follow, and accepted when one leaves`, () =>
    withWeb({}, async (rig) => {
      const others = Array.from({ length: FOLLOWERS_MAX }, () => follow(rig, '/live?period=day'));
      await until(() => others.every(({ status }) => status() === 200));
      const late = follow(rig, '/live?period=day');
      await until(() => late.status() === 503);
      others[0]?.close();
      let next = follow(rig, '/live?period=day');
      await until(() => {
        if (next.status() === 503) next = follow(rig, '/live?period=day');
        return next.status() === 200;
      });
      next.close();
      for (const one of others) one.close();
    }));
});

/** Response that takes nothing from the process. */
class StuckResponse {
  writableLength = 0;
  destroyed = false;

  writeHead(): void {
    // The headers are not counted.
  }

  flushHeaders(): void {
    // Nothing waits.
  }

  write(text: string): boolean {
    this.writableLength += text.length;
    return false;
  }

  destroy(): void {
    this.destroyed = true;
  }
}

describe('a stream of events', () => {
  it('is cut before more than its bound waits for the browser', () => {
    const stuck = new StuckResponse();
    const stream = new EventStream(stuck as unknown as ServerResponse);
    const content = 'x'.repeat(100_000);
    let sent = 0;
    while (stream.send('part', content)) sent += 1;
    expect(stuck.destroyed).toBe(true);
    expect(sent).toBe(Math.floor(WAITING_BYTES_MAX / 100_030));
    expect(stuck.writableLength).toBeLessThanOrEqual(WAITING_BYTES_MAX);
    expect(stream.send('part', '')).toBe(false);
  });

  it('negative control: a stream that is read is not cut', () => {
    const read = new StuckResponse();
    read.write = () => true;
    const stream = new EventStream(read as unknown as ServerResponse);
    for (let count = 0; count < 100; count += 1) expect(stream.send('part', 'x'.repeat(100_000))).toBe(true);
    expect(read.destroyed).toBe(false);
  });
});

describe('a batch of a trace', () => {
  const moment = { upMs: 0, what: 'in', words: 'PINGREQ', frame: undefined } as const;

  it.each([
    [19, 19, 0],
    [20, 20, 0],
    [21, 20, 1],
  ])('of %i frames sends %i and counts %i', (frames, sent, skipped) => {
    const batch = new TraceBatch();
    for (let count = 0; count < frames; count += 1) batch.add(moment);
    const taken = batch.take();
    expect([taken?.lines.length, taken?.skipped]).toEqual([sent, skipped]);
    expect(batch.take()).toBeUndefined();
  });

  it('adds the frames that the gateway did not send', () => {
    const batch = new TraceBatch();
    batch.skip(7);
    expect(batch.take()).toEqual({ lines: [], skipped: 7 });
  });
});
