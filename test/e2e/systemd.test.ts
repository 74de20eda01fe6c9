/** Notifications to systemd on a real datagram socket, and the units as systemd-analyze reads them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { notifySystemd, StatusLine, statusOf, watchdogMsOf } from '../../src/io/systemd.ts';
import { NotifySocket } from './notify-socket.ts';

describe('systemd', () => {
  it('receives every state, in order, before the call returns', () => {
    const socket = new NotifySocket();
    notifySystemd('READY=1\nSTATUS=hub online', { NOTIFY_SOCKET: socket.path });
    notifySystemd('STOPPING=1', { NOTIFY_SOCKET: socket.path });
    expect(socket.received).toEqual(['READY=1\nSTATUS=hub online', 'STOPPING=1']);
  });

  it('receives them on an abstract socket too', () => {
    const socket = new NotifySocket(`holdfast-${process.pid}`);
    notifySystemd('READY=1', { NOTIFY_SOCKET: socket.path });
    expect(socket.received).toEqual(['READY=1']);
  });

  it.each([
    {},
    { NOTIFY_SOCKET: '' },
    { NOTIFY_SOCKET: '/nowhere/notify', PATH: '/nowhere' },
    { NOTIFY_SOCKET: 'x'.repeat(200), PATH: '' },
  ])('can be missing, and nothing is thrown: %j', (env) => {
    expect(() => notifySystemd('READY=1', env)).not.toThrow();
  });

  it('receives a status as one line, for any content', () => {
    expect(statusOf('link a\nREADY=1\u0000')).toBe('STATUS=link a READY=1 ');
  });

  it('receives the status line when it changes, and only then', () => {
    const states: string[] = [];
    const line = new StatusLine((state) => states.push(state));
    for (const text of ['Losing data? No.', 'Losing data? No.', 'Losing data? Yes.', 'Losing data? No.'])
      line.show(text);
    expect(states).toEqual(['STATUS=Losing data? No.', 'STATUS=Losing data? Yes.', 'STATUS=Losing data? No.']);
  });
});

describe('the time of the watchdog', () => {
  const NOTIFY_SOCKET = '/run/systemd/notify';

  it.each([
    [{ NOTIFY_SOCKET, WATCHDOG_USEC: '60000000' }, 60_000],
    [{ NOTIFY_SOCKET, WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' }, 60_000],
    [{ NOTIFY_SOCKET, WATCHDOG_USEC: '60000000', WATCHDOG_PID: '8' }, undefined],
    [{ NOTIFY_SOCKET, WATCHDOG_USEC: '0' }, undefined],
    [{ NOTIFY_SOCKET, WATCHDOG_USEC: '1 min' }, undefined],
    [{ NOTIFY_SOCKET }, undefined],
    [{ WATCHDOG_USEC: '60000000' }, undefined],
    [{ HOLDFAST_WATCHDOG_S: '60' }, 60_000],
    [{ HOLDFAST_WATCHDOG_S: '0' }, undefined],
    [{ NOTIFY_SOCKET, HOLDFAST_WATCHDOG_S: '60' }, undefined],
  ])('of %j is %s', (env, expected) => {
    expect(watchdogMsOf(env, 7)).toBe(expected);
  });
});

const SYSTEMD = fileURLToPath(new URL('../../systemd', import.meta.url));
const DROP_INS = readdirSync(join(SYSTEMD, 'holdfast.service.d'));
/** Largest exposure level of the packaged unit; 0 is no exposure, 10 is that of a unit without any restriction. */
const EXPOSURE_MAX = 1.5;

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
if (!hasAnalyze) console.warn('skipped: there is no systemd-analyze here (Debian: systemd)');

/** Copy of the unit with drop-ins. @returns path of the unit */
function unitWith(...dropIns: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const unit = join(folder, 'holdfast.service');
  cpSync(join(SYSTEMD, 'holdfast.service'), unit);
  mkdirSync(`${unit}.d`);
  for (const name of dropIns) cpSync(join(SYSTEMD, 'holdfast.service.d', name), join(`${unit}.d`, name));
  return unit;
}

function exposureOf(unit: string): number {
  const printed = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', unit]).toString();
  return Number(/exposure level for holdfast\.service: ([\d.]+)/.exec(printed)?.[1]);
}

describe.skipIf(!hasAnalyze)('the packaged unit', () => {
  it(`has an exposure level of at most ${EXPOSURE_MAX}`, () => {
    expect(exposureOf(unitWith())).toBeLessThanOrEqual(EXPOSURE_MAX);
  });

  it('negative control: has a higher level with the rights that groups of the sockets need', () => {
    expect(exposureOf(unitWith('groups.conf'))).toBeGreaterThan(EXPOSURE_MAX);
  });

  it.each(DROP_INS)('is valid with the drop-in %s', (name) => {
    const unit = unitWith(name);
    // the program of the service is not installed here, and a missing program is a problem of the unit too
    writeFileSync(unit, readFileSync(unit, 'utf8').replace('/usr/bin/holdfast', '/bin/true'));
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit]);
    expect([status, stderr.toString()]).toEqual([0, '']);
  });

  it('permits the program of password_command: no path is excluded, and the filter has its system calls', () => {
    const text = readFileSync(unitWith(), 'utf8');
    expect(text).not.toMatch(/^(NoExecPaths|ExecPaths|InaccessiblePaths|RootDirectory|RestrictFileSystems)=/m);
    const filters = [...text.matchAll(/^SystemCallFilter=(.*)$/gm)].map(([, value]) => value);
    expect(filters).toEqual(['@system-service', '~@privileged @resources']);
    const permitted = callsOf('@system-service');
    for (const refused of ['@privileged', '@resources']) for (const call of callsOf(refused)) permitted.delete(call);
    const needed = ['clone', 'clone3', 'dup3', 'execve', 'exit_group', 'kill', 'pipe2', 'setsid', 'vfork', 'wait4'];
    expect(needed.filter((call) => !permitted.has(call))).toEqual([]);
    expect(permitted.has('setuid'), 'negative control').toBe(false);
  });
});

/** System calls of a set, with those of the sets in it. */
function callsOf(set: string): Set<string> {
  const lines = execFileSync('systemd-analyze', ['syscall-filter', '--no-pager', set]).toString().split('\n');
  const names = lines.map((line) => line.trim()).filter((line) => /^@?[\w-]+$/.test(line) && line !== set);
  return new Set(names.flatMap((name) => (name.startsWith('@') ? [...callsOf(name)] : [name])));
}
