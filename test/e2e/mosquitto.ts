/** An ordinary broker from the distribution in the place of the hub, with its own command line as the application side. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from './until.ts';

const HOST = '127.0.0.1';
/** Debian puts the daemon where a user's PATH does not look. */
const PLACES = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
/** Below the range from which Linux gives ports to those who name none (ip_local_port_range). */
const PORTS = { first: 20_000, last: 32_000 };
const PROGRAMS = ['mosquitto', 'mosquitto_pub', 'mosquitto_sub'] as const;

export const MOSQUITTO_IS_MISSING = PROGRAMS.some((name) => placeOf(name) === undefined);

export class Mosquitto {
  readonly port: number;
  readonly #folder: string;
  #broker: ChildProcess | undefined;
  #listener: ChildProcess | undefined;

  /** @param folder for its configuration and its persistent store */
  constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  /** A port that is free, and stays so while the broker is away: the system gives it to nobody who does not ask for it. */
  static async findPort(): Promise<number> {
    for (;;) {
      const port = PORTS.first + Math.floor(Math.random() * (PORTS.last - PORTS.first));
      if (!(await answers(port))) return port;
    }
  }

  async start(): Promise<void> {
    const configPath = join(this.#folder, 'mosquitto.conf');
    const lines = [
      `listener ${this.port} ${HOST}`,
      'allow_anonymous true',
      'persistence true',
      `persistence_location ${this.#folder}/`,
      'max_queued_messages 0', // as many as come: the default is 1000
    ];
    // started as root it would become a user who may not write here
    if (process.getuid?.() === 0) lines.push('user root');
    writeFileSync(configPath, `${lines.join('\n')}\n`);
    this.#broker = spawn(programOf('mosquitto'), ['-c', configPath], { stdio: 'ignore' });
    await until(() => answers(this.port));
  }

  /** Asked to: it saves its sessions and what they are owed. */
  async stop(): Promise<void> {
    await end(this.#broker);
    this.#broker = undefined;
  }

  /** The application side, in a session that outlives the broker: every message once, or again after a reconnect. */
  async listen(filter: string, heard: (topic: string, payload: string) => void): Promise<void> {
    const words = ['-i', 'application', '-c', '-q', '1', '-t', filter, '-F', '%t %p'];
    const listener = spawn(programOf('mosquitto_sub'), [...this.#address, ...words], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#listener = listener;
    let isListening = false;
    createInterface(listener.stdout).on('line', (line) => {
      const space = line.indexOf(' ');
      isListening = true;
      heard(line.slice(0, space), line.slice(space + 1));
    });
    // it does not say when it is subscribed: it is when it hears something
    const probe = filter.replace('+', 'probe');
    await until(async () => {
      await this.publish(probe, ['probe']);
      return isListening;
    });
  }

  /** Sends the messages in order, QoS 1; resolves when the broker has acknowledged them all. */
  async publish(topic: string, payloads: readonly string[]): Promise<void> {
    const words = ['-q', '1', '-t', topic, '-l'];
    const publisher = spawn(programOf('mosquitto_pub'), [...this.#address, ...words], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    publisher.stdin.end(payloads.map((payload) => `${payload}\n`).join(''));
    const [code] = await once(publisher, 'exit');
    if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}`);
  }

  async close(): Promise<void> {
    await end(this.#listener);
    await this.stop();
  }

  get #address(): string[] {
    return ['-h', HOST, '-p', String(this.port)];
  }
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: HOST });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function placeOf(name: string): string | undefined {
  return PLACES.map((place) => join(place, name)).find((path) => existsSync(path));
}

function programOf(name: (typeof PROGRAMS)[number]): string {
  const path = placeOf(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}
