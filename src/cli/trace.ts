/**
 * `holdfast trace LINK|hub`: prints frames live until Ctrl-C. This command decodes the frames, so that the gateway has
 * no extra work.
 */
import { once } from 'node:events';
import { EXIT } from '../base/fault.ts';
import type { Step, Subject } from '../base/step.ts';
import { followTrace } from '../ops/api/control-client.ts';
import { damaged } from '../ops/api/control-faults.ts';
import type { TailSkipped } from '../ops/api/tail-line.ts';
import { countOf, printable } from '../ops/words.ts';
import { type Moment, MomentReader } from '../recorder/moments.ts';
import { decodeValue } from '../recorder/recording-file.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';
import { endWithReader } from './reader-watch.ts';
import { hangOnScreen, type Terminal } from './terminal.ts';

const SIGNS: Readonly<Record<Moment['what'], string>> = {
  in: '──▶',
  out: '◀──',
  channel: ' ┄ ',
  command: ' > ',
  decision: ' < ',
  state: ' = ',
};

/** @throws Fault `command-rejected` if there is no link of this name; `not-running` when the gateway ends */
export async function showTrace(context: CommandContext, name: string): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  endWithReader();
  const stop = new AbortController();
  void once(process, 'SIGINT', { signal: stop.signal }).then(
    () => stop.abort(),
    () => undefined,
  );
  const rates = new Rates();
  let reader: MomentReader | undefined;
  try {
    for await (const line of followTrace(controlSocket, name, stop.signal)) {
      try {
        const value = decodeValue(line) as Step | TailSkipped | Subject;
        if ('driver' in value) reader = new MomentReader(value);
        else if ('kind' in value) reportGap(context, value);
        else if (!Number.isFinite(value.upMs)) throw new Error('it has no time');
        else {
          rates.countBytes(value);
          for (const moment of reader?.read(value) ?? []) show(context, moment, rates);
        }
      } catch (error) {
        // a gateway of another version may send steps in another form
        throw damaged(
          controlSocket,
          `a step of the trace cannot be decoded (${error instanceof Error ? error.message : error})`,
        );
      }
    }
  } finally {
    stop.abort();
    // The rates are printed also if the gateway has ended.
    if (context.asJson) printJson(context, 'trace', { kind: 'rates', ...rates.perS });
    else context.terminal.print(rates.words);
  }
  return EXIT.ok;
}

function show(context: CommandContext, moment: Moment, rates: Rates): void {
  rates.count(moment);
  const { upMs, what, words, frame } = moment;
  if (context.asJson) {
    const bytes = frame === undefined ? undefined : Buffer.from(frame.bytes).toString('hex');
    printJson(context, 'trace', { kind: what, upMs, words, bytes, problem: frame?.problem });
  } else for (const line of rendered(moment, context.terminal)) context.terminal.print(line);
}

function rendered({ upMs, what, words, frame }: Moment, terminal: Terminal): string[] {
  const time = (upMs / 1000).toFixed(3);
  const isQuiet = what !== 'in' && what !== 'out';
  const tone = isQuiet ? 'quiet' : frame?.problem === undefined ? undefined : 'warning';
  return hangOnScreen(`${time}  ${SIGNS[what]} `, printable(words), terminal).map((line, index) => {
    const text = index === 0 ? line.slice(time.length) : line;
    const shown = tone === undefined ? text : terminal.tone(tone, text);
    return index === 0 ? `${terminal.tone('quiet', time)}${shown}` : shown;
  });
}

function reportGap(context: CommandContext, gap: TailSkipped): void {
  if (context.asJson) printJson(context, 'trace', gap);
  else {
    const words = `${countOf(gap.events, 'step')} not shown: this terminal was too slow.`;
    context.terminal.print(context.terminal.tone('warning', words));
  }
}

/** Frames and bytes per second in each direction, from the first step to the last. */
class Rates {
  readonly #sums = { in: { frames: 0, bytes: 0 }, out: { frames: 0, bytes: 0 } };
  #firstMs: number | undefined;
  #lastMs = 0;

  /** Counts all bytes, including bytes that are not part of a frame. */
  countBytes({ upMs, input, actions }: Step): void {
    this.#firstMs ??= upMs;
    this.#lastMs = upMs;
    if (input.kind === 'bytes') this.#sums.in.bytes += bytesIn(input);
    for (const action of actions ?? []) if (action.kind === 'write') this.#sums.out.bytes += bytesIn(action);
  }

  count({ what, frame }: Moment): void {
    if (frame !== undefined && (what === 'in' || what === 'out')) this.#sums[what].frames += 1;
  }

  get perS(): {
    readonly framesIn: number;
    readonly bytesIn: number;
    readonly framesOut: number;
    readonly bytesOut: number;
  } {
    const seconds = Math.max(1, (this.#lastMs - (this.#firstMs ?? 0)) / 1000);
    const rate = (count: number): number => Math.round((count / seconds) * 10) / 10;
    const { in: arrived, out: sent } = this.#sums;
    return {
      framesIn: rate(arrived.frames),
      bytesIn: rate(arrived.bytes),
      framesOut: rate(sent.frames),
      bytesOut: rate(sent.bytes),
    };
  }

  get words(): string {
    const { framesIn, bytesIn, framesOut, bytesOut } = this.perS;
    return `in ${framesIn} frames/s, ${bytesIn} bytes/s; out ${framesOut} frames/s, ${bytesOut} bytes/s`;
  }
}

function bytesIn(carrier: object): number {
  return 'bytes' in carrier && carrier.bytes instanceof Uint8Array ? carrier.bytes.length : 0;
}
