/**
 * Telnet with the COM-PORT option (RFC 2217), the side of the client: speed, parity, modem lines and line errors of a
 * serial port behind a device server. Pure; `io/network/com-port-channel.ts` connects it to a socket.
 *
 *     opened ──▶ negotiating ──DO COM-PORT──▶ setting ──all settings confirmed──▶ ready ◀──▶ change of the speed
 *                     └─DONT COM-PORT, a refused setting──▶ failed ◀── a refused speed ──┘
 *
 * Invariants: data of the line is passed on only in `ready`; a data byte 0xFF is doubled on the connection (RFC 854);
 * each option is answered once, so two sides cannot answer each other without end (RFC 1143); the buffer is bounded.
 */
/** Settings of the serial port. */
export interface ComPortSettings {
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/** Line errors that the server has reported. */
export interface ComPortErrors {
  framing: number;
  parity: number;
  overruns: number;
  breaks: number;
}

export type ComPortEvent =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Bytes of the line. */
  | { readonly kind: 'line'; readonly bytes: Uint8Array }
  /** The server has confirmed all settings. */
  | { readonly kind: 'ready' }
  /** The server has confirmed a later speed. The bytes of the line before this event have the speed before. */
  | { readonly kind: 'speedSet'; readonly baudRate: number }
  /** The port cannot be used. `reason`: predicate of the server. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Commands and options of telnet (RFC 854, 856, 858) and RFC 2217 §3. */
const IAC = 255;
const DONT = 254;
const DO = 253;
const WONT = 252;
const WILL = 251;
const SB = 250;
const SE = 240;
const BINARY = 0;
const SUPPRESS_GO_AHEAD = 3;
const COM_PORT = 44;
/** Options that both sides use. */
const OURS: ReadonlySet<number> = new Set([BINARY, SUPPRESS_GO_AHEAD, COM_PORT]);
const THEIRS: ReadonlySet<number> = new Set([BINARY, SUPPRESS_GO_AHEAD]);

/** Subcommands of the client; the server answers with the number plus 100 (RFC 2217 §3). */
const SET_BAUDRATE = 1;
const SET_DATASIZE = 2;
const SET_PARITY = 3;
const SET_STOPSIZE = 4;
const SET_CONTROL = 5;
const SET_LINESTATE_MASK = 10;
const SET_MODEMSTATE_MASK = 11;
const PURGE_DATA = 12;
const OF_SERVER = 100;
const NOTIFY_LINESTATE = 106;

const PARITIES = { none: 1, odd: 2, even: 3 } as const;
/** Values of SET-CONTROL. */
const NO_FLOW_CONTROL = 1;
const DTR_ON = 8;
const DTR_OFF = 9;
const RTS_ON = 11;
const RTS_OFF = 12;
const PURGE_RECEIVED = 1;
/** Bits of the line state (RFC 2217 §3). */
const OVERRUN = 0x02;
const PARITY_ERROR = 0x04;
const FRAMING_ERROR = 0x08;
const BREAK = 0x10;
/** Largest subnegotiation that is kept, bytes. The longest of RFC 2217 is a signature, which is text. */
const SUBNEGOTIATION_BYTES_MAX = 256;

type OptionStates = Map<number, 'requested' | 'on'>;

interface Offer {
  readonly side: OptionStates;
  readonly option: number;
  readonly before: 'requested' | 'on' | undefined;
  readonly isKnown: boolean;
  readonly yes: number;
  readonly no: number;
}

type State = 'data' | 'command' | 'option' | 'subnegotiation' | 'subnegotiation command';

export class ComPortClient {
  readonly errors: ComPortErrors = { framing: 0, parity: 0, overruns: 0, breaks: 0 };
  readonly #settings: ComPortSettings;
  #phase: 'negotiating' | 'setting' | 'ready' | 'failed' = 'negotiating';
  #state: State = 'data';
  #verb = 0;
  #subnegotiation: number[] = [];
  /** Options of this side and of the server that were requested or are on. */
  readonly #ours: OptionStates = new Map();
  readonly #theirs: OptionStates = new Map();
  /** Settings without an answer. */
  #open = new Map<number, number>();
  /** Received bytes of the line that are not passed on yet. */
  #line: number[] = [];
  #events: ComPortEvent[] = [];

  constructor(settings: ComPortSettings) {
    this.#settings = settings;
  }

