/** Check of a port behind a device server: a connection for a moment, and none while a gateway may use the port. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { Fault } from '../../../src/base/fault.ts';
import type { CheckFinding } from '../../../src/doctor/check.ts';
import type { DoctorInput } from '../../../src/doctor/doctor-input.ts';
import { linkPort } from '../../../src/doctor/port-checks.ts';
import { configOf, GENERIC } from '../config/config-rig.ts';
import { openInput } from './doctor-rig.ts';

const FAULT = new Fault('not-running', 'No gateway answers', { hint: 'Start it' });

async function listen(): Promise<Server> {
  const server = createServer((socket) => void socket.resume());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return server;
}

async function examine(server: Server, kind: 'absent' | 'stalled' | 'foreign'): Promise<CheckFinding | undefined> {
  const { port } = server.address() as AddressInfo;
  const config = configOf(GENERIC.replace('/dev/ttyUSB0', `tcp://127.0.0.1:${port}`));
  const reading: DoctorInput['reading'] = { kind: 'valid', mark: 'mark', config };
  const input = openInput({}, { reading, gateway: { kind, fault: FAULT } });
  const [finding] = await linkPort.run(input, new AbortController().signal);
  return finding;
}

it('control: connects for a moment if no gateway runs', async () => {
  const server = await listen();
  const connected = once(server, 'connection');
  expect((await examine(server, 'absent'))?.verdict).toBe('ok');
  await connected;
});

it.each(['stalled', 'foreign'] as const)('does not connect while the process at the socket is %s', async (kind) => {
  const server = await listen();
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  expect((await examine(server, kind))?.verdict).toBe('skipped');
  expect(connections).toBe(0);
});
