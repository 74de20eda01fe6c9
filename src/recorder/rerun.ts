/**
 * Runs a recording through the protocol code: the same inputs, times and random numbers. Compares the new decisions
 * with the recorded ones.
 *
 * The run starts at the beginning of the machine or, if that was overwritten, at the first step with a snapshot.
 */
import { Fault } from '../base/fault.ts';
import type { Machine } from '../base/machine.ts';
import { HUB, type Kinded, type Step, type Subject } from '../base/step.ts';
import { MqttReader } from '../codec/mqtt-wire.ts';
import { findDriver } from '../driver/drivers.ts';
import type { Credentials } from '../hub/client/credentials.ts';
import { HubClient } from '../hub/client/hub-client.ts';
import type { HubClientOptions } from '../hub/client/hub-contract.ts';
import { MachineSnapshots } from './machine-snapshots.ts';
import { encodeValue, type Recording, type RecordingHeader, VERSION } from './recording-file.ts';

export interface Rerun {
  /**
   * Numbers of steps of the machine before the first one that was run. `forgotten`: overwritten. `skipped`: before the
   * first snapshot.
   */
  readonly forgotten: number;
  readonly skipped: number;
  /** Number of steps from the first one that was run to the end of the recording. */
  readonly steps: number;
  /** Number of steps that took the recorded decisions: all steps before the first difference. */
  readonly same: number;
  /** First step with a difference, if there is one. */
  readonly difference: Difference | undefined;
}

/** Actions and other compared values, as JSON. */
export interface Difference {
  readonly upMs: number;
  readonly input: string;
  readonly recorded: readonly string[];
  readonly taken: readonly string[];
}

/** Parts that a machine is given besides its options. */
interface Surroundings {
  readonly random: () => number;
  readonly credentials: () => Credentials;
}

interface Runnable {
  readonly machine: Machine<Kinded, Kinded> & { readonly state: string };
  readonly snapshots: MachineSnapshots;
}

/** @returns a function that builds the machine; `undefined` for a driver that this program does not have */
function maker(driver: string): ((recorded: object, surroundings: Surroundings) => Runnable) | undefined {
  if (driver === HUB)
    return (recorded, surroundings) => {
      const options = { ...(recorded as HubClientOptions), ...surroundings };
      const client = new HubClient(options);
      return {
        machine: client as unknown as Runnable['machine'],
        snapshots: new MachineSnapshots(client, options, []),
      };
    };
  const found = findDriver(driver);
  return (
    found &&
    ((recorded, { random }) => {
      const options = { ...found.recall(recorded), random };
      const link = found.create(options);
      const snapshots = new MachineSnapshots(link, options, found.laterClasses);
      return { machine: link as unknown as Runnable['machine'], snapshots };
    })
  );
}

/** @throws Fault `usage` for a recording that cannot be run again */
export function rerun(recording: Recording, path: string): Rerun {
  const { header } = recording;
  if (header.version !== VERSION) throw otherForm(header, path);
  const skipped = firstRunnable(recording, path);
  const steps = recording.steps.slice(skipped);
  let now: Step | undefined;
  // the draws of the first step include those of the constructor
  let draws = [...(steps[0]?.draws ?? [])];
  const { machine, snapshots } = build(header.subject, path, {
    random: () => draws.shift() ?? 0,
    credentials: () => credentialsIn(now?.actions ?? []),
  });
  const run = { forgotten: header.forgotten, skipped, steps: steps.length };
  if (header.forgotten > 0) restore(snapshots, steps[0]?.before ?? {}, { header, path });
  for (const [index, step] of steps.entries()) {
    now = step;
    if (index > 0 || header.forgotten > 0) draws = [...step.draws];
    const recorded = step.actions?.map(encodeValue) ?? [THREW];
    const taken = decide(machine, step);
    if (draws.length > 0) taken.push(`random numbers of the recording not used: ${draws.length}`);
    if (machine.state !== step.state && step.actions !== undefined) taken.push(`state ${machine.state}`);
    if (taken.join('\n') === recorded.join('\n')) continue;
    if (machine.state !== step.state) recorded.push(`state ${step.state}`);
    const difference = { upMs: step.upMs, input: encodeValue(step.input), recorded, taken };
    return { ...run, same: index, difference };
  }
  return { ...run, same: steps.length, difference: undefined };
}

/** Index of the first step from which the machine can be run. */
function firstRunnable({ header, steps }: Recording, path: string): number {
  if (header.forgotten === 0) return 0;
  const at = steps.findIndex(({ before }) => before !== undefined);
  if (at === -1)
    throw cannotRun({ header, path, why: missingState(header) }, 'To keep more steps, raise recorder.ring_bytes.');
  return at;
}

function otherForm({ program }: RecordingHeader, path: string): Fault {
  return new Fault('usage', `${path} has steps in the form of another version of the program (${program})`, {
    hint: 'Run holdfast export to show the recorded steps. To run it again, use that version.',
  });
}

function missingState({ snapshotsTooLarge = 0, snapshotProblem }: RecordingHeader): string {
  if (snapshotProblem !== undefined) return `the state of the machine could not be saved (${snapshotProblem})`;
  return snapshotsTooLarge === 0
    ? 'it holds no later state of the machine'
    : 'the state of the machine was larger than a quarter of the ring';
}

function otherProgram(header: RecordingHeader, path: string): Fault {
  const why = `its machine states are of another version of the program (${header.program})`;
  return cannotRun({ header, path, why }, 'To run it again, use that version.');
}

interface Unrunnable {
  readonly header: RecordingHeader;
  readonly path: string;
  readonly why: string;
}

function cannotRun({ header, path, why }: Unrunnable, remedy: string): Fault {
  return new Fault(
    'usage',
    `${path} lacks its first ${header.forgotten} steps, and ${why}, so it cannot be run again`,
    {
      hint: `Run holdfast export to show the recorded steps. ${remedy}`,
    },
  );
}

function restore(snapshots: MachineSnapshots, snapshot: object, { header, path }: Omit<Unrunnable, 'why'>): void {
  let isRestored: boolean;
  try {
    isRestored = snapshots.restore(snapshot);
  } catch (cause) {
    throw new Fault('usage', `${path} holds an invalid machine state`, { hint: 'The file was changed.', cause });
  }
  if (!isRestored) throw otherProgram(header, path);
}

const THREW = 'threw an error';

function decide(machine: Runnable['machine'], { input, upMs }: Step): string[] {
  try {
    return machine.handle(input, upMs).map(encodeValue);
  } catch {
    return [THREW];
  }
}

function build({ driver, options }: Subject, path: string, surroundings: Surroundings): Runnable {
  const make = maker(driver);
  if (make === undefined)
    throw new Fault('usage', `${path} was made with a driver unknown to this program: ${driver}`, {
      hint: 'Use the program that made it; its version is in the first line of the file.',
    });
  try {
    return make(options, surroundings);
  } catch (cause) {
    throw new Fault('usage', `${path} has a header with invalid options for a ${driver} machine`, {
      hint: 'The file was changed, or made by a program too different from this one.',
      cause,
    });
  }
}

/** Client id and user name from the CONNECT of this step. The password is blanked there. */
function credentialsIn(actions: readonly Kinded[]): Credentials {
  for (const action of actions) {
    if (action.kind !== 'write' || !('bytes' in action) || !(action.bytes instanceof Uint8Array)) continue;
    const [packet] = new MqttReader({ packetBytesMax: action.bytes.length }).push(action.bytes);
    if (packet?.ok === true && packet.value.kind === 'connect') return packet.value;
  }
  return { clientId: '', username: undefined, password: undefined };
}