  /** Requests the options. Called once, when the connection is open. */
  start(): readonly ComPortEvent[] {
    for (const option of OURS) this.#request(this.#ours, WILL, option);
    for (const option of THEIRS) this.#request(this.#theirs, DO, option);
    return this.#taken();
  }

  /** @param bytes bytes of the connection; total over all contents */
  receive(bytes: Uint8Array): readonly ComPortEvent[] {
    for (const byte of bytes) this.#byte(byte);
    this.#passOn();
    return this.#taken();
  }

  /** Changes the speed of a port that is `ready`. `speedSet` or `failed` follows when the server answers. */
  setSpeed(baudRate: number): readonly ComPortEvent[] {
    this.#open.set(SET_BAUDRATE, baudRate);
    this.#send(subnegotiation(SET_BAUDRATE, octetsOf(baudRate)));
    return this.#taken();
  }

  /** Sets DTR and RTS. @returns bytes for the connection */
  modemLines(level: 'high' | 'low'): Uint8Array {
    const values = level === 'high' ? [DTR_ON, RTS_ON] : [DTR_OFF, RTS_OFF];
    return Uint8Array.from(values.flatMap((value) => [...subnegotiation(SET_CONTROL, [value])]));
  }

  #request(side: OptionStates, verb: number, option: number): void {
    side.set(option, 'requested');
    this.#send([IAC, verb, option]);
  }

  #passOn(): void {
    const line = this.#line.splice(0);
    if (line.length > 0 && this.#phase === 'ready') this.#events.push({ kind: 'line', bytes: Uint8Array.from(line) });
  }

  #byte(byte: number): void {
    switch (this.#state) {
      case 'data':
        if (byte === IAC) this.#state = 'command';
        else this.#line.push(byte);
        return;
      case 'command':
        return this.#command(byte);
      case 'option':
        this.#state = 'data';
        return this.#option(this.#verb, byte);
      case 'subnegotiation':
        if (byte === IAC) this.#state = 'subnegotiation command';
        else this.#keep(byte);
        return;
      case 'subnegotiation command':
        if (byte === IAC) {
          this.#state = 'subnegotiation';
          return this.#keep(byte);
        }
        this.#state = 'data';
        if (byte === SE) this.#subnegotiated();
        return;
    }
  }

  #command(byte: number): void {
    this.#state = 'data';
    if (byte === IAC) this.#line.push(IAC);
    else if (byte === SB) {
      this.#subnegotiation = [];
      this.#state = 'subnegotiation';
    } else if (byte >= WILL && byte <= DONT) {
      this.#verb = byte;
      this.#state = 'option';
    }
  }

  #keep(byte: number): void {
    if (this.#subnegotiation.length < SUBNEGOTIATION_BYTES_MAX) this.#subnegotiation.push(byte);
  }

  #option(verb: number, option: number): void {
    if (option === COM_PORT && verb === DONT && this.#phase !== 'failed')
      return this.#fail('does not support the COM-PORT option (RFC 2217): use tcp:// for a port without settings');
    const isOurs = verb === DO || verb === DONT;
    const [side, known] = isOurs ? [this.#ours, OURS] : [this.#theirs, THEIRS];
    const [yes, no] = isOurs ? [WILL, WONT] : [DO, DONT];
    const before = side.get(option);
    if (verb === DO || verb === WILL) this.#offered({ side, option, before, isKnown: known.has(option), yes, no });
    else {
      side.delete(option);
      if (before === 'on') this.#send([IAC, no, option]);
    }
    if (option === COM_PORT && verb === DO) this.#set();
  }

  /** Answers an offer. An option that was requested or is on gets no answer, so no loop begins (RFC 1143). */
  #offered({ side, option, before, isKnown, yes, no }: Offer): void {
    if (!isKnown) return this.#send([IAC, no, option]);
    if (before === undefined) this.#send([IAC, yes, option]);
    side.set(option, 'on');
  }

  #set(): void {
    if (this.#phase !== 'negotiating') return;
    this.#phase = 'setting';
    const { baudRate, dataBits, parity, stopBits } = this.#settings;
    this.#open = new Map([
      [SET_BAUDRATE, baudRate],
      [SET_DATASIZE, dataBits],
      [SET_PARITY, PARITIES[parity]],
      [SET_STOPSIZE, stopBits],
    ]);
    this.#send(subnegotiation(SET_BAUDRATE, octetsOf(baudRate)));
    this.#send(subnegotiation(SET_DATASIZE, [dataBits]));
    this.#send(subnegotiation(SET_PARITY, [PARITIES[parity]]));
    this.#send(subnegotiation(SET_STOPSIZE, [stopBits]));
    this.#send(subnegotiation(SET_CONTROL, [NO_FLOW_CONTROL]));
    this.#send(this.modemLines('high'));
    this.#send(subnegotiation(SET_LINESTATE_MASK, [OVERRUN | PARITY_ERROR | FRAMING_ERROR | BREAK]));
    this.#send(subnegotiation(SET_MODEMSTATE_MASK, [0]));
    this.#send(subnegotiation(PURGE_DATA, [PURGE_RECEIVED]));
  }

  #subnegotiated(): void {
    const [option, command, ...values] = this.#subnegotiation;
    if (option !== COM_PORT || command === undefined) return;
    if (command === NOTIFY_LINESTATE) return this.#count(values[0] ?? 0);
    const setting = command - OF_SERVER;
    const wanted = this.#open.get(setting);
    if (wanted === undefined || this.#phase === 'negotiating' || this.#phase === 'failed') return;
    const got = values.reduce((sum, value) => sum * 256 + value, 0);
    if (got !== wanted) return this.#fail(refusalOf(setting, wanted, got, this.#phase === 'ready'));
    this.#open.delete(setting);
    if (this.#phase === 'ready') {
      this.#passOn();
      this.#events.push({ kind: 'speedSet', baudRate: got });
      return;
    }
    if (this.#open.size > 0) return;
    this.#phase = 'ready';
    this.#events.push({ kind: 'ready' });
  }

  #count(state: number): void {
    if ((state & OVERRUN) !== 0) this.errors.overruns += 1;
    if ((state & PARITY_ERROR) !== 0) this.errors.parity += 1;
    if ((state & FRAMING_ERROR) !== 0) this.errors.framing += 1;
    if ((state & BREAK) !== 0) this.errors.breaks += 1;
  }

  #fail(reason: string): void {
    this.#phase = 'failed';
    this.#events.push({ kind: 'failed', reason });
  }

  #send(bytes: Iterable<number>): void {
    this.#events.push({ kind: 'send', bytes: Uint8Array.from(bytes) });
  }

  #taken(): readonly ComPortEvent[] {
    return this.#events.splice(0);
  }
}

