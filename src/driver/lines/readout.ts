/**
 * Read-out of a meter by IEC 62056-21 (`codec/iec62056.ts`), with the changes of the speed of the port.
 *
 *     idle ─request─▶ identifying ─identification─▶ pausing ─ACK─▶ sending ─setSpeed─▶ switching ─▶ reading
 *      ▲                  │          └─mode B─▶ switching, mode A─▶ reading                         │  ▲
 *      │                  │                                        pausing ◀─wrong BCC, then NAK────┤  │
 *      │                  └─no answer─┐                               └────────────────────────────────┘
 *      └─quieting ◀─returning ◀───────┴──────────── no answer, cut, too long, wrong BCC again ───────┤
 *      └─────────── returning ◀──────────────────── data block with the right BCC ───────────────────┘
 *
 * Invariants: the port has its first speed in `idle`, `quieting` and `identifying`: each end of a read-out goes back to
 * this speed, and a port that was closed is opened with it. The speed changes only when the acknowledgement has left the
 * port. Bytes that come during a change are ignored, because their speed is not certain. After a failure the gateway
 * waits until the meter is quiet, since a meter may send at a speed that cannot be read. One result for each read-out.
 */
import { type DiscardReason, sampleWords } from '../../base/discard.ts';
import {
  acknowledgement,
  BLOCK_CHECK,
  charactersMs,
  ETX,
  type Identification,
  isReadoutRequest,
  NAK,
  parseIdentification,
  STX,
  withoutEndMark,
} from '../../codec/iec62056.ts';
import { removeCheck } from '../../codec/line-check.ts';
import { LineReader } from '../../codec/lines.ts';
import { MarkedLineReader } from '../../codec/marked-lines.ts';
import type { LinePacketSink } from './packet-sink.ts';

export interface ReadoutPlan {
  /** Largest speed that the gateway acknowledges. */
  readonly speedMax: number;
}

export interface ReadoutTerms {
  /** Speed of the port when it opens, bits per second. */
  readonly baudRate: number;
  /** Largest length of a data block. */
  readonly lineBytesMax: number;
}

/** End of a read-out. */
export type ReadoutResult =
  /** Data of the block, which its BCC covers. The identification has no check and is no part of it. */
  { readonly kind: 'read'; readonly text: Uint8Array } | { readonly kind: 'failed'; readonly why: string };

type Phase =
  | { readonly kind: 'idle' | 'switching' }
  | { readonly kind: 'identifying' | 'quieting'; readonly untilMs: number; readonly endMs: number }
  | { readonly kind: 'pausing'; readonly untilMs: number; readonly answer: 'ACK' | 'NAK' }
  | { readonly kind: 'sending' | 'reading'; readonly untilMs: number }
  /** `isQuiet`: the next read-out may begin at once. */
  | { readonly kind: 'returning'; readonly isQuiet: boolean };

const IDLE: Phase = { kind: 'idle' };
/** Pause before an answer to the meter, ms (IEC 62056-21 §6.4.1: 200 to 1500 ms). */
const PAUSE_MS = 220;
/**
 * Longest time to the first character of an answer, and between two characters, ms: 1500 ms in the standard, and the
 * delays of adapters and device servers.
 */
const SILENCE_MS = 2000;
/**
 * Time after the last character of the acknowledgement before the speed changes, ms, for an adapter that begins to send
 * late and does not know when it has ended. A meter may answer 20 ms after this character.
 */
const GUARD_MS = 10;
/** Number of data blocks that are wanted again in one read-out. */
const NAKS_MAX = 2;
/** Largest identification, characters: the type has 16 in the standard, and some meters send more. */
const IDENTIFICATION_BYTES_MAX = 64;
/** Longest wait for a quiet line, ms. At 300 baud a meter sends 6000 characters in this time. */
const QUIET_MS_MAX = 200_000;

export class Readout {
  private readonly terms: ReadoutTerms;
  private readonly sink: LinePacketSink;
  private readonly lines: LineReader;
  private readonly blocks: MarkedLineReader;
  private phase: Phase = IDLE;
  private speedMax: number;
  private subdevice = '';
  private identification: Identification | undefined;
  /** Speed of the port, also the one that it is changing to. */
  private baudRate: number;
  private naks = 0;
  /** Number of bytes since the last message of the gateway. */
  private receivedBytes = 0;
  private isOverlong = false;

