import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Announcements, type HubIdentity } from '../../src/hub/announcements.ts';

const GATEWAY = { productId: 'GGGGGGGGGG', deviceName: 'gw' };
const identityOf = (name: string): HubIdentity => ({ productId: 'PPPPPPPPPP', deviceName: name });

interface Asked {
  readonly type: string;
  readonly payload: { readonly devices: readonly { readonly device_name: string }[] };
}

class Bench {
  readonly announcements = new Announcements(GATEWAY);
  nowMs = 0;

  present(...names: string[]): this {
    for (const name of names) this.announcements.setPresent(identityOf(name), true);
    return this;
  }

  absent(name: string): this {
    this.announcements.setPresent(identityOf(name), false);
    return this;
  }

  connect(): this {
    this.announcements.connected();
    return this;
  }

  /** What is asked of the hub now: verb and device names of each message. */
  asked(): string[] {
    const all: string[] = [];
    for (
      let next = this.announcements.next(this.nowMs);
      next !== undefined;
      next = this.announcements.next(this.nowMs)
    ) {
      expect(next.topic).toBe('$gateway/operation/GGGGGGGGGG/gw');
      expect(next.payload.length).toBeLessThan(16_384);
      const { type, payload } = JSON.parse(new TextDecoder().decode(next.payload)) as Asked;
      all.push(`${type} ${payload.devices.map((device) => device.device_name).join(' ')}`);
    }
    return all;
  }

  answer(type: string, name: string, result = 0): string[] {
    const devices = [{ product_id: 'PPPPPPPPPP', device_name: name, result }];
    return this.hear(new TextEncoder().encode(JSON.stringify({ type, payload: { devices } })));
  }

  /** @returns what the technician is told */
  hear(payload: Uint8Array): string[] {
    const topic = '$gateway/operation/result/GGGGGGGGGG/gw';
    const reports = this.announcements.heard({ topic, payload, qos: 1 });
    return reports.flatMap((report) => (report.kind === 'said' ? [report.sentence] : []));
  }
}

describe('announcements', () => {
  it('go out after each CONNACK for everybody who is here, whatever was confirmed before', () => {
    const bench = new Bench().present('a', 'b').connect();
    expect(bench.asked()).toEqual(['online a b']);
    bench.answer('online', 'a');
    bench.announcements.disconnected();
    expect(bench.asked()).toEqual([]);
    expect(bench.connect().asked()).toEqual(['online a b']);
  });

  it('say offline when one goes', () => {
    const bench = new Bench().present('a').connect();
    bench.asked();
    bench.answer('online', 'a');
    expect(bench.absent('a').asked()).toEqual(['offline a']);
    bench.answer('offline', 'a');
    expect(bench.announcements.isOnlineAtHub(identityOf('a'))).toBe(false);
  });

  it('say nothing of one who went before the hub heard of it', () => {
    expect(new Bench().present('a').absent('a').connect().asked()).toEqual([]);
  });

  it('say online again to a hub that was just told offline, though it had confirmed online before', () => {
    const bench = new Bench().present('a').connect();
    bench.asked();
    bench.answer('online', 'a');
    bench.absent('a').asked();
    expect(bench.present('a').asked()).toEqual(['online a']);
    bench.answer('offline', 'a');
    expect(bench.announcements.isOnlineAtHub(identityOf('a'))).toBeUndefined();
    bench.answer('online', 'a');
    expect(bench.announcements.isOnlineAtHub(identityOf('a'))).toBe(true);
  });

  it('stay below 16 KB however many and however long the names', () => {
    const names = Array.from({ length: 1500 }, (_, index) => `${index}`.padEnd(48, 'x'));
    const asked = new Bench()
      .present(...names)
      .connect()
      .asked();
    expect(asked.flatMap((message) => message.split(' ').slice(1)).toSorted()).toEqual(names.toSorted());
    expect(asked).toHaveLength(Math.ceil(1500 / 64));
  });
});

describe('results', () => {
  it('end the asking; without one it is repeated every 5 s, five times in all', () => {
    const bench = new Bench().present('a', 'b').connect();
    bench.asked();
    bench.answer('online', 'a');
    const later: string[] = [];
    for (let second = 1; second <= 60; second += 1) {
      bench.nowMs = second * 1000;
      later.push(...bench.asked().map((message) => `${second} s: ${message}`));
    }
    expect(later).toEqual(['5 s: online b', '10 s: online b', '15 s: online b', '20 s: online b']);
    expect(bench.announcements.wakeAtMs()).toBeUndefined();
  });

  it('that are stale change nothing', () => {
    const bench = new Bench().present('a').connect();
    expect(bench.answer('online', 'a')).toEqual([]);
    expect(bench.announcements.isOnlineAtHub(identityOf('a'))).toBeUndefined();
    bench.asked();
    bench.answer('offline', 'a', -1);
    bench.answer('online', 'stranger');
    expect(bench.announcements.isOnlineAtHub(identityOf('a'))).toBeUndefined();
    bench.answer('online', 'a');
    expect(bench.announcements.isOnlineAtHub(identityOf('a'))).toBe(true);
  });

  it('that refuse become a sentence, and the hub is asked again', () => {
    const bench = new Bench().present('a').connect();
    bench.asked();
    expect(bench.answer('online', 'a', -1)).toEqual(['the hub refuses online for PPPPPPPPPP/a: result -1']);
    bench.nowMs = 5000;
    expect(bench.asked()).toEqual(['online a']);
  });

  it.each(['{', 'null', '[]', '7', '"x"', '{"type":"online"}', '{"type":"online","payload":{"devices":[null,7,{}]}}'])(
    'like %s are survived',
    (text) => {
      const bench = new Bench().present('a').connect();
      bench.asked();
      bench.hear(new TextEncoder().encode(text));
      expect(bench.announcements.isOnlineAtHub(identityOf('a'))).toBeUndefined();
    },
  );

  it('of any bytes never throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          new Bench().present('a').connect().hear(bytes);
        },
      ),
    );
  });
});
