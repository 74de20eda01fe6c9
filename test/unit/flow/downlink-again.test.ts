/**
 * Messages that the hub sends again, in a later connection or in the same one: accepted once, and never confused with
 * another message.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlowBench } from './downlink-rig.ts';

describe('a message that the hub sends again', () => {
  it('because of a missing PUBACK is recognised, and acknowledged at once if it is safe', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().commit();
    expect(bench.arrive(1, 'x', { dup: true }).pubacks()).toEqual([1]);
    expect(bench.custodian.pending).toBe(1);
  });

  it('is recognised before it is safe, and acknowledged when it is', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().arrive(1, 'x', { dup: true });
    expect([bench.pubacks(), bench.custodian.pending]).toEqual([[], 1]);
    expect(bench.commit().pubacks()).toEqual([1]);
  });

  it('is recognised over a connection in which it did not arrive', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().reconnect();
    expect(bench.arrive(1, 'x', { dup: true }).custodian.pending).toBe(1);
  });

  it.each([
    ['without DUP', { dup: false }, 'x'],
    ['with other bytes', { dup: true }, 'y'],
    ['with another topic', { dup: true, topic: 'pump/other' }, 'x'],
  ])('%s is a new message with a reused identifier', (_what, message, text) => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect().arrive(1, text, message);
    expect(bench.custodian.pending).toBe(2);
  });

  it('after its PUBACK was sent counts as new: it can be another message that never reached the gateway', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').commit();
    expect(bench.pubacks()).toEqual([1]);
    expect(bench.reconnect().arrive(1, 'x', { dup: true }).custodian.pending).toBe(2);
  });

  it('in another session is new', () => {
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

  it('in the same connection is recognised even if it arrived in an earlier one first', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').reconnect();
    bench.arrive(1, 'x', { dup: true }).arrive(1, 'x', { dup: true });
    expect([bench.commit().pubacks(), bench.custodian.pending]).toEqual([[1], 1]);
  });

  it.each([
    ['without DUP', { dup: false }, 'x'],
    ['with other bytes', { dup: true }, 'y'],
    ['with another topic', { dup: true, topic: 'pump/other' }, 'x'],
  ])('in the same connection %s is a new message as well', (_what, message, text) => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').arrive(1, text, message);
    expect(bench.custodian.pending).toBe(2);
    expect(bench.commit().pubacks()).toEqual([1, 1]);
  });

  it('in the same connection after its PUBACK is new, with or without DUP [MQTT-4.3.2-2]', () => {
    const bench = new FlowBench().enter('pump', false).arrive(1, 'x').commit().arrive(1, 'x', { dup: true });
    expect(bench.custodian.pending).toBe(2);
    expect(bench.commit().pubacks()).toEqual([1, 1]);
  });
});

/**
 * Hub that complies with the standard, except that it repeats messages within a connection: identifiers are free
 * after their PUBACK.
 */
class RetryingHub {
  readonly #bench: FlowBench;
  readonly #inFlight = new Map<number, string>();
  sent = 0;

  constructor(bench: FlowBench) {
    this.#bench = bench;
  }

  /** @param twin true: the same bytes as the previous message */
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

it('a hub that repeats messages at random has each message accepted once and acknowledged once', () => {
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
