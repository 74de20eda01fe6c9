/**
 * The watchdog of a real gateway: hangs of the event loop, of the store thread and of a serial opening end the process
 * within the time of systemd, and the next process says what hung. A slow card, silent lines and an absent hub do not.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/base/fault.ts';
import { NotifySocket } from './notify-socket.ts';
import { runProgram } from './program.ts';
import { buildSlowSync, whyNoSlowCard } from './slow-card.ts';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';
import { until } from './until.ts';

const HANGING = fileURLToPath(new URL('./gateway-that-hangs.ts', import.meta.url));
const FED_BY_TIMER = fileURLToPath(new URL('./gateway-fed-by-timer.ts', import.meta.url));
const HANGING_OPEN = fileURLToPath(new URL('./hanging-open.c', import.meta.url));
/**
 * Time of the watchdog: short for a test. Waiting work may stay the same for half of it, so a busy machine must not
 * delay a healthy gateway for longer.
 */
const WATCHDOG_MS = 12_000;
/** Number of feeds in the time of the watchdog. */
const FEEDS = 12;

async function openWatched(plan: TestbedPlan = {}): Promise<{ testbed: Testbed; socket: NotifySocket }> {
  const socket = new NotifySocket();
  const env = { ...plan.env, NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: String(WATCHDOG_MS * 1000) };
  return { testbed: await openTestbed({ ...plan, env }), socket };
}

/** Time from now until the process has ended, with its exit code. */
async function endOf(testbed: Testbed): Promise<{ code: number | string; ms: number }> {
  const beganMs = performance.now();
  const code = await testbed.gateway.ended();
  return { code, ms: performance.now() - beganMs };
}

function recordingsOf(testbed: Testbed): string[] {
  return readdirSync(join(testbed.stateDir, 'recordings')).filter((name) => name.endsWith('-hang.recording'));
}

/** Expects that the next process reports the hang as condition, as event and in the journal. */
async function expectReported(testbed: Testbed, what: string): Promise<void> {
  const { conditions } = await testbed.gateway.status();
  const condition = conditions.find(({ code }) => code === 'restarted-after-hang');
  expect(condition?.sentence).toContain(`Restarted by the watchdog`);
  expect(condition?.sentence).toContain(what);
  const { stdout } = await runProgram('--config', testbed.configPath, 'events', '--kind', 'gateway');
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`restarted by the watchdog: ${what}`);
  expect(testbed.gateway.journal).toContain(`restarted by the watchdog: ${what}`);
}

