/**
 * Parts of the demonstration: a bench hub on loopback TCP in this process, the gateway as a separate process with a
 * configuration file in a temporary folder, and simulated MQTT-SN subdevices on PTYs.
 *
 * Invariant: `close` removes everything that was set up; the end of this process also ends the gateway.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../io/clock.ts';
import { volatilePlaceOf } from '../../io/volatile-storage.ts';
import type { Clock } from '../../ports.ts';
import { numberOf } from '../account.ts';
import { GatewayProcess } from '../gateway-process.ts';
import { GENERIC, type HubRules } from '../hub/bench-rules.ts';
import { type BenchHub, startBenchHub } from '../hub/server.ts';
import { type FieldSubdevice, newFieldSubdevice } from '../subdevices/field-subdevice.ts';
import { type Plan, SUBDEVICES } from './demo-plan.ts';

export const GATEWAY_NAME = 'demo';

/** Ordinary MQTT 3.1.1 hub that stores messages like the IoT hub: 150 messages, one sent every 500 ms. */
const HUB_RULES: HubRules = { ...GENERIC, storedMax: 150, replayIntervalMs: 500 };

/** Longest time for the gateway to drain after a request to stop; after that time the gateway is killed. */
const STOP_MS_MAX = 5000;

export interface Stage {
  readonly clock: Clock;
  readonly hub: BenchHub;
  readonly gateway: GatewayProcess;
  readonly subdevices: readonly FieldSubdevice[];
  readonly folder: string;
  readonly configText: string;
  close(folder: 'remove' | 'keep'): Promise<void>;
}

export async function setStage(plan: Plan): Promise<Stage> {
  const clock = systemClock();
  const hub = await startBenchHub({ port: 0, rules: HUB_RULES, clock });
  const subdevices = await Promise.all(SUBDEVICES.map((id) => newFieldSubdevice({ id, clock })));
  hub.onArrived(({ topic, payload }) => {
    const number = numberOf(payload);
    const sender = subdevices.find(({ id }) => topic === `${GATEWAY_NAME}/${id}/reading`);
    if (number !== undefined) sender?.uplinks.arrive(number);
  });
  const folder = mkdtempSync(join(diskFolder(), 'holdfast-demo-'));
  const configText = configOf(plan, { folder, hubPort: hub.port, subdevices });
  const configPath = join(folder, 'holdfast.toml');
  writeFileSync(configPath, configText);
  const gateway = new GatewayProcess({ configPath, socketPath: join(folder, 'control.sock') });
  // Cleans up if this process ends in an unexpected way (`npm start | head`).
  const lastResort = (): void => {
    void gateway.signal('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', lastResort);
  return {
    clock,
    hub,
    gateway,
    subdevices,
    folder,
    configText,
    async close(outcome) {
      for (const subdevice of subdevices) subdevice.stop();
      await stopGateway(gateway);
      process.off('exit', lastResort);
      await hub.stop();
      await Promise.all(subdevices.map((subdevice) => subdevice.pty.hangUp()));
      if (outcome === 'remove') rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Returns a folder on a disk, if there is one. /tmp is often in RAM, where no byte counts as written. */
function diskFolder(): string {
  const places = process.env.TMPDIR === undefined ? ['/var/tmp', tmpdir()] : [tmpdir()];
  const found = places.filter((place) => existsSync(place));
  return found.find((place) => volatilePlaceOf(place) === undefined) ?? found[0] ?? tmpdir();
}

async function stopGateway(gateway: GatewayProcess): Promise<void> {
  if (gateway.pid === undefined) return;
  const makeItStop = setTimeout(() => void gateway.signal('SIGKILL'), STOP_MS_MAX);
  await gateway.signal('SIGTERM');
  clearTimeout(makeItStop);
}

interface Surroundings {
  readonly folder: string;
  readonly hubPort: number;
  readonly subdevices: readonly FieldSubdevice[];
}

/** Returns the text of the whole configuration of the gateway. Keys that are not in the text have their defaults. */
function configOf(plan: Plan, { folder, hubPort, subdevices }: Surroundings): string {
  const lines = [
    '[gateway]',
    `name = "${GATEWAY_NAME}"`,
    `state_dir = "${join(folder, 'state')}"`,
    `control_socket = "${join(folder, 'control.sock')}"`,
    ...(volatilePlaceOf(folder) === undefined
      ? []
      : ['allow_volatile_store = true # this folder is in RAM: it survives the kill, but not a power failure']),
    '',
    '[hub]',
    'profile = "generic"         # any MQTT 3.1.1 hub',
    'host = "127.0.0.1"',
    `port = ${hubPort}`,
    `messages_per_s = ${plan.messagesPerS}         # limit of the gateway, low enough to watch the backlog drain`,
    'reconnect_floor_ms = 250    # short, because the demonstration takes half a minute',
    'reconnect_ceiling_ms = 1000',
  ];
  for (const { id, pty } of subdevices) {
    lines.push('', '[[link]]', `name = "line-${id}"`, `path = "${pty.path}"`, '', '[[subdevice]]', `id = "${id}"`);
  }
  return `${lines.join('\n')}\n`;
}
