/** Files for a machine in the field: board profiles against their schema, udev rules against udev's grammar. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ROOT } from './toolchain.ts';

const BOARDS = join(ROOT, 'hw/boards');
const RULES = join(ROOT, 'hw/udev/60-holdfast.rules');
const REAUTHORISE = join(ROOT, 'hw/udev/61-holdfast-reauthorise.rules');

const pin = z.int().min(0).max(27); // of the 40-pin header
const port = z.strictObject({
  name: z.string().regex(/^(uart|com)\d$/),
  device: z.string().regex(/^\/dev\/tty(AMA|S)\d+$/),
  /** Address of the UART's registers, as in `readlink /sys/class/tty/…/device`. It is stable; the number of a port is not. */
  address: z.string().regex(/^[0-9a-f]+(\.serial)?$/),
  gpio: z.strictObject({ tx: pin, rx: pin, cts: pin.optional(), rts: pin.optional() }).nullable(),
  /** Lines of config.txt. */
  config: z.array(z.string().regex(/^(enable_uart=1|dt(overlay|param)=[\w,=-]+)$/)),
  baudMax: z.int().min(115_200).max(4_000_000),
  /** `rts`: the kernel can switch the direction. `adapter`: only a transceiver that switches by itself works. */
  rs485: z.enum(['rts', 'adapter']),
  note: z.string().optional(),
});
const board = z.strictObject({
  name: z.string(),
  levels: z.enum(['3.3 V', 'RS-232']),
  watchdog: z.array(z.string()),
  usb: z.boolean(),
  sources: z.array(z.string()).min(1),
  ports: z.array(port).min(1),
});
type Board = z.infer<typeof board>;

const files = readdirSync(BOARDS);
const read = (file: string): Board => board.parse(JSON.parse(readFileSync(join(BOARDS, file), 'utf8')));

describe('the board profiles', () => {
  it('exist for each supported board', () => {
    expect(files.sort()).toEqual(['cm4.json', 'pi3.json', 'pi4.json', 'pi5.json', 'x86.json', 'zero2w.json']);
  });

  it.each(files)('%s conforms to its schema, without duplicates', (file) => {
    const { ports } = read(file);
    for (const key of ['name', 'device', 'address'] as const) {
      expect(new Set(ports.map((one) => one[key])).size).toBe(ports.length);
    }
    const pins = ports.flatMap(({ gpio }) => (gpio === null ? [] : [gpio.tx, gpio.rx]));
    expect(new Set(pins).size).toBe(pins.length);
  });

  it.each(files)('%s names the pin RTS if its kernel can switch the direction', (file) => {
    for (const { rs485, gpio } of read(file).ports) expect(gpio?.rts === undefined).toBe(rs485 === 'adapter');
  });

  it('negative control: a pin that the header does not have and an unknown key are rejected', () => {
    const pi4 = read('pi4.json');
    const [first] = pi4.ports;
    expect(board.safeParse({ ...pi4, ports: [{ ...first, gpio: { tx: 28, rx: 1 } }] }).success).toBe(false);
    expect(board.safeParse({ ...pi4, baud: 1 }).success).toBe(false);
  });
});

/** Keys of udev(7) that a rule may compare, and keys that a rule may set. */
const COMPARED = /^(ACTION|KERNELS?|SUBSYSTEMS?|DRIVERS?|TEST|ATTRS?\{[\w/]+\}|ENV\{\w+\})$/;
const SET = /^(GROUP|MODE|SYMLINK|RUN|GOTO|LABEL|IMPORT\{builtin\}|ATTR\{[\w/]+\}|ENV\{\w+\})$/;
const TERM = /^([A-Z]+(?:\{[^}]+\})?)(==|!=|\+=|=)"([^"]*)"$/;

function wrongTerms(line: string): string[] {
  return line.split(/,\s*/).filter((term) => {
    const [, key = '', operator = ''] = TERM.exec(term) ?? [];
    return !(operator === '==' || operator === '!=' ? COMPARED : SET).test(key);
  });
}

/** Returns lines with a GOTO whose label does not follow. */
function lostJumps(lines: readonly string[]): string[] {
  return lines.filter((line, at) => {
    const target = /GOTO="(\w+)"/.exec(line)?.[1];
    return target !== undefined && !lines.slice(at + 1).some((later) => later.includes(`LABEL="${target}"`));
  });
}

function rulesIn(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

/** Adapters that a rule file matches, as `vendor products`. */
function adaptersIn(path: string): string[] {
  return rulesIn(path).flatMap((line) => {
    const [, vendor, products] = /\{idVendor\}=="(\w+)", ATTRS?\{idProduct\}=="([\w|]+)"/.exec(line) ?? [];
    return vendor === undefined ? [] : [`${vendor} ${products}`];
  });
}

describe('the udev rules', () => {
  const lines = rulesIn(RULES);

  it('conform to udev’s grammar, and each GOTO has its label', () => {
    expect([lines.flatMap(wrongTerms), lostJumps(lines)]).toEqual([[], []]);
  });

  it('change nothing before an adapter is matched by vendor and product', () => {
    const before = lines.slice(0, lines.indexOf('LABEL="holdfast_adapter"'));
    expect(before.at(-1)).toBe('GOTO="holdfast_end"');
    for (const line of before) {
      const isMatch = /^ATTRS\{idVendor\}=="[0-9a-f]{4}", ATTRS\{idProduct\}=="[0-9a-f|]+", GOTO="holdfast_adapter"$/;
      expect(isMatch.test(line) || line.endsWith('GOTO="holdfast_end"')).toBe(true);
    }
  });

  it.each([
    'GROUP="dialout", MODE="0660"',
    'ENV{ID_MM_DEVICE_IGNORE}="1"',
    'ATTR{power/control}="on"',
    'ATTR{latency_timer}="1"',
    'SYMLINK+="holdfast/',
    '-hupcl"',
  ])('contain the setting %s', (action) => {
    expect(lines.filter((line) => line.includes(action))).not.toEqual([]);
  });

  it.each([
    ['a comparison of a key that can only be set', 'MODE=="0660"'],
    ['a value for a key that can only be compared', 'SUBSYSTEM="tty"'],
    ['a missing quote', 'SUBSYSTEM=="tty, GROUP="dialout"'],
  ])('negative control: %s is rejected', (_, line) => {
    expect(wrongTerms(line)).not.toEqual([]);
  });

  it('negative control: a GOTO without its label is rejected', () => {
    expect(lostJumps(['GOTO="end"', 'LABEL="ende"'])).toHaveLength(1);
  });

  it('for the reconnection of adapters conform too, and touch the same adapters', () => {
    const more = rulesIn(REAUTHORISE);
    expect([more.flatMap(wrongTerms), lostJumps(more)]).toEqual([[], []]);
    expect(adaptersIn(REAUTHORISE)).toEqual(adaptersIn(RULES));
    expect(adaptersIn(RULES)).toHaveLength(6);
    expect(more.filter((line) => line.includes('RUN')).every((line) => line.endsWith('/authorized"'))).toBe(true);
  });

  it.skipIf(hasNoVerifier())('are accepted by udevadm', () => {
    for (const path of [RULES, REAUTHORISE])
      expect(spawnSync('udevadm', ['verify', path], { encoding: 'utf8' })).toMatchObject({ status: 0 });
  });
});

/** Returns whether udevadm cannot verify rules here, and prints that. */
function hasNoVerifier(): boolean {
  if (spawnSync('udevadm', ['verify', '--help']).status === 0) return false;
  console.log(
    'skipped: no udevadm with "verify" (systemd 254 and later); the rules are checked only against the grammar in this test',
  );
  return true;
}
