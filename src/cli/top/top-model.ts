/**
 * State of `holdfast top`: the last answers of the gateway, rates of links and subdevices, and the choices of the
 * operator. Pure: `show-top.ts` asks the gateway, reads keys, and draws.
 */
import { brokenFrames, type LinkReport } from '../../ops/reports/link-report.ts';
import type { StatusReport, SubdeviceReport } from '../../ops/reports/report.ts';
import { STATE_WORDS, subdeviceState } from '../../ops/reports/subdevice-state.ts';
import type { ScreenKey } from '../full-screen.ts';
import { stateWord } from '../link-lines.ts';
import { RateHistory, SAMPLES_MAX } from './rate-history.ts';

export interface TopRow {
  readonly kind: 'link' | 'subdevice';
  readonly name: string;
  /** Link of a subdevice, or port of a link; that of a device server without `tcp://`. */
  readonly place: string;
  /** Frames of a link, uplinks of a subdevice, per second over 5 s. */
  readonly inPerS: number;
  /** Frames to the line, downlinks to the subdevice, per second over 5 s. */
  readonly outPerS: number;
  /** Messages waiting; for a link its broken frames per minute. */
  readonly waiting: number;
  readonly state: string;
  readonly curve: readonly number[];
}

const SORTS = ['name', 'rate', 'waiting'] as const;
export type TopSort = (typeof SORTS)[number];

/** Number of samples of a rate: 5 s. */
const SHORT_SAMPLES = 5;
/** Spans of the curves, s; one sample a second. */
const SPANS_S = [60, 30, 5] as const;
export type TopSpan = (typeof SPANS_S)[number];

export class TopModel {
  readonly #rates = new RateHistory();
  readonly #backlog: number[] = [];
  #status: StatusReport | undefined;
  #subdevices: readonly SubdeviceReport[] = [];
  #problem: string | undefined;
  #isPaused = false;
  #sort: TopSort = 'name';
  #filter = '';
  #isTyping = false;
  #selected = 0;
  #opened: string | undefined;
  #span: TopSpan = 60;
  /** First line of the opened row that is shown. */
  #scroll = 0;

  get status(): StatusReport | undefined {
    return this.#status;
  }

  /** Reason why the gateway did not answer last time; `undefined`: it answered. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get sort(): TopSort {
    return this.#sort;
  }

  get span(): TopSpan {
    return this.#span;
  }

  get scroll(): number {
    return this.#scroll;
  }

  /** Keeps the opened row within its last screen. */
  limitScroll(max: number): void {
    this.#scroll = Math.min(this.#scroll, max);
  }

  get filter(): string {
    return this.#filter;
  }

  /** True while the filter is typed. */
  get isTyping(): boolean {
    return this.#isTyping;
  }

  /** Waiting uplinks, one number a second, oldest first. */
  get backlog(): readonly number[] {
    return this.#backlog;
  }

