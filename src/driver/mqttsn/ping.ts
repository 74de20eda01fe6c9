/**
 * One PINGREQ of the gateway to a connected client, and its PINGRESP: a probe of the line. It has no other effect:
 * silence ends no connection, and a delivery in progress continues.
 *
 * Invariants: every `probe` ends in exactly one `probed`. One is in progress at a time. After one without an answer the
 * next leaves only when a late answer can no longer come, because an answer does not identify its request. Source:
 * MQTT-SN 1.2 §6.11: a client shall answer the gateway that it is connected to.
 */
import type { ProbeOutcome } from '../../base/probe.ts';
import type { PacketSink } from './packet-sink.ts';

interface Asked {
  readonly token: number;
  /** Time of the PINGREQ, monotonic ms. `undefined`: the probe waits until a late answer can no longer come. */
  readonly sentAtMs: number | undefined;
}

export class Ping {
  private readonly sink: PacketSink;
  private readonly answerMsMax: number;
  private asked: Asked | undefined;
  private blockedUntilMs = 0;

  /** @param answerMsMax wait for PINGRESP: T_retry, as for any other answer (MQTT-SN 1.2 §7.2) */
  constructor(sink: PacketSink, answerMsMax: number) {
    this.sink = sink;
    this.answerMsMax = answerMsMax;
  }

  probe(token: number, nowMs: number): void {
    if (this.asked !== undefined) this.report(token, { kind: 'not asked', why: 'it is already being probed' });
    else {
      this.asked = { token, sentAtMs: undefined };
      this.wake(nowMs);
    }
  }

  /** Handles a PINGRESP. @returns whether it was requested, even if long ago */
  answered(nowMs: number): boolean {
    const sentAtMs = this.asked?.sentAtMs;
    if (sentAtMs === undefined) return nowMs < this.blockedUntilMs;
    this.end({ kind: 'asked', requests: 1, answers: 1, damaged: 0, tripMs: nowMs - sentAtMs });
    return true;
  }

  /** Ends the probe because the client no longer listens. */
  abandon(): void {
    this.end({ kind: 'not asked', why: 'it disconnected or went to sleep meanwhile' });
  }

  wake(nowMs: number): void {
    if (this.asked === undefined) return;
    const { token, sentAtMs } = this.asked;
    if (sentAtMs === undefined) {
      if (nowMs < this.blockedUntilMs) return;
      this.asked = { token, sentAtMs: nowMs };
      this.sink.send({ kind: 'pingreq', clientId: '' });
    } else if (nowMs >= sentAtMs + this.answerMsMax) {
      this.blockedUntilMs = nowMs + this.answerMsMax;
      this.end({ kind: 'asked', requests: 1, answers: 0, damaged: 0, tripMs: undefined });
    }
  }

  wakeAtMs(): number | undefined {
    if (this.asked === undefined) return undefined;
    const { sentAtMs } = this.asked;
    return sentAtMs === undefined ? this.blockedUntilMs : sentAtMs + this.answerMsMax;
  }

  private end(outcome: ProbeOutcome): void {
    if (this.asked === undefined) return;
    const { token } = this.asked;
    this.asked = undefined;
    this.report(token, outcome);
  }

  private report(token: number, outcome: ProbeOutcome): void {
    this.sink.report({ kind: 'probed', token, outcome });
  }
}
