/** Device servers of Debian between a gateway and the PTYs of simulated devices: ser2net and socat. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { answers } from './any-broker.ts';
import { until } from './until.ts';

export const SER2NET_IS_MISSING = !existsSync('/usr/sbin/ser2net');
export const SOCAT_IS_MISSING = spawnSync('socat', ['-V']).error !== undefined;

/** One serial port of a device server. */
export interface ServedPort {
  /** Path of the PTY. */
  readonly device: string;
  /** TCP port. */
  readonly port: number;
  readonly protocol: 'tcp' | 'rfc2217' | 'tls';
}

export interface DeviceServerPlan {
  readonly program: 'ser2net' | 'socat';
  readonly folder: string;
  readonly ports: readonly ServedPort[];
  /** Certificate and key in one PEM file, for `tls`. */
  readonly certificate?: string;
}

export class DeviceServer {
  readonly #plan: DeviceServerPlan;
  #processes: ChildProcess[] = [];

  constructor(plan: DeviceServerPlan) {
    this.#plan = plan;
    onTestFinished(() => this.kill());
  }

  /** Resolves when every port accepts connections. */
  async start(): Promise<void> {
    const { program, ports } = this.#plan;
    this.#processes = program === 'ser2net' ? [this.#ser2net()] : ports.map((port) => this.#socat(port));
    for (const { port } of ports) await until(() => answers(port));
  }

  /** Ends the programs without a word to the gateway but the RST of the kernel. */
  async kill(): Promise<void> {
    const ended = this.#processes.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    this.#processes = [];
    for (const child of ended) {
      const closed = once(child, 'close');
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await closed;
    }
  }

  #ser2net(): ChildProcess {
    const { folder, ports } = this.#plan;
    const file = join(folder, 'ser2net.yaml');
    const text = ports.map(({ device, port, protocol }, index) => {
      const accepter = protocol === 'rfc2217' ? `telnet(rfc2217),tcp,127.0.0.1,${port}` : `tcp,127.0.0.1,${port}`;
      return `connection: &c${index}\n  accepter: ${accepter}\n  connector: serialdev(nouucplock),${device},115200n81,local\n  options:\n    kickolduser: true\n`;
    });
    writeFileSync(file, `%YAML 1.1\n---\n${text.join('')}`);
    return run('/usr/sbin/ser2net', ['-n', '-d', '-u', '-c', file]);
  }

  #socat({ device, port, protocol }: ServedPort): ChildProcess {
    const { certificate = '' } = this.#plan;
    const own = 'reuseaddr,fork,bind=127.0.0.1';
    const listener =
      protocol === 'tls' ? `OPENSSL-LISTEN:${port},${own},cert=${certificate},verify=0` : `TCP-LISTEN:${port},${own}`;
    return run('socat', [listener, `FILE:${device},raw,echo=0`]);
  }
}

function run(program: string, words: readonly string[]): ChildProcess {
  const child = spawn(program, words, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
  return child;
}