  answered(status: StatusReport, subdevices: readonly SubdeviceReport[], atMs: number): void {
    this.#problem = undefined;
    if (this.#isPaused) return;
    this.#status = status;
    this.#subdevices = subdevices;
    this.#backlog.push(status.outbox.messages);
    if (this.#backlog.length > SAMPLES_MAX) this.#backlog.shift();
    this.#rates.add(new Map([...status.links.flatMap(countersOfLink), ...subdevices.flatMap(countersOf)]), atMs);
  }

  unanswered(problem: string): void {
    this.#problem = problem;
  }

  /** Rows that match the filter, in the chosen order: links before subdevices. */
  rows(): readonly TopRow[] {
    const links = (this.#status?.links ?? []).map((link) => this.#linkRow(link));
    const subdevices = this.#subdevices.map((subdevice) => this.#subdeviceRow(subdevice));
    const matches = ({ name, place }: TopRow): boolean => `${name} ${place}`.includes(this.#filter);
    return [links, subdevices].flatMap((rows) => rows.filter(matches).toSorted(ORDERS[this.#sort]));
  }

  /** Number of the selected row. */
  get selected(): number {
    return Math.min(this.#selected, Math.max(0, this.rows().length - 1));
  }

  /** Row that is open, with the reports behind it. */
  get opened():
    | { readonly row: TopRow; readonly link: LinkReport | undefined; readonly subdevice: SubdeviceReport | undefined }
    | undefined {
    const row = this.rows().find((one) => keyOf(one) === this.#opened);
    if (row === undefined) return undefined;
    return {
      row,
      link: row.kind === 'link' ? this.#status?.links.find(({ name }) => name === row.name) : undefined,
      subdevice: row.kind === 'subdevice' ? this.#subdevices.find(({ id }) => id === row.name) : undefined,
    };
  }

  /** @returns false if the key ends the program */
  pressed(key: ScreenKey): boolean {
    if (this.#isTyping) this.#type(key);
    else if (typeof key === 'string') this.#move(key);
    else return this.#command(key.text);
    return true;
  }

  #type(key: ScreenKey): void {
    if (key === 'return') this.#isTyping = false;
    else if (key === 'escape') [this.#isTyping, this.#filter] = [false, ''];
    else if (key === 'backspace') this.#filter = this.#filter.slice(0, -1);
    else if (typeof key !== 'string') this.#filter += key.text;
  }

  #move(key: Exclude<ScreenKey, { text: string }>): void {
    const row = this.rows()[this.selected];
    const step = key === 'up' ? -1 : key === 'down' ? 1 : 0;
    if (this.#opened === undefined) this.#selected = Math.max(0, this.selected + step);
    else this.#scroll = Math.max(0, this.#scroll + step);
    if (key === 'return' && row !== undefined) [this.#opened, this.#scroll] = [keyOf(row), 0];
    if (key === 'escape' && this.#opened === undefined) this.#filter = '';
    if (key === 'escape') this.#opened = undefined;
  }

  #command(text: string): boolean {
    if (text === 'q') return false;
    if (text === 'p') this.#isPaused = !this.#isPaused;
    if (text === 's') this.#sort = SORTS[(SORTS.indexOf(this.#sort) + 1) % SORTS.length] ?? 'name';
    if (text === 'w') this.#span = SPANS_S[(SPANS_S.indexOf(this.#span) + 1) % SPANS_S.length] ?? 60;
    if (text === '/') [this.#isTyping, this.#filter] = [true, ''];
    return true;
  }

  #linkRow(link: LinkReport): TopRow {
    const { name, state, path, device } = link;
    return {
      kind: 'link',
      name,
      place: device ?? path.replace(/^\w+:\/\//, ''),
      inPerS: this.#rates.mean(`in ${name}`, SHORT_SAMPLES),
      outPerS: this.#rates.mean(`out ${name}`, SHORT_SAMPLES),
      waiting: this.#rates.mean(`broken ${name}`, SAMPLES_MAX) * this.#rates.samples(`broken ${name}`).length,
      state: stateWord(state),
      curve: this.#rates.samples(`in ${name}`).slice(-this.#span),
    };
  }

  #subdeviceRow(subdevice: SubdeviceReport): TopRow {
    const { id, link, uplinksPending, downlinksPending } = subdevice;
    return {
      kind: 'subdevice',
      name: id,
      place: link ?? '-',
      inPerS: this.#rates.mean(`up ${id}`, SHORT_SAMPLES),
      outPerS: this.#rates.mean(`down ${id}`, SHORT_SAMPLES),
      waiting: uplinksPending + downlinksPending,
      state: STATE_WORDS[subdeviceState(subdevice)],
      curve: this.#rates.samples(`up ${id}`).slice(-this.#span),
    };
  }
}

const ORDERS: Readonly<Record<TopSort, (one: TopRow, other: TopRow) => number>> = {
  name: (one, other) => one.name.localeCompare(other.name, 'en', { numeric: true }),
  rate: (one, other) => other.inPerS + other.outPerS - one.inPerS - one.outPerS,
  waiting: (one, other) => other.waiting - one.waiting,
};

const keyOf = ({ kind, name }: TopRow): string => `${kind} ${name}`;

function countersOfLink({ name, counters }: LinkReport): (readonly [string, number])[] {
  return [
    [`in ${name}`, counters.framesIn],
    [`out ${name}`, counters.framesOut],
    [`broken ${name}`, brokenFrames(counters)],
  ];
}

function countersOf({ id, uplinksAccepted, downlinksDelivered }: SubdeviceReport): (readonly [string, number])[] {
  return [
    [`up ${id}`, uplinksAccepted],
    [`down ${id}`, downlinksDelivered],
  ];
}