describe('a hung event loop', () => {
  it('ends with recordings and the place in the program', { timeout: 120_000 }, async () => {
    const { testbed, socket } = await openWatched({ program: HANGING });
    await testbed.start();
    testbed.publish(3);
    await testbed.untilIdle();
    process.kill(testbed.gateway.pid ?? 0, 'SIGUSR2');
    const { code, ms } = await endOf(testbed);
    expect(code).toBe(EXIT.bug);
    expect(ms).toBeLessThan(WATCHDOG_MS);
    expect(recordingsOf(testbed)).toHaveLength(3);
    expect(socket.received).toContain('READY=1');
    await testbed.gateway.start();
    await expectReported(testbed, 'the event loop did not run');
    expect(testbed.gateway.journal).toContain('spinForever (gateway-that-hangs.ts:');
    await testbed.expectNothingLost();
  });

  it('ends without systemd too, if the environment asks for it', { timeout: 120_000 }, async () => {
    const testbed = await openTestbed({ program: HANGING, env: { HOLDFAST_WATCHDOG_S: String(WATCHDOG_MS / 1000) } });
    await testbed.start();
    process.kill(testbed.gateway.pid ?? 0, 'SIGUSR2');
    expect((await endOf(testbed)).code).toBe(EXIT.bug);
    await testbed.gateway.start();
    await expectReported(testbed, 'the event loop did not run');
  });

  it('ends without recordings if the main thread is in the kernel', { timeout: 120_000 }, async () => {
    const fifo = join(temporaryFolder(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    const { testbed } = await openWatched({ program: HANGING, env: { HANG_IN: fifo } });
    await testbed.start();
    process.kill(testbed.gateway.pid ?? 0, 'SIGUSR2');
    const { code, ms } = await endOf(testbed);
    expect(code).toBe(EXIT.bug);
    expect(ms).toBeLessThan(WATCHDOG_MS + 5000);
    await testbed.gateway.start();
    await expectReported(testbed, 'the event loop did not run');
    expect(testbed.gateway.journal).toMatch(/where="main thread: system call \d+, state S" recordings="none/);
  });
});

describe.skipIf(whyNoSlowCard() !== undefined)('a store thread', () => {
  it('that hangs in an fsync ends the process, with recordings', { timeout: 120_000 }, async () => {
    const slow = buildSlowSync(3_600_000);
    const { testbed } = await openWatched({ env: slow.env });
    await testbed.start();
    testbed.publish(3);
    await testbed.untilIdle();
    await testbed.loseHub();
    slow.begin();
    testbed.publish(1);
    const { code, ms } = await endOf(testbed);
    expect(code).toBe(EXIT.storage);
    expect(ms).toBeLessThan(WATCHDOG_MS);
    expect(recordingsOf(testbed)).toHaveLength(3);
    slow.end();
    testbed.restoreHub();
    await testbed.gateway.start();
    await expectReported(testbed, 'the store thread did not finish a commit or a read');
    await testbed.expectNothingLost();
  });

  it('negative control: is not detected by a watchdog that is fed by a timer', { timeout: 120_000 }, async () => {
    const slow = buildSlowSync(3_600_000);
    const { testbed, socket } = await openWatched({ env: slow.env, program: FED_BY_TIMER });
    await testbed.start();
    await testbed.loseHub();
    slow.begin();
    testbed.publish(1);
    const before = socket.feeds;
    await until(() => socket.feeds > before + 2 * FEEDS);
    expect(testbed.subdevices.every(({ queued }) => queued > 0)).toBe(true);
  });

  it('with a card that takes 2 s for each commit is not hung, nor are silent lines', { timeout: 120_000 }, async () => {
    const slow = buildSlowSync(2000);
    const { testbed, socket } = await openWatched({ env: slow.env });
    await testbed.start();
    await testbed.loseHub();
    slow.begin();
    testbed.publish(1);
    const before = socket.feeds;
    await testbed.untilAcknowledged();
    testbed.publish(1);
    await testbed.untilAcknowledged();
    await until(() => socket.feeds > before + 2 * FEEDS);
    expect(await testbed.gateway.status()).toMatchObject({ process: { pid: testbed.gateway.pid } });
  });
});

describe.skipIf(whyNoSlowCard() !== undefined)('a serial opening that does not return', () => {
  it('ends the process once, and then the gateway runs without the port', { timeout: 180_000 }, async () => {
    const library = buildHangingOpen();
    const switchPath = `${library}.on`;
    writeFileSync(switchPath, '');
    const socket = new NotifySocket();
    const env: Record<string, string> = {
      NOTIFY_SOCKET: socket.path,
      WATCHDOG_USEC: String(WATCHDOG_MS * 1000),
      LD_PRELOAD: library,
      HANG_OPEN_FROM: switchPath,
    };
    const testbed = await openTestbed({ env });
    const [hanging] = testbed.subdevices;
    env.HANG_OPEN_PATH = hanging?.pty.path ?? '';
    await testbed.gateway.start();
    expect((await endOf(testbed)).code).toBe(EXIT.bug);
    await testbed.gateway.start();
    await expectReported(testbed, `the opening of ${hanging?.pty.path} did not return`);
    await until(() => testbed.gateway.journal.includes('hangs again after a restart'));
    const before = socket.feeds;
    await until(() => socket.feeds > before + FEEDS);
    const { links } = await testbed.gateway.status();
    expect(links.map(({ state }) => state)).toContain('open');
    rmSync(switchPath);
    await testbed.untilStatus(({ links }) => links.every(({ state }) => state === 'open'));
  });
});

function buildHangingOpen(): string {
  const library = join(temporaryFolder(), 'hanging-open.so');
  execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, HANGING_OPEN, '-ldl'], { stdio: 'pipe' });
  return library;
}

function temporaryFolder(): string {
  const folder = mkdtempSync('/var/tmp/holdfast-watchdog-');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
