/**
 * Ports: all access of this program to the outside world. `io/` implements the ports on the operating system, `bench/`
 * and the simulation implement them in memory. No other code opens a device, waits or reads a clock.
 */

import type { DeviceNote } from './base/device-note.ts';
import type { FaultCode } from './base/fault.ts';
import type { FetchOutcome, FirmwareRecord, ImageDigest } from './base/firmware.ts';
import type { Direction } from './base/message.ts';
import type { Stamp } from './base/time.ts';
import type { Change } from './custody/change.ts';
import type { LetterPage, LetterRequest } from './custody/dead-letter.ts';
import type { MessagePage, MessageRequest } from './custody/message-page.ts';
import type { LaneWants, RowPage, StoreOpening, Tally } from './custody/row.ts';
import type { HistoryAnswer, HistoryRequest } from './history/history-requests.ts';

export type Cancel = () => void;

export interface Clock {
  /**
   * Milliseconds of CLOCK_MONOTONIC. This clock never steps, and continues over restarts of the process within one
   * boot.
   */
  nowMs(): number;
  /** Unix milliseconds of the machine's clock, which is not trusted. */
  wallMs(): number;
  /** Calls `wake` once, at or after `atMs` on the monotonic clock, never synchronously. */
  wakeAt(atMs: number, wake: () => void): Cancel;
}

/** Facts of the machine about its wall clock. */
export interface TimeService {
  /** Time of the last synchronisation, Unix ms by the clock of that time. `undefined`: none in this boot. */
  syncedAtMs(): number | undefined;
  /**
   * Time for which this boot's monotonic clock stood still while the machine slept, ms. Only differences are
   * meaningful.
   */
  sleptMs(): number;
}

/** One open byte stream: a tty, a socket, a virtual wire. */
export interface Channel {
  /** Queues the bytes, which are sent in order. Ignored after the channel has closed. */
  write(bytes: Uint8Array): void;
  /** Bytes written but not yet accepted by the operating system. */
  readonly queuedBytes: number;
  /**
   * Stops or resumes reading. After a stop, the peer waits by flow control, but bytes may still arrive. Absent: reading
   * cannot be stopped.
   */
  setReading?(isReading: boolean): void;
  /**
   * Changes the speed of a serial port after all queued bytes have left it. Bytes written later have the new speed.
   * `speedSet` or `closed` follows within a deadline. Absent: the channel cannot change its speed.
   */
  setSpeed?(baudRate: number): void;
  /** Counters of a serial port. `undefined`: the driver does not count, or the port is not open. */
  lineErrors?(): LineErrors | undefined;
  /** Begins to close. `closed` follows within a deadline, even if the device does not respond. Idempotent. */
  close(reason: string): void;
}

/** Errors counted by the kernel's driver of a serial port since the port was detected. The numbers only grow. */
export interface LineErrors {
  /** Bytes without a stop bit at the expected position: wrong speed, or noise. */
  readonly framing: number;
  readonly parity: number;
  /** Bytes lost in the hardware: the kernel did not fetch them in time. */
  readonly overruns: number;
  /** Bytes lost in the kernel: no process read them in time. */
  readonly bufferOverruns: number;
  /** Times the line was low for longer than a byte: unplugged cable, swapped wires, or a break sent on purpose. */
  readonly breaks: number;
}

export interface ChannelListener {
  /** The port cannot be opened yet. It is opened as soon as possible: `opened` or `closed` follows. */
  waits?(wait: PortWait): void;
  opened(): void;
  /** Called with received bytes, which may be a view of a pool. The listener must copy the bytes that it keeps. */
  bytes(bytes: Uint8Array): void;
  /** The port has the speed of the last `setSpeed`. Bytes passed on before were received at the speed before. */
  speedSet?(baudRate: number): void;
  /** Called exactly once per channel, also after a failed open. No other call follows. */
  closed(reason: string): void;
}

/** Reason why a port cannot be opened yet. */
export interface PortWait {
  /**
   * `absent`: no device has the name. `ambiguous`: several devices have the name. `shared`: another link uses the
   * device.
   */
  readonly kind: 'absent' | 'ambiguous' | 'shared';
  readonly why: string;
}

/**
 * Recovery steps for the device of a link, other than to open the device again. Each step resolves with a text that
 * describes what was done, or rejects with the reason.
 */
export interface PortCare {
  /** Current device of the link. `undefined`: none. */
  device(): string | undefined;
  /** Sets DTR and RTS low for a moment, which restarts many boards and wakes some adapters. */
  toggle(): Promise<string>;
  /** Makes the kernel detach the USB adapter and detect it again, as if it had been replugged. */
  reauthorise(): Promise<string>;
}

/** Topics at which the gateway may have retained messages at its hub, on the disk. */
export interface TopicMemory {
  /** Topics that an earlier process has stored. */
  readonly topics: readonly string[];
  /**
   * Replaces the stored topics. `done` is called in the mailbox when they are durable, and also if they cannot be
   * stored: the caller goes on then, and a topic that is removed later may keep its retained message. One call at a
   * time.
   */
  keep(topics: readonly string[], done: () => void): void;
}

