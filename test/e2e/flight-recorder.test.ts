/**
 * The flight recorder of a real gateway: its recordings, its live output, and that a rerun makes the same decisions.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { damaging } from './damage.ts';
import { MAIN, runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const PASSWORD = 'correct-horse-battery';

/** Two subdevices, one on a bad line, after some traffic and one absence of the hub. */
async function openNoisyTestbed(more = '', rounds = 20): Promise<Testbed> {
  const testbed = await openTestbed({
    subdevices: { a: { window: 1, retryMs: 50, disturb: damaging(seededRandom(5), 0.1) }, b: {} },
    config: {
      link: { retry_ms: 50, retries_max: 20 },
      hub: { username: 'gw', password_file: passwordFile() },
    },
    more,
  });
  await testbed.start();
  for (let count = 0; count < rounds; count += 1) {
    testbed.publish(1);
    testbed.command(testbed.subdevice('a'));
    if (count === 10) testbed.hub.setFault({ kind: 'dropConnections' });
  }
  await testbed.expectNothingLost();
  return testbed;
}

async function record(testbed: Testbed, ...words: readonly string[]): Promise<void> {
  const { code, stderr } = await runProgram('--config', testbed.configPath, 'record', ...words);
  expect(stderr).toBe('');
  expect(code).toBe(0);
}

function passwordFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'password');
  writeFileSync(path, PASSWORD, { mode: 0o600 });
  return path;
}

/** Recordings for this reason. On a busy machine, other triggers may fire too. */
function recordings(testbed: Testbed, reason = 'asked'): string[] {
  const folder = join(testbed.stateDir, 'recordings');
  const names = readdirSync(folder).filter((name) => name.endsWith(`-${reason}.recording`));
  return names.map((name) => join(folder, name));
}

/** Step in which one whole frame arrived that was an uplink and nothing else; -1: none. */
function lineOfUplink(lines: readonly string[]): number {
  return lines.findIndex((line) => {
    if (!line.includes('"kind":"bytes"') || !line.includes('"kind":"uplink"')) return false;
    const { input, actions } = JSON.parse(line);
    const bytes = Buffer.from(input.bytes.$bytes, 'base64');
    return actions.length === 1 && bytes.indexOf(0) === 0 && bytes.indexOf(0, 1) === bytes.length - 1;
  });
}

