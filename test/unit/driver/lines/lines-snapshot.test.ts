/**
 * A link of lines that restores the state of another one in the middle of a conversation must make the same
 * decisions.
 */
import { type Random, seededRandom } from '../../../../src/base/random.ts';
import { BLOCK_CHECK } from '../../../../src/codec/iec62056.ts';
import { appendCheck } from '../../../../src/codec/line-check.ts';
import type { LinkAction, LinkInput, LinkMachine } from '../../../../src/driver/driver.ts';
import { LINES } from '../../../../src/driver/lines/definition.ts';
import { describeSuccession, linkKind, type Outcome, succeeded } from '../../recorder/succession.ts';
import { positive } from '../address-book.ts';
import { fieldTables, type LinesKeys, linesOptions, tablesText } from './lines-rig.ts';

const OTHERS = ['meter-2', 'meter-3'];
const KEYS: LinesKeys = {
  pattern: '(?P<id>[a-z0-9-]+) (?P<n>[0-9]+) ',
  ...{ subdevice_field: 'id', sequence: 'n', ack: 'OK {n}', busy: 'BUSY {n}', refused: 'NO {n}' },
  ...{ downlinks: ['cmd', 'set/#'], downlink: 'D {number} {payload}', downlink_ack: 'DONE (?P<number>[0-9]+)$' },
  ...{ check: 'crc32', silence_s: 3, line_bytes_max: 64, delimiter: '\r\n' },
};

const FIELD = fieldTables([{ name: 'w', pattern: '(?P<value>words)', optional: true }]);

const ASKS = tablesText(
  'link.lines.ask',
  ['meter-1', ...OTHERS].map((subdevice) => ({
    name: subdevice,
    subdevice,
    send: 'W\r\n',
    every_ms: 100,
    answer: '[a-z]',
  })),
);

const READOUTS = tablesText(
  'link.lines.readout',
  ['meter-1', ...OTHERS].map((subdevice) => ({
    name: subdevice,
    subdevice,
    address: subdevice.slice(-1),
    every_ms: 1000,
  })),
);
const BLOCK = Buffer.from(appendCheck(Buffer.from('1.8.0(1)\r\n!\r\n'), BLOCK_CHECK)).toString('latin1');
const METER_TEXTS = [
  '/ABC5X\r\n',
  '/ABC5X\r\n',
  '/ABCEX\r\n',
  `\u0002${BLOCK}`,
  `\u0002${BLOCK}`,
  `\u0002${BLOCK}x`,
  '\u0002',
  '1.8',
];

/** A form of lines, with what the device writes before each. */
interface Form {
  readonly name: string;
  readonly before: string;
  /** True if the check covers `before`. */
  readonly isChecked: boolean;
  /** True if the devices are asked; their lines come at any time, as answers or not. */
  readonly isAsked?: boolean;
  /** Texts of a meter that is read out, in any order. Absent: lines. */
  readonly texts?: readonly string[];
  readonly keys: LinesKeys;
}

const FORMS: readonly Form[] = [
  { name: 'lines', before: '', isChecked: false, keys: { echo: true } },
  { name: 'lines with a mark', before: '\u0002', isChecked: false, keys: { start: '\u0002' } },
  { name: 'read-outs', before: '', isChecked: false, keys: {}, texts: METER_TEXTS },
  { name: 'answers', before: '', isChecked: false, isAsked: true, keys: {} },
  {
    ...{ name: 'telegrams', before: '/x\r\n\r\n', isChecked: true },
    keys: { telegram_begin: '^/', telegram_end: '[*][0-9A-F]{8}$' },
  },
];
const STEPS = 1500;

/**
 * Three devices on one line, and a flow that answers at random times: noise, echoes, silence, closed ports,
 * dismissals.
 */
/** Report that waits for its answer. */
interface Awaited {
  readonly subdevice: string;
  readonly token: number | undefined;
}

class Conversation {
  readonly #link: LinkMachine;
  readonly #random: Random;
  #nowMs = 0;
  #uplinks: Awaited[] = [];
  #subscriptions: Awaited[] = [];
  #attaching: string[] = [];
  #written: string[] = [];
  #number = 0;
  /** Last line, repeated at times, as by a device that receives no answer. */
  #line = '';
  /** Speeds that the link wants, before they are confirmed. */
  #speeds: number[] = [];
  #delivery = 0;
  readonly #delivering = new Set<number>();

  readonly #form: Form;

  constructor(seed: number, link: LinkMachine, form: Form) {
    this.#form = form;
    this.#random = seededRandom(seed);
    this.#link = link;
    this.#input({ kind: 'start' });
  }

