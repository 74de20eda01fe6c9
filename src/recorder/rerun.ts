/**
 * Runs a recording through the real machine: the same inputs at the same times, the same chance, and then what it decides
 * against what it decided.
 *
 * A machine is run from its beginning or, where that is forgotten, from the first step that carries it as it was before.
 */
import { Fault } from '../base/fault.ts';
import type { Machine } from '../base/machine.ts';
import type { Restorable } from '../base/snapshot.ts';
import { HUB, type Kinded, type Step, type Subject } from '../base/step.ts';
import { MqttReader } from '../codec/mqtt-wire.ts';
import { compilePattern, type Pattern } from '../config/pattern.ts';
import { createLinesLink, type LinesLinkOptions } from '../driver/lines/link.ts';
import { createModbusLink, type ModbusLinkOptions } from '../driver/modbus/link.ts';
import { createMqttsnLink, type MqttsnLinkOptions } from '../driver/mqttsn/link.ts';
import type { Credentials } from '../hub/client/credentials.ts';
import { HubClient } from '../hub/client/hub-client.ts';
import type { HubClientOptions } from '../hub/client/hub-contract.ts';
import { encodeValue, type Recording } from './recording-file.ts';

export interface Rerun {
  /** Steps of the machine's life before the first that was run: forgotten, or without a machine to take them. */
  readonly forgotten: number;
  readonly skipped: number;
  /** Those that were run, up to the end of the recording. */
  readonly steps: number;
  /** Of these, in a row from the first: whose decisions are those of the recording. */
  readonly same: number;
  /** The step after them, if there is one. */
  readonly difference: Difference | undefined;
}

/** Actions, and what else is compared, as JSON. */
export interface Difference {
  readonly upMs: number;
  readonly input: string;
  readonly recorded: readonly string[];
  readonly taken: readonly string[];
}

/** What a machine is given besides its options. */
interface Surroundings {
  readonly random: () => number;
  readonly credentials: () => Credentials;
}

type Runnable = Machine<Kinded, Kinded> & Restorable<object> & { readonly state: string };

/** By driver. The options are those of the constructor, from the header. */
const MACHINES: Readonly<Record<string, (options: object, surroundings: Surroundings) => Runnable>> = {
  [HUB]: (options, surroundings) =>
    new HubClient({ ...(options as HubClientOptions), ...surroundings }) as unknown as Runnable,
  mqttsn: (options, { random }) =>
    createMqttsnLink({ ...(options as MqttsnLinkOptions), random }) as unknown as Runnable,
  lines: (options, { random }) => {
    const { pattern, downlinkAck, ...rest } = options as LinesLinkOptions;
    const patterns = { pattern: compiled(pattern), downlinkAck: compiled(downlinkAck) };
    return createLinesLink({ ...rest, ...patterns, random }) as unknown as Runnable;
  },
  modbus: (options, { random }) =>
    createModbusLink({ ...(options as ModbusLinkOptions), random }) as unknown as Runnable,
};

/** A header holds the text of a pattern, not what was compiled from it. */
function compiled(recorded: object | undefined): Pattern | undefined {
  if (recorded === undefined) return undefined;
  const pattern = compilePattern('source' in recorded ? String(recorded.source) : '');
  if (!pattern.ok) throw new Error(pattern.problem);
  return pattern.value;
}

/** @throws Fault `usage` for a recording that cannot be run again */
export function rerun(recording: Recording, path: string): Rerun {
  const { header } = recording;
  const skipped = firstRunnable(recording, path);
  const steps = recording.steps.slice(skipped);
  let now: Step | undefined;
  // the first step's are also those of the constructor
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
    if (draws.length > 0) taken.push(`left random numbers of the recording: ${draws.length}`);
    if (machine.state !== step.state && step.actions !== undefined) taken.push(`state ${machine.state}`);
    if (taken.join('\n') === recorded.join('\n')) continue;
    if (machine.state !== step.state) recorded.push(`state ${step.state}`);
    const difference = { upMs: step.upMs, input: encodeValue(step.input), recorded, taken };
    return { ...run, same: index, difference };
  }
  return { ...run, same: steps.length, difference: undefined };
}

/** Index of the step from which on the machine can be run. */
function firstRunnable({ header, steps }: Recording, path: string): number {
  const { forgotten, snapshotsTooLarge = 0 } = header;
  if (forgotten === 0) return 0;
  const at = steps.findIndex(({ before }) => before !== undefined);
  if (at !== -1) return at;
  const why =
    snapshotsTooLarge === 0
      ? 'and holds no later state of its machine'
      : 'and its machine was too large to be kept in a quarter of the ring';
  throw new Fault('usage', `${path} lacks its first ${forgotten} steps, ${why}, so it cannot be run again`, {
    hint: 'holdfast export shows what is there. To keep more next time, raise recorder.ring_bytes.',
  });
}

function takeBack(machine: Runnable, snapshot: object | undefined, path: string): void {
  try {
    machine.restore(snapshot ?? {});
  } catch (cause) {
    throw new Fault('usage', `${path} holds a state that no machine of this program can be in`, {
      hint: 'The file was changed, or made by a program too different from this one.',
      cause,
    });
  }
}

const THREW = 'it threw';

function decide(machine: Runnable, { input, upMs }: Step): string[] {
  try {
    return machine.handle(input, upMs).map(encodeValue);
  } catch {
    return [THREW];
  }
}

function build({ driver, options }: Subject, path: string, surroundings: Surroundings): Runnable {
  const make = Object.hasOwn(MACHINES, driver) ? MACHINES[driver] : undefined;
  if (make === undefined)
    throw new Fault('usage', `${path} is of a driver that this program does not know: ${driver}`, {
      hint: 'Use the program that made it; its version is in the first line of the file.',
    });
  try {
    return make(options, surroundings);
  } catch (cause) {
    throw new Fault('usage', `${path} has a header of which no ${driver} machine can be built`, {
      hint: 'The file was changed, or made by a program too different from this one.',
      cause,
    });
  }
}

/** Who it said it was, as the CONNECT of this step shows it: the password is blank there. */
function credentialsIn(actions: readonly Kinded[]): Credentials {
  for (const action of actions) {
    if (action.kind !== 'write' || !('bytes' in action) || !(action.bytes instanceof Uint8Array)) continue;
    const [packet] = new MqttReader({ packetBytesMax: action.bytes.length }).push(action.bytes);
    if (packet?.ok === true && packet.value.kind === 'connect') return packet.value;
  }
  return { clientId: '', username: undefined, password: undefined };
}
