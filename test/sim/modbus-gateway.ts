/**
 * Simulated gateway of Modbus TCP with several units behind one address, at the far end of a virtual network with latency
 * that delivers frames in pieces. In some worlds it reports a unit that does not answer in time by exception 0x0B. While
 * the network is disturbed, it loses requests, answers late, twice, with other transaction or unit ids or with exceptions,
 * cuts connections in the middle of an answer and leaves them half-open.
 */
import type { Random } from '../../src/base/random.ts';
import type { ChannelListener, OpenChannel } from '../../src/ports.ts';
import { MBAP_ANSWER_MS_MAX } from './line-protocols.ts';
import { framesIn, MbapTap, transactionOf, unitOctets } from './mbap-tap.ts';
import type { BusUnit, UnitBus } from './sim-unit.ts';
import type { VirtualTime } from './virtual-time.ts';

interface ModbusGatewayOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly complain: (what: string) => void;
}

interface Socket {
  readonly listener: ChannelListener;
  isOpen: boolean;
  /** Nothing arrives at either end, and neither end is informed. */
  isSilent: boolean;
  /** Bytes of an unfinished request, and of an unfinished answer. */
  received: Uint8Array;
  heard: Uint8Array;
  /** World time at which the last bytes in each direction arrive. */
  upAtMs: number;
  downAtMs: number;
}

/** Request that a unit has not answered. */
interface OpenRequest {
  readonly socket: Socket;
  readonly fault: Fault | undefined;
}

const FAULTS = ['lost', 'late', 'no path', 'no answer', 'twice', 'other id', 'other unit', 'cut', 'silent'] as const;
type Fault = (typeof FAULTS)[number];

const LATENCY_MS = { min: 1, max: 10 } as const;
/** Time-out of the gateway for its units; longer than a quick answer, and shorter than many slow ones. */
const UNIT_MS = 250;
const PIECES_MAX = 3;
/** Time after which a half-open connection is closed by TCP keep-alive. */
const TCP_GIVES_UP_MS = 60_000;
const NO_PATH = 0x0a;
const NO_ANSWER = 0x0b;

export class ModbusGateway implements UnitBus {
  readonly framing = 'mbap';
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #tap: MbapTap;
  /** Reports silent units by an exception. Otherwise it sends nothing for them. */
  readonly #reportsSilence: boolean;
  readonly #units: BusUnit[] = [];
  /** Newest request with each transaction id. */
  readonly #requests = new Map<number, OpenRequest>();
  /** Probability that a request meets a fault. */
  #damage = 0;
  #isPlugged = true;
  #socket: Socket | undefined;
  #disturbedAtMs = 0;

  constructor({ time, random, complain }: ModbusGatewayOptions) {
    this.#time = time;
    this.#random = random;
    this.#tap = new MbapTap(complain);
    this.#reportsSilence = random() < 0.6;
  }

  /** World time until which the connection was last disturbed or new. */
  get disturbedAtMs(): number {
    const isAbsent = this.#socket?.isOpen !== true || this.#socket.isSilent;
    return isAbsent ? Math.max(this.#time.nowMs, this.#disturbedAtMs) : this.#disturbedAtMs;
  }

  readonly gatewayEnd: OpenChannel = (listener) => {
    let socket: Socket | undefined;
    let isClosed = false;
    const end = (reason: string): void => {
      if (isClosed) return;
      isClosed = true;
      this.#time.after(0, () => listener.closed(reason));
    };
    const watched: ChannelListener = { ...listener, closed: end };
    this.#time.after(2 * LATENCY_MS.max, () => {
      if (isClosed) return;
      if (!this.#isPlugged) return end('no route to the host');
      socket = this.#accept(watched);
      listener.opened();
    });
    return {
      write: (bytes) => {
        if (socket?.isOpen !== true) return;
        this.#tap.asked(bytes, this.#time.nowMs);
        this.#carryUp(socket, bytes.slice());
      },
      queuedBytes: 0,
      close: (reason) => {
        if (socket !== undefined) this.#drop(socket);
        end(reason);
      },
    };
  };

  join(unit: BusUnit): void {
    this.#units.push(unit);
  }

  /** Takes the answer of a unit. A late answer is passed on too. */
  send(frame: Uint8Array): void {
    const id = transactionOf(frame);
    const request = this.#requests.get(id);
    if (request !== undefined) {
      this.#requests.delete(id);
      this.#answer(request, frame);
    } else if (this.#socket !== undefined) this.#carryDown(this.#socket, frame);
  }

  /** Pulls the cable of the network. */
  unplug(): void {
    this.#isPlugged = false;
    if (this.#socket !== undefined) this.#silence(this.#socket);
  }

  plug(): void {
    this.#isPlugged = true;
    this.#disturb(this.#time.nowMs);
  }

  disturb(damage: number): void {
    this.#damage = damage;
  }

  dropGateway(): void {
    if (this.#socket !== undefined) this.#drop(this.#socket);
  }

  stall(ms: number): void {
    this.#disturb(this.#time.nowMs + ms);
    for (const unit of this.#units) unit.slowDown(ms);
  }

  #accept(listener: ChannelListener): Socket {
    const { nowMs } = this.#time;
    if (this.#socket !== undefined) this.#drop(this.#socket);
    const none = new Uint8Array();
    const socket = { listener, isOpen: true, isSilent: false, received: none, heard: none };
    this.#socket = { ...socket, upAtMs: nowMs, downAtMs: nowMs };
    this.#tap.opened();
    this.#disturb(nowMs);
    return this.#socket;
  }

  #disturb(untilMs: number): void {
    this.#disturbedAtMs = Math.max(this.#disturbedAtMs, untilMs);
  }

  #drop(socket: Socket): void {
    socket.isOpen = false;
    this.#requests.clear();
    this.#disturb(this.#time.nowMs);
  }

  #cut(socket: Socket, reason: string): void {
    if (!socket.isOpen) return;
    this.#drop(socket);
    socket.listener.closed(reason);
  }

  #silence(socket: Socket): void {
    socket.isSilent = true;
    this.#disturb(this.#time.nowMs);
    this.#time.after(TCP_GIVES_UP_MS, () => this.#cut(socket, 'no answer from the host'));
  }