  constructor(terms: ReadoutTerms, sink: LinePacketSink) {
    this.terms = terms;
    this.sink = sink;
    this.baudRate = terms.baudRate;
    this.speedMax = terms.baudRate;
    const delimiter = Uint8Array.of(0x0a);
    this.lines = new LineReader({ delimiter, lineBytesMax: IDENTIFICATION_BYTES_MAX, encoding: 'latin1' });
    const { lineBytesMax } = terms;
    const block = { start: Uint8Array.of(STX), delimiter: Uint8Array.of(ETX), tailBytes: 1, fixedBytes: undefined };
    this.blocks = new MarkedLineReader(
      { ...block, lineBytesMax, encoding: 'bytes' },
      {
        overlong: () => {
          this.isOverlong = true;
        },
        cut: () => undefined,
        outside: () => undefined,
      },
    );
  }

  get isIdle(): boolean {
    return this.phase.kind === 'idle';
  }

  wakeAtMs(): number | undefined {
    return 'untilMs' in this.phase ? this.phase.untilMs : undefined;
  }

  /** A meter may still send to an earlier process. */
  opened(nowMs: number): void {
    this.baudRate = this.terms.baudRate;
    this.quiet(nowMs);
  }

  closed(): void {
    this.phase = IDLE;
  }

  /** Must be called when `isIdle`. */
  begin(subdevice: string, request: Uint8Array, { speedMax }: ReadoutPlan, nowMs: number): void {
    this.speedMax = speedMax;
    this.subdevice = subdevice;
    this.identification = undefined;
    this.naks = 0;
    this.receivedBytes = 0;
    this.lines.reset(false);
    this.sink.write(request);
    const untilMs = nowMs + this.charactersMs(request.length) + SILENCE_MS;
    const endMs = untilMs + this.charactersMs(2 * IDENTIFICATION_BYTES_MAX);
    this.phase = { kind: 'identifying', untilMs, endMs };
  }

  receive(bytes: Uint8Array, nowMs: number): ReadoutResult | undefined {
    const { phase } = this;
    this.receivedBytes += bytes.length;
    switch (phase.kind) {
      case 'quieting':
        this.phase = { ...phase, untilMs: Math.min(nowMs + SILENCE_MS, phase.endMs) };
        return undefined;
      case 'identifying':
        this.phase = { ...phase, untilMs: Math.min(nowMs + SILENCE_MS, phase.endMs) };
        for (const line of this.lines.push(bytes)) this.identify(line, nowMs);
        return undefined;
      case 'reading':
        this.phase = { kind: 'reading', untilMs: nowMs + SILENCE_MS };
        return this.read(bytes, nowMs);
      default:
        return undefined;
    }
  }

  wake(nowMs: number): ReadoutResult | undefined {
    const { phase } = this;
    if (!('untilMs' in phase) || nowMs < phase.untilMs) return undefined;
    switch (phase.kind) {
      case 'quieting':
        this.phase = IDLE;
        return undefined;
      case 'identifying':
        return this.fail(
          this.receivedBytes === 0 ? 'no answer' : `no identification in ${this.receivedBytes} bytes`,
          nowMs,
        );
      case 'pausing':
        this.answer(phase.answer, nowMs);
        return undefined;
      case 'sending':
        this.change(this.acknowledgedSpeed, nowMs);
        return undefined;
      case 'reading':
        return this.fail(this.cutWords(), nowMs);
    }
  }

  speedSet(baudRate: number, nowMs: number): void {
    if (baudRate !== this.baudRate) return;
    if (this.phase.kind === 'switching') this.listen(nowMs);
    else if (this.phase.kind === 'returning') {
      if (this.phase.isQuiet) this.phase = IDLE;
      else this.quiet(nowMs);
    }
  }

  private identify(line: Uint8Array, nowMs: number): void {
    if (this.phase.kind !== 'identifying') return;
    if (isReadoutRequest(line)) {
      this.sink.counters.echoes += 1;
      return;
    }
    const identification = parseIdentification(line);
    if (identification === undefined) return;
    this.identification = identification;
    if (identification.mode === 'C') this.phase = { kind: 'pausing', untilMs: nowMs + PAUSE_MS, answer: 'ACK' };
    else this.change(identification.speed ?? this.baudRate, nowMs);
  }

