/**
 * Every way this program can touch the world. `io/` implements these on the operating system, `bench/` and the
 * simulation implement them in memory; nothing else opens, waits or reads a clock.
 */

import type { FaultCode } from './base/fault.ts';
import type { Direction } from './base/message.ts';
import type { Change } from './custody/change.ts';
import type { LetterPage, LetterRequest } from './custody/dead-letter.ts';
import type { RowPage, StoreOpening, Tally } from './custody/row.ts';

export type Cancel = () => void;

export interface Clock {
  /** Milliseconds of CLOCK_MONOTONIC: never steps, survives a restart of the process within one boot. */
  nowMs(): number;
  /** Unix milliseconds, as untrusted as the machine's clock. */
  wallMs(): number;
  /** Calls `wake` once, at or after `atMs` on the monotonic clock, never synchronously. */
  wakeAt(atMs: number, wake: () => void): Cancel;
}

/** What the machine says about its wall clock. */
export interface TimeService {
  /** Unix ms, by the clock of then, of the last synchronisation; `undefined`: none in this boot. */
  syncedAtMs(): number | undefined;
  /** For how long this boot's monotonic clock stood still because the machine slept; only its growth counts. */
  sleptMs(): number;
}

/** One open byte stream: a tty, a socket, a virtual wire. */
export interface Channel {
  /** Takes the bytes at once; they leave in order. Ignored after the channel has closed. */
  write(bytes: Uint8Array): void;
  /** Bytes written but not yet taken by the operating system. */
  readonly queuedBytes: number;
  /** Stops or resumes reading; without it, or while it is stopped, bytes may still come. The far end waits behind its window. */
  setReading?(isReading: boolean): void;
  /** Of a serial port; `undefined`: its driver does not count, or it is not open. */
  lineErrors?(): LineErrors | undefined;
  /** Begins to close; `closed` follows within a deadline, whatever the device does. Idempotent. */
  close(reason: string): void;
}

/** What the kernel's driver of a serial port has counted since it found the port; the numbers only grow. */
export interface LineErrors {
  /** Bytes without a stop bit where it should be: another speed, or noise. */
  readonly framing: number;
  readonly parity: number;
  /** Bytes lost in the hardware: the kernel did not fetch them in time. */
  readonly overruns: number;
  /** Bytes lost in the kernel: nobody read them in time. */
  readonly bufferOverruns: number;
  /** The line was low for longer than a byte: unplugged, swapped wires, or meant so. */
  readonly breaks: number;
}

export interface ChannelListener {
  /** It cannot be opened yet, and is as soon as it can: `opened` or `closed` follows. */
  waits?(wait: PortWait): void;
  opened(): void;
  /** The bytes may be a view of a pool: copy what is kept. */
  bytes(bytes: Uint8Array): void;
  /** Exactly once per channel, also for an open that failed; nothing follows. */
  closed(reason: string): void;
}

/** Why a port cannot be opened yet. */
export interface PortWait {
  /** Nothing is plugged in by that name; several are; another link has it. */
  readonly kind: 'absent' | 'ambiguous' | 'shared';
  readonly why: string;
}

/** What can be done for the device of a link besides opening it. Each says what it did, or rejects with why it could not. */
export interface PortCare {
  /** The device it has now; `undefined`: none. */
  device(): string | undefined;
  /** Lets DTR and RTS fall for a moment: many boards start anew, and some adapters wake up. */
  toggle(): Promise<string>;
  /** Has the kernel forget the USB adapter and find it again, as if it had been replugged. */
  reauthorise(): Promise<string>;
}

/** Opens a new channel each time it is called; never throws, never calls the listener synchronously. */
export type OpenChannel = (listener: ChannelListener) => Channel;

/** What the store tells its owner. Receipts come in the order of the commits. */
export interface StoreListener {
  /** Every change of commit `batch` is durable: fsync returned. */
  committed(batch: number): void;
  /** The disk is full: nothing of `batch` was written, it will not be tried again by the store. */
  full(batch: number): void;
  /** Storage cannot be trusted any more: acknowledge nothing, exit. */
  failed(reason: string, code: FaultCode): void;
}

/** The durable half. One commit runs at a time; the caller groups. Answers come in the order of the calls. */
export interface Store {
  /**
   * Applies the changes in one transaction, in order. `batch` numbers rise by one from 1. After `full`, changes that put
   * messages are refused until there is room, the others are not; an empty list asks whether there is.
   */
  commit(batch: number, changes: readonly Change[]): void;
  /** Reads up to `limit` rows of the wanted lanes, in order of `seq`, scanning a bounded number of rows. */
  page(request: PageRequest): Promise<RowPage>;
  /** Counts rows and reads the durable counters in one snapshot. */
  tally(): Promise<Tally>;
  letters(request: LetterRequest): Promise<LetterPage>;
  close(): Promise<void>;
}

export interface PageRequest {
  readonly direction: Direction;
  /** Lane number → lowest `seq` wanted. */
  readonly lanes: ReadonlyMap<number, number>;
  readonly limit: number;
}

/** Opens the store, recovering it as far as needed; rejects with a `Fault`. */
export type OpenStore = (listener: StoreListener) => Promise<{ store: Store; opening: StoreOpening }>;
