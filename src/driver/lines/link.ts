/**
 * Link of lines: devices that send text or NDJSON, one message per line.
 *
 *     bytes ▶ LineSplitter, Readout ▶ readLine ▶ LinePresence ▶ LineUplinks ▶ reports
 *     commands ▶ LineUplinks (answers), LineDownlinks ▶ lines
 *
 * Invariants: total on bytes from outside. No line is offered before the flow has accepted the subdevice. Lines that
 * come meanwhile wait in order, at most `AHEAD_MAX` of them. Without `answers` the device does not wait for custody:
 * messages in RAM are lost in a power failure, for at most the link's `hold_ms`.
 */

import type { BackoffLimits } from '../../base/backoff.ts';
import type { DeviceNote } from '../../base/device-note.ts';
import { type DiscardReason, sampleWords } from '../../base/discard.ts';
import type { LinkCounters } from '../../base/link-counters.ts';
import { cleanReceived } from '../../codec/bit-seven.ts';
import type { LineSplitter } from '../../codec/lines.ts';
import type { LinkAction, LinkInput, LinkMachine } from '../driver.ts';
import { LastReceived } from '../last-received.ts';
import { LinkOpening, type LinkState } from '../reopen.ts';
import type { AskPlan, AskTerms } from './asks.ts';
import { LinePresence, type PresenceTerms } from './device-presence.ts';
import { LineDownlinks, type LineDownlinkTerms } from './downlinks.ts';
import type { LinesSection } from './link-keys.ts';
import { LinePacketSink } from './packet-sink.ts';
import {
  type DownlinkAnswer,
  type LineMessage,
  type ReadingTerms,
  type Rejection,
  readLine,
  readOverlong,
} from './parse-line.ts';
import { LinePolling } from './polling.ts';
import { newSplitter, type SplittingTerms } from './splitting.ts';
import { UnendedWatch } from './unended-watch.ts';
import { type LineUplinkLimits, LineUplinks } from './uplinks.ts';