  get #latencyMs(): number {
    return LATENCY_MS.min + this.#random() * (LATENCY_MS.max - LATENCY_MS.min);
  }

  #carryUp(socket: Socket, bytes: Uint8Array): void {
    for (const piece of this.#piecesOf(bytes)) {
      socket.upAtMs = Math.max(socket.upAtMs, this.#time.nowMs + this.#latencyMs);
      this.#time.at(socket.upAtMs, () => {
        if (socket.isOpen && !socket.isSilent) this.#receive(socket, piece);
      });
    }
  }

  #receive(socket: Socket, piece: Uint8Array): void {
    const { frames, rest } = framesIn(Uint8Array.from([...socket.received, ...piece]));
    socket.received = rest;
    for (const frame of frames) this.#request(socket, frame);
  }

  #request(socket: Socket, frame: Uint8Array): void {
    const { nowMs } = this.#time;
    const fault = this.#random() < this.#damage ? this.#drawFault() : undefined;
    if (fault !== undefined) this.#disturb(nowMs + 3 * MBAP_ANSWER_MS_MAX);
    if (fault === 'lost') return;
    if (fault === 'silent') return this.#silence(socket);
    if (fault === 'no path') return this.#carryDown(socket, exceptionTo(frame, NO_PATH));
    if (fault === 'no answer') return this.#carryDown(socket, exceptionTo(frame, NO_ANSWER));
    const request: OpenRequest = { socket, fault };
    this.#requests.set(transactionOf(frame), request);
    for (const unit of this.#units) unit.receive(frame);
    if (!this.#reportsSilence) return;
    this.#time.after(UNIT_MS, () => {
      if (this.#requests.get(transactionOf(frame)) !== request || !socket.isOpen) return;
      this.#disturb(this.#time.nowMs);
      this.#carryDown(socket, exceptionTo(frame, NO_ANSWER));
    });
  }

  #answer({ socket, fault }: OpenRequest, frame: Uint8Array): void {
    const [high = 0, low = 0] = frame;
    switch (fault) {
      case 'late':
        this.#time.after(this.#random() * 3 * MBAP_ANSWER_MS_MAX, () => this.#carryDown(socket, frame));
        return;
      case 'twice':
        this.#carryDown(socket, frame);
        return this.#carryDown(socket, frame);
      case 'other id':
        this.#carryDown(socket, Uint8Array.from([high ^ 0x40, low, ...frame.subarray(2)]));
        return this.#carryDown(socket, frame);
      case 'other unit':
        return this.#carryDown(socket, Uint8Array.from([...frame.subarray(0, 6), 200, ...frame.subarray(7)]));
      case 'cut':
        this.#carryDown(socket, frame.subarray(0, frame.length >> 1));
        this.#time.at(socket.downAtMs, () => this.#cut(socket, 'reset by the host'));
        return;
      default:
        return this.#carryDown(socket, frame);
    }
  }

  #carryDown(socket: Socket, bytes: Uint8Array): void {
    for (const piece of this.#piecesOf(bytes)) {
      socket.downAtMs = Math.max(socket.downAtMs, this.#time.nowMs + this.#latencyMs);
      this.#time.at(socket.downAtMs, () => {
        if (!socket.isOpen || socket.isSilent) return;
        const { frames, rest } = framesIn(Uint8Array.from([...socket.heard, ...piece]));
        socket.heard = rest;
        for (const frame of frames) this.#tap.heard(frame);
        socket.listener.bytes(piece);
      });
    }
  }

  #piecesOf(bytes: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let at = 0;
    while (pieces.length < PIECES_MAX - 1 && at < bytes.length) {
      const end = at + 1 + Math.floor(this.#random() * bytes.length * 2);
      pieces.push(bytes.slice(at, end));
      at = end;
    }
    return at < bytes.length ? [...pieces, bytes.slice(at)] : pieces;
  }

  #drawFault(): Fault {
    return FAULTS[Math.floor(this.#random() * FAULTS.length)] ?? 'lost';
  }
}

function exceptionTo(frame: Uint8Array, code: number): Uint8Array {
  const [unit = 0, request = 0] = unitOctets(frame);
  return Uint8Array.from([...frame.subarray(0, 4), 0, 3, unit, request | 0x80, code]);
}
