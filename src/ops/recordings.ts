/**
 * Recordings on disk: writes the rings of the flight recorders to files, by command or by trigger. The folder is
 * bounded; the oldest files are deleted and counted.
 *
 * An observer: listens to facts, reads the rings and writes its own files. A recording that cannot be written is
 * reported and dropped.
 */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { looking } from '../base/events.ts';
import { HUB, type Step } from '../base/step.ts';
import type { RecordingTrigger } from '../config/schema.ts';
import { syncFolder } from '../io/durable/synced-folder.ts';
import type { Cancel } from '../ports.ts';
import type { FlightRecorder } from '../recorder/flight-recorder.ts';
import { encodeRecording, FORMAT, type RecordedNote, VERSION } from '../recorder/recording-file.ts';
import type { GatewayView } from './gateway-view.ts';
import type { RecordingsReport } from './reports/report.ts';

export interface RecordingsOptions {
  readonly gateway: GatewayView;
  readonly version: string;
  /** Folder of the recordings, created with the first one. */
  readonly folder: string;
  readonly tell: (sentence: string) => void;
}

export interface Frozen {
  readonly of: string;
  readonly path: string;
  readonly steps: number;
  readonly bytes: number;
}

/** Contents of a recorder at one moment. */
interface Recorded {
  readonly steps: readonly Step[];
  readonly forgotten: number;
  readonly snapshotsTooLarge: number;
  readonly snapshotProblem: string | undefined;
}

const SUFFIX = '.recording';
/** Shortest time between two recordings of one trigger. */
const TRIGGER_PAUSE_MS = 600_000;
/**
 * Number of frames of one link with a wrong CRC or above the size limit, between two looks, that triggers a recording:
 * more than the noise of plugging in a cable.
 */
const STORM_FRAMES = 20;
const LOOK_MS = 10_000;
const END_MS_MAX = 2000;
/** Largest number of notes that are kept for recordings. */
const NOTES_MAX = 64;

