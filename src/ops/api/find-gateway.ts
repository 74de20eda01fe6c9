/**
 * Finds the gateway that was started with a configuration file, if the file no longer names its control socket because
 * it was emptied, edited or deleted. Asks each gateway on this machine which file it has read.
 */
import { resolve } from 'node:path';
import { listeningPaths } from '../../io/socket-owner.ts';
import { ALIVE_MS_MAX, ask } from './control-client.ts';
import { adminSocketOf } from './control-socket.ts';

export interface FoundGateway {
  readonly controlSocket: string;
  readonly pid: number;
}

/** Largest number of gateways on one machine that are asked. */
const GATEWAYS_MAX = 16;
/** Deadline of an answer, ms: a gateway that is slow or stopped must not delay the command. */
const ANSWER_MS_MAX = 1500;

/** @returns `undefined` if none is running, or if this user has no access */
export async function findGateway(configPath: string): Promise<FoundGateway | undefined> {
  const paths = new Set(listeningPaths());
  const sockets = [...paths].filter((path) => path.endsWith('/control.sock') || paths.has(adminSocketOf(path)));
  const found = await Promise.all(sockets.slice(0, GATEWAYS_MAX).map((path) => askWhich(path, resolve(configPath))));
  return found.find((one) => one !== undefined);
}

async function askWhich(controlSocket: string, configPath: string): Promise<FoundGateway | undefined> {
  try {
    const asked = await ask(controlSocket, '/v1/status', '', ALIVE_MS_MAX, ANSWER_MS_MAX);
    if (asked.kind !== 'answered' || asked.report.process.configPath !== configPath) return undefined;
    return { controlSocket, pid: asked.report.process.pid };
  } catch {
    return undefined;
  }
}