/** Bytes of the line for the connection: 0xFF is doubled (RFC 854). */
export function escaped(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(IAC)) return bytes;
  return Uint8Array.from([...bytes].flatMap((byte) => (byte === IAC ? [IAC, IAC] : [byte])));
}

function subnegotiation(command: number, values: readonly number[]): Uint8Array {
  return Uint8Array.from([IAC, SB, COM_PORT, command, ...escaped(Uint8Array.from(values)), IAC, SE]);
}

/** Octets of a speed, the most significant first. */
function octetsOf(baudRate: number): readonly number[] {
  return [baudRate >>> 24, (baudRate >>> 16) & 0xff, (baudRate >>> 8) & 0xff, baudRate & 0xff];
}

/** @param isChange the port was open before */
function refusalOf(setting: number, wanted: number, got: number, isChange: boolean): string {
  switch (setting) {
    case SET_BAUDRATE:
      return `does not accept ${isChange ? 'the change to ' : ''}${wanted} baud${got === 0 ? '' : `: the port has ${got}`}`;
    case SET_DATASIZE:
      return `does not accept ${wanted} data bits: the port has ${got}`;
    case SET_PARITY:
      return `does not accept the parity of the link (${wanted}): the port has ${got}`;
    default:
      return `does not accept ${wanted} stop bits: the port has ${got}`;
  }
}

/** Bytes of two options: IAC, the command, and the number of the option (RFC 855). */
const TWO_OPTIONS = 6;

/**
 * True if the first bytes of a connection are two offers or requests of telnet options. A device behind a port with raw
 * bytes hardly begins in this way.
 */
export function isTelnetGreeting(first: Uint8Array): boolean {
  const isOption = (at: number): boolean => first[at] === IAC && (first[at + 1] ?? 0) >= WILL && first[at + 1] !== IAC;
  return first.length >= TWO_OPTIONS && isOption(0) && isOption(3);
}
