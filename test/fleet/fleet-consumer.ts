/** The application side of the fleet: mosquitto_sub in a session that outlives connections and nodes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { HOST } from './hub-node.ts';

export class FleetConsumer {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /**
   * Resolves when the hub has granted the subscription; `stdbuf` makes mosquitto_sub print that at once. It connects and
   * subscribes again by itself.
   */
  static async open(
    port: number,
    filter: string,
    onMessage: (topic: string, payload: string) => void,
  ): Promise<FleetConsumer> {
    const words = ['-h', HOST, '-p', String(port), '-i', 'application', '-c', '-q', '1', '-t', filter, '-k', '5', '-d'];
    const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', ...words, '-F', 'M %t %p'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`mosquitto_sub ended with ${code}`)));
    promise.catch(() => undefined);
    createInterface(child.stdout).on('line', (line) => {
      const [, topic, payload] = /^M (\S+) (.*)$/.exec(line) ?? [];
      if (topic !== undefined && payload !== undefined) onMessage(topic, payload);
      else if (line.startsWith('Subscribed')) resolve();
    });
    await promise;
    return new FleetConsumer(child);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
