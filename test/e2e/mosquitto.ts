/** An ordinary broker from the distribution as the hub, with its own command line tools as the application side. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { answers, type Broker, HOST } from './any-broker.ts';
import { until } from './until.ts';

/** Debian installs the daemon outside the PATH of a user. */
const PLACES = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
const PROGRAMS = ['mosquitto', 'mosquitto_pub', 'mosquitto_sub', 'mosquitto_passwd'] as const;

export const MOSQUITTO_IS_MISSING = PROGRAMS.some((name) => placeOf(name) === undefined);

/** Second listener, with requirements for clients. */
export interface MosquittoDoor {
  readonly port: number;
  /** Lines of mosquitto.conf(5). */
  readonly lines: readonly string[];
}

if (MOSQUITTO_IS_MISSING)
  console.warn('skipped: mosquitto is not installed (apt-get install mosquitto mosquitto-clients)');

/** Writes a password file of mosquitto. @returns its path */
export function writePasswords(folder: string, username: string, password: string): string {
  const path = join(folder, 'passwords');
  execFileSync(programOf('mosquitto_passwd'), ['-b', '-c', path, username, password]);
  return path;
}

export class Mosquitto implements Broker {
  readonly port: number;
  readonly #folder: string;
  readonly #door: MosquittoDoor | undefined;
  readonly #more: readonly string[];
  #broker: ChildProcess | undefined;
  #listener: ChildProcess | undefined;

  /**
   * @param port open to every client on this machine @param folder for its configuration and its persistent store
   * @param more lines of its configuration
   */
  constructor(port: number, folder: string, door?: MosquittoDoor, more: readonly string[] = []) {
    this.#folder = folder;
    this.port = port;
    this.#door = door;
    this.#more = more;
  }

  get pid(): number | undefined {
    return this.#broker?.pid;
  }

  async start(): Promise<void> {
    const configPath = join(this.#folder, 'mosquitto.conf');
    const lines = [
      'per_listener_settings true',
      'persistence true',
      `persistence_location ${this.#folder}/`,
      'max_queued_messages 0', // No limit: the default is 1000.
      ...this.#more,
      `listener ${this.port} ${HOST}`,
      'allow_anonymous true',
      ...(this.#door === undefined ? [] : [`listener ${this.#door.port} ${HOST}`, ...this.#door.lines]),
    ];
    // Started as root it would become a user without write permission here.
    if (process.getuid?.() === 0) lines.unshift('user root');
    writeFileSync(configPath, `${lines.join('\n')}\n`);
    this.#broker = spawn(programOf('mosquitto'), ['-c', configPath], { stdio: 'ignore' });
    await until(() => answers(this.port));
  }

  async stop(): Promise<void> {
    await end(this.#broker);
    this.#broker = undefined;
  }

  async listen(filter: string, onMessage: (topic: string, payload: string) => void): Promise<void> {
    const words = ['-i', 'application', '-c', '-q', '1', '-t', filter, '-F', '%t\t%p'];
    const listener = spawn(programOf('mosquitto_sub'), [...this.#address, ...words], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#listener = listener;
    let isListening = false;
    createInterface(listener.stdout).on('line', (line) => {
      const tab = line.indexOf('\t'); // a topic may contain spaces
      isListening = true;
      onMessage(line.slice(0, tab), line.slice(tab + 1));
    });
    // mosquitto_sub does not report its subscription: it is subscribed when it receives a message.
    const probe = filter.replace(/[+#]/, 'probe');
    await until(async () => {
      await this.publish(probe, ['probe']);
      return isListening;
    });
  }

  async publish(topic: string, payloads: readonly string[]): Promise<void> {
    const words = ['-q', '1', '-t', topic, '-l'];
    const publisher = spawn(programOf('mosquitto_pub'), [...this.#address, ...words], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    publisher.stdin.end(payloads.map((payload) => `${payload}\n`).join(''));
    const [code] = await once(publisher, 'exit');
    if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}`);
  }

  /** One message of `bytes` bytes. @param words more of the command line, such as `-q 1` */
  publishBytes(topic: string, bytes: number, ...words: readonly string[]): void {
    const input = Buffer.alloc(bytes, 'x');
    execFileSync(programOf('mosquitto_pub'), [...this.#address, '-t', topic, '-s', ...words], { input });
  }

  /** One message with RETAIN, QoS 1. */
  async retain(topic: string, payload: string): Promise<void> {
    await this.#run('mosquitto_pub', ['-q', '1', '-r', '-t', topic, '-m', payload]);
  }

  /** Ends the session of a client that is away, like an expiry: a clean session of that id ends it [MQTT-3.1.2-6]. */
  async endSession(clientId: string): Promise<void> {
    await this.#run('mosquitto_pub', ['-i', clientId, '-t', 'ended', '-n']);
  }

  /** Messages that a new subscriber receives with RETAIN, as `topic payload`, sorted. @param filter not `last` */
  async retained(filter: string): Promise<string[]> {
    const last = 'last/retained';
    await this.retain(last, 'here');
    // Filters are served in their order: after this one no retained message follows.
    const words = ['-q', '1', '-t', filter, '-t', last, '-F', '%r %t %p'];
    const subscriber = spawn(programOf('mosquitto_sub'), [...this.#address, ...words], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines: string[] = [];
    for await (const line of createInterface(subscriber.stdout)) {
      if (line === `1 ${last} here`) break;
      if (line.startsWith('1 ')) lines.push(line.slice(2));
    }
    await end(subscriber);
    return lines.sort();
  }

  async close(): Promise<void> {
    await end(this.#listener);
    await this.stop();
  }

  async #run(name: (typeof PROGRAMS)[number], words: readonly string[]): Promise<void> {
    const [code] = await once(spawn(programOf(name), [...this.#address, ...words], { stdio: 'ignore' }), 'exit');
    if (code !== 0) throw new Error(`${name} ended with ${code}`);
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

function placeOf(name: string): string | undefined {
  return PLACES.map((place) => join(place, name)).find((path) => existsSync(path));
}

function programOf(name: (typeof PROGRAMS)[number]): string {
  const path = placeOf(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}
