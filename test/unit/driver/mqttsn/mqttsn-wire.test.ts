import { describe, expect, it } from 'vitest';
import { VirtualWire, type WireFaults } from '../virtual-wire.ts';

const CALM: WireFaults = { damage: 0, cut: 0, congestion: 0 };
const ROUGH: WireFaults = { damage: 0.05, cut: 0.01, congestion: 0.1 };
const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);
/** Marks of one byte of payload. */
const MARKS = Array.from({ length: 60 }, (_, index) => index + 1);

function publishAll(wire: VirtualWire): void {
  for (const mark of MARKS) {
    wire.command({
      kind: 'publish',
      topic: `reading/${mark % 4}`,
      payload: Uint8Array.of(mark),
      qos: 1,
      reference: mark,
    });
  }
}

/** Marks in the order of first arrival. */
function firsts(marks: readonly number[]): number[] {
  return [...new Set(marks)];
}

function acknowledgedIn(wire: VirtualWire): number[] {
  return wire.reports.flatMap((report) => (report.kind === 'acknowledged' ? [report.reference] : []));
}

function receivedIn(wire: VirtualWire): number[] {
  return wire.reports.flatMap((report) => (report.kind === 'received' ? [report.payload[0] ?? -1] : []));
}

describe('a link and a subdevice', () => {
  it('on a calm wire deliver everything once, in order, in both directions', () => {
    const wire = new VirtualWire(1, CALM, 8);
    publishAll(wire);
    for (const mark of MARKS) wire.owe(mark);
    wire.run(() => wire.isIdle, 60_000);
    expect(wire.accepted).toEqual(MARKS);
    expect(receivedIn(wire)).toEqual(MARKS);
    expect(acknowledgedIn(wire).toSorted((a, b) => a - b)).toEqual(MARKS);
  });

  it.each(SEEDS)('on a noisy wire lose nothing and keep the order, in both directions (seed %i)', (seed) => {
    const wire = new VirtualWire(seed, ROUGH, 1);
    publishAll(wire);
    for (const mark of MARKS) wire.owe(mark);
    wire.run(() => wire.isIdle, 3_600_000);
    expect(firsts(wire.accepted)).toEqual(MARKS);
    expect(acknowledgedIn(wire)).toEqual(MARKS);
    expect(firsts(receivedIn(wire))).toEqual(MARKS);
  });

  it.each(SEEDS)('on a noisy wire report no uplink twice, for any repetition (seed %i)', (seed) => {
    const wire = new VirtualWire(seed, ROUGH, 1);
    publishAll(wire);
    wire.run(() => wire.isIdle, 3_600_000);
    expect(wire.accepted).toEqual(MARKS);
  });

  it.each(SEEDS)(
    'with a window lose nothing on a noisy wire, and acknowledge only messages in custody (seed %i)',
    (seed) => {
      const wire = new VirtualWire(seed, ROUGH, 8);
      publishAll(wire);
      const isAcknowledgedInCustody = () => acknowledgedIn(wire).every((mark) => wire.accepted.includes(mark));
      wire.run(() => wire.isIdle || !isAcknowledgedInCustody(), 3_600_000);
      expect(isAcknowledgedInCustody()).toBe(true);
      expect(wire.accepted.toSorted((a, b) => a - b)).toEqual(MARKS);
    },
  );

  it('negative control: with a window larger than 1 the order can change on a noisy wire', () => {
    const isInOrder = (seed: number) => {
      const wire = new VirtualWire(seed, ROUGH, 8);
      publishAll(wire);
      wire.run(() => wire.isIdle, 3_600_000);
      return firsts(wire.accepted).every((mark, index) => mark === MARKS[index]);
    };
    expect(SEEDS.every(isInOrder)).toBe(false);
  });

  it('meet enough faults on the noisy wire for these tests to be meaningful', () => {
    const wires = SEEDS.map((seed) => {
      const wire = new VirtualWire(seed, ROUGH, 1);
      publishAll(wire);
      wire.run(() => wire.isIdle, 3_600_000);
      return wire;
    });
    const total = (name: 'crcErrors' | 'duplicates' | 'openings') =>
      wires.reduce((sum, wire) => sum + wire.link.counters[name], 0);
    expect(total('crcErrors')).toBeGreaterThan(100);
    expect(total('duplicates')).toBeGreaterThan(100);
    expect(total('openings')).toBeGreaterThan(2 * SEEDS.length);
  });

  it('connect again after the link has lost the state of the subdevice', () => {
    const wire = new VirtualWire(3, CALM, 1);
    const isConnected = () => wire.subdevice.state === 'connected';
    wire.run(isConnected, 10_000);
    wire.command({ kind: 'disconnect' });
    wire.run(() => wire.link.attachedSubdevices().length === 0, 10_000);
    expect(wire.subdevice.state).toBe('away');
    publishAll(wire);
    wire.command({ kind: 'connect' });
    wire.run(() => wire.isIdle, 60_000);
    expect(wire.accepted).toEqual(MARKS);
  });

  it('stay connected without traffic', () => {
    const wire = new VirtualWire(4, CALM, 1);
    wire.run(() => false, 600_000);
    expect(wire.reports).toEqual([{ kind: 'connected' }]);
    expect(wire.link.attachedSubdevices()).toEqual(['pump-7']);
  });

  it('grant subscriptions, through any noise', () => {
    const wire = new VirtualWire(5, ROUGH, 1);
    wire.command({ kind: 'subscribe', filter: 'command/#', qos: 1 });
    wire.command({ kind: 'subscribe', filter: 'clock', qos: 0 });
    wire.command({ kind: 'unsubscribe', filter: 'clock' });
    const settled = () => wire.reports.filter(({ kind }) => kind === 'subscribed' || kind === 'unsubscribed');
    wire.run(() => settled().length === 3, 3_600_000);
    expect(settled()).toEqual([
      { kind: 'subscribed', filter: 'command/#' },
      { kind: 'subscribed', filter: 'clock' },
      { kind: 'unsubscribed', filter: 'clock' },
    ]);
  });
});