  private answer(answer: 'ACK' | 'NAK', nowMs: number): void {
    const bytes = answer === 'ACK' ? acknowledgement(this.acknowledgedSpeed) : NAK;
    this.sink.write(bytes);
    const sentMs = nowMs + this.charactersMs(bytes.length);
    if (answer === 'ACK') this.phase = { kind: 'sending', untilMs: sentMs + GUARD_MS };
    else this.listen(sentMs);
  }

  private get acknowledgedSpeed(): number {
    return Math.min(this.identification?.speed ?? this.speedMax, this.speedMax);
  }

  private change(baudRate: number, nowMs: number): void {
    if (baudRate === this.baudRate) return this.listen(nowMs);
    this.setSpeed(baudRate);
    this.phase = { kind: 'switching' };
  }

  private setSpeed(baudRate: number): void {
    this.baudRate = baudRate;
    this.sink.act([{ kind: 'setSpeed', baudRate }]);
  }

  /** @param fromMs time from which the meter may send */
  private listen(fromMs: number): void {
    this.blocks.reset(false);
    this.receivedBytes = 0;
    this.isOverlong = false;
    this.phase = { kind: 'reading', untilMs: fromMs + SILENCE_MS };
  }

  private read(bytes: Uint8Array, nowMs: number): ReadoutResult | undefined {
    const { lineBytesMax } = this.terms;
    const [block] = [...this.blocks.push(bytes)];
    const data = block && removeCheck(block, BLOCK_CHECK);
    if (data !== undefined) {
      this.return(true, nowMs);
      return { kind: 'read', text: withoutEndMark(data) };
    }
    if (block !== undefined) return this.damaged(block, nowMs);
    if (!this.isOverlong && this.receivedBytes <= 2 * lineBytesMax) return undefined;
    if (!this.isOverlong) return this.fail(this.cutWords(), nowMs);
    this.discard('line too long', `a data block of more than ${lineBytesMax} bytes`);
    return this.fail(`its data block has more than ${lineBytesMax} bytes (line_bytes_max)`, nowMs);
  }

  private damaged(block: Uint8Array, nowMs: number): ReadoutResult | undefined {
    this.discard('line check', `wrong BCC of a data block of ${block.length} bytes: ${sampleWords(block)}`);
    if (this.naks >= NAKS_MAX) return this.fail(`wrong BCC ${this.naks + 1} times`, nowMs);
    this.naks += 1;
    this.sink.counters.retries += 1;
    this.phase = { kind: 'pausing', untilMs: nowMs + PAUSE_MS, answer: 'NAK' };
    return undefined;
  }

  private cutWords(): string {
    const { unendedBytes, begun, isBegun } = this.blocks;
    const at = `at ${this.baudRate} baud`;
    if (this.receivedBytes === 0) return `identified, and then no data block ${at}`;
    if (!isBegun) return `identified, and then ${this.receivedBytes} bytes without STX ${at}`;
    this.discard('line cut', `a data block that ended after ${unendedBytes} bytes: ${sampleWords(begun)}`);
    return `its data block ended after ${unendedBytes} bytes`;
  }

  private fail(why: string, nowMs: number): ReadoutResult {
    this.return(false, nowMs);
    return { kind: 'failed', why };
  }

  private return(isQuiet: boolean, nowMs: number): void {
    if (this.baudRate !== this.terms.baudRate) {
      this.setSpeed(this.terms.baudRate);
      this.phase = { kind: 'returning', isQuiet };
    } else if (isQuiet) this.phase = IDLE;
    else this.quiet(nowMs);
  }

  private quiet(nowMs: number): void {
    this.phase = { kind: 'quieting', untilMs: nowMs + SILENCE_MS, endMs: nowMs + QUIET_MS_MAX };
  }

  private discard(reason: DiscardReason, words: string): void {
    const counter = reason === 'line too long' ? 'oversizeFrames' : 'crcErrors';
    this.sink.counters[counter] += 1;
    this.sink.discard(reason, words, this.subdevice);
  }

  private charactersMs(count: number): number {
    return charactersMs(count, this.baudRate);
  }
}
