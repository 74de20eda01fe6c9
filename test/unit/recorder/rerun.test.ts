/** A recorded hub client run again: from its beginning, from the middle, and recordings that cannot be run. */
import { expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.ts';
import type { Step } from '../../../src/base/step.ts';
import { blankPassword } from '../../../src/hub/client/blank-password.ts';
import { HubClient } from '../../../src/hub/client/hub-client.ts';
import { FlightRecorder } from '../../../src/recorder/flight-recorder.ts';
import { MachineSnapshots } from '../../../src/recorder/machine-snapshots.ts';
import {
  decodeRecording,
  decodeValue,
  encodeRecording,
  encodeValue,
  FORMAT,
  type Recording,
  VERSION,
} from '../../../src/recorder/recording-file.ts';
import { rerun } from '../../../src/recorder/rerun.ts';
import { OPTIONS } from '../hub/client/hub-rig.ts';
import { HubTalk } from '../hub/client/hub-talk.ts';

const STEPS = 1000;
/** Size of about twenty steps. */
const NARROW_BYTES = 6000;
const PASSWORD = 'correct-horse-battery';

/** Random conversation of `STEPS` steps, as far as a ring of this size keeps it. */
function recordLife(bytesMax: number): Recording {
  const { credentials: _, random: __, ...options } = OPTIONS;
  const subject = { name: 'hub', driver: 'hub', options };
  const recorder = new FlightRecorder({
    ...{ subject, bytesMax, random: seededRandom(5), blank: blankPassword },
    ...{ stateOf: () => client.state, snapshotOf: () => snapshots.capture() },
  });
  const credentials = () => ({ clientId: 'gw', username: 'user', password: Buffer.from(PASSWORD) });
  const all = { ...options, credentials, random: recorder.random };
  const client = new HubClient(all);
  const snapshots = new MachineSnapshots(client, all, []);
  const talk = new HubTalk(seededRandom(3));
  for (let steps = 0, upMs = 0; steps < STEPS; steps += 1) {
    upMs = Math.max(upMs + 100, client.nextAttemptAtMs ?? 0);
    const input = upMs >= (client.wakeAtMs() ?? Number.POSITIVE_INFINITY) ? ({ kind: 'wake' } as const) : talk.next();
    recorder.begin(input, upMs);
    const actions = client.handle(input, upMs);
    recorder.end(actions);
    for (const action of actions) talk.handle(action);
  }
  const { forgotten, snapshotsTooLarge } = recorder;
  const about = { subject, gateway: 'gw', program: '0.1.0', reason: 'asked', frozenAt: { upMs: 0, wallMs: 0 } };
  const header = { format: FORMAT, version: VERSION, ...about, forgotten, snapshotsTooLarge } as const;
  return reread({ header, steps: recorder.steps(), damage: undefined });
}

function reread({ header, steps }: Recording): Recording {
  return decodeRecording(encodeRecording(header, steps), 'f');
}

function withoutStates(recording: Recording): Recording {
  return { ...recording, steps: recording.steps.map((step): Step => ({ ...step, before: undefined })) };
}

/** Changes the text of each state. */
function withStates(recording: Recording, change: (text: string) => string): Recording {
  const altered = ({ before, ...step }: Step): Step =>
    before === undefined ? step : { ...step, before: decodeValue(change(encodeValue(before))) as object };
  return { ...recording, steps: recording.steps.map(altered) };
}

it('a complete recording is run from its beginning', () => {
  const run = rerun(recordLife(2 ** 20), 'f');
  expect(run).toEqual({ forgotten: 0, skipped: 0, steps: STEPS, same: STEPS, difference: undefined });
});

it('a recording without its beginning is run from the first recorded state', () => {
  const recording = recordLife(NARROW_BYTES);
  const { forgotten, skipped, steps, same, difference } = rerun(recording, 'f');
  expect(difference).toBeUndefined();
  expect(forgotten).toBeGreaterThan(STEPS / 2);
  expect(recording.steps[skipped]?.before).toBeDefined();
  expect(forgotten + skipped + steps).toBe(STEPS);
  expect(same).toBe(steps);
});

it('a state other than the recorded one results in other decisions', () => {
  const recording = recordLife(NARROW_BYTES);
  expect(
    rerun(
      withStates(recording, (text) => text.replace('"kind":"online"', '"kind":"waiting"')),
      'f',
    ).difference,
  ).toBeDefined();
});

it.each([1, 2, 3] as const)('a file of version %i, whose steps have another form, is not run', (version) => {
  const recording = recordLife(2 ** 20);
  const old = reread({ ...recording, header: { ...recording.header, version } });
  expect(() => rerun(old, 'f')).toThrow('has steps in the form of another version of the program (0.1.0)');
});

it('a state of another version of the program is never used', () => {
  const recording = recordLife(NARROW_BYTES);
  const reason = /lacks its first \d+ steps, and its machine states are of another version of the program \(0\.1\.0\)/;
  const altered = withStates(recording, (text) => text.replace(/"layout":\d+/, '"layout":7'));
  expect(() => rerun(altered, 'f')).toThrow(reason);
});

it('a recording without its beginning and without a state is rejected, with the reason', () => {
  const recording = withoutStates(recordLife(NARROW_BYTES));
  expect(() => rerun(recording, 'f')).toThrow(/lacks its first \d+ steps, and it holds no later state of the machine/);
  const header = { ...recording.header, snapshotsTooLarge: 7 };
  expect(() => rerun({ ...recording, header }, 'f')).toThrow(/the state of the machine was larger than a quarter/);
  const failed = { ...recording.header, snapshotProblem: 'connection: a function' };
  expect(() => rerun({ ...recording, header: failed }, 'f')).toThrow(/could not be saved \(connection: a function\)/);
});

it('a state that no machine can have is rejected', () => {
  const recording = recordLife(NARROW_BYTES);
  for (const [part, damage] of [
    ['"machine":{', '"machine":{"$value":"0"},"other":{'],
    ['"$part":', '"$part":4'],
    ['"breaches":{"$set":[', '"breaches":{"$set":[[99999],"",'],
  ] as const) {
    const altered = withStates(recording, (text) => text.replaceAll(part, damage));
    expect(() => rerun(altered, 'f')).toThrow(/an invalid machine state/);
  }
});

it('no part of a password is in a state', () => {
  const { steps } = recordLife(50_000);
  expect(textsIn(steps)).toContain('x'.repeat(PASSWORD.length));
  expect(textsIn(steps)).not.toContain(PASSWORD);
  expect(textsIn([...steps, { before: Buffer.from(`..${PASSWORD}`) }])).toContain(PASSWORD);
});

/** The conversion includes bytes. */
function textsIn(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.values(value instanceof Map ? [...value] : value)
    .map(textsIn)
    .join('\n');
}
