/** The demonstration as users start it: a process, real bytes on every interface, and a defined exit code. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { complaintsAbout } from '../json-complaints.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Twelve seconds of demonstration, and the bounded drain on a busy machine. */
const DEADLINE_MS = 300_000;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly output: string[];
  readonly progress: string;
  readonly exitCode: number | null;
}

/** @param isEnough receives all the progress so far; true: interrupt */
async function demo(words: readonly string[], isEnough: (progress: string) => boolean): Promise<Run> {
  const child = spawn(process.execPath, [MAIN, 'demo', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  });
  let output = '';
  let progress = '';
  let isStopped = false;
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    progress += text.toString();
    if (!isStopped && isEnough(progress)) isStopped = child.kill('SIGINT');
  });
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { output: output.split('\n').filter((line) => line !== ''), progress, exitCode };
}

/** Gateway processes with a configuration below `folder`, from the process list of the kernel. */
function gatewaysLeft(): string[] {
  const commands = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => readCommand(pid));
  return commands.filter((command) => command.includes(folder));
}

function readCommand(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

describe('the demonstration', () => {
  it(
    'loses nothing, reports it in one line of JSON, and leaves nothing behind',
    async () => {
      const { output, progress, exitCode } = await demo(['--seconds', '12', '--json'], () => false);
      expect(output).toHaveLength(1);
      expect(complaintsAbout(output[0] ?? '')).toEqual([]);
      const outcome = JSON.parse(output[0] ?? '');
      expect(outcome, progress).toMatchObject({
        ok: true,
        failure: null,
        pending: 0,
        shed: 0,
        deadLettered: 0,
        lost: 0,
        reordered: 0,
        ledgerBalances: true,
        gatewayKills: 1,
        sessionPresent: true,
        seed: 1,
      });
      // Three subdevices with eight readings a second each, for most of twelve seconds: a tenth of that is enough.
      expect(outcome.accepted).toBeGreaterThan(25);
      expect(outcome.delivered).toBe(outcome.accepted);
      expect(outcome.downlinksAccepted).toBeGreaterThan(5);
      expect(outcome.downlinksDelivered).toBe(outcome.downlinksAccepted);
      expect(outcome.backlogMax).toBeGreaterThan(0);
      expect(outcome.steadyReadings).toBeGreaterThan(0);
      expect(outcome.steadyFlashBytes).toBeGreaterThanOrEqual(0);
      expect(progress).toContain('NOTHING WAS LOST');
      expect(exitCode).toBe(0);
      expect(readdirSync(folder)).toEqual([]);
      expect(gatewaysLeft()).toEqual([]);
    },
    DEADLINE_MS,
  );

  it(
    'ends at Ctrl-C with 130, and leaves nothing behind',
    async () => {
      const { output, exitCode } = await demo(['--json'], (progress) => / running /.test(progress));
      expect(exitCode).toBe(130);
      expect(output).toEqual([]);
      expect(readdirSync(folder)).toEqual([]);
      expect(gatewaysLeft()).toEqual([]);
    },
    DEADLINE_MS,
  );
});
