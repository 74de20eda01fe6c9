/** Recordings of machines in the simulation: a new machine makes the same decisions. */
import { describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/app/gateway.ts';
import type { Step } from '../../src/base/step.ts';
import type { FlightRecorder } from '../../src/recorder/flight-recorder.ts';
import {
  decodeRecording,
  encodeRecording,
  FORMAT,
  type Recording,
  VERSION,
} from '../../src/recorder/recording-file.ts';
import { rerun } from '../../src/recorder/rerun.ts';
import { ROUGH } from './expect-healthy.ts';
import { simulate } from './simulate.ts';

/** First seeds of rough worlds with Modbus and with lines. */
const MIXED = 6;
const SEEDS = [1, 2, 3, MIXED];
/** More bytes than any life of these worlds records. */
const WHOLE_BYTES = 2 ** 28;
/** Fewer bytes than most lives record, and enough for four snapshots of their machines. */
const SHORT_BYTES = 2 ** 15;

/** Returns the recordings of each machine of each life of a world. */
async function recordWorld(seed: number, ringBytes: number): Promise<FlightRecorder[]> {
  const gateways: Gateway[] = [];
  await simulate(
    { ...ROUGH, seed },
    {
      alter: (parts) => {
        const recorder = { ...parts.config.recorder, ringBytes };
        return { ...parts, config: { ...parts.config, recorder } };
      },
      patch: (gateway) => gateways.push(gateway),
    },
  );
  return gateways.flatMap(({ hub, links }) => [hub.recorder, ...links.states().map(({ plan }) => plan.recorder)]);
}

function reread(recorder: FlightRecorder): Recording {
  const { subject, forgotten, snapshotsTooLarge } = recorder;
  const header = { format: FORMAT, version: VERSION, gateway: 'gw', program: 'test', reason: 'asked' } as const;
  const kept = { subject, frozenAt: { upMs: 0, wallMs: 0 }, forgotten, snapshotsTooLarge };
  const bytes = encodeRecording({ ...header, ...kept }, recorder.steps());
  return decodeRecording(bytes, 'a recording');
}

/** Returns the recording with one inverted bit of a received byte. */
function altered(recording: Recording): Recording {
  const at = recording.steps.findIndex(isHeard);
  const steps = recording.steps.map((step, index) => (index === at ? { ...step, input: turned(step.input) } : step));
  return { ...recording, steps };
}

function turned(input: Step['input']): Step['input'] {
  if (!('bytes' in input) || !(input.bytes instanceof Uint8Array)) throw new Error('no bytes');
  const bytes = new Uint8Array(input.bytes);
  bytes[3] = (bytes[3] ?? 0) ^ 1; // of an MQTT-SN frame, or of the return code of a CONNACK: both change decisions
  return { ...input, bytes } as Step['input'];
}

/** Returns whether bytes arrived and led to an action. */
function isHeard({ input, actions = [] }: Step): boolean {
  return input.kind === 'bytes' && actions.length > 0;
}

describe('the recordings of a world with troubles', () => {
  it.each(SEEDS)('replay to the same decisions, step by step (seed %i)', async (seed) => {
    const recordings = (await recordWorld(seed, WHOLE_BYTES)).map(reread);
    let steps = 0;
    for (const recording of recordings) {
      expect(recording.damage).toBeUndefined();
      const run = rerun(recording, 'a recording');
      expect(run.difference).toBeUndefined();
      steps += run.same;
    }
    process.stdout.write(`sim: ${steps} steps of ${recordings.length} machines replayed\n`);
    expect(steps).toBeGreaterThan(1000);
  });

  it.each(SEEDS)('replay from a snapshot if their beginning is missing (seed %i)', async (seed) => {
    const recordings = (await recordWorld(seed, SHORT_BYTES)).map(reread).filter(({ header }) => header.forgotten > 0);
    let steps = 0;
    for (const recording of recordings) {
      const run = rerun(recording, 'a recording');
      expect(run.difference).toBeUndefined();
      expect(run.skipped + run.steps).toBe(recording.steps.length);
      steps += run.same;
    }
    process.stdout.write(`sim: ${steps} steps of ${recordings.length} machines replayed from a snapshot\n`);
    expect(steps).toBeGreaterThan(100);
  });

  it.each([1, MIXED])('negative control: differ if one received bit is inverted (seed %i)', async (seed) => {
    const heard = (await recordWorld(seed, WHOLE_BYTES)).map(reread).filter(({ steps }) => steps.some(isHeard));
    expect(heard.length).toBeGreaterThan(0);
    for (const recording of heard) {
      const { same, difference } = rerun(altered(recording), 'a recording');
      expect(difference).toBeDefined();
      expect(same).toBeLessThan(recording.steps.length);
    }
  });
});