describe('a recording of a gateway on a bad line', () => {
  it('results in the same decisions in a rerun, for the hub and for each link', async () => {
    const testbed = await openNoisyTestbed();
    await record(testbed);
    const paths = recordings(testbed);
    expect(paths).toHaveLength(3);
    for (const path of paths) {
      const { code, stdout } = await runProgram('--json', 'replay', path);
      const run = JSON.parse(stdout);
      expect({ code, ...run }).toMatchObject({ code: 0, same: run.steps, damage: null });
      expect(run.steps).toBeGreaterThan(10);
      expect(statSync(path).mode & 0o077).toBe(0);
    }
  });

  it('is run again from a recorded state if its beginning was dropped', async () => {
    const testbed = await openNoisyTestbed('[recorder]\nring_bytes = 8192\n', 100);
    await record(testbed);
    const paths = recordings(testbed);
    expect(paths).toHaveLength(3);
    for (const path of paths) {
      const { code, stdout } = await runProgram('replay', path);
      const [, same, steps, first, forgotten] =
        /^same decisions: (\d+) of (\d+), from step (\d+) \(of the steps before it, (\d+) were not recorded any more and \d+ could not be run\)$/m.exec(
          stdout,
        ) ?? [];
      expect({ code, stdout, same }).toEqual({ code: 0, stdout, same: steps });
      expect(Number(steps)).toBeGreaterThan(5);
      expect(Number(first)).toBeGreaterThan(Number(forgotten));
    }
  });

  it('shows the first different decision if one received byte had been different', async () => {
    const testbed = await openNoisyTestbed();
    const path = join(testbed.folder, 'b.recording');
    let lines: string[] = [];
    // A busy machine reads several frames at once, or a part of one.
    await until(async () => {
      testbed.publish(1);
      await testbed.untilIdle();
      await record(testbed, 'link-b', '--out', path);
      lines = readFileSync(path, 'utf8').split('\n');
      return lineOfUplink(lines) >= 0;
    });
    const at = lineOfUplink(lines);
    lines[at] = (lines[at] ?? '').replace(/(?<="\$bytes":"[A-Za-z0-9+/]{8})./, (letter) =>
      letter === 'A' ? 'B' : 'A',
    );
    writeFileSync(path, lines.join('\n'));
    const { code, stdout } = await runProgram('replay', path);
    expect(code).toBe(1);
    expect(stdout).toContain('the CRC-32 is wrong');
    expect(stdout).toMatch(new RegExp(`same decisions: ${at - 1} of `));
    expect(stdout).toMatch(/step \d+, at \d+ ms: \{"kind":"bytes".*\n {2}recorded:\n {4}\{"kind":"uplink"/);
  });

  it('contains the names of CONNECT and not its password', async () => {
    const testbed = await openNoisyTestbed();
    const path = join(testbed.folder, 'hub.recording');
    await record(testbed, 'hub', '--out', path);
    const bytes = readFileSync(path, 'utf8').matchAll(/"\$bytes":"([^"]*)"/g);
    const all = Buffer.concat([...bytes].map(([, base64 = '']) => Buffer.from(base64, 'base64'))).toString('latin1');
    expect(all).toContain(`gw\0${String.fromCharCode(PASSWORD.length)}${'x'.repeat(PASSWORD.length)}`);
    expect(all).not.toContain(PASSWORD);
  });
});

describe('a trace', () => {
  it('shows the frames of a link as they pass, decoded, without an effect on the link', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const words = ['--json', '--config', testbed.configPath, 'trace', 'link-a'];
    const child = spawn(process.execPath, [MAIN, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
    });
    await until(async () => {
      testbed.publish(1);
      await testbed.untilAcknowledged();
      // The first frame can be the PUBACK of a message that arrived before the trace began.
      return /"kind":"in".*PUBLISH.*"kind":"out".*PUBACK/s.test(shown);
    });
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([0, null]);
    const lines = shown
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    // A late trace can show another packet first.
    const publish = { kind: 'in', words: expect.stringMatching(/^PUBLISH .*qos=1/) };
    expect(lines).toContainEqual(expect.objectContaining(publish));
    expect(lines.at(-1)).toMatchObject({ kind: 'rates', framesIn: expect.any(Number) });
    const { totals } = await testbed.expectNothingLost();
    expect(totals.uplink.shed).toEqual({});
  });

  it('of an unknown link is rejected with the command that lists links', async () => {
    const testbed = await openTestbed();
    await testbed.gateway.start();
    const { code, stderr } = await runProgram('--config', testbed.configPath, 'trace', 'nowhere');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/No link has the name "nowhere".*\n.*holdfast --config \S+ status/),
    ]);
  });
});

describe('a trigger', () => {
  it('a hub that violates the protocol causes one recording for all its violations', async () => {
    const testbed = await openTestbed({ isTapped: true });
    await testbed.start();
    const publishBeforeConnack = Buffer.from('30050001746869', 'hex');
    let left = 0;
    for (let count = 0; count < 2; count += 1)
      testbed.tap.impostors.push((socket) => {
        socket.once('data', () => socket.write(publishBeforeConnack));
        socket.resume();
        socket.once('close', () => {
          left += 1;
        });
      });
    testbed.hub.setFault({ kind: 'dropConnections' });
    await until(() => left === 2);
    await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    await until(() => testbed.gateway.journal.includes('recorded hub (hub-protocol)'));
    expect(recordings(testbed, 'hub-protocol').map((path) => path.replace(/.*Z-/, ''))).toEqual([
      'hub-hub-protocol.recording',
    ]);
  });
});
