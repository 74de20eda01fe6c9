/**
 * A configuration of a guide as printed, run by the real process: the bench hub on TCP, and a simulated device on a PTY
 * in the place of the port.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFailed, onTestFinished } from 'vitest';
import type { ChannelAction, ChannelInput, Machine } from '../../src/base/machine.ts';
import { GatewayProcess } from '../../src/bench/gateway-process.ts';
import { GENERIC } from '../../src/bench/hub/bench-rules.ts';
import { type BenchHub, startBenchHub } from '../../src/bench/hub/server.ts';
import { openPty, type Pty } from '../../src/bench/pty.ts';
import { systemClock } from '../../src/io/clock.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { Pump } from '../../src/runtime/pump.ts';

const GUIDE = readFileSync(new URL('../../docs/lines.md', import.meta.url), 'utf8');

/** Configuration below a heading of docs/lines.md, as printed. */
export function exampleOf(heading: string): string {
  const [, section = ''] = GUIDE.split(`## ${heading}\n`);
  return section.split('```toml\n')[1]?.split('```')[0] ?? '';
}

export interface Arrival {
  readonly topic: string;
  readonly text: string;
}

export interface TalkingTestbed {
  readonly gateway: GatewayProcess;
  readonly hub: BenchHub;
  readonly pty: Pty;
  readonly configPath: string;
  /** Messages that reached the application side, in order. */
  readonly arrivals: readonly Arrival[];
}

type Device = Machine<ChannelInput, ChannelAction>;

/**
 * Starts the gateway and the device. @param config complete configuration with `host = "hub.example"` @param device or a
 * function that builds it for its line @param pathOf path of the port in the configuration; the path of the PTY if absent
 */
export async function openTalkingTestbed(
  config: string,
  device: Device | ((pty: Pty) => Device),
  pathOf: (pty: Pty) => Promise<string> = async ({ path }) => path,
): Promise<TalkingTestbed> {
  const clock = systemClock();
  const hub = await startBenchHub({ port: 0, rules: GENERIC, clock });
  const pty = await openPty();
  const folder = mkdtempSync('/var/tmp/holdfast-talking-');
  const configPath = join(folder, 'holdfast.toml');
  const socketPath = join(folder, 'control.sock');
  const gatewayKeys = { state_dir: join(folder, 'state'), control_socket: socketPath, allow_volatile_store: true };
  const text = config
    .replace('[gateway]\n', `[gateway]\n${keysText(gatewayKeys)}`)
    .replace('host = "hub.example"\n', keysText({ host: '127.0.0.1', port: hub.port }))
    .replace(/^path = .*$/m, `path = ${JSON.stringify(await pathOf(pty))}`);
  writeFileSync(configPath, text);
  const gateway = new GatewayProcess({ configPath, socketPath });
  const arrivals: Arrival[] = [];
  hub.onArrived(({ topic, payload }) => arrivals.push({ topic, text: new TextDecoder().decode(payload) }));
  onTestFailed(() => console.log(gateway.journal));
  onTestFinished(async () => {
    await gateway.signal('SIGKILL');
    await pty.hangUp();
    await hub.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await gateway.start();
  runOn(pty, typeof device === 'function' ? device(pty) : device);
  return { gateway, hub, pty, configPath, arrivals };
}

function keysText(keys: Readonly<Record<string, unknown>>): string {
  return Object.entries(keys)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
    .join('');
}

/** Runs a simulated device at the far end of a PTY. */
export function runOn(pty: Pty, machine: Device): void {
  const mailbox = new Mailbox((error) => {
    throw error;
  });
  const pump = new Pump<ChannelInput, ChannelAction>({
    ...{ machine, open: pty.open, clock: systemClock(), mailbox },
    act: () => undefined,
  });
  mailbox.post(() => pump.input({ kind: 'start' }));
}
