/** Faults of the storage: full, read-only, corrupt, in RAM, slow, of another user. */
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { buildSlowSync, whyNoSlowCard } from '../slow-card.ts';
import { SmallDisk, whyNoMount } from '../small-disk.ts';
import { until } from '../until.ts';
import { fakeService, PACKAGED_UNIT } from './fake-service.ts';
import type { FaultRow } from './fault-row.ts';
import { type FaultScene, openScene, type ScenePlan } from './fault-scene.ts';
import { mqttsnLink, openLine, startSubdevice } from './subdevice-lines.ts';

const NOT_THE_HUB = [/log of the hub/, /client_id/, /password/i, /cable/i];
const NEEDS_ROOT = process.geteuid?.() === 0 ? undefined : 'root';
const STRANGER = 12_345;

/** Scene on a small file system, with a connected subdevice; the hub is away, so each message is written to the store. */
async function onDisk(
  kind: 'ext4' | 'tmpfs',
  megabytes: number,
  inodes?: number,
): Promise<{
  readonly scene: FaultScene;
  readonly disk: SmallDisk;
  readonly publish: () => void;
}> {
  const folder = mkdtempSync('/var/tmp/holdfast-fault-disk-');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const disk = new SmallDisk(join(folder, 'state'), megabytes, kind, inodes);
  const { scene, publish } = await withSubdevice({ stateDir: disk.path });
  return { scene, disk, publish };
}

async function withSubdevice(plan: ScenePlan): Promise<{ readonly scene: FaultScene; readonly publish: () => void }> {
  const pty = await openLine();
  const scene = await openScene({ ...plan, links: mqttsnLink('field', pty.path, 'a') });
  await scene.connect();
  const subdevice = startSubdevice('a', pty);
  await until(() => subdevice.isConnected);
  scene.hub.setFault({ kind: 'set', faults: { reach: 'refuses' } });
  scene.hub.setFault({ kind: 'dropConnections' });
  await until(async () => (await scene.gateway.status()).hub.state !== 'connected');
  return { scene, publish: () => subdevice.publish('t', { bytes: 900 }) };
}

