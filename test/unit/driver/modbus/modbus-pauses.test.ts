/** Pauses after requests: for slow units and for the whole line. */
import { describe, expect, it } from 'vitest';
import { ModbusWire, point, unitPlan, type WirePlan } from './modbus-wire.ts';

const POINTS = [point('a', 10), point('b', 20), point('c', 30)];
/** Time in which a slow unit receives nothing after an answer. */
const DEAF = { afterRead: 60, afterWrite: 400 };
const isOf = (unit: number) => (request: { readonly bytes: Uint8Array }) => request.bytes[0] === unit;

/** Shortest times between two requests. */
function shortestGap(requests: readonly { readonly atMs: number }[]): number {
  return Math.min(...requests.slice(1).map(({ atMs }, index) => atMs - (requests[index]?.atMs ?? 0)));
}

function wireOf(plan: Partial<WirePlan> & Pick<WirePlan, 'units'>): ModbusWire {
  const wire = new ModbusWire(plan);
  wire.run(() => wire.link.attachedSubdevices().length > 0);
  return wire;
}

describe('a unit that receives nothing for a time after an answer', () => {
  it('answers every request after pause_ms', () => {
    const wire = wireOf({ units: [unitPlan(1, POINTS, { pauseMs: 70 })], deafMs: DEAF });
    wire.runFor(5000);
    expect(wire.link.counters.retries).toBe(0);
    expect(wire.detaches).toEqual([]);
    expect(wire.states).toHaveLength(1);
  });

  it('negative control: misses requests without the pause', () => {
    const wire = wireOf({ units: [unitPlan(1, POINTS)], deafMs: DEAF });
    wire.runFor(5000);
    expect(wire.link.counters.retries).toBeGreaterThan(10);
  });

  it.each([
    { pauseAfterWriteMs: 420, retries: 0 },
    { pauseAfterWriteMs: 0, retries: 1 },
  ])('is read back after a pause of $pauseAfterWriteMs ms with $retries retries or more', ({ retries, ...pause }) => {
    const wire = wireOf({ units: [unitPlan(1, POINTS, { pauseMs: 70, ...pause })], deafMs: DEAF });
    wire.runFor(1000);
    expect(wire.link.counters.retries).toBe(0);
    wire.command(1, 1, { a: 7, b: 8 });
    expect(wire.run(() => wire.endings.has(1), 5000)).toBe(true);
    expect(wire.link.counters.retries).toBeGreaterThanOrEqual(retries);
    if (retries === 0) {
      expect(wire.results).toEqual([{ ok: true, values: { a: 7, b: 8 } }]);
      expect(wire.link.counters.retries).toBe(0);
    }
  });
});

describe('the pause of a unit', () => {
  it('does not delay the other units', () => {
    const wire = wireOf({ units: [unitPlan(1, POINTS, { pauseMs: 500 }), unitPlan(2, POINTS)] });
    wire.runFor(10_000);
    const before = wire.sent.length;
    wire.runFor(10_000);
    const sent = wire.sent.slice(before);
    expect(shortestGap(sent.filter(isOf(1)))).toBeGreaterThanOrEqual(500);
    expect(sent.filter(isOf(1)).length).toBeGreaterThan(15);
    // three blocks each 100 ms
    expect(sent.filter(isOf(2)).length).toBeGreaterThan(280);
  });

  it('delays a repetition too', () => {
    const wire = new ModbusWire({ units: [unitPlan(1, POINTS, { pauseMs: 300 })], answerMs: () => undefined });
    wire.runFor(20_000);
    expect(wire.link.counters.retries).toBeGreaterThan(5);
    // the deadline of 100 ms, then the pause
    expect(shortestGap(wire.sent)).toBeGreaterThanOrEqual(400);
  });

  it('is kept after a broadcast, and after an opening of the port', () => {
    const clear = unitPlan(0, [point('clear', 5)]);
    const wire = wireOf({ units: [unitPlan(1, POINTS, { pauseAfterWriteMs: 5000 }), clear] });
    wire.run(() => wire.isAttached(1));
    expect(wire.sent[0]?.atMs).toBeGreaterThanOrEqual(5000);
    wire.command(0, 1, { clear: 1 });
    wire.run(() => wire.endings.has(1));
    const broadcastAtMs = wire.sent.find(isOf(0))?.atMs ?? Number.NaN;
    wire.run(() => wire.sent.some((request) => isOf(1)(request) && request.atMs > broadcastAtMs));
    expect((wire.sent.at(-1)?.atMs ?? 0) - broadcastAtMs).toBeGreaterThanOrEqual(5000);
  });

  it('delays a broadcast, which the unit would miss', () => {
    const wire = new ModbusWire({
      units: [unitPlan(1, POINTS, { pauseMs: 2000 }), unitPlan(0, [point('clear', 5)])],
      deafMs: { afterRead: 1900, afterWrite: 1900 },
    });
    wire.run(() => wire.states.length > 0 && wire.isAttached(0));
    wire.command(0, 1, { clear: 9 });
    expect(wire.run(() => wire.endings.has(1))).toBe(true);
    expect(wire.unit(1).holdings[5]).toBe(9);
  });
});

describe('the pause of a line', () => {
  it.each([0, 50])('of %i ms keeps the line silent after each request', (pauseMs) => {
    const wire = wireOf({ units: [unitPlan(1, POINTS), unitPlan(2, POINTS)], link: { pauseMs } });
    wire.runFor(5000);
    // an answer takes 5 ms and more
    expect(shortestGap(wire.sent) > 50 + 5).toBe(pauseMs > 0);
  });

  it('is longer after a write', () => {
    const wire = wireOf({ units: [unitPlan(1, POINTS)], link: { pauseMs: 10, pauseAfterWriteMs: 700 } });
    wire.runFor(1000);
    wire.command(1, 1, { a: 7 });
    wire.run(() => wire.endings.has(1));
    const writtenAt = wire.sent.findIndex(({ bytes }) => bytes[1] === 6);
    expect((wire.sent[writtenAt + 1]?.atMs ?? 0) - (wire.sent[writtenAt]?.atMs ?? 0)).toBeGreaterThanOrEqual(700);
  });
});
