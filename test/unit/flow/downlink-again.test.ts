/** Messages that the hub sends again, in a later connection or in the same one: taken once, and never taken for another. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlowBench } from './downlink-rig.ts';

describe('a message that the hub sends again', () => {
  it('because it had no PUBACK is recognised, and acknowledged at once if it is safe by now', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().commit();
    expect(bench.arrive(1, 'x', { dup: true }).pubacks()).toEqual([1]);
    expect(bench.custodian.pending).toBe(1);
  });

  it('is recognised before it is safe, and acknowledged when it is', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().arrive(1, 'x', { dup: true });
    expect([bench.pubacks(), bench.custodian.pending]).toEqual([[], 1]);
    expect(bench.commit().pubacks()).toEqual([1]);
  });

  it('is recognised over a connection in which it did not come', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().reconnect();
    expect(bench.arrive(1, 'x', { dup: true }).custodian.pending).toBe(1);
  });

  it.each([
    ['without DUP', { dup: false }, 'x'],
    ['with other bytes', { dup: true }, 'y'],
    ['with another topic', { dup: true, topic: 'pump/other' }, 'x'],
  ])('%s is a fresh one with a reused identifier', (_what, message, text) => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().arrive(1, text, message);
    expect(bench.custodian.pending).toBe(2);
  });

  it('after its PUBACK has left counts as fresh: it may be another one that never reached us', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').commit();
    expect(bench.pubacks()).toEqual([1]);
    expect(bench.reconnect().arrive(1, 'x', { dup: true }).custodian.pending).toBe(2);
  });

  it('in a session that is not the old one is fresh', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect(false).arrive(1, 'x', { dup: true });
    expect(bench.custodian.pending).toBe(2);
  });

  it('in the same connection is recognised, and one PUBACK answers all its copies', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').arrive(2, 'y');
    for (const [packetId, text] of [
      [1, 'x'],
      [2, 'y'],
      [1, 'x'],
    ] as const)
      bench.arrive(packetId, text, { dup: true });
    expect([bench.pubacks(), bench.custodian.pending]).toEqual([[], 2]);
    expect(bench.commit().pubacks()).toEqual([1, 2]);
  });

  it('in the same connection is recognised though it came in an earlier one first', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect();
    bench.arrive(1, 'x', { dup: true }).arrive(1, 'x', { dup: true });
    expect([bench.commit().pubacks(), bench.custodian.pending]).toEqual([[1], 1]);
  });

  it.each([
    ['without DUP', { dup: false }, 'x'],
    ['with other bytes', { dup: true }, 'y'],
    ['with another topic', { dup: true, topic: 'pump/other' }, 'x'],
  ])('in the same connection %s is a fresh one all the same', (_what, message, text) => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').arrive(1, text, message);
    expect(bench.custodian.pending).toBe(2);
    expect(bench.commit().pubacks()).toEqual([1, 1]);
  });

  it('in the same connection after its PUBACK has left is fresh, whatever its DUP says [MQTT-4.3.2-2]', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').commit().arrive(1, 'x', { dup: true });
    expect(bench.custodian.pending).toBe(2);
    expect(bench.commit().pubacks()).toEqual([1, 1]);
  });
});

/** One that keeps to the standard, but for sending again within a connection: identifiers are free after their PUBACK. */
class RetryingHub {
  readonly #bench: FlowBench;
  readonly #inFlight = new Map<number, string>();
  sent = 0;

  constructor(bench: FlowBench) {
    this.#bench = bench;
  }

  /** @param twin the same bytes as the one before */
  send(twin: boolean): void {
    const packetId = [1, 2, 3, 4].find((one) => !this.#inFlight.has(one));
    if (packetId === undefined) return;
    this.sent += 1;
    const text = twin ? 'on' : `${this.sent}`;
    this.#inFlight.set(packetId, text);
    this.#bench.arrive(packetId, text);
  }

  sendAgain(): void {
    for (const [packetId, text] of this.#inFlight) this.#bench.arrive(packetId, text, { dup: true });
  }

  hear(): void {
    for (const packetId of this.#bench.pubacks()) expect(this.#inFlight.delete(packetId)).toBe(true);
  }

  get unacknowledged(): number {
    return this.#inFlight.size;
  }
}

it('a hub that sends again whatever it likes has each message taken once and acknowledged once', () => {
  const step = fc.constantFrom('send', 'twin', 'again', 'commit', 'reconnect');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const bench = new FlowBench().enter('pump', false);
      const hub = new RetryingHub(bench);
      for (const step of [...steps, 'again', 'commit'] as const) {
        if (step === 'send' || step === 'twin') hub.send(step === 'twin');
        else if (step === 'commit') bench.commit();
        else {
          if (step === 'reconnect') bench.reconnect();
          hub.sendAgain();
        }
        hub.hear();
      }
      expect([bench.custodian.pending, hub.unacknowledged]).toEqual([hub.sent, 0]);
    }),
  );
});
