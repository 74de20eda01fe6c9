/** Checks of the machine, on invented files of the kernel. */
import { describe, expect, it } from 'vitest';
import { type Check, runCheck } from '../../../src/doctor/check.ts';
import { clockTime } from '../../../src/doctor/clock-check.ts';
import { machineMemory, machineTemperature, powerSupply } from '../../../src/doctor/machine-checks.ts';
import { linkIntruders } from '../../../src/doctor/port-checks.ts';
import { systemClock } from '../../../src/io/clock.ts';
import { openInput } from './doctor-rig.ts';

const THROTTLED = 'sys/devices/platform/soc/soc:firmware/get_throttled';

async function verdictOf(check: Check, files: Readonly<Record<string, string>>): Promise<string> {
  const [finding] = await runCheck(check, openInput(files));
  return `${finding?.verdict}: ${finding?.facts.join(' ')}`;
}

describe('the power supply of a Raspberry Pi', () => {
  it.each([
    ['0x0', 'ok: No brown-out and no throttling since the boot.'],
    ['0x1', 'fail: Now: the supply voltage is too low (flags 0x1).'],
    ['0x50005', 'fail: Now: the supply voltage is too low, the processor is throttled (flags 0x50005).'],
    ['50000', 'warn: Since the boot: the supply voltage is too low, the processor is throttled (flags 0x50000).'],
  ])('with the flags %s', async (flags, verdict) => {
    expect(await verdictOf(powerSupply, { [THROTTLED]: `${flags}\n` })).toBe(verdict);
  });

  it('is skipped on another machine', async () => {
    expect(await verdictOf(powerSupply, {})).toMatch(/^skipped: /);
  });
});

it('reports a hot processor by its hottest sensor', async () => {
  const zones = {
    'sys/class/thermal/thermal_zone0/temp': '41000\n',
    'sys/class/thermal/thermal_zone1/temp': '82300\n',
  };
  expect(await verdictOf(machineTemperature, zones)).toBe('warn: The hottest sensor shows 82 °C.');
});

it('reports little free memory', async () => {
  expect(await verdictOf(machineMemory, { 'proc/meminfo': 'MemAvailable:   20000 kB\n' })).toMatch(
    /^warn: 20 MiB|^warn: 19/,
  );
  expect(await verdictOf(machineMemory, { 'proc/meminfo': 'MemAvailable:  200000 kB\n' })).toMatch(/^ok: /);
});

it('reports the memory within the limit of a container', async () => {
  const group = (current: string) => ({
    'proc/meminfo': 'MemAvailable:  200000 kB\n',
    'sys/fs/cgroup/memory.max': '125829120\n',
    'sys/fs/cgroup/memory.current': current,
    'sys/fs/cgroup/memory.stat': 'anon 1\ninactive_file 10485760\n',
  });
  expect(await verdictOf(machineMemory, group('115343360\n'))).toMatch(/^warn: 20 MiB .* within the limit of this/);
  expect(await verdictOf(machineMemory, group('20971520\n'))).toMatch(/^ok: 110 MiB/);
  const unlimited = { ...group('115343360\n'), 'sys/fs/cgroup/memory.max': 'max\n' };
  expect(await verdictOf(machineMemory, unlimited)).toMatch(/^ok: 195 MiB of memory are available\.$/);
});

it('reports a program that opens serial ports by itself', async () => {
  expect(await verdictOf(linkIntruders, { 'proc/77/comm': 'ModemManager\n' })).toMatch(/^warn: ModemManager may open/);
  expect(await verdictOf(linkIntruders, { 'proc/77/comm': 'sshd\n' })).toMatch(/^ok: /);
});

it('reports a clock that is not set', async () => {
  const clock = { ...systemClock(), wallMs: () => Date.UTC(2020, 0, 1) };
  const [finding] = await runCheck(clockTime, openInput({}, { clock }));
  expect(finding).toMatchObject({ verdict: 'fail' });
  expect(finding?.facts.join(' ')).toContain('2020-01-01');
});
