/** Folder of recordings of a simulated world: bounded, and written on triggers. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { recorderCommands } from '../../src/app/admin-commands.ts';
import { viewOf } from '../../src/app/view.ts';
import type { RecorderConfig } from '../../src/config/schema.ts';
import { Recordings } from '../../src/ops/recordings.ts';
import { encodeCapture } from '../../src/recorder/capture.ts';
import { decodeRecording } from '../../src/recorder/recording-file.ts';
import { BindingsWorld, MINUTE_MS } from './bindings-world.ts';

async function open(recorder: Partial<RecorderConfig> = {}) {
  const site = await new BindingsWorld({ bound: ['s1', 's2'] }).begin();
  const { gateway } = site;
  const config = { ...gateway.parts.config, recorder: { ...gateway.parts.config.recorder, ...recorder } };
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const told: string[] = [];
  const recordings = new Recordings({
    gateway: { ...viewOf(gateway), config },
    version: 'test',
    folder,
    tell: (sentence) => told.push(sentence),
  });
  return { site, gateway, recordings, folder, told };
}

it('the folder keeps at most its maximum of files: the oldest are deleted and counted', async () => {
  const { gateway, recordings, folder } = await open({ filesMax: 3 });
  for (let count = 0; count < 10; count += 1) await recordings.freeze(gateway.hub.recorder, `asked-${count}`);
  expect(readdirSync(folder).map((name) => name.replace(/.*asked-/, ''))).toEqual(
    ['7', '8', '9'].map((n) => `${n}.recording`),
  );
  expect(recordings.counts.removed).toBe(7);
});

it('the folder keeps at most its maximum of bytes', async () => {
  const { gateway, recordings, folder } = await open();
  const { bytes } = await recordings.freeze(gateway.hub.recorder, 'measured');
  const bounded = await open({ bytesMax: bytes * 2 + 100 });
  for (let count = 0; count < 6; count += 1) await bounded.recordings.freeze(bounded.gateway.hub.recorder, `${count}`);
  const sizes = readdirSync(bounded.folder).map((name) => statSync(join(bounded.folder, name)).size);
  expect(sizes).toHaveLength(2);
  expect(readdirSync(folder)).toHaveLength(1);
});

it('a dead letter and many bad frames are recorded once in ten minutes, and nothing without a trigger', async () => {
  const { site, gateway, recordings, told } = await open();
  let crcErrors = 0;
  for (const { plan } of gateway.links.states().slice(0, 1)) {
    const { counters } = plan.machine;
    Object.defineProperty(plan.machine, 'counters', { get: () => ({ ...counters, crcErrors }) });
  }
  recordings.start();
  await site.pass(MINUTE_MS);
  expect(told).toEqual([]);
  for (let minute = 0; minute < 5; minute += 1) {
    crcErrors += 20;
    gateway.parts.facts.emit('uplinkDeadLettered', { subdevice: 's1', topic: 't', reason: 'no PUBACK' });
    await site.pass(MINUTE_MS);
  }
  await recordings.end(undefined);
  const name = gateway.links.states()[0]?.plan.name;
  expect(told.map((sentence) => sentence.split(':')[0]).sort()).toEqual(
    ['recorded hub (dead-letter)', `recorded ${name} (crc-storm)`].sort(),
  );
});

it('the notes of operators in the recorded time are in the file and in its capture', async () => {
  const { site, gateway, recordings, folder } = await open();
  recordings.start();
  const note = (detail: string): void => {
    gateway.parts.facts.emit('operatorActed', { action: 'mark', subject: '', detail, by: 'anna' });
  };
  note('replaced the cable');
  gateway.parts.facts.emit('operatorActed', { action: 'backup', subject: '', detail: 'no note', by: 'anna' });
  await site.pass(MINUTE_MS);
  const { path } = await recordings.freeze(gateway.hub.recorder, 'asked');
  await recordings.end(undefined);
  const recording = decodeRecording(readFileSync(path), path);
  expect(recording.damage).toBeUndefined();
  expect(recording.header.notes).toEqual([{ upMs: expect.any(Number), text: 'replaced the cable', by: 'anna' }]);
  expect(Buffer.from(encodeCapture(recording)).includes('note of anna: replaced the cable')).toBe(true);
  const [first] = recording.steps;
  expect(recording.header.notes?.[0]?.upMs).toBeGreaterThanOrEqual(first?.upMs ?? Number.POSITIVE_INFINITY);
  expect(readdirSync(folder)).toHaveLength(1);
});

it('a process that ends because of a bug writes all recordings, and none if triggers are off', async () => {
  const { gateway, recordings, folder } = await open();
  await recordings.end('bug');
  expect(readdirSync(folder)).toHaveLength(1 + gateway.links.states().length);
  const silent = await open({ triggers: [] });
  await silent.recordings.end('bug');
  expect(readdirSync(silent.folder)).toEqual([]);
});

it('a command for an unknown link, or without a recorder, is rejected with the remedy', async () => {
  const { gateway, recordings } = await open();
  await expect(recorderCommands(gateway, recordings)['recorder.freeze']?.({ of: 'nowhere' })).rejects.toMatchObject({
    code: 'command-rejected',
    hint: expect.stringContaining('holdfast status'),
  });
});
