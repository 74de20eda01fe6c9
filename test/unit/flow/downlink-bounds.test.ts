/**
 * More downlinks at once than RAM can hold: the hub waits or sends them again, and each is accepted once, in order.
 */
import { describe, expect, it } from 'vitest';
import { COPIES_MAX, PAUSE_MS, UNSTORED_BYTES_MAX } from '../../../src/flow/back-pressure.ts';
import { FlowBench } from './downlink-rig.ts';

const COUNTS = [COPIES_MAX - 1, COPIES_MAX, COPIES_MAX + 1, 10 * COPIES_MAX];
const TEXT_BYTES = 6;

interface Conditions {
  /** True if the channel continues to read after it was paused. */
  readonly isDeaf?: boolean;
  /** Number of messages that the channel had read before it was paused. */
  readonly ahead?: number;
  readonly textBytes?: number;
}

/** Hub that sends all its messages at once, again after each reconnect, limited only by the TCP window. */
class EagerHub {
  readonly bench = new FlowBench(1_000_000).enter('pump', false);
  readonly #conditions: Conditions;
  #unacknowledged: { readonly packetId: number; readonly text: string; dup: boolean }[];
  #sent = 0;
  connections = 1;

  constructor(count: number, conditions: Conditions = {}) {
    this.#conditions = conditions;
    this.#unacknowledged = Array.from({ length: count }, (_, index) => ({
      packetId: index + 1,
      text: String(index + 1).padStart(conditions.textBytes ?? TEXT_BYTES, '0'),
      dup: false,
    }));
  }

  get unacknowledged(): number {
    return this.#unacknowledged.length;
  }

  /** Sends as long as the gateway reads. */
  send(): void {
    const { isDeaf = false, ahead = 0 } = this.#conditions;
    let more = ahead;
    for (; this.#sent < this.#unacknowledged.length; this.#sent += 1) {
      if (!this.bench.isReading && !isDeaf && more <= 0) return;
      if (!this.bench.isReading) more -= 1;
      const message = this.#unacknowledged[this.#sent];
      if (message === undefined) return;
      this.bench.arrive(message.packetId, message.text, { dup: message.dup });
      message.dup = true;
    }
  }

  /** Receives the PUBACKs, which arrive in order; connects again if the gateway has disconnected. */
  hear(): void {
    const { isLeft } = this.bench;
    const pubacks = this.bench.pubacks();
    expect(pubacks).toEqual(this.#unacknowledged.slice(0, pubacks.length).map(({ packetId }) => packetId));
    this.#unacknowledged = this.#unacknowledged.slice(pubacks.length);
    this.#sent -= pubacks.length;
    if (isLeft) this.reconnect();
  }

  reconnect(): void {
    this.#sent = 0;
    this.connections += 1;
    this.bench.isReading = true;
    this.bench.reconnect();
  }

  /** Runs until every message of the hub is acknowledged; each round is one commit. */
  settle(): this {
    for (let round = 0; this.unacknowledged > 0 && round < 100; round += 1) {
      this.send();
      this.bench.commit();
      this.hear();
    }
    return this;
  }

  get stored(): number[] {
    return [...this.bench.disk.rows.values()].map(({ payload }) => Number(new TextDecoder().decode(payload)));
  }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe.each(COUNTS)('%i downlinks at once', (count) => {
  it('are accepted in one connection, since the hub waits while they are stored', () => {
    const hub = new EagerHub(count).settle();
    expect([hub.unacknowledged, hub.connections, hub.stored]).toEqual([0, 1, range(count)]);
  });

  it('with the disk full are accepted up to the limit of RAM, and the rest once there is room', () => {
    const hub = new EagerHub(count);
    hub.send();
    hub.bench.clock.pass(PAUSE_MS);
    hub.send();
    expect([hub.bench.isReading, hub.unacknowledged]).toEqual([true, count]);
    expect(hub.bench.custodian.pending).toBe(Math.min(count, COPIES_MAX));
    hub.settle();
    expect([hub.unacknowledged, hub.stored]).toEqual([0, range(count)]);
    expect(hub.connections).toBe(count > COPIES_MAX ? 2 : 1);
  });

  it('are accepted once each over connections that are lost before anything is stored', () => {
    const hub = new EagerHub(count);
    for (let times = 0; times < 3; times += 1) {
      hub.send();
      hub.reconnect();
    }
    hub.settle();
    expect([hub.unacknowledged, hub.stored]).toEqual([0, range(count)]);
  });

  it('from a channel that cannot be paused are bounded as well', () => {
    const hub = new EagerHub(count, { isDeaf: true });
    hub.send();
    expect(hub.bench.custodian.pending).toBeLessThanOrEqual(4 * COPIES_MAX);
    hub.settle();
    expect([hub.unacknowledged, hub.stored]).toEqual([0, range(count)]);
  });
});

it('the hub also waits when there are too many bytes', () => {
  const textBytes = 16 * 1024;
  const count = (10 * UNSTORED_BYTES_MAX) / textBytes;
  const hub = new EagerHub(count, { textBytes });
  hub.send();
  expect(hub.bench.isReading).toBe(false);
  expect(hub.bench.custodian.unstoredBytes).toBeLessThan(UNSTORED_BYTES_MAX + 2 * textBytes);
  hub.settle();
  expect([hub.unacknowledged, hub.connections, hub.stored]).toEqual([0, 1, range(count)]);
});

it('bytes that were read before the pause are accepted', () => {
  const hub = new EagerHub(2 * COPIES_MAX, { ahead: 500 });
  hub.send();
  expect(hub.bench.custodian.pending).toBe(COPIES_MAX + 500);
  hub.settle();
  expect([hub.unacknowledged, hub.connections, hub.stored]).toEqual([0, 1, range(2 * COPIES_MAX)]);
});

it('PUBACKs for uplinks and PINGRESP wait for a commit no longer than the pause', () => {
  const hub = new EagerHub(2 * COPIES_MAX);
  hub.send();
  expect(hub.bench.isReading).toBe(false);
  hub.bench.clock.pass(PAUSE_MS - 1);
  expect(hub.bench.isReading).toBe(false);
  hub.bench.clock.pass(1);
  expect(hub.bench.isReading).toBe(true);
});

it('after a skipped message no later one is accepted, and a copy of an earlier one is still recognised', () => {
  const bench = new FlowBench(1_000_000).enter('pump', false);
  for (let packetId = 1; packetId <= COPIES_MAX; packetId += 1) bench.arrive(packetId, `${packetId}`);
  bench.clock.pass(PAUSE_MS);
  bench.arrive(2000, 'skipped').commit();
  expect(bench.pubacks()).toHaveLength(COPIES_MAX);
  bench.arrive(2001, 'later').commit();
  expect([bench.pubacks(), bench.custodian.pending]).toEqual([[], COPIES_MAX]);
  bench.reconnect().arrive(2000, 'skipped', { dup: true }).arrive(2001, 'later', { dup: true }).commit();
  expect([bench.pubacks(), bench.custodian.pending]).toEqual([[2000, 2001], COPIES_MAX + 2]);
});

it('negative control: a gateway that forgets the received messages gets copies of all of them', () => {
  const hub = new EagerHub(COPIES_MAX);
  hub.send();
  hub.reconnect();
  hub.bench.flow.hubConnected(false);
  hub.settle();
  expect(hub.stored.length).toBe(2 * COPIES_MAX);
});

it('a session that the hub has lost leaves no downlink of the old one beyond the bound', () => {
  const bench = new FlowBench(1_000_000).enter('pump', false);
  for (let connection = 0; connection < 5; connection += 1) {
    for (let packetId = 1; packetId <= 6000; packetId += 1) bench.arrive(packetId, `${connection} ${packetId}`);
    bench.reconnect(false);
  }
  expect(bench.custodian.pending).toBeLessThanOrEqual(4 * COPIES_MAX);
});
