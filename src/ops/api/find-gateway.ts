/**
 * Finds the gateway that was started with a configuration file, when the file no longer says where its control socket is:
 * it was emptied, edited or deleted. Each gateway on this machine is asked which file it read; no other one will do.
 */
import { resolve } from 'node:path';
import { listeningPaths } from '../../io/socket-owner.ts';
import { ask } from './control-client.ts';
import { adminSocketOf } from './control-socket.ts';

export interface FoundGateway {
  readonly controlSocket: string;
  readonly pid: number;
}

/** More gateways than this on one machine are not looked at. */
const GATEWAYS_MAX = 16;

/** @returns `undefined` if none runs, or if this user may not ask it */
export async function findGateway(configPath: string): Promise<FoundGateway | undefined> {
  const paths = new Set(listeningPaths());
  const sockets = [...paths].filter((path) => path.endsWith('/control.sock') || paths.has(adminSocketOf(path)));
  const found = await Promise.all(sockets.slice(0, GATEWAYS_MAX).map((path) => askWhich(path, resolve(configPath))));
  return found.find((one) => one !== undefined);
}

async function askWhich(controlSocket: string, configPath: string): Promise<FoundGateway | undefined> {
  try {
    const asked = await ask(controlSocket, '/v1/status');
    if (asked.kind !== 'answered' || asked.report.process.configPath !== configPath) return undefined;
    return { controlSocket, pid: asked.report.process.pid };
  } catch {
    return undefined;
  }
}
