/** Faults of the machine, of its service, and of the installation. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { MachineRoots } from '../../../src/doctor/doctor-input.ts';
import { fakeService, PACKAGED_UNIT, temporaryFolder } from './fake-service.ts';
import type { FaultRow } from './fault-row.ts';
import { type FaultScene, openScene } from './fault-scene.ts';
import { serveOldGateway } from './old-gateway.ts';

const NOT_THE_REST = [/client_id/, /password/i, /cable of/i, /log of the hub/];
const THROTTLED = 'sys/devices/platform/soc/soc:firmware/get_throttled';

/** Folders of the kernel with these files. */
function machineWith(files: Readonly<Record<string, string>>): Partial<MachineRoots> {
  const root = temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const has = (folder: string): boolean => Object.keys(files).some((path) => path.startsWith(folder));
  return {
    ...(has('sys/') ? { sys: join(root, 'sys') } : {}),
    ...(has('proc/') ? { proc: join(root, 'proc') } : {}),
  };
}

async function withUnit(unit: string, properties: Readonly<Record<string, string>> = {}): Promise<FaultScene> {
  return (await openScene({ env: fakeService(unit, properties) })).connect();
}

export const MACHINE_ROWS: readonly FaultRow[] = [
  {
    area: 'machine',
    name: 'The power supply is too weak (Raspberry Pi)',
    inject: async () => (await openScene({ machine: machineWith({ [THROTTLED]: '50005\n' }) })).connect(),
    doctor: {
      finding: 'power.supply',
      verdict: 'fail',
      says: ['the supply voltage is too low', 'power supply and the cable'],
    },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'The processor was throttled since the boot (Raspberry Pi)',
    isLong: true,
    inject: async () => (await openScene({ machine: machineWith({ [THROTTLED]: '40000\n' }) })).connect(),
    doctor: { finding: 'power.supply', verdict: 'warn', says: ['throttled', 'cooling'] },
    neverSays: [...NOT_THE_REST, /voltage/],
  },
  {
    area: 'machine',
    name: 'Memory is short',
    isLong: true,
    inject: async () =>
      (
        await openScene({
          machine: machineWith({ 'proc/meminfo': 'MemTotal: 512000 kB\nMemAvailable:    20000 kB\n' }),
        })
      ).connect(),
    doctor: { finding: 'machine.memory', verdict: 'warn', says: ['20 MiB', 'Stop other programs'] },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'ModemManager runs and opens serial ports',
    inject: async () => {
      const machine = machineWith({ 'proc/4711/comm': 'ModemManager\n', 'proc/meminfo': 'MemAvailable: 900000 kB\n' });
      return (await openScene({ machine })).connect();
    },
    doctor: {
      finding: 'link.intruders',
      verdict: 'warn',
      says: ['ModemManager', 'systemctl disable --now ModemManager'],
    },
    neverSays: [...NOT_THE_REST, /gpsd may/],
  },
  {
    area: 'machine',
    name: 'The unit file differs from the packaged one',
    inject: () => withUnit(PACKAGED_UNIT.replace('MemoryMax=320M', 'MemoryMax=64M').replace('LimitNOFILE=1024\n', '')),
    doctor: { finding: 'service.drift', verdict: 'warn', says: ['MemoryMax=64M', 'MemoryMax=320M', 'LimitNOFILE'] },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'The unit does not restart the gateway after a failure',
    isLong: true,
    inject: () => withUnit(PACKAGED_UNIT.replace('Restart=always', 'Restart=no')),
    doctor: { finding: 'service.drift', verdict: 'fail', says: ['Restart=no', 'Restart=always'] },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'No watchdog supervises the machine or the service',
    isLong: true,
    inject: () => withUnit(PACKAGED_UNIT),
    doctor: { finding: 'service.watchdog', verdict: 'warn', says: ['watchdog', 'RuntimeWatchdogSec'] },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'The service restarts again and again',
    isLong: true,
    inject: () => withUnit(PACKAGED_UNIT, { NRestarts: '17' }),
    doctor: { finding: 'service.unit', verdict: 'warn', says: ['17 restarts', 'journalctl'] },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'The gateway hangs',
    inject: async () => {
      const scene = await (await openScene()).connect();
      process.kill(scene.gateway.pid ?? 0, 'SIGSTOP');
      return scene.injected();
    },
    status: { losing: 'Unknown', condition: null, says: ['does not answer', 'kill -CONT'] },
    doctor: { finding: 'gateway.process', verdict: 'fail', says: ['does not answer', 'kill -CONT'] },
    neverSays: [...NOT_THE_REST, /another program/],
  },
  {
    area: 'machine',
    name: 'The gateway does not run',
    inject: async () => {
      const scene = await (await openScene()).connect();
      await scene.gateway.signal('SIGTERM');
      return scene.injected();
    },
    status: { losing: null, condition: null, says: ['The gateway is not running', 'systemctl start holdfast'] },
    doctor: {
      finding: 'gateway.process',
      verdict: 'fail',
      says: ['No gateway is running', 'systemctl start holdfast'],
    },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'Another program listens on the control socket',
    inject: async () => {
      const scene = await openScene();
      const server = createServer((socket) => socket.on('error', () => undefined).end('220 hello\r\n'));
      await new Promise<void>((resolve) => server.listen(scene.socketPath, resolve));
      onTestFinished(() => void server.close());
      return scene.injected();
    },
    doctor: {
      finding: 'gateway.process',
      verdict: 'fail',
      says: ['is not a gateway', 'control_socket'],
    },
    neverSays: [...NOT_THE_REST, /kill -CONT/],
  },
  {
    area: 'machine',
    name: 'A gateway of another version runs',
    isLong: true,
    inject: async () => {
      const scene = await openScene();
      await serveOldGateway(scene.socketPath, '0.0.1');
      return scene.injected();
    },
    doctor: {
      finding: 'gateway.process',
      verdict: 'fail',
      says: ['cannot use the answers', 'systemctl restart holdfast'],
    },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'The configuration was changed and is not in use yet',
    inject: async () => {
      const scene = await (await openScene()).connect();
      appendFileSync(scene.configPath, '\n# changed\n');
      return scene.injected();
    },
    doctor: {
      finding: 'config.drift',
      verdict: 'warn',
      says: ['does not run with the present content', 'config diff', 'config apply'],
    },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'The configuration is invalid',
    isLong: true,
    inject: async () => {
      const scene = await openScene();
      writeFileSync(
        scene.configPath,
        readFileSync(scene.configPath, 'utf8').replace('profile = "generic"', 'profile = "genric"'),
      );
      return scene.injected();
    },
    doctor: { finding: 'config.file', verdict: 'fail', says: ['hub.profile', 'config check'] },
    neverSays: [/password/i, /cable of/i],
  },
  {
    area: 'machine',
    name: 'The configuration became invalid while the gateway runs',
    inject: async () => {
      const scene = await (await openScene()).connect();
      appendFileSync(scene.configPath, '\n[outbx]\n');
      return scene.injected();
    },
    status: { losing: 'No', condition: null, says: [/outbx|next start/i] },
    doctor: { finding: 'config.file', verdict: 'fail', says: ['outbx', 'config check'] },
    neverSays: NOT_THE_REST,
  },
];
