/**
 * Checks of the machine: power supply, temperature, memory.
 *
 * Sources: proc(5); the kernel's thermal sysfs API and cgroup-v2.rst (`memory.max`, which only a limited group has); the firmware's `get_throttled` (Raspberry Pi documentation,
 * vcgencmd).
 */
import { join } from 'node:path';
import { textOf } from '../io/kernel-file.ts';
import { hottestC, throttledBits } from '../io/machine-health.ts';
import { bytesWords } from '../ops/words.ts';
import { type Check, fail, ok, skipped, warn } from './check.ts';

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
    const ofMachine = Number(found[1]) * 1024;
    const ofGroup = await freeInGroup(machine.sys);
    const isLimited = ofGroup !== undefined && ofGroup < ofMachine;
    const bytes = isLimited ? ofGroup : ofMachine;
    const fact = `${bytesWords(bytes)} of memory are available${isLimited ? ' within the limit of this container' : ''}.`;
    if (bytes >= MEMORY_MIB_WARN * 1024 * 1024) return [ok(id, fact)];
    const remedy = isLimited
      ? 'Start the container with a higher limit (--memory): the kernel ends the gateway at this limit.'
      : 'Stop other programs, or find the program that uses the memory: top -o %MEM';
    return [warn(id, fact, remedy)];
  },
};

/** Bytes until the limit of a container, with the page cache that the kernel can free. `undefined`: no limit is visible. */
async function freeInGroup(sys: string): Promise<number | undefined> {
  const read = (file: string): Promise<string | undefined> => textOf(join(sys, 'fs/cgroup', file));
  const [max, current, stat] = await Promise.all(['memory.max', 'memory.current', 'memory.stat'].map(read));
  if (!/^\d+$/.test(max ?? '') || !/^\d+$/.test(current ?? '')) return undefined;
  const cache = Number(/^inactive_file (\d+)$/m.exec(stat ?? '')?.[1] ?? 0);
  return Math.max(0, Number(max) - Number(current) + cache);
}
