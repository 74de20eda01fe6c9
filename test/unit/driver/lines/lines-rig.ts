/** A link of lines built from a configuration, with short methods to observe it. */
import type { DriverReport, LinkAction, LinkMachine } from '../../../../src/driver/driver.ts';
import { createLinesLink, type LinesLinkOptions } from '../../../../src/driver/lines/link.ts';
import type { LinesOptions } from '../../../../src/driver/lines/options.ts';
import { configOf, GENERIC } from '../../config/config-rig.ts';
import { AddressBook, type Unaddressed } from '../address-book.ts';

/**
 * Keys of [link.lines] other than its subdevice. Texts, numbers, flags and lists are the same in JSON and in TOML.
 */
export type LinesKeys = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Text of tables such as [[link.lines.field]], which follow [link.lines]. */
export function tablesText(heading: string, tables: readonly LinesKeys[]): string {
  return tables
    .map((keys) =>
      [`[[${heading}]]`, ...Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)].join('\n'),
    )
    .join('\n');
}

export const fieldTables = (fields: readonly LinesKeys[]): string => tablesText('link.lines.field', fields);

/** @param link keys of the link itself @param tables text of tables after [link.lines] */
export function linesText(keys: LinesKeys, link: LinesKeys = {}, tables = ''): string {
  const lines = (table: LinesKeys): string[] =>
    Object.entries(table).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  const table = [
    ...lines({ driver: 'lines', ...link }),
    '[link.lines]',
    ...lines({ subdevice: 'meter-1', ...keys }),
    tables,
  ];
  return GENERIC.replace('path = "/dev/ttyUSB0"', `path = "/dev/ttyUSB0"\n${table.join('\n')}`);
}

/** @param others other subdevices of the link */
export function linesLink(
  keys: LinesKeys,
  others: readonly string[] = [],
  random = () => 0,
  link: LinesKeys = {},
  tables = '',
): LinkMachine {
  return createLinesLink({ ...linesOptions(keys, others, link, tables), random });
}

/** All options except random numbers. */
export function linesOptions(
  keys: LinesKeys,
  others: readonly string[] = [],
  own: LinesKeys = {},
  tables = '',
): Omit<LinesLinkOptions, 'random'> {
  const served = others.length === 0 ? own : { subdevices: ['meter-1', ...others], ...own };
  const text = linesText(keys, served, tables) + others.map((id) => `[[subdevice]]\nid = "${id}"\n`).join('');
  const [link] = configOf(text).links;
  if (link?.driver !== 'lines') throw new Error('not a link of lines');
  const bounds = { uplinksMax: 4, retryMs: 100, retriesMax: 2, reopen: { floorMs: 50, ceilingMs: 200 } };
  return { ...link, ...(link.options as LinesOptions), ...bounds };
}

type Report<Kind extends DriverReport['kind']> = Extract<DriverReport, { kind: Kind }>;

/** Open link with a flow that attaches every subdevice. */
export class LinesBench {
  readonly link: LinkMachine;
  /** Everything that was written, with delimiters. */
  written = '';
  reports: DriverReport[] = [];
  nowMs = 0;
  isWelcoming = true;
  readonly #addresses = new AddressBook();

  /** @param link keys of the link itself */
  constructor(keys: LinesKeys = {}, others: readonly string[] = [], link: LinesKeys = {}, tables = '') {
    this.link = linesLink(keys, others, () => 0, link, tables);
    this.command({ kind: 'start' });
    this.command({ kind: 'opened' });
  }

  command(input: Unaddressed): void {
    for (const action of this.link.handle(this.#addresses.addressed(input), this.nowMs)) {
      this.#addresses.note(action);
      this.#see(action);
    }
  }

  receive(text: string): void {
    this.command({ kind: 'bytes', bytes: Uint8Array.from(Buffer.from(text, 'latin1')) });
  }

  /** Advances the time, timer by timer. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (let atMs = this.link.wakeAtMs(); atMs !== undefined && atMs <= untilMs; atMs = this.link.wakeAtMs()) {
      this.nowMs = Math.max(this.nowMs, atMs);
      this.command({ kind: 'wake' });
    }
    this.nowMs = untilMs;
  }

  deliver(token: number, text: string, topic = 'cmd', subdevice = 'meter-1'): void {
    const payload = Uint8Array.from(Buffer.from(text, 'latin1'));
    this.command({ kind: 'deliver', subdevice, token, topic, payload, qos: 1, dup: false });
  }

  of<Kind extends DriverReport['kind']>(kind: Kind): Report<Kind>[] {
    return this.reports.filter((report): report is Report<Kind> => report.kind === kind);
  }

  /** Topic and payload of each uplink. */
  get uplinks(): (readonly [string, string])[] {
    return this.of('uplink').map(({ topic, payload }) => [topic, Buffer.from(payload).toString()]);
  }

  /** Bytes written since the last call. */
  takeWritten(): string {
    const { written } = this;
    this.written = '';
    return written;
  }

  #see(action: LinkAction): void {
    switch (action.kind) {
      case 'write':
        this.written += Buffer.from(action.bytes).toString('latin1');
        break;
      case 'setSpeed':
        this.written += `<${action.baudRate}>`;
        break;
      case 'open':
      case 'close':
        break;
      case 'attach': {
        this.reports.push(action);
        const { subdevice } = action;
        const answer = this.isWelcoming
          ? ({ accepted: true, topicIds: new Map() } as const)
          : ({ accepted: false, why: 'congestion' } as const);
        this.command({ kind: 'attached', subdevice, answer });
        break;
      }
      default:
        this.reports.push(action);
    }
  }
}
