/** Evidence of a machine, from folders like /proc, /sys and /etc. */
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { deviceNumberOf } from '../../../src/io/kernel-file.ts';
import { type EvidenceRoots, readMachineEvidence } from '../../../src/io/machine-evidence.ts';

const NOTHING = { board: '', medium: '', machineId: '', adapters: '' };
const HASH = /^[0-9a-f]{16}$/;
const PI = {
  'proc/device-tree/serial-number': '10000000a1b2c3d4\0',
  'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
  'disk/size': '62333952\n',
  'disk/device/cid': '035344534331364780a1b2c3d4013a00\n',
};

/** Machine with these files. `disk` is the disk under the folder itself. */
function machine(files: Readonly<Record<string, string>>): EvidenceRoots & { readonly store: string } {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-machine-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    const file = path.startsWith('disk/') ? join(root, 'sys/block/mmcblk0', path.slice(5)) : join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  mkdirSync(join(root, 'sys/dev/block'), { recursive: true });
  if ('disk/size' in files)
    symlinkSync('../../block/mmcblk0', join(root, 'sys/dev/block', deviceNumberOf(statSync(root).dev)));
  return { proc: join(root, 'proc'), sys: join(root, 'sys'), etc: join(root, 'etc'), store: root };
}

function adapter(name: string, address: string, assigned = '0'): Record<string, string> {
  return {
    [`sys/class/net/${name}/device/uevent`]: 'DRIVER=bcmgenet\n',
    [`sys/class/net/${name}/address`]: `${address}\n`,
    [`sys/class/net/${name}/addr_assign_type`]: `${assigned}\n`,
  };
}

function evidenceOf(files: Readonly<Record<string, string>>) {
  const { store, ...roots } = machine(files);
  return readMachineEvidence(store, roots);
}

it('is four hashes on a Raspberry Pi, the same at each reading', () => {
  const files = { ...PI, ...adapter('eth0', 'dc:a6:32:01:02:03') };
  const evidence = evidenceOf(files);
  for (const value of Object.values(evidence)) expect(value).toMatch(HASH);
  expect(new Set(Object.values(evidence)).size).toBe(4);
  expect(evidenceOf(files)).toEqual(evidence);
});

it('differs with each of its sources, and only in that', () => {
  const evidence = evidenceOf(PI);
  const { board, ...others } = evidenceOf({ ...PI, 'proc/device-tree/serial-number': '10000000a1b2c3d5\0' });
  expect(evidence).toMatchObject(others);
  expect(board).not.toBe(evidence.board);
  expect(evidenceOf({ ...PI, 'disk/device/cid': '03534453433136478000000001013a00' }).medium).not.toBe(evidence.medium);
});

it('is unknown where a source is missing or was never set', () => {
  expect(evidenceOf({})).toEqual(NOTHING);
  expect(
    evidenceOf({
      'proc/device-tree/serial-number': '0000000000000000\0',
      'etc/machine-id': 'uninitialized\n',
      'disk/size': '100\n',
      ...adapter('eth0', '00:00:00:00:00:00'),
      ...adapter('eth1', 'ff:ff:ff:ff:ff:ff'),
    }),
  ).toEqual(NOTHING);
});

it.each(['wwid', 'device/wwid', 'serial', 'device/serial'])('knows a disk by its file %s', (file) => {
  expect(evidenceOf({ 'disk/size': '100', [`disk/${file}`]: 'naa.5000c500a1b2c3d4' }).medium).toMatch(HASH);
});

it('has the adapters that are hardware, with their permanent addresses', () => {
  const [one, two] = ['dc:a6:32:01:02:03', 'dc:a6:32:01:02:04'];
  const both = evidenceOf({ ...adapter('eth0', one), ...adapter('wlan0', two) }).adapters;
  expect(both.split(' ')).toHaveLength(2);
  // names and order of the kernel do not matter
  expect(evidenceOf({ ...adapter('eth0', two), ...adapter('eth1', one) }).adapters).toBe(both);
  const alone = evidenceOf(adapter('eth0', one)).adapters;
  expect(both.split(' ')).toContain(alone);
  // a random address of a privacy setting, and a bridge without hardware
  const bridge = { 'sys/class/net/br0/address': `${two}\n`, 'sys/class/net/br0/addr_assign_type': '0\n' };
  expect(evidenceOf({ ...adapter('eth0', one), ...adapter('wlan0', two, '3'), ...bridge }).adapters).toBe(alone);
});
