/**
 * Downlinks as lines. If the device answers downlinks, one is on the line at a time and is repeated until the answer.
 * Otherwise each downlink counts as delivered once it is written, and its arrival is unknown.
 *
 * Invariant: every `deliver` ends in exactly one `delivered` or `undelivered`. An answer with a number ends only the
 * downlink of that number. An answer without a number could be a late one to an earlier downlink, so devices should
 * send the number.
 */
import { fillTemplate, type Template } from '../../base/template.ts';
import { filterMatches } from '../../base/topic.ts';
import { decodeText } from '../../codec/lines.ts';
import type { DeliverCommand } from '../driver.ts';
import type { LinePattern } from './line-pattern.ts';
import type { LinesSection } from './link-keys.ts';
import { type LinePacketSink, type LineShape, type NoLine, noLine } from './packet-sink.ts';
import { type DownlinkAnswer, writtenValue } from './parse-line.ts';

export interface LineDownlinkTerms extends LineShape {
  readonly format: LinesSection['format'];
  readonly downlinks: readonly string[];
  readonly downlink: Template;
  readonly downlinkAck: LinePattern | undefined;
  /** Pause before an unanswered line is written again, ms. */
  readonly retryMs: number;
  /** Repetitions before the subdevice counts as gone. */
  readonly retriesMax: number;
}

interface Delivery {
  readonly token: number;
  readonly subdevice: string;
  readonly number: string;
  readonly line: Uint8Array;
  retries: number;
  /** End of the wait for an answer, monotonic ms. `undefined`: the line is not written yet. */
  retryAtMs: number | undefined;
}

const NUMBERS = 65_536;

export class LineDownlinks {
  private readonly terms: LineDownlinkTerms;
  private readonly sink: LinePacketSink;
  private readonly isFree: () => boolean;
  /** Deliveries in progress, at most one per subdevice. The first one is on the line. */
  private deliveries: Delivery[] = [];
  /** Starts at a random number, so that an answer to an earlier process is unlikely to match. */
  private lastNumber: number;

  /** @param random uniform in [0, 1) @param isFree false while nothing may be written */
  constructor(
    terms: LineDownlinkTerms,
    { sink, random, isFree }: { sink: LinePacketSink; random: () => number; isFree: () => boolean },
  ) {
    this.isFree = isFree;
    this.terms = terms;
    this.sink = sink;
    this.lastNumber = Math.floor(random() * NUMBERS);
  }

  deliver(command: DeliverCommand, nowMs: number): void {
    this.lastNumber = (this.lastNumber + 1) % NUMBERS;
    const number = String(this.lastNumber);
    const line = this.lineOf(command, number);
    if (!(line instanceof Uint8Array)) {
      this.sink.report({ kind: 'undelivered', token: command.token, ...line });
      return;
    }
    const { token, subdevice } = command;
    this.deliveries.push({ token, subdevice, number, line, retries: 0, retryAtMs: undefined });
    this.write(nowMs);
  }

  /**
   * Handles an answer of the device.
   * @returns the subdevice whose downlink was answered; `undefined`: no such answer was expected
   */
  answer({ number, refusal }: DownlinkAnswer, nowMs: number): string | undefined {
    const [first] = this.deliveries;
    if (first === undefined || (number !== undefined && Number(number) !== Number(first.number))) return undefined;
    this.deliveries.shift();
    const { token } = first;
    if (refusal === undefined) this.sink.report({ kind: 'delivered', token });
    else this.sink.report({ kind: 'undelivered', token, why: 'refused', because: refusal });
    this.write(nowMs);
    return first.subdevice;
  }

  /** Ends the delivery to a subdevice. The message stays in custody. */
  abandon(subdevice: string, nowMs: number): void {
    this.lose((one) => one.subdevice === subdevice);
    this.write(nowMs);
  }

  /** Handles the closing of the line. */
  closed(): void {
    this.lose(() => true);
  }

  /** Writes an unanswered line again. @returns the subdevice that no longer answers, if any */
  wake(nowMs: number): string | undefined {
    const [first] = this.deliveries;
    if (first?.retryAtMs === undefined || nowMs < first.retryAtMs) return undefined;
    if (first.retries >= this.terms.retriesMax) return first.subdevice;
    first.retries += 1;
    first.retryAtMs = nowMs + this.terms.retryMs;
    this.sink.counters.retries += 1;
    this.sink.write(first.line);
    return undefined;
  }

  /** True while an answer to a downlink is expected. */
  get isBusy(): boolean {
    return this.deliveries[0]?.retryAtMs !== undefined;
  }

  wakeAtMs(): number | undefined {
    return this.deliveries[0]?.retryAtMs;
  }

  private lose(isLost: (delivery: Delivery) => boolean): void {
    const lost = this.deliveries.filter(isLost);
    this.deliveries = this.deliveries.filter((one) => !isLost(one));
    for (const { token } of lost) this.sink.report({ kind: 'undelivered', token, why: 'lost' });
  }

  /** Writes the next downlink if the line is free. */
  resume(nowMs: number): void {
    for (let before = Number.POSITIVE_INFINITY; this.deliveries.length < before; ) {
      before = this.deliveries.length;
      this.write(nowMs);
    }
  }

  private write(nowMs: number): void {
    const [first] = this.deliveries;
    if (first === undefined || first.retryAtMs !== undefined || !this.isFree()) return;
    this.sink.write(first.line);
    if (this.terms.downlinkAck !== undefined) first.retryAtMs = nowMs + this.terms.retryMs;
    else {
      this.deliveries.shift();
      this.sink.report({ kind: 'delivered', token: first.token });
    }
  }

  private lineOf({ topic, payload, subdevice }: DeliverCommand, number: string): Uint8Array | NoLine {
    const { format, downlink, downlinks } = this.terms;
    if (!downlinks.some((filter) => filterMatches(filter, topic)))
      return noLine(`no filter in downlinks matches ${topic}`);
    if (payload.length === 0 && format === 'ndjson') return { why: 'empty' };
    const written = this.payloadText(payload);
    if (written === undefined) return noLine(`the payload is not ${format === 'text' ? 'valid UTF-8' : 'JSON'}`);
    const fields = new Map([
      ['payload', written],
      ...[
        ['topic', topic],
        ['subdevice', subdevice],
        ['number', number],
      ].map(([name = '', value = '']) => [name, writtenValue(value, format) ?? ''] as const),
    ]);
    const text = fillTemplate(downlink, (name) => fields.get(name));
    return text === undefined ? noLine('the template downlink cannot be filled') : this.sink.lineOf(text);
  }

  /**
   * Decodes the payload. JSON becomes one line: each line break is replaced by a space. A line break in JSON is always
   * outside of strings. `undefined`: the payload is not valid text or JSON.
   */
  private payloadText(payload: Uint8Array): string | undefined {
    const { format, encoding } = this.terms;
    const text = decodeText(payload, encoding === 'bytes' ? 'bytes' : 'utf-8');
    if (text === undefined || format === 'text') return text;
    try {
      JSON.parse(text);
      return text.replace(/[\r\n]/g, ' ');
    } catch {
      return undefined;
    }
  }
}
