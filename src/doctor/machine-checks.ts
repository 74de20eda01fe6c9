/**
 * Checks of the machine: clock, power supply, temperature, memory, service unit.
 *
 * Sources: proc(5); the kernel's thermal sysfs API; the firmware's `get_throttled` (Raspberry Pi documentation,
 * vcgencmd); systemctl(1) and timedatectl(1).
 */
import { join } from 'node:path';
import { CLOCK_FLOOR_MS } from '../base/clock-trust.ts';
import { textOf } from '../io/kernel-file.ts';
import { hottestC, throttledBits } from '../io/machine-health.ts';
import { runProgram } from '../io/program-output.ts';
import { bytesWords, countOf, dateWords } from '../ops/words.ts';
import { type Check, type CheckFinding, fail, ok, skipped, warn } from './check.ts';

export const clockTime: Check = {
  id: 'clock.time',
  about: 'the clock is set and synchronised',
  msMax: 4000,
  run: async ({ clock, gateway }, signal) => {
    const { id } = clockTime;
    const wallMs = clock.wallMs();
    const now = `The clock shows ${dateWords(wallMs)}.`;
    if (wallMs < CLOCK_FLOOR_MS)
      return [fail(id, `${now} It is not set.`, 'Set the clock or start a time service: timedatectl set-ntp true')];
    const service = await runProgram('timedatectl', ['show', '--property=NTPSynchronized', '--value'], signal);
    const isSynchronized = service.ok ? service.text.trim() === 'yes' : undefined;
    const isTrusted = gateway.kind === 'running' ? gateway.status.process.clockTrusted : undefined;
    const facts = [
      now,
      isSynchronized === undefined
        ? `Synchronisation is unknown: ${service.ok ? '' : service.why}.`
        : `A time service has ${isSynchronized ? '' : 'not '}synchronised it.`,
      ...(isTrusted === undefined ? [] : [`The gateway ${isTrusted ? 'trusts it' : 'does not trust it yet'}.`]),
    ];
    if (isSynchronized === true || isTrusted === true) return [ok(id, ...facts)];
    const remedy =
      'Compare the time shown with the true time. Start a time service (timedatectl set-ntp true); until then ages of messages may be unknown after a restart.';
    return [warn(id, facts, remedy)];
  },
};

/** Bits of `get_throttled`: the present state, and 16 bits higher the same since the boot. */
const POWER_FLAGS = [
  [0, 'the supply voltage is too low', true],
  [1, 'the processor frequency is limited', false],
  [2, 'the processor is throttled', true],
  [3, 'the soft temperature limit is active', false],
] as const;
const SINCE_BOOT_BITS = 16;

export const powerSupply: Check = {
  id: 'power.supply',
  about: 'a Raspberry Pi has had no brown-out and is not throttled',
  msMax: 2000,
  run: async ({ machine }) => {
    const { id } = powerSupply;
    const flags = await throttledBits(machine.sys);
    if (flags === undefined)
      return [skipped(id, 'This machine does not report its power supply (not a Raspberry Pi).')];
    const named = (shift: number): string[] =>
      POWER_FLAGS.filter(([bit]) => (flags & (1 << (bit + shift))) !== 0).map(([, words]) => words);
    const present = named(0);
    const past = named(SINCE_BOOT_BITS);
    if (present.length + past.length === 0) return [ok(id, 'No brown-out and no throttling since the boot.')];
    const remedy =
      'Use the power supply and the cable that the maker of the board specifies; a brown-out can corrupt the SD card. Check the cooling if the temperature limit is named.';
    if (present.length > 0) return [fail(id, `Now: ${present.join(', ')} (flags 0x${flags.toString(16)}).`, remedy)];
    return [warn(id, `Since the boot: ${past.join(', ')} (flags 0x${flags.toString(16)}).`, remedy)];
  },
};

/** Temperature of a Raspberry Pi above which it is throttled, less 5 °C. */
const HOT_C = 75;

export const machineTemperature: Check = {
  id: 'machine.temperature',
  about: 'the processor is not too hot',
  msMax: 2000,
  run: async ({ machine }) => {
    const { id } = machineTemperature;
    const hottest = await hottestC(machine.sys);
    if (hottest === undefined) return [skipped(id, 'This machine does not report its temperature.')];
    const fact = `The hottest sensor shows ${hottest.toFixed(0)} °C.`;
    return hottest < HOT_C
      ? [ok(id, fact)]
      : [warn(id, fact, 'Improve the cooling, or move the machine to a cooler place.')];
  },
};

const MEMORY_MIB_WARN = 48;

export const machineMemory: Check = {
  id: 'machine.memory',
  about: 'memory is free',
  msMax: 2000,
  run: async ({ machine }) => {
    const { id } = machineMemory;
    const found = /^MemAvailable:\s+(\d+) kB$/m.exec((await textOf(join(machine.proc, 'meminfo'))) ?? '');
    if (found === null) return [skipped(id, 'The kernel does not report free memory.')];
    const bytes = Number(found[1]) * 1024;
    const fact = `${bytesWords(bytes)} of memory are available.`;
    if (bytes >= MEMORY_MIB_WARN * 1024 * 1024) return [ok(id, fact)];
    return [warn(id, fact, 'Stop other programs, or find the program that uses the memory: top -o %MEM')];
  },
};

const UNIT = 'holdfast.service';
const UNIT_PROPERTIES = [
  'LoadState',
  'ActiveState',
  'SubState',
  'UnitFileState',
  'NRestarts',
  'Result',
  'ExecMainStatus',
  'NeedDaemonReload',
];
/** Restarts since the boot above which a service is reported. */
const RESTARTS_WARN = 3;

export const serviceUnit: Check = {
  id: 'service.unit',
  about: 'the systemd service is installed, enabled, active, and does not restart again and again',
  msMax: 4000,
  run: async (_, signal): Promise<readonly CheckFinding[]> => {
    const { id } = serviceUnit;
    const shown = await runProgram('systemctl', ['show', UNIT, `--property=${UNIT_PROPERTIES.join(',')}`], signal);
    if (!shown.ok) return [skipped(id, `The state of the service is unknown: ${shown.why}.`)];
    const unit = new Map(
      shown.text
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
    );
    if (unit.get('LoadState') !== 'loaded') return [skipped(id, `${UNIT} is not installed.`)];
    const restarts = Number(unit.get('NRestarts') ?? 0);
    const state = `${UNIT} is ${unit.get('ActiveState')} (${unit.get('SubState')}), ${unit.get('UnitFileState')}, with ${countOf(restarts, 'restart')}.`;
    if (unit.get('ActiveState') !== 'active') {
      const last = `The last process ended with ${unit.get('Result')} (exit code ${unit.get('ExecMainStatus')}).`;
      return [fail(id, [state, last], 'See the reason: journalctl -u holdfast -n 30. Then: systemctl start holdfast')];
    }
    if (unit.get('UnitFileState') !== 'enabled')
      return [warn(id, state, 'The gateway does not start at the next boot. Run: systemctl enable holdfast')];
    if (unit.get('NeedDaemonReload') === 'yes')
      return [
        warn(id, [state, 'The unit file was changed.'], 'Run: systemctl daemon-reload && systemctl restart holdfast'),
      ];
    if (restarts > RESTARTS_WARN) return [warn(id, state, 'See the reasons: journalctl -u holdfast -p warning -n 50')];
    return [ok(id, state)];
  },
};