  run(outcome: Outcome): Outcome {
    for (let step = 0; step < STEPS && outcome.difference === undefined; step += 1) {
      const forMs = this.#random() * (this.#random() < 0.02 ? 12_000 : 60);
      this.#nowMs += this.#random() < 0.5 ? 0 : forMs;
      if ((this.#link.wakeAtMs() ?? Number.POSITIVE_INFINITY) <= this.#nowMs) this.#input({ kind: 'wake' });
      this.#happen(this.#random());
    }
    return outcome;
  }

  #happen(chosen: number): void {
    const { state } = this.#link;
    if (state === 'opening') this.#input({ kind: 'opened' });
    else if (chosen < 0.01) this.#input({ kind: 'closed', reason: 'unplugged' });
    else if (chosen < 0.02) this.#input({ kind: 'dismiss', subdevice: this.#randomSubdevice });
    else if (chosen < 0.2) this.#attach();
    else if (chosen < 0.4) this.#answer(this.#uplinks);
    else if (chosen < 0.5) this.#answer(this.#subscriptions);
    else if (chosen < 0.6) this.#deliver();
    else if (chosen < 0.8 && this.#speeds.length > 0) this.#confirmSpeed();
    else if (state === 'open') this.#sendAny();
  }

  get #randomSubdevice(): string {
    return ['meter-1', ...OTHERS][Math.floor(this.#random() * 3)] ?? '';
  }

  #confirmSpeed(): void {
    const baudRate = this.#speeds.shift();
    if (baudRate !== undefined) this.#input({ kind: 'speedSet', baudRate });
  }

  #sendAny(): void {
    const { texts } = this.#form;
    if (texts !== undefined) {
      const text = texts[Math.floor(this.#random() * texts.length)] ?? '';
      this.#input({ kind: 'bytes', bytes: Uint8Array.from(Buffer.from(text, 'latin1')) });
      return;
    }
    const [echo = ''] = this.#written.splice(0, 1);
    const number = /^D ([0-9]+)/.exec(echo)?.[1];
    if (this.#line === '' || this.#random() < 0.7) {
      this.#number += 1;
      this.#line = checked(`${this.#randomSubdevice} ${this.#number} words`, this.#form);
    }
    const lines = [
      this.#line,
      ...(this.#random() < 0.8 ? [echo] : []),
      ...(number === undefined || this.#random() < 0.3 ? [] : [checked(`DONE ${number}`, this.#form)]),
      ...(this.#random() < 0.02 ? ['x'.repeat(80)] : []),
    ];
    const bytes = Buffer.from(lines.join(''));
    if (this.#random() < 0.1)
      bytes.writeUInt8(Math.floor(this.#random() * 256), Math.floor(this.#random() * bytes.length));
    const half = Math.floor(this.#random() * bytes.length);
    this.#input({ kind: 'bytes', bytes: Uint8Array.from(bytes.subarray(0, half)) });
    if (this.#random() < 0.9) this.#input({ kind: 'bytes', bytes: Uint8Array.from(bytes.subarray(half)) });
  }

  #attach(): void {
    const subdevice = this.#attaching.shift();
    if (subdevice === undefined) return;
    const accepted = { accepted: true, topicIds: new Map() } as const;
    const answer = this.#random() < 0.7 ? accepted : ({ accepted: false, why: 'congestion' } as const);
    this.#input({ kind: 'attached', subdevice, answer });
  }

  #answer(reports: Awaited[]): void {
    const [report] = reports.splice(Math.floor(this.#random() * reports.length), 1);
    if (report === undefined) return;
    const { subdevice, token = 0 } = report;
    const why = this.#random() < 0.7 ? 'congestion' : 'not allowed';
    if (this.#random() < 0.4) this.#input({ kind: 'refuse', subdevice, token, why });
    else this.#input(positive(reports === this.#uplinks ? 'acknowledge' : 'confirm', subdevice, token));
  }

  #deliver(): void {
    if (this.#delivering.size > 2) return;
    this.#delivery += 1;
    this.#delivering.add(this.#delivery);
    const message = { topic: 'cmd', payload: new TextEncoder().encode('go'), qos: 1, dup: false } as const;
    this.#input({ kind: 'deliver', subdevice: this.#randomSubdevice, token: this.#delivery, ...message });
  }

  #input(input: LinkInput): void {
    for (const action of this.#link.handle(input, this.#nowMs)) this.#see(action);
  }

  #see(action: LinkAction): void {
    if (action.kind === 'write') this.#written.push(Buffer.from(action.bytes).toString());
    if (action.kind === 'setSpeed') this.#speeds.push(action.baudRate);
    if (action.kind === 'attach') this.#attaching.push(action.subdevice);
    if (action.kind === 'subscribe') this.#subscriptions.push(action);
    if (action.kind === 'uplink') this.#uplinks.push(action);
    if (action.kind === 'delivered' || action.kind === 'undelivered') this.#delivering.delete(action.token);
  }
}

function checked(text: string, { before, isChecked }: Form): string {
  const separator = Buffer.from('*');
  const body = Buffer.from(isChecked ? `${before}${text}` : text);
  return `${isChecked ? '' : before}${Buffer.from(appendCheck(body, { kind: 'crc32', separator }))}\r\n`;
}

const SEEDS = Array.from({ length: 8 }, (_, seed) => seed + 1);

for (const form of FORMS) {
  const { ack: _, busy: __, refused: ___, sequence: ____, silence_s: _____, ...unanswered } = KEYS;
  const keys: LinesKeys = form.isAsked === true ? unanswered : KEYS;
  const asked = form.isAsked === true ? `${FIELD}\n${ASKS}` : FIELD;
  const options =
    form.texts === undefined
      ? linesOptions({ ...keys, ...form.keys }, OTHERS, {}, asked)
      : linesOptions({ bit_7: 'even' }, OTHERS, { baud_rate: 300 }, READOUTS);
  describeSuccession(`a link of ${form.name} that takes over the state of another`, {
    seeds: SEEDS,
    converse: (seed, spoil) => {
      const { machine, outcome } = succeeded({ kind: linkKind(LINES), options, seed, spoil });
      return new Conversation(seed, machine, form).run(outcome);
    },
  });
}