export interface LinesLinkOptions
  extends ReadingTerms,
    SplittingTerms,
    AskTerms,
    LineDownlinkTerms,
    PresenceTerms,
    Omit<LineUplinkLimits, 'isAnswered'> {
  /** The subdevice is present once the port is open, or once a valid line has come. */
  readonly attach: LinesSection['attach'];
  /** The bytes before the first delimiter may be part of a line. */
  readonly skipsFirstLine: boolean;
  /** Bits per second. */
  readonly baudRate: number;
  /** Pauses between openings of the channel. */
  readonly reopen: BackoffLimits;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Octets after a line that are not reported when a request follows: a check of a byte or two, CR and LF. */
const LEFTOVER_BYTES_MAX = 4;

/** Counters for discarded lines, except those with undamaged but unexpected content. */
const COUNTED_AS: Readonly<Partial<Record<DiscardReason, 'crcErrors' | 'oversizeFrames'>>> = {
  'line check': 'crcErrors',
  'line noise': 'crcErrors',
  'line cut': 'crcErrors',
  'line too long': 'oversizeFrames',
};

/**
 * Largest number of lines that wait until the flow has accepted their subdevice. The flow answers before the next bytes
 * are read.
 */
const AHEAD_MAX = 4096;

export function createLinesLink(options: LinesLinkOptions): LinkMachine {
  return new LinesLink(options);
}

class LinesLink implements LinkMachine {
  private readonly options: LinesLinkOptions;
  private readonly opening: LinkOpening;
  private readonly reader: LineSplitter;
  private readonly sink: LinePacketSink;
  private readonly presence: LinePresence;
  private readonly uplinks: LineUplinks;
  private readonly downlinks: LineDownlinks;
  private ahead: (LineMessage | Rejection)[] = [];
  private bytesIn = 0;
  /** Number of valid lines: messages, answers and echoes. */
  private framesIn = 0;
  private readonly unended: UnendedWatch;
  private readonly polling: LinePolling;
  private readonly lastReceived = new LastReceived();

  constructor(options: LinesLinkOptions) {
    this.options = options;
    this.opening = new LinkOpening(options.reopen, options.random);
    this.sink = new LinePacketSink(options);
    this.reader = newSplitter(options, {
      overlong: (begun) => this.reject(begun, readOverlong(begun, options, this.sink)),
      cut: (begun) => this.reject(begun, dropped('line cut')),
      outside: (begun) => this.reject(begun, dropped('line not begun')),
    });
    this.unended = new UnendedWatch(options.lineBytesMax, options.baudRate);
    this.polling = new LinePolling(options, { sink: this.sink, onGone: (id, nowMs) => this.gone(id, nowMs) });
    this.presence = new LinePresence(options, this.sink);
    const { uplinksMax, retryMs, answers } = options;
    this.uplinks = new LineUplinks({ uplinksMax, retryMs, isAnswered: answers !== undefined }, this.sink);
    this.downlinks = new LineDownlinks(options, {
      sink: this.sink,
      random: options.random,
      isFree: () => this.polling.isIdle,
    });
  }

  get isPolled(): boolean {
    return this.polling.isPolled;
  }

  get state(): LinkState {
    return this.opening.state;
  }

  get counters(): LinkCounters {
    return {
      ...this.sink.counters,
      openings: this.opening.openings,
      bytesIn: this.bytesIn,
      framesIn: this.framesIn,
    };
  }

  sleepers(): ReadonlyMap<string, number> {
    return new Map();
  }

  lastReceivedAtMs(subdevice: string): number | undefined {
    return this.lastReceived.of(subdevice);
  }

  unanswered(): ReadonlyMap<string, number> {
    return this.polling.unanswered();
  }

  deviceNotes(): ReadonlyMap<string, DeviceNote> {
    return new Map();
  }

  probeable(): readonly string[] {
    return this.opening.state === 'open' ? this.polling.probeable() : [];
  }

  attachedSubdevices(): readonly string[] {
    return this.presence.here();
  }

  wakeAtMs(): number | undefined {
    const times = [this.opening.wakeAtMs(), this.presence.wakeAtMs(), this.downlinks.wakeAtMs()];
    times.push(this.unended.wakeAtMs(), this.polling.wakeAtMs(this.downlinks.isBusy, this.opening.state === 'open'));
    const set = times.filter((time) => time !== undefined);
    return set.length === 0 ? undefined : Math.min(...set);
  }

  handle(input: LinkInput, nowMs: number): LinkAction[] {
    switch (input.kind) {
      case 'start':
        this.sink.act(this.opening.start());
        break;
      case 'stop':
        this.sink.act(this.opening.stop());
        break;
      case 'wake':
        this.wake(nowMs);
        break;
      case 'opened':
        this.opening.opened(nowMs);
        this.reader.reset(this.options.skipsFirstLine);
        this.polling.opened(nowMs);
        if (this.options.attach === 'open') this.presence.onReceived(this.options.subdevice, nowMs);
        break;
      case 'bytes':
        this.receive(input.bytes, nowMs);
        break;
      case 'speedSet':
        this.polling.speedSet(input.baudRate, nowMs);
        break;
      case 'closed':
        this.opening.closed(nowMs);
        this.close();
        break;
      case 'attached':
        this.presence.attached(input.subdevice, input.answer, nowMs);
        this.offerAhead(nowMs);
        break;
      case 'dismiss':
        this.downlinks.abandon(input.subdevice, nowMs);
        this.presence.dismiss(input.subdevice, nowMs);
        break;
      case 'acknowledge':
        for (const { token } of input.uplinks) this.uplinks.acknowledge(token, nowMs);
        break;
      case 'refuse':
        if (!this.presence.refuse(input.token, input.why, nowMs)) this.uplinks.refuse(input.token, input.why, nowMs);
        break;
      case 'confirm':
        this.presence.confirm(input.token);
        break;
      case 'deliver':
        if (this.presence.isHere(input.subdevice)) this.downlinks.deliver(input, nowMs);
        else this.sink.report({ kind: 'undelivered', token: input.token, why: 'lost' });
        break;
      case 'probe':
        this.polling.startProbe(input.token, input.subdevice, this.probeable().includes(input.subdevice), nowMs);
        break;
    }
    if (this.polling.isPolled && this.opening.state === 'open') this.ask(nowMs);
    return this.sink.take();
  }

  private receive(bytes: Uint8Array, nowMs: number): void {
    if (this.opening.state !== 'open') return;
    this.bytesIn += bytes.length;
    const clean = cleanReceived(bytes, this.options);
    if (this.polling.readsOut) this.receiveReadout(clean, nowMs);
    else this.receiveLines(clean, nowMs);
    this.offerAhead(nowMs);
  }

  private receiveLines(bytes: Uint8Array, nowMs: number): void {
    let hasEnded = false;
    for (const line of this.reader.push(bytes)) {
      hasEnded = true;
      if (this.sink.isEcho(line)) this.framesIn += 1;
      else this.read(line, nowMs);
    }
    this.unended.read(this.reader.unendedBytes, hasEnded, nowMs);
  }

  /** A meter has answered also if its text is no message, because a repetition would be none either. */
  private receiveReadout(bytes: Uint8Array, nowMs: number): void {
    const text = this.polling.receive(bytes, nowMs);
    if (text === undefined) return;
    this.read(text, nowMs);
    this.polling.answered(nowMs);
  }

  /** Writes what may be written now: downlinks first, then the request that is due. */
  private ask(nowMs: number): void {
    if (this.polling.isIdle) this.downlinks.resume(nowMs);
    if (this.downlinks.isBusy) return;
    const ask = this.polling.next(nowMs);
    if (ask === undefined) return;
    // what has arrived before the request is no part of its answer
    const { unendedBytes, begun } = this.reader;
    if (unendedBytes > LEFTOVER_BYTES_MAX) this.discard('line not ended', begun, unendedBytes);
    this.reader.reset(false);
    this.unended.reset();
    this.polling.write(ask, nowMs);
  }

  private gone(subdevice: string, nowMs: number): void {
    if (!this.presence.isHere(subdevice)) return;
    this.downlinks.abandon(subdevice, nowMs);
    this.presence.unanswered(subdevice, nowMs);
  }

  private reportUnended(nowMs: number): void {
    const { unendedBytes, begun } = this.reader;
    const count = this.unended.due(unendedBytes, nowMs);
    if (count > 0) this.discard('line not ended', begun, count);
  }

  /** @param count number of lines, or of bytes of an unfinished line */
  private discard(reason: DiscardReason, sample: Uint8Array | string, count = 1): void {
    const { subdevice, subdeviceField } = this.options;
    this.sink.discard(reason, sample, subdeviceField === undefined ? subdevice : undefined, count);
  }

  private read(line: Uint8Array, nowMs: number): void {
    const asked = this.polling.current;
    const terms =
      asked === undefined ? this.options : { ...this.options, subdevice: asked.subdevice, topic: asked.topic };
    const reading = readLine(line, terms, this.sink);
    this.reader.judged(reading.kind !== 'rejected');
    switch (reading.kind) {
      case 'message':
        if (this.polling.isPolled && !isAnswerTo(asked, reading, line)) {
          this.sink.counters.unexpectedPackets += 1;
          this.discard('line unexpected', line);
          break;
        }
        this.polling.answered(nowMs);
        this.framesIn += 1;
        this.lastReceived.note(reading.subdevice, nowMs);
        if (this.ahead.length < AHEAD_MAX) this.ahead.push(reading);
        else this.uplinks.rejectLine(reading, 'congestion', nowMs);
        break;
      case 'answer':
        this.framesIn += 1;
        this.answer(reading, nowMs);
        break;
      case 'rejected':
        this.reject(line, reading);
        break;
    }
  }

  private reject(line: Uint8Array, rejection: Rejection): void {
    const { reason, detail, answer } = rejection;
    this.sink.counters[COUNTED_AS[reason] ?? 'malformedPackets'] += 1;
    this.discard(reason, detail === undefined ? line : `${detail}: ${sampleWords(line)}`);
    if (answer !== undefined && this.ahead.length < AHEAD_MAX) this.ahead.push(rejection);
  }

  /**
   * Offers waiting lines in order, up to the first line whose subdevice is not attached yet. An invalid line waits in
   * its place too, so that the answers leave in the order of the lines.
   */
  private offerAhead(nowMs: number): void {
    for (let next = this.ahead[0]; next !== undefined; next = this.ahead[0]) {
      if (next.kind === 'rejected') {
        this.ahead.shift();
        if (next.answer !== undefined) this.uplinks.reject(next.answer);
        continue;
      }
      const standing = this.presence.onReceived(next.subdevice, nowMs);
      if (standing === 'attaching') return;
      this.ahead.shift();
      if (standing === 'here') this.uplinks.offer(next, nowMs);
      else this.uplinks.rejectLine(next, standing, nowMs);
    }
  }

  private wake(nowMs: number): void {
    this.sink.act(this.opening.wake(nowMs));
    this.reportUnended(nowMs);
    this.polling.wake(nowMs);
    const silent = this.downlinks.wake(nowMs);
    if (silent !== undefined) {
      this.downlinks.abandon(silent, nowMs);
      this.presence.unanswered(silent, nowMs);
    }
    for (const overdue of this.presence.overdue(nowMs)) {
      this.downlinks.abandon(overdue, nowMs);
      this.presence.fallSilent(overdue);
    }
    const returning = this.presence.wake(nowMs);
    if (this.options.attach === 'open' && returning.includes(this.options.subdevice))
      this.presence.onReceived(this.options.subdevice, nowMs);
  }

  private answer(answer: DownlinkAnswer, nowMs: number): void {
    const subdevice = this.downlinks.answer(answer, nowMs);
    if (subdevice === undefined) {
      this.sink.counters.unexpectedPackets += 1;
      return;
    }
    this.lastReceived.note(subdevice, nowMs);
    this.presence.onReceived(subdevice, nowMs);
  }

  private close(): void {
    this.downlinks.closed();
    this.presence.closed();
    this.uplinks.closed();
    this.sink.closed();
    this.ahead = [];
    this.unended.reset();
    this.polling.closed();
  }
}

function dropped(reason: DiscardReason): Rejection {
  return { kind: 'rejected', reason, detail: undefined, answer: undefined };
}

function isAnswerTo(asked: AskPlan | undefined, { subdevice }: LineMessage, line: Uint8Array): boolean {
  if (asked === undefined || subdevice !== asked.subdevice) return false;
  return asked.answer === undefined || asked.answer.match(Buffer.from(line).toString('latin1')) !== undefined;
}