export const STORAGE_ROWS: readonly FaultRow[] = [
  {
    area: 'storage',
    name: 'The disk is full',
    missing: whyNoMount('ext4'),
    isLong: true,
    inject: async () => {
      const { scene, disk, publish } = await onDisk('ext4', 16);
      disk.fill();
      for (let count = 0; count < 2000; count += 1) publish();
      return scene.injected();
    },
    status: { losing: 'Not yet', condition: 'store-full', says: ['The disk is full', 'Free at least 2 MB'] },
    doctor: { finding: 'storage.space', verdict: 'fail', says: ['free', 'Remove files'] },
    neverSays: [/Replace the SD card/, /client_id/, /password/i],
  },
  {
    area: 'storage',
    name: 'The disk is nearly full',
    missing: whyNoMount('ext4'),
    isLong: true,
    inject: async () => {
      const { scene, disk } = await onDisk('ext4', 16);
      disk.fill(1024 * 1024);
      return scene.injected();
    },
    status: { losing: 'Not yet', condition: 'store-filling', says: ['Free at least 2 MB'] },
    doctor: { finding: 'storage.space', verdict: 'fail', says: ['free'] },
    neverSays: [/Replace the SD card/, /client_id/, /password/i],
  },
  {
    area: 'storage',
    name: 'The file system has no free inode',
    missing: whyNoMount('ext4'),
    isLong: true,
    inject: async () => {
      const { scene, disk } = await onDisk('ext4', 16, 64);
      for (let count = 0; disk.freeInodes > 0; count += 1) writeFileSync(join(disk.path, `file-${count}`), '');
      return scene.injected();
    },
    doctor: { finding: 'storage.space', verdict: 'fail', says: ['0 of', 'inodes', 'number of files'] },
    neverSays: [/Replace the SD card/, ...NOT_THE_HUB.slice(1)],
  },
  {
    area: 'storage',
    name: 'The file system is read-only',
    missing: whyNoMount('ext4'),
    isLong: true,
    inject: async () => {
      const { scene, disk, publish } = await onDisk('ext4', 16);
      disk.remountReadOnly();
      publish();
      await scene.gateway.ended();
      return scene.injected();
    },
    doctor: { finding: 'storage.sync', verdict: 'fail', says: ['read-only', 'dmesg'] },
    neverSays: [/chown/, /client_id/, /password/i],
  },
  {
    area: 'storage',
    name: 'The store is corrupt (gateway stopped)',
    inject: async () => {
      const { scene } = await corruptScene();
      return scene.injected();
    },
    doctor: { finding: 'storage.content', verdict: 'fail', says: ['Start the gateway: it repairs the store'] },
    neverSays: NOT_THE_HUB.slice(1),
  },
  {
    area: 'storage',
    name: 'The store was corrupt at the start',
    inject: async () => {
      const { scene } = await corruptScene();
      scene.injected();
      await scene.gateway.start();
      return scene;
    },
    status: { losing: 'Unknown|Yes', condition: 'loss-unknown', says: ['may be lost', 'Compare the messages'] },
    neverSays: [/client_id/, /password/i],
  },
  {
    area: 'storage',
    name: 'The store is in RAM',
    inject: async () => {
      const stateDir = mkdtempSync('/dev/shm/holdfast-fault-');
      onTestFinished(() => rmSync(stateDir, { recursive: true, force: true }));
      return (await openScene({ stateDir })).connect();
    },
    status: {
      losing: 'Not yet',
      condition: 'store-volatile',
      says: ['tmpfs on /dev/shm', 'Set state_dir to a directory on a disk'],
    },
    doctor: { finding: 'storage.place', verdict: 'warn', says: ['is in RAM'] },
    neverSays: [/Replace the SD card/, ...NOT_THE_HUB],
  },
  {
    area: 'storage',
    name: 'The card needs 3 s for each sync',
    missing: whyNoSlowCard(),
    isLong: true,
    inject: async () => {
      const slow = buildSlowSync(3000);
      const { scene, publish } = await withSubdevice({ env: slow.env });
      slow.begin();
      const timer = setInterval(publish, 500);
      onTestFinished(() => clearInterval(timer));
      return scene.injected();
    },
    status: { losing: 'No|Not yet', condition: 'store-slow', says: ['commit', 'Replace a worn'] },
    doctor: { finding: 'storage.sync', verdict: 'fail', says: ['p50', 'The storage is slow'] },
    neverSays: [/client_id/, /password/i],
  },
  {
    area: 'storage',
    name: 'The state directory belongs to another user',
    missing: NEEDS_ROOT,
    inject: async () => {
      const scene = await openScene({ env: fakeService(PACKAGED_UNIT, { User: 'holdfast' }) });
      mkdirSync(scene.stateDir, { mode: 0o700 });
      chownSync(scene.stateDir, STRANGER, STRANGER);
      scene.gateway.spawn();
      await scene.gateway.ended();
      return scene.injected();
    },
    doctor: {
      finding: 'storage.place',
      verdict: 'fail',
      says: ['number 12345', 'the service runs as holdfast', 'chown'],
    },
    neverSays: [/Replace the SD card/, ...NOT_THE_HUB],
  },
  {
    area: 'storage',
    name: 'The state directory cannot be used: a file has its name',
    isLong: true,
    inject: async () => {
      const scene = await openScene();
      writeFileSync(scene.stateDir, '');
      chmodSync(scene.stateDir, 0o600);
      scene.gateway.spawn();
      await scene.gateway.ended();
      return scene.injected();
    },
    doctor: { finding: 'storage.place', verdict: 'fail', says: ['is no directory'] },
    neverSays: [/Replace the SD card/, ...NOT_THE_HUB],
  },
];

/** Scene whose gateway has stopped, with rubbish in the middle of its database file. */
async function corruptScene(): Promise<{ readonly scene: FaultScene }> {
  const { scene, publish } = await withSubdevice({});
  for (let count = 0; count < 100; count += 1) publish();
  await until(async () => (await scene.gateway.status()).outbox.onDisk >= 50);
  await scene.gateway.signal('SIGTERM');
  const path = join(scene.stateDir, 'holdfast.db');
  const file = openSync(path, 'r+');
  const rubbish = Buffer.alloc(4096, 0xa5);
  for (let at = 8192; at + 4096 < statSync(path).size; at += 3 * 4096) writeSync(file, rubbish, 0, 4096, at);
  closeSync(file);
  return { scene };
}
