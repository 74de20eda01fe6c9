/** Files of a gateway that ends because of a bug or a failing disk: readable recordings, and its exit code. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import type { Step } from '../../src/base/step.ts';
import { decodeRecording } from '../../src/recorder/recording-file.ts';
import { runProgram } from './program.ts';
import { SmallDisk, whyNoMount } from './small-disk.ts';
import { openTestbed, type Testbed } from './testbed.ts';

const THROWING = fileURLToPath(new URL('./gateway-that-throws.ts', import.meta.url));

/** Name of the machine → path of its recording. */
function recordings(testbed: Testbed, trigger: string): Map<string, string> {
  const folder = join(testbed.stateDir, 'recordings');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const pattern = new RegExp(`Z-(.*)-${trigger}\\.recording$`);
  return new Map(names.map((name) => [pattern.exec(name)?.[1] ?? name, join(folder, name)]));
}

function stepsIn(path: string | undefined): readonly Step[] {
  return decodeRecording(readFileSync(path ?? ''), path ?? '').steps;
}

/** Topic of subdevice a on which the gateway ends. */
async function publishAndEnd(testbed: Testbed, topic: string): Promise<number | string> {
  await testbed.start();
  testbed.publish(3);
  await testbed.untilAcknowledged();
  testbed.subdevice('a').publish(topic);
  return await testbed.gateway.ended();
}

describe('a flow that throws', () => {
  it('ends the process with 70, and the preceding steps are recorded', async () => {
    const testbed = await openTestbed({ program: THROWING });
    expect(await publishAndEnd(testbed, 'astray')).toBe(EXIT.bug);
    expect(testbed.gateway.journal).toContain('planted in a flow');
    const found = recordings(testbed, 'bug');
    expect([...found.keys()].toSorted()).toEqual(['hub', 'link-link-a', 'link-link-b']);
    const last = stepsIn(found.get('link-link-a')).at(-1);
    expect(last?.actions).toContainEqual(expect.objectContaining({ kind: 'uplink', topic: 'astray' }));
    for (const path of found.values()) expect(await runProgram('replay', path)).toMatchObject({ code: 0 });
    const capture = join(testbed.folder, 'a.pcapng');
    expect(await runProgram('export', found.get('link-link-a') ?? '', '--pcapng', capture)).toMatchObject({ code: 0 });
    expect(readFileSync(capture).includes('astray')).toBe(true);
  });

  it('is not recorded if the configuration names other triggers, and ends in the same way', async () => {
    const testbed = await openTestbed({ program: THROWING, more: '[recorder]\ntriggers = ["dead-letter"]\n' });
    expect(await publishAndEnd(testbed, 'astray')).toBe(EXIT.bug);
    expect(recordings(testbed, 'bug').size).toBe(0);
  });
});

it('an uncaught exception ends the process with 70 too, and the preceding steps are recorded', async () => {
  const testbed = await openTestbed({ program: THROWING });
  expect(await publishAndEnd(testbed, 'beside')).toBe(EXIT.bug);
  expect(testbed.gateway.journal).toContain('planted beside the mailbox');
  const found = recordings(testbed, 'bug');
  expect(found.size).toBe(3);
  for (const path of found.values()) expect(await runProgram('replay', path)).toMatchObject({ code: 0 });
});

describe.skipIf(whyNoMount('ext4') !== undefined)('a disk that fails', () => {
  async function openFailingTestbed(isRecordedElsewhere: boolean): Promise<Testbed> {
    const testbed = await openTestbed();
    const disk = new SmallDisk(testbed.stateDir, 16, 'ext4');
    const elsewhere = join(testbed.folder, 'elsewhere');
    mkdirSync(elsewhere);
    if (isRecordedElsewhere) symlinkSync(elsewhere, join(testbed.stateDir, 'recordings'));
    await testbed.start();
    testbed.publish(1);
    await testbed.untilIdle();
    await testbed.loseHub();
    disk.remountReadOnly();
    testbed.publish(1);
    return testbed;
  }

  it('ends the process with 74, and the preceding steps are recorded if possible', async () => {
    const testbed = await openFailingTestbed(true);
    expect(await testbed.gateway.ended()).toBe(EXIT.storage);
    const found = recordings(testbed, 'store-failed');
    expect([...found.keys()].toSorted()).toEqual(['hub', 'link-link-a', 'link-link-b']);
    for (const path of found.values()) expect(await runProgram('replay', path)).toMatchObject({ code: 0 });
    const uplinks = stepsIn(found.get('link-link-a')).filter(({ actions = [] }) =>
      actions.some(({ kind }) => kind === 'uplink'),
    );
    expect(uplinks.length).toBeGreaterThan(0); // The message that found no storage.
  });

  it('still ends the process with 74 if the recordings are on it too', async () => {
    const testbed = await openFailingTestbed(false);
    expect(await testbed.gateway.ended()).toBe(EXIT.storage);
    expect(testbed.gateway.journal).toMatch(/could not record link-a \(store-failed\): /);
  });
});

it.skipIf(whyNoMount('tmpfs') !== undefined)('a full disk does not prevent the exit code 70', async () => {
  const testbed = await openTestbed({ program: THROWING });
  const disk = new SmallDisk(testbed.stateDir, 16);
  await testbed.start();
  testbed.publish(3);
  await testbed.untilIdle();
  disk.fill();
  testbed.subdevice('a').publish('astray');
  expect(await testbed.gateway.ended()).toBe(EXIT.bug);
  expect(testbed.gateway.journal).toMatch(/could not record link-a \(bug\): /);
  // No partial file is left that could pass for a recording.
  expect(recordings(testbed, 'bug').size).toBe(0);
});