/** Firmware of subdevices on the disk: the records of the updates, and the images. Callbacks are called in the mailbox. */
export interface FirmwareStorage {
  /** Records that an earlier process has stored. */
  readonly records: readonly FirmwareRecord[];
  /**
   * Replaces the stored records. `done` is called when they are durable, or with the problem if they could not be
   * stored. One call at a time.
   */
  keep(records: readonly FirmwareRecord[], done: (problem: string | undefined) => void): void;
  /** Returns the CRC-32 of an image that is complete on the disk. `undefined`: it is missing or incomplete. */
  find(image: ImageDigest): number | undefined;
  /** Returns the number of bytes of an image that are durable on the disk, also of an incomplete one. */
  bytesOf(image: ImageDigest): number;
  /**
   * Downloads an image, and continues an interrupted download. One download at a time. `done` is called once, unless
   * the download is cancelled before.
   */
  fetch(image: ImageDigest, url: string, done: (outcome: FetchOutcome) => void): Cancel;
  /**
   * Reads a part of a complete image. @param bytes 1 to 65,536, within the image. `done` gets the bytes in memory of
   * their own, or `undefined` if they cannot be read; the image counts as missing then
   */
  read(image: ImageDigest, offset: number, bytes: number, done: (octets: Uint8Array | undefined) => void): void;
  /** Removes all images but these, complete or not. */
  retain(images: readonly ImageDigest[]): void;
}

/** Opens a new channel at each call. Never throws, and never calls the listener synchronously. */
export type OpenChannel = (listener: ChannelListener) => Channel;

/** Reports of the store. Receipts come in the order of the commits. */
export interface StoreListener {
  /**
   * Every change of commit `batch` is durable: fsync returned. @param historyBytes bytes that the history has caused
   * on the medium since the opening
   */
  committed(batch: number, historyBytes?: number): void;
  /** The disk is full: nothing of `batch` was written. The store does not repeat the batch. */
  full(batch: number): void;
  /** Storage cannot be trusted any more. The process must not acknowledge any further message and must exit. */
  failed(reason: string, code: FaultCode): void;
}

/**
 * Durable half of the gateway. One commit runs at a time. The caller groups the changes. The answers arrive in the
 * order of the calls.
 */
export interface Store {
  /**
   * Applies the changes in one transaction, in order. `batch` is 1 for the first commit and rises by one with each
   * commit. After `full`, changes that put messages are rejected until there is room; other changes are applied. An
   * empty list tests whether there is room.
   */
  commit(batch: number, changes: readonly Change[]): void;
  /** Reads rows of the wanted lanes, in order of `seq`. One call scans a limited number of rows. */
  page(request: PageRequest): Promise<RowPage>;
  /** Counts rows and reads the durable counters in one snapshot. */
  tally(): Promise<Tally>;
  letters(request: LetterRequest): Promise<LetterPage>;
  history(request: HistoryRequest): Promise<HistoryAnswer>;
  /** Keeps the database file unchanged for a copy, while commits go on (`StillFile`). */
  still(request: StillRequest): Promise<StillFile>;
  messages(request: MessageRequest): Promise<MessagePage>;
  close(): Promise<void>;
  /** Progress for the watchdog, while a request waits for its answer; `undefined`: none waits. Absent: unknown. */
  progress?(): StoreProgress | undefined;
}

export interface StoreProgress {
  /** Number of answers until now, receipts included. */
  readonly answers: number;
  /** True if the request that waits longest may read or write much: it counts all rows, or makes a checkpoint. */
  readonly isLong: boolean;
}

/** `begin`: the file becomes still. `keep`: it stays so for some more seconds. `end`: it may change again. */
export interface StillRequest {
  readonly step: 'begin' | 'keep' | 'end';
  /** Answer to `begin`; 0 for `begin`. */
  readonly turn: number;
}

/** State of the database file between checkpoints. A copy is one moment of the store if the file stayed still. */
export interface StillFile {
  readonly turn: number;
  /** False if the file has changed since the `begin` with this turn, because commits had no other room. */
  readonly isStill: boolean;
  /** Size of the file. */
  readonly bytes: number;
}

export interface PageRequest {
  readonly direction: Direction;
  readonly lanes: LaneWants;
  /** Largest number of rows over all lanes. */
  readonly limit: number;
}

/** Opens the store, and recovers a damaged store as far as needed. Rejects with a `Fault`. */
export type OpenStore = (listener: StoreListener) => Promise<{ store: Store; opening: StoreOpening }>;

/** Note about a device of a link. */
export interface SavedNote {
  readonly link: string;
  readonly subdevice: string;
  readonly note: DeviceNote;
}

/** Times in the notes are monotonic ms of the boot of `at`. */
export interface SavedNotes {
  readonly at: Stamp;
  readonly notes: readonly SavedNote[];
}

/** File with what links have learned about their devices. */
export interface NoteFile {
  /** @returns `undefined`: no usable file */
  read(): SavedNotes | undefined;
  /** Rejects if the file cannot be written. */
  write(notes: SavedNotes): Promise<void>;
}
