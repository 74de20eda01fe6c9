/** Faults of the service itself: its configuration on trial, its listeners, a hang before, a store of another machine. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/io/clock.ts';
import { HANGS_FILE, noteHang } from '../../../src/io/hang-log.ts';
import { temporaryFolder } from './fake-service.ts';
import type { FaultRow } from './fault-row.ts';
import { type FaultScene, openScene, table } from './fault-scene.ts';

const ON_ANOTHER_MACHINE = fileURLToPath(new URL('../gateway-on-another-machine.ts', import.meta.url));
/** The hub, its operator, the lines and the card are innocent. */
const NOT_THE_REST = [/client_id/, /password/i, /cable of/i, /log of the hub/, /Replace the (SD )?card/];

/** Folders of the kernel of a machine with this board and card. */
function machineOf(board: string, card: string): string {
  const folder = temporaryFolder();
  for (const [path, text] of Object.entries({
    'proc/device-tree/serial-number': `${board}\0`,
    'etc/machine-id': `${card.padStart(32, '0')}\n`,
  })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

async function onAnotherMachine(): Promise<FaultScene> {
  const env = { MACHINE: machineOf('10000000aaaaaaaa', 'a') };
  const scene = await (await openScene({ env, program: ON_ANOTHER_MACHINE })).connect();
  await scene.gateway.signal('SIGTERM');
  env.MACHINE = machineOf('10000000bbbbbbbb', 'b');
  return await scene.start();
}

/** Port on which another program listens. */
async function occupiedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function withSection(heading: string, keys: Readonly<Record<string, string>>): Promise<FaultScene> {
  const scene = await openScene();
  appendFileSync(scene.configPath, table(heading, keys));
  return await scene.connect();
}

async function withOccupiedPage(): Promise<FaultScene> {
  const token = join(temporaryFolder(), 'token');
  writeFileSync(token, '0123456789abcdef0123\n', { mode: 0o600 });
  return await withSection('[web]', { listen: `127.0.0.1:${await occupiedPort()}`, token_file: token });
}

/** Gateway with a change on trial that waits for its confirmation. */
async function onTrial(change: (text: string) => string): Promise<FaultScene> {
  const scene = await (await openScene()).connect();
  writeFileSync(scene.configPath, change(readFileSync(scene.configPath, 'utf8')));
  await scene.outputOf('config', 'apply', '--confirm', '1h');
  return scene.injected();
}

const smallInbox = (text: string): string => `${text}\n[inbox]\nmessages_max = 77\n`;

export const SERVICE_ROWS: readonly FaultRow[] = [
  {
    area: 'storage',
    name: 'The store was written on another machine',
    inject: onAnotherMachine,
    status: { losing: 'Not yet', condition: 'cloned-store', says: ['another machine', 'adopt'] },
    doctor: { finding: 'storage.owner', verdict: 'fail', says: ['another machine', 'adopt'] },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'A change of the configuration waits for its confirmation',
    inject: () => onTrial(smallInbox),
    status: {
      losing: 'No',
      condition: 'config-unconfirmed',
      says: ['not confirmed', 'config confirm', 'config rollback'],
    },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'A change of the configuration on trial has cut the hub off',
    inject: () => onTrial((text) => text.replace(/port = \d+/, 'port = 1')),
    status: { losing: 'Not yet', condition: 'config-unconfirmed', says: ['on trial', 'config rollback'] },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'The configuration in the file was rolled back',
    inject: async () => {
      const scene = await onTrial(smallInbox);
      await scene.outputOf('config', 'rollback');
      return scene.injected();
    },
    status: {
      losing: 'No',
      condition: 'config-rejected',
      says: ['does not run with its file', 'rolled back', 'config diff'],
    },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'The gateway started with a broken configuration file',
    inject: async () => {
      const scene = await (await openScene()).connect();
      await scene.gateway.signal('SIGTERM');
      appendFileSync(scene.configPath, '\n[outbx]\n');
      return await scene.start();
    },
    status: { losing: 'No', condition: 'config-rejected', says: ['does not run with its file', 'outbx'] },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'The watchdog has restarted the gateway',
    inject: async () => {
      const scene = await openScene();
      noteHang(join(dirname(scene.socketPath), HANGS_FILE), {
        ...{ upMs: Math.floor(systemClock().nowMs()), source: 'serial-open', subject: '/dev/ttyUSB0', forMs: 35_000 },
        ...{ what: 'the opening of /dev/ttyUSB0 did not return', where: '' },
        ...{ hasRecordings: false, isReported: false, isHandled: false },
      });
      return await scene.connect();
    },
    status: {
      losing: 'No',
      condition: 'restarted-after-hang',
      says: ['Restarted by the watchdog', '/dev/ttyUSB0', 'adapter'],
    },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'Another program has the port of the web page',
    inject: withOccupiedPage,
    status: { losing: 'No', condition: 'web-not-listening', says: ['web page', 'ss -ltnp'] },
    neverSays: NOT_THE_REST,
  },
  {
    area: 'machine',
    name: 'Another program has the port of the metrics',
    inject: async () => await withSection('[metrics]', { listen: `127.0.0.1:${await occupiedPort()}` }),
    status: { losing: 'No', condition: 'metrics-not-listening', says: [/metrics/i, 'ss -ltnp'] },
    neverSays: NOT_THE_REST,
  },
];