export class Recordings {
  readonly #options: RecordingsOptions;
  /** Notes of operators, oldest first. */
  readonly #notes: RecordedNote[] = [];
  /** Monotonic ms of the last recording, by trigger and name. */
  readonly #firedAtMs = new Map<string, number>();
  readonly #badFrames = new Map<string, number>();
  #stopLooking: Cancel = () => undefined;
  #counts: RecordingsReport = NO_RECORDINGS;
  /** Files are written one after the other, so that the bounds hold. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: RecordingsOptions) {
    this.#options = options;
  }

  get counts(): RecordingsReport {
    return this.#counts;
  }

  /** Starts listening for triggers. */
  start(): void {
    const { hub, config, facts } = this.#options.gateway;
    if (config.recorder.ringBytes === 0) return;
    facts.on('operatorActed', ({ action, detail, by }) => {
      if (action === 'mark') this.#note(detail, by);
    });
    facts.on('uplinkDeadLettered', () => this.#fire('dead-letter', [hub.recorder]));
    facts.on('messageSetAside', ({ of }) => {
      const recorder = recorderOf(this.#options.gateway, of);
      if (recorder !== undefined) this.#fire('bug', [recorder]);
    });
    hub.recorder.follow((step) => {
      if (isBreach(step)) this.#fire('hub-protocol', [hub.recorder]);
    }, 'close');
    this.#look();
  }

  /** Writes the last recordings of a process that ends; waits at most 2 s for the disk. */
  async end(trigger: RecordingTrigger | undefined): Promise<void> {
    this.#stopLooking();
    const { gateway } = this.#options;
    if (trigger !== undefined) this.#fire(trigger, recordersOf(gateway));
    const { clock } = gateway;
    const late = new Promise<void>((resolve) => {
      clock.wakeAt(clock.nowMs() + END_MS_MAX, resolve);
    });
    await Promise.race([this.#writing, late]);
  }

  /**
   * Writes recordings of all machines before it returns, without asking for room: a hung main thread calls this, and
   * the process ends then. The next recording makes room. All files are complete before the first is synced, because the
   * time may end during a sync. @throws the error of the file system
   */
  writeAtOnce(trigger: RecordingTrigger): void {
    const { folder, gateway } = this.#options;
    const { ringBytes, triggers } = gateway.config.recorder;
    if (ringBytes === 0 || !triggers.includes(trigger)) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const paths = recordersOf(gateway).map((recorder) => {
      const { path, bytes } = this.#encode(recorder, trigger, recordedIn(recorder));
      writeFileSync(`${path}.part`, bytes, { mode: 0o600 });
      renameSync(`${path}.part`, path);
      return path;
    });
    for (const path of [...paths, folder, dirname(folder)]) syncFolder(path);
  }

  /** Writes a recording; rejects with the error of the file system. */
  freeze(recorder: FlightRecorder, reason: string): Promise<Frozen> {
    // copied now, because the machine may be replaced before the file is written
    const recorded = recordedIn(recorder);
    const frozen = this.#writing.then(() => this.#write(recorder, reason, recorded));
    this.#writing = frozen.then(
      () => this.#count('written'),
      () => this.#count('failed'),
    );
    return frozen;
  }

  #note(text: string, by: string | undefined): void {
    this.#notes.push({ upMs: this.#options.gateway.clock.nowMs(), text, by });
    if (this.#notes.length > NOTES_MAX) this.#notes.shift();
  }

  #count(what: keyof RecordingsReport): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + 1 };
  }

  #fire(trigger: RecordingTrigger, recorders: readonly FlightRecorder[]): void {
    const { config, clock } = this.#options.gateway;
    const { ringBytes, triggers } = config.recorder;
    if (ringBytes === 0 || !triggers.includes(trigger)) return;
    for (const recorder of recorders) {
      const key = `${trigger} ${recorder.subject.name}`;
      const nowMs = clock.nowMs();
      if (nowMs - (this.#firedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < TRIGGER_PAUSE_MS) continue;
      this.#firedAtMs.set(key, nowMs);
      this.freeze(recorder, trigger).then(
        ({ path, steps }) =>
          this.#options.tell(`recorded ${recorder.subject.name} (${trigger}): ${steps} steps in ${path}`),
        (error: Error) =>
          this.#options.tell(`could not record ${recorder.subject.name} (${trigger}): ${error.message}`),
      );
    }
  }

  #look(): void {
    const { links, clock, facts } = this.#options.gateway;
    for (const { plan } of links.states()) {
      const { crcErrors, oversizeFrames } = plan.machine.counters;
      const bad = crcErrors + oversizeFrames;
      if (bad - (this.#badFrames.get(plan.name) ?? 0) >= STORM_FRAMES) this.#fire('crc-storm', [plan.recorder]);
      this.#badFrames.set(plan.name, bad);
    }
    this.#stopLooking = clock.wakeAt(
      clock.nowMs() + LOOK_MS,
      looking(facts, 'broken frames', () => this.#look()),
    );
  }

  #encode({ subject }: FlightRecorder, reason: string, recorded: Recorded): { path: string; bytes: Uint8Array } {
    const { folder, gateway, version } = this.#options;
    const { clock, config } = gateway;
    const { steps, ...left } = recorded;
    const frozenAt = { upMs: clock.nowMs(), wallMs: clock.wallMs() };
    const header = {
      format: FORMAT,
      version: VERSION,
      subject,
      gateway: config.gateway.name,
      program: version,
    } as const;
    const fromMs = steps[0]?.upMs ?? frozenAt.upMs;
    const notes = this.#notes.filter(({ upMs }) => upMs >= fromMs);
    const bytes = encodeRecording({ ...header, reason, frozenAt, ...left, ...(notes.length > 0 && { notes }) }, steps);
    const day = new Date(frozenAt.wallMs).toISOString().replace(/[:.]/g, '');
    const path = join(folder, `${day}-${subject.driver === HUB ? HUB : `link-${subject.name}`}-${reason}${SUFFIX}`);
    return { path, bytes };
  }

  async #write(recorder: FlightRecorder, reason: string, recorded: Recorded): Promise<Frozen> {
    const { path, bytes } = this.#encode(recorder, reason, recorded);
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    await this.#makeRoom(bytes.length);
    const part = `${path}.part`;
    try {
      // The file contains payloads, so only the user of the gateway can read it.
      await writeFile(part, bytes, { mode: 0o600 });
      await rename(part, path);
    } catch (error) {
      await rm(part, { force: true }); // on a full disk the store needs the room of the incomplete file
      throw error;
    }
    const { folder } = this.#options;
    for (const one of [path, folder, dirname(folder)]) await sync(one);
    return { of: recorder.subject.name, path, steps: recorded.steps.length, bytes: bytes.length };
  }

  /** Deletes the oldest files to make room for one of `bytes`. A file larger than `bytes_max` stays as the only one. */
  async #makeRoom(bytes: number): Promise<void> {
    const { folder, gateway } = this.#options;
    const { filesMax, bytesMax } = gateway.config.recorder;
    const names = (await readdir(folder)).filter((name) => name.includes(SUFFIX));
    const files = await Promise.all(
      names.map(async (name) => {
        const { size, mtimeMs } = await stat(join(folder, name));
        return { path: join(folder, name), size, mtimeMs };
      }),
    );
    files.sort((one, other) => one.mtimeMs - other.mtimeMs);
    let taken = bytes + files.reduce((sum, { size }) => sum + size, 0);
    while (files.length >= filesMax || taken > bytesMax) {
      const oldest = files.shift();
      if (oldest === undefined) return;
      await rm(oldest.path, { force: true });
      taken -= oldest.size;
      this.#count('removed');
    }
  }
}

/** Makes a file or the entries of a folder durable. On a failure they stay as readable as they are. */
async function sync(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync().catch(() => undefined);
  } finally {
    await file.close();
  }
}

function recordedIn(recorder: FlightRecorder): Recorded {
  const { forgotten, snapshotsTooLarge, snapshotProblem } = recorder;
  return { steps: recorder.steps(), forgotten, snapshotsTooLarge, snapshotProblem };
}

export const NO_RECORDINGS: RecordingsReport = { written: 0, failed: 0, removed: 0 };

/** Recorder of the hub connection for `hub`, of a link for any other name. */
export function recorderOf(gateway: GatewayView, name: string): FlightRecorder | undefined {
  return recordersOf(gateway).find(({ subject }) => subject.name === name);
}

export function recordersOf({ hub, links }: GatewayView): FlightRecorder[] {
  return [hub.recorder, ...links.states().map(({ plan }) => plan.recorder)];
}

/**
 * True if the gateway closed the connection after a protocol violation [MQTT-4.8.0-1]; words of
 * `hub/client/hub-client.ts`.
 */
function isBreach({ actions = [] }: Step): boolean {
  return actions.some(
    (action) =>
      action.kind === 'close' &&
      'reason' in action &&
      /^the (hub (broke|sent)|other side speaks) /.test(String(action.reason)),
  );
}
