/** One gateway of the fleet: a real process with its store on the disk, and a subdevice on a PTY. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayProcess } from '../../src/bench/gateway-process.ts';
import { openPty } from '../../src/bench/pty.ts';
import { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import { systemClock } from '../../src/io/clock.ts';
import { until } from '../e2e/until.ts';
import { HOST } from './hub-node.ts';

/** First level of all topics of the fleet. */
export const FLEET = 'fleet';
const SUBDEVICE = 's';

export interface FleetMember {
  readonly name: string;
  readonly gateway: GatewayProcess;
  readonly subdevice: FieldSubdevice;
  close(): Promise<void>;
}

/** Starts a gateway; resolves when it is connected to the hub and its subdevice to it. */
export async function startMember(name: string, root: string, port: number): Promise<FleetMember> {
  const folder = join(root, name);
  mkdirSync(folder);
  const pty = await openPty();
  const subdevice = new FieldSubdevice({ id: SUBDEVICE, clock: systemClock() }, pty);
  const socketPath = join(folder, 'control.sock');
  const configPath = join(folder, 'holdfast.toml');
  const lines = [
    '[gateway]',
    `name = "${name}"`,
    `state_dir = "${join(folder, 'state')}"`,
    'allow_volatile_store = true',
    `control_socket = "${socketPath}"`,
    '[hub]',
    'profile = "generic"',
    `host = "${HOST}"`,
    `port = ${port}`,
    `topic_template = "${FLEET}/{gateway}/{subdevice}/{topic}"`,
    '[[link]]',
    'name = "l"',
    `path = "${pty.path}"`,
    `subdevices = ["${SUBDEVICE}"]`,
    '[[subdevice]]',
    `id = "${SUBDEVICE}"`,
  ];
  writeFileSync(configPath, `${lines.join('\n')}\n`);
  const gateway = new GatewayProcess({ configPath, socketPath });
  await gateway.start();
  subdevice.start();
  subdevice.command({ kind: 'subscribe', filter: 'cmd', qos: 1 });
  await until(async () => subdevice.isSubscribed && (await gateway.status()).hub.state === 'connected');
  return {
    name,
    gateway,
    subdevice,
    close: async () => {
      subdevice.stop();
      await gateway.signal('SIGKILL');
      await pty.hangUp();
    },
  };
}
