/**
 * Runs a recording through the protocol code: the same inputs, times and random numbers. Compares the new decisions
 * with the recorded ones.
 *
 * The run starts at the beginning of the machine or, if that was overwritten, at the first step with a snapshot.
 */
import { Fault } from '../base/fault.ts';
import type { Machine } from '../base/machine.ts';
import type { Restorable } from '../base/snapshot.ts';
import { HUB, type Kinded, type Step, type Subject } from '../base/step.ts';
import { MqttReader } from '../codec/mqtt-wire.ts';
import { findDriver } from '../driver/drivers.ts';
import type { Credentials } from '../hub/client/credentials.ts';
import { HubClient } from '../hub/client/hub-client.ts';
import type { HubClientOptions } from '../hub/client/hub-contract.ts';
import { encodeValue, type Recording } from './recording-file.ts';

export interface Rerun {
  /** Steps of the machine before the first one that was run: overwritten, or before the first snapshot. */
  readonly forgotten: number;
  readonly skipped: number;
  /** Steps that were run, up to the end of the recording. */
  readonly steps: number;
  /** Steps from the first one with the recorded decisions, up to the first difference. */
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

type Runnable = Machine<Kinded, Kinded> & Restorable<object> & { readonly state: string };

/** @returns how to build the machine; `undefined` for a driver that this program does not have */
function maker(driver: string): ((options: object, surroundings: Surroundings) => Runnable) | undefined {
  if (driver === HUB)
    return (options, surroundings) =>
      new HubClient({ ...(options as HubClientOptions), ...surroundings }) as unknown as Runnable;
  const found = findDriver(driver);
  return found && ((options, { random }) => found.create({ ...found.recall(options), random }) as unknown as Runnable);
}

/** @throws Fault `usage` for a recording that cannot be run again */
export function rerun(recording: Recording, path: string): Rerun {
  const { header } = recording;
  const skipped = firstRunnable(recording, path);
  const steps = recording.steps.slice(skipped);
  let now: Step | undefined;
  // the draws of the first step include those of the constructor
  let draws = [...(steps[0]?.draws ?? [])];
  const machine = build(header.subject, path, {
    random: () => draws.shift() ?? 0,
    credentials: () => credentialsIn(now?.actions ?? []),
  });
  const run = { forgotten: header.forgotten, skipped, steps: steps.length };
  if (header.forgotten > 0) takeBack(machine, steps[0]?.before, path);
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
  const { forgotten, snapshotsTooLarge = 0 } = header;
  if (forgotten === 0) return 0;
  const at = steps.findIndex(({ before }) => before !== undefined);
  if (at !== -1) return at;
  const why =
    snapshotsTooLarge === 0
      ? 'and holds no later state of the machine'
      : 'and the state of the machine was larger than a quarter of the ring';
  throw new Fault('usage', `${path} lacks its first ${forgotten} steps, ${why}, so it cannot be run again`, {
    hint: 'Run holdfast export to show the recorded steps. To keep more steps, raise recorder.ring_bytes.',
  });
}

function takeBack(machine: Runnable, snapshot: object | undefined, path: string): void {
  try {
    machine.restore(snapshot ?? {});
  } catch (cause) {
    throw new Fault('usage', `${path} holds an invalid machine state`, {
      hint: 'The file was changed, or made by a program too different from this one.',
      cause,
    });
  }
}

const THREW = 'threw an error';

function decide(machine: Runnable, { input, upMs }: Step): string[] {
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
