/** Live views on a real terminal: they show the gateway, and leave the terminal as it was on every exit. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openPty, type Pty } from '../../src/bench/pty.ts';
import type { Channel } from '../../src/ports.ts';
import { MAIN } from './program.ts';
import { Recorder, until } from './recorder.ts';
import { openTestbed, type Testbed } from './testbed.ts';

/** Control sequences: enter and leave the alternate screen. */
const ENTER = '\u001b[?1049h';
const LEAVE = '\u001b[?1049l';
/** Start of each painted screen. */
const HOME = '\u001b[H';

interface Shown {
  readonly child: ChildProcess;
  readonly screen: Recorder;
  readonly keys: Channel;
}

/** @param first environment, or the first word */
async function showOn(testbed: Testbed, first: string | NodeJS.ProcessEnv, ...more: readonly string[]): Promise<Shown> {
  const [env, words] = typeof first === 'string' ? [{}, [first, ...more]] : [first, more];
  const pty = await openPty({ queuedBytesMax: 1_000_000 });
  const shown = await startOn(pty, testbed, env, words);
  await until(() => shown.screen.received.includes('Losing data?'));
  return shown;
}

async function startOn(pty: Pty, testbed: Testbed, env: NodeJS.ProcessEnv, words: readonly string[]): Promise<Shown> {
  const screen = new Recorder();
  const keys = pty.open(screen);
  await screen.untilOpen();
  const terminal = openSync(pty.path, 'r+');
  const child = spawn(process.execPath, [MAIN, ...words, '--config', testbed.configPath], {
    stdio: [terminal, terminal, terminal],
    env: { ...process.env, LANG: 'C.UTF-8', ...env },
  });
  closeSync(terminal);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await pty.hangUp();
  });
  return { child, screen, keys };
}

/** State T in /proc/PID/stat: stopped by a signal (proc(5)). */
function isStopped({ pid }: ChildProcess): boolean {
  return / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** Output after the last occurrence of a sequence; empty if it has not been written. */
function textAfter({ received }: Recorder, sequence: string): string {
  const at = received.lastIndexOf(sequence);
  return at < 0 ? '' : received.subarray(at + sequence.length).toString();
}

describe('top', () => {
  it.each([
    ['the key q', ({ keys }: Shown) => keys.write(Buffer.from('q'))],
    ['Ctrl-C', ({ keys }: Shown) => keys.write(Buffer.from('\u0003'))],
    ['SIGTERM', ({ child }: Shown) => child.kill('SIGTERM')],
    ['SIGHUP', ({ child }: Shown) => child.kill('SIGHUP')],
  ])('restores the terminal after %s', async (_, end) => {
    const testbed = await openTestbed();
    await testbed.start();
    const shown = await showOn(testbed, 'top');
    const ended = once(shown.child, 'exit');
    end(shown);
    expect(await ended).toEqual([0, null]);
    // the summary stays on the screen
    await until(() => textAfter(shown.screen, LEAVE).includes('Losing data? '));
    expect(textAfter(shown.screen, ENTER)).toContain(LEAVE);
  });

  it('restores the terminal while it is stopped by Ctrl-Z, and comes back', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const { screen, child, keys } = await showOn(testbed, 'top');
    keys.write(Buffer.from('\u001a'));
    await until(() => screen.received.includes(LEAVE) && isStopped(child));
    const seen = screen.received.length;
    child.kill('SIGCONT');
    await until(() => /\u001b\[\?1049h.*Losing data\?/s.test(screen.received.subarray(seen).toString()));
    keys.write(Buffer.from('q'));
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(textAfter(screen, ENTER)).toContain(LEAVE);
  });

  it('restores the terminal before it prints an error', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const crash = `data:text/javascript,process.on('SIGUSR2',()=>{throw new Error('a defect')})`;
    const { screen, child } = await showOn(testbed, { NODE_OPTIONS: `--import ${JSON.stringify(crash)}` }, 'top');
    child.kill('SIGUSR2');
    expect(await once(child, 'exit')).toEqual([70, null]);
    await until(() => textAfter(screen, LEAVE).includes('a defect'));
    expect(textAfter(screen, ENTER)).toContain(LEAVE);
  });

  it('stays while the gateway restarts, and shows that it does not answer', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const { screen, child, keys } = await showOn(testbed, 'top');
    await testbed.gateway.signal('SIGKILL');
    await until(() => screen.received.includes('No gateway is running'));
    await testbed.gateway.start();
    const seen = screen.received.length;
    await until(() => /Hub +connected/.test(screen.received.subarray(seen).toString()));
    keys.write(Buffer.from('q'));
    expect(await once(child, 'exit')).toEqual([0, null]);
  });
});

it('says what it needs on a terminal that is too small', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  const pty = await openPty();
  execFileSync('stty', ['-F', pty.path, 'cols', '30', 'rows', '12']);
  const { screen, child, keys } = await startOn(pty, testbed, {}, ['top']);
  await until(() => screen.received.includes('12. q quits.'));
  const lines = textAfter(screen, HOME)
    .replaceAll(/\u001b\[[KJ]/g, '')
    .split('\r\n');
  expect(lines).toEqual(['This view needs 40 columns and', '8 lines; this terminal has 30', 'and 12. q quits.']);
  keys.write(Buffer.from('q'));
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('status --watch shows the status again and again, and restores the terminal', async () => {
  const testbed = await openTestbed();
  await testbed.start();
  const { screen, child, keys } = await showOn(testbed, 'status', '--watch');
  await until(() => screen.received.toString().split('Losing data?').length > 2);
  keys.write(Buffer.from('q'));
  expect(await once(child, 'exit')).toEqual([0, null]);
  await until(() => textAfter(screen, LEAVE).includes('Losing data? No.'));
});
