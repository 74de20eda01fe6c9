/** The files for a machine in the field: boards by their schema, udev rules by udev's grammar. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ROOT } from './toolchain.ts';

const BOARDS = join(ROOT, 'hw/boards');
const RULES = join(ROOT, 'hw/udev/60-holdfast.rules');

const pin = z.int().min(0).max(27); // of the 40-pin header
const port = z.strictObject({
  name: z.string().regex(/^(uart|com)\d$/),
  device: z.string().regex(/^\/dev\/tty(AMA|S)\d+$/),
  /** The register's, as in `readlink /sys/class/tty/…/device`: it stays when the number does not. */
  address: z.string().regex(/^[0-9a-f]+(\.serial)?$/),
  gpio: z.strictObject({ tx: pin, rx: pin, cts: pin.optional(), rts: pin.optional() }).nullable(),
  /** Lines of config.txt. */
  config: z.array(z.string().regex(/^(enable_uart=1|dt(overlay|param)=[\w,=-]+)$/)),
  baudMax: z.int().min(115_200).max(4_000_000),
  /** `rts`: the kernel can drive the direction; `adapter`: only a transceiver that does it by itself. */
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
  it('are those of the boards we name', () => {
    expect(files.sort()).toEqual(['cm4.json', 'pi3.json', 'pi4.json', 'pi5.json', 'x86.json', 'zero2w.json']);
  });

  it.each(files)('%s says what its schema asks for, and nothing twice', (file) => {
    const { ports } = read(file);
    for (const key of ['name', 'device', 'address'] as const) {
      expect(new Set(ports.map((one) => one[key])).size).toBe(ports.length);
    }
    const pins = ports.flatMap(({ gpio }) => (gpio === null ? [] : [gpio.tx, gpio.rx]));
    expect(new Set(pins).size).toBe(pins.length);
  });

  it.each(files)('%s has the pins of a direction where it promises one', (file) => {
    for (const { rs485, gpio } of read(file).ports) expect(gpio?.rts === undefined).toBe(rs485 === 'adapter');
  });

  it('would be noticed with a pin that no header has, and with a word that no schema has', () => {
    const pi4 = read('pi4.json');
    const [first] = pi4.ports;
    expect(board.safeParse({ ...pi4, ports: [{ ...first, gpio: { tx: 28, rx: 1 } }] }).success).toBe(false);
    expect(board.safeParse({ ...pi4, baud: 1 }).success).toBe(false);
  });
});

/** udev(7): what may be compared, and what may be set. */
const COMPARED = /^(ACTION|KERNELS?|SUBSYSTEMS?|DRIVERS?|TEST|ATTRS?\{[\w/]+\}|ENV\{\w+\})$/;
const SET = /^(GROUP|MODE|SYMLINK|RUN|GOTO|LABEL|IMPORT\{builtin\}|ATTR\{[\w/]+\}|ENV\{\w+\})$/;
const TERM = /^([A-Z]+(?:\{[^}]+\})?)(==|!=|\+=|=)"([^"]*)"$/;

function wrongTerms(line: string): string[] {
  return line.split(/,\s*/).filter((term) => {
    const [, key = '', operator = ''] = TERM.exec(term) ?? [];
    return !(operator === '==' || operator === '!=' ? COMPARED : SET).test(key);
  });
}

/** Jumps go forward, to a label that is there. */
function lostJumps(lines: readonly string[]): string[] {
  return lines.filter((line, at) => {
    const target = /GOTO="(\w+)"/.exec(line)?.[1];
    return target !== undefined && !lines.slice(at + 1).some((later) => later.includes(`LABEL="${target}"`));
  });
}

describe('the udev rules', () => {
  const lines = readFileSync(RULES, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

  it('are udev’s grammar, with jumps that arrive', () => {
    expect([lines.flatMap(wrongTerms), lostJumps(lines)]).toEqual([[], []]);
  });

  it('touch nothing before an adapter was matched by vendor and product', () => {
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
  ])('do what they are for: %s', (action) => {
    expect(lines.filter((line) => line.includes(action))).not.toEqual([]);
  });

  it.each([
    ['a comparison of what can only be set', 'MODE=="0660"'],
    ['a setting of what can only be compared', 'SUBSYSTEM="tty"'],
    ['a quote that is missing', 'SUBSYSTEM=="tty, GROUP="dialout"'],
  ])('would be noticed with %s', (_, line) => {
    expect(wrongTerms(line)).not.toEqual([]);
  });

  it('would be noticed with a jump to nowhere', () => {
    expect(lostJumps(['GOTO="end"', 'LABEL="ende"'])).toHaveLength(1);
  });

  it.skipIf(hasNoVerifier())('are right for udevadm too', () => {
    expect(spawnSync('udevadm', ['verify', RULES], { encoding: 'utf8' })).toMatchObject({ status: 0 });
  });
});

/** Prints why udev itself is not asked. */
function hasNoVerifier(): boolean {
  if (spawnSync('udevadm', ['verify', '--help']).status === 0) return false;
  console.log(
    'skipped: no udevadm with "verify" (systemd 254 and later); the rules are checked by our own grammar only',
  );
  return true;
}
