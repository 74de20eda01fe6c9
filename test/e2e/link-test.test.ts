/**
 * `holdfast link test` on a running gateway: clean and noisy lines are distinguished, during traffic without loss.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { openPty } from '../../src/bench/pty.ts';
import { give } from '../../src/ops/api/control-client.ts';
import { damaging } from './damage.ts';
import { MAIN, runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const CONFIG = { link: { retry_ms: 100, retries_max: 20 } };

async function score(testbed: Testbed, link: string) {
  const words = ['--json', '--config', testbed.configPath, 'link', 'test', link, '--seconds', '3'];
  const { code, stdout } = await runProgram(...words);
  return { code, ...JSON.parse(stdout) };
}

/**
 * A busy machine answers late, and a short test may meet little of the noise: repeated until the line gets such a
 * verdict.
 */
async function scoreUntil(testbed: Testbed, link: string, verdict: RegExp) {
  let found = await score(testbed, link);
  await until(async () => {
    if (verdict.test(found.verdict)) return true;
    found = await score(testbed, link);
    return verdict.test(found.verdict);
  });
  return found;
}

it('a noisy line scores worse than a clean one, with traffic on both, and costs no message', async () => {
  const disturb = damaging(seededRandom(5), 0.15);
  const testbed = await openTestbed({ subdevices: { a: {}, b: { window: 1, retryMs: 100, disturb } }, config: CONFIG });
  await testbed.start();
  let isOver = false;
  const traffic = (async () => {
    while (!isOver) {
      testbed.publish(1);
      for (const subdevice of testbed.subdevices) testbed.command(subdevice);
      await testbed.untilIdle();
    }
  })();
  const clean = await scoreUntil(testbed, 'link-a', /^(good|fair)$/);
  const noisy = await scoreUntil(testbed, 'link-b', /^bad$/);
  isOver = true;
  await traffic;
  expect(clean).toMatchObject({ code: 0, notProbed: null, kernel: null, broken: 0 });
  expect(clean.probes).toMatchObject([{ subdevice: 'a', damaged: 0, notAsked: null }]);
  expect(clean.probes[0].p50Ms).toBeLessThanOrEqual(clean.probes[0].p99Ms);
  expect(noisy).toMatchObject({ code: 1, advice: expect.arrayContaining([expect.any(String)]) });
  await testbed.expectNothingLost();
  const { links } = await testbed.gateway.status();
  // Repetitions are no noise: a busy machine is late, too.
  expect(links[0]?.counters).toMatchObject({ crcErrors: 0, oversizeFrames: 0, malformedPackets: 0 });
  expect(links[1]?.counters.crcErrors).toBeGreaterThan(0);
  for (const link of ['link-a', 'link-b']) {
    const path = join(testbed.folder, `${link}.recording`);
    await runProgram('--config', testbed.configPath, 'record', link, '--out', path);
    // A probe is an input like any other.
    expect(readFileSync(path, 'utf8')).toContain('"kind":"probe"');
    expect(await runProgram('replay', path)).toMatchObject({ code: 0 });
  }
});

it('Ctrl-C ends it at once, with the score so far', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  const words = ['--config', testbed.configPath, 'link', 'test', 'link-a', '--seconds', '3600', '--probes', '1000'];
  const child = spawn(process.execPath, [MAIN, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  await until(() => shown.includes('1/3600 s'));
  child.kill('SIGINT');
  const [code, signal] = await once(child, 'close');
  const word = /^(Good|Fair|Bad): in \d+ s 0 of \d+ frames? broken.*, \d+ of \d+ probes? answered/m.exec(shown)?.[1];
  // A busy machine may leave a probe unanswered.
  expect({ code, signal, word }).toEqual({ code: word === 'Bad' ? 1 : 0, signal: null, word: expect.any(String) });
});

it('on lines it reports that they cannot be probed, and on a kernel without counters that it has none', async () => {
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  const link = `[[link]]\nname = "text"\npath = "${pty.path}"\ndriver = "lines"\n[link.lines]\nsubdevice = "a"\n`;
  const testbed = await openTestbed({ more: link });
  await testbed.start();
  const words = ['--config', testbed.configPath, 'link', 'test', 'text', '--seconds', '1'];
  const { code, stdout } = await runProgram(...words);
  const flat = stdout.replaceAll(/\s+/g, ' ');
  expect(code).toBe(1);
  expect(flat).toContain('Nothing arrived on link text in 1 s');
  expect(flat).toContain('line devices cannot be probed');
  expect(flat).toContain('Line errors: not reported by this port.');
});

it('a command to probe reports what it cannot probe, and is rejected without names', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  const probe = (body: object) => give(testbed.socketPath, 'link.probe', body);
  await expect(probe({ link: 'link-a' })).rejects.toThrow('Missing "link" or "subdevice"');
  expect(await probe({ link: 'nowhere', subdevice: 'a' })).toMatchObject({
    kind: 'not asked',
    why: 'there is no link nowhere',
  });
  expect(await probe({ link: 'link-a', subdevice: 'b' })).toMatchObject({
    kind: 'not asked',
    why: 'it is not connected',
  });
  expect(await probe({ link: 'link-a', subdevice: 'a' })).toMatchObject({ kind: 'asked', answers: 1 });
});
