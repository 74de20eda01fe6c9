/**
 * One mosquitto as the hub. mosquitto writes its store at intervals and acknowledges before, so a kill loses messages that
 * it has acknowledged. Its failure is therefore a stop that lets it write.
 */
import { execFileSync } from 'node:child_process';
import { answers, findPort } from '../e2e/any-broker.ts';
import { Mosquitto } from '../e2e/mosquitto.ts';
import { until } from '../e2e/until.ts';
import type { FleetHub } from './hub-node.ts';

export async function mosquittoHub(folder: string): Promise<FleetHub> {
  const port = await findPort();
  const broker = new Mosquitto(port, folder);
  await broker.start();
  return {
    kind: 'mosquitto',
    words: `${versionOf()}, stopped in order: it acknowledges before it writes`,
    nodes: [
      {
        name: 'mosquitto',
        port,
        start: () => broker.start(),
        fail: async () => {
          await broker.stop();
          await until(async () => !(await answers(port)));
        },
        get pid() {
          return broker.pid;
        },
      },
    ],
    close: () => broker.close(),
  };
}

function versionOf(): string {
  try {
    return execFileSync('mosquitto', ['-h'], { encoding: 'utf8' }).split('\n')[0] ?? 'mosquitto';
  } catch (error) {
    const { stdout = '' } = error as { stdout?: string }; // -h exits with 3
    return stdout.split('\n')[0] || 'mosquitto';
  }
}
