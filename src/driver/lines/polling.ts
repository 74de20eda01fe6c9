/**
 * Requests of a link to devices that speak only when asked: whose turn it is, read-outs of several steps, probes, and the
 * end of each request. One request is on the line at a time.
 */
import type { ProbeOutcome } from '../../base/probe.ts';
import { AskProbe } from './ask-probe.ts';
import { type AskOutcome, type AskPlan, type AskTerms, LineAsks } from './asks.ts';
import type { LinePacketSink } from './packet-sink.ts';
import { Readout, type ReadoutResult, type ReadoutTerms } from './readout.ts';

export interface PollingParts {
  readonly sink: LinePacketSink;
  /** Called when a subdevice has answered none of its requests any more. */
  readonly onGone: (subdevice: string, nowMs: number) => void;
}

export class LinePolling {
  private readonly asks: LineAsks;
  private readonly readout: Readout;
  private readonly probe: AskProbe;
  private readonly sink: LinePacketSink;
  private readonly onGone: PollingParts['onGone'];
  private readonly subdevices: readonly string[];
  /** True if the requests are read-outs: a link has requests of one kind. */
  readonly readsOut: boolean;

  constructor(terms: AskTerms & ReadoutTerms, { sink, onGone }: PollingParts) {
    this.sink = sink;
    this.onGone = onGone;
    this.asks = new LineAsks(terms);
    this.readout = new Readout(terms, sink);
    this.probe = new AskProbe((token, outcome: ProbeOutcome) => sink.report({ kind: 'probed', token, outcome }));
    this.subdevices = [...new Set(terms.asks.map(({ subdevice }) => subdevice))];
    this.readsOut = terms.asks.some(({ readout }) => readout !== undefined);
  }

  get isPolled(): boolean {
    return this.asks.isPolled;
  }

  /** True if the line is free for other writing. */
  get isIdle(): boolean {
    return this.asks.isIdle && this.readout.isIdle;
  }

  /** Request that waits for its answer. */
  get current(): AskPlan | undefined {
    return this.asks.current;
  }

  unanswered(): ReadonlyMap<string, number> {
    return this.asks.unanswered();
  }

  /** Subdevices with a request, also those that do not answer, because a probe must test those too. */
  probeable(): readonly string[] {
    return this.subdevices;
  }

  startProbe(token: number, subdevice: string, isProbeable: boolean, nowMs: number): void {
    this.probe.ask(token, subdevice, isProbeable, nowMs);
  }

  opened(nowMs: number): void {
    this.asks.opened(nowMs);
    if (this.readsOut) this.readout.opened(nowMs);
  }

  closed(): void {
    this.asks.closed();
    this.readout.closed();
    this.probe.abandon();
  }

  /** Puts the next request on the line, if one is due and the line is free. @returns the request, which `write` must write */
  next(nowMs: number): AskPlan | undefined {
    if (!this.isIdle) return undefined;
    const wanted = this.probe.next;
    const plan = this.asks.next(nowMs, wanted);
    if (plan !== undefined && wanted !== undefined) this.probe.sent(this.damagedLines);
    return plan;
  }

  /** Writes a request that `next` has returned. */
  write({ subdevice, bytes, readout }: AskPlan, nowMs: number): void {
    if (readout === undefined) this.sink.write(bytes);
    else this.readout.begin(subdevice, bytes, readout, nowMs);
  }

  /** Handles bytes of a link with read-outs. @returns the text of a meter */
  receive(bytes: Uint8Array, nowMs: number): Uint8Array | undefined {
    return this.resultOf(this.readout.receive(bytes, nowMs), nowMs);
  }

  speedSet(baudRate: number, nowMs: number): void {
    this.readout.speedSet(baudRate, nowMs);
  }

  /** Called when the answer to the current request has come. */
  answered(nowMs: number): void {
    this.end(this.asks.answered(nowMs), 'no answer', nowMs);
  }

  wake(nowMs: number): void {
    this.probe.wake(nowMs);
    this.resultOf(this.readout.wake(nowMs), nowMs);
    this.end(this.asks.wake(nowMs), 'no answer', nowMs);
  }

  /** @param isBlocked no request can be sent now @param isOpen the line is open */
  wakeAtMs(isBlocked: boolean, isOpen: boolean): number | undefined {
    const times = [this.probe.wakeAtMs()];
    if (isOpen) times.push(this.readout.wakeAtMs(), this.asks.wakeAtMs(isBlocked || !this.readout.isIdle));
    const set = times.filter((time) => time !== undefined);
    return set.length === 0 ? undefined : Math.min(...set);
  }

  private resultOf(result: ReadoutResult | undefined, nowMs: number): Uint8Array | undefined {
    if (result?.kind === 'failed') this.end(this.asks.missed(nowMs), result.why, nowMs);
    return result?.kind === 'read' ? result.text : undefined;
  }

  private end(outcome: AskOutcome | undefined, why: string, nowMs: number): void {
    if (outcome === undefined) return;
    const { plan, tripMs, isGivenUp, isGone } = outcome;
    const { subdevice, name } = plan;
    this.probe.done(this.damagedLines, tripMs);
    if (tripMs !== undefined) return;
    if (!isGivenUp) this.sink.counters.retries += 1;
    else if (plan.readout === undefined) this.sink.discard('unit silent', `${why} to the request ${name}`, subdevice);
    else this.sink.discard('unit silent', `read-out ${name}: ${why}`, subdevice);
    if (isGone) this.onGone(subdevice, nowMs);
  }

  private get damagedLines(): number {
    const { crcErrors, malformedPackets, oversizeFrames } = this.sink.counters;
    return crcErrors + malformedPackets + oversizeFrames;
  }
}
