/**
 * One PINGREQ of the gateway to a connected client, and its PINGRESP: a probe of the line. Nothing hangs on it: silence
 * ends no connection, and a delivery under way goes on beside it.
 *
 * Invariants: every `probe` ends in exactly one `probed`; one is under way at a time; after one without an answer the next
 * leaves only when a late answer, which does not say what it answers, has had its time. Source: MQTT-SN 1.2 §6.11: a
 * client shall answer the gateway that it is connected to.
 */
import type { ProbeOutcome } from '../../base/probe.ts';
import type { Restorable } from '../../base/snapshot.ts';
import type { PacketSink } from './packet-sink.ts';

interface Asked {
  readonly token: number;
  /** `undefined`: it waits for the time of a late answer to be over. */
  readonly sentAtMs: number | undefined;
}

export interface PingSnapshot {
  readonly asked: Asked | undefined;
  readonly restsUntilMs: number;
}

export class Ping implements Restorable<PingSnapshot> {
  readonly #sink: PacketSink;
  readonly #answerMsMax: number;
  #asked: Asked | undefined;
  #restsUntilMs = 0;

  /** @param answerMsMax wait for PINGRESP: T_retry, as for any other answer (MQTT-SN 1.2 §7.2) */
  constructor(sink: PacketSink, answerMsMax: number) {
    this.#sink = sink;
    this.#answerMsMax = answerMsMax;
  }

  probe(token: number, nowMs: number): void {
    if (this.#asked !== undefined) this.#report(token, { kind: 'not asked', why: 'it is being asked already' });
    else {
      this.#asked = { token, sentAtMs: undefined };
      this.wake(nowMs);
    }
  }

  /** A PINGRESP. @returns whether it was asked for, if only long ago */
  answered(nowMs: number): boolean {
    const sentAtMs = this.#asked?.sentAtMs;
    if (sentAtMs === undefined) return nowMs < this.#restsUntilMs;
    this.#end({ kind: 'asked', requests: 1, answers: 1, damaged: 0, tripMs: nowMs - sentAtMs });
    return true;
  }

  /** It does not listen any more: what was asked has no meaning now. */
  abandon(): void {
    this.#end({ kind: 'not asked', why: 'it went away or to sleep meanwhile' });
  }

  wake(nowMs: number): void {
    if (this.#asked === undefined) return;
    const { token, sentAtMs } = this.#asked;
    if (sentAtMs === undefined) {
      if (nowMs < this.#restsUntilMs) return;
      this.#asked = { token, sentAtMs: nowMs };
      this.#sink.send({ kind: 'pingreq', clientId: '' });
    } else if (nowMs >= sentAtMs + this.#answerMsMax) {
      this.#restsUntilMs = nowMs + this.#answerMsMax;
      this.#end({ kind: 'asked', requests: 1, answers: 0, damaged: 0, tripMs: undefined });
    }
  }

  wakeAtMs(): number | undefined {
    if (this.#asked === undefined) return undefined;
    const { sentAtMs } = this.#asked;
    return sentAtMs === undefined ? this.#restsUntilMs : sentAtMs + this.#answerMsMax;
  }

  snapshot(): PingSnapshot {
    return { asked: this.#asked, restsUntilMs: this.#restsUntilMs };
  }

  restore({ asked, restsUntilMs }: PingSnapshot): void {
    this.#asked = asked;
    this.#restsUntilMs = restsUntilMs;
  }

  #end(outcome: ProbeOutcome): void {
    if (this.#asked === undefined) return;
    const { token } = this.#asked;
    this.#asked = undefined;
    this.#report(token, outcome);
  }

  #report(token: number, outcome: ProbeOutcome): void {
    this.#sink.report({ kind: 'probed', token, outcome });
  }
}
