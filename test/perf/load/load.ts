/** The load as the cases see it: starts the thread, gives orders, and reads the counters. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FrameRing } from './frames.ts';
import { allocateLinkMemory, COMMAND, IDS, LinkMemory, latencyClasses, percentileMs } from './link-memory.ts';
import { until } from './until.ts';
import type { LineProtocolPlan, LoadCommand } from './worker.ts';

export interface LoadLink {
  readonly fd: number;
  readonly protocol: LineProtocolPlan;
  readonly ring: FrameRing | undefined;
  readonly startAt?: number;
}

export interface Flow {
  readonly window: number;
  /** Messages per second of each link; 0 = as fast as answers come. */
  readonly perS?: number;
}

/** No limit: more than any run sends. */
const UNLIMITED = 2 ** 31 - 1;
/** A PTY loses nothing, but a gateway drops what follows a repeated CONNECT. */
const REPEAT_MS = 3000;

export class Load {
  readonly links: readonly LinkMemory[];
  readonly #stop = new SharedArrayBuffer(4);
  readonly #worker: Worker;
  #failure: Error | undefined;

  /** @param greetEveryMs pause before the greeting is repeated */
  constructor(links: readonly LoadLink[], greetEveryMs = 1000) {
    const memory = allocateLinkMemory(links.length);
    this.links = links.map((_, index) => new LinkMemory(memory, index));
    for (const link of this.links) link.set('repeatMs', REPEAT_MS);
    const plans = links.map(({ startAt = 0, ...link }) => ({ ...link, startAt: startAt % IDS }));
    const workerData: LoadCommand = { memory, stop: this.#stop, greetEveryMs, links: plans };
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData, name: 'load' });
    this.#worker.on('error', (error) => {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    });
  }

  async untilConnected(): Promise<void> {
    await this.until(() => this.links.every((link) => link.get('isConnected') === 1));
  }

  /** Sends without end until `pause`. */
  flow({ window, perS = 0 }: Flow, links: readonly LinkMemory[] = this.links): void {
    for (const link of links) {
      link.set('window', window);
      link.set('perKs', Math.round(perS * 1000));
      link.set('limit', UNLIMITED);
    }
  }

  /** Sends exactly `count` messages on each link, and waits for all answers. */
  async send(count: number, flow: Flow): Promise<void> {
    const limits = this.links.map((link) => link.get('sent') + count);
    this.flow(flow);
    for (const [index, link] of this.links.entries()) link.set('limit', limits[index] ?? 0);
    await this.until(() => this.links.every((link, index) => link.get('acknowledged') >= (limits[index] ?? 0)));
  }

  /** Sends no more, and waits for the answers that are due. */
  async pause(): Promise<void> {
    for (const link of this.links) link.set('limit', 0);
    let sent = -1;
    await this.until(() => {
      const isSettled = sent === this.sum('sent') && this.sum('acknowledged') === sent;
      sent = this.sum('sent');
      return isSettled;
    });
  }

  command(command: keyof typeof COMMAND): void {
    for (const link of this.links) link.set('command', COMMAND[command]);
  }

  sum(word: Parameters<LinkMemory['get']>[0]): number {
    return this.links.reduce((sum, link) => sum + link.get(word), 0);
  }

  forgetLatencies(): void {
    for (const link of this.links) link.forgetLatencies();
  }

  /** Time from PUBLISH to PUBACK. */
  latencyMs(share: number, links: readonly LinkMemory[] = this.links): number {
    const sum = latencyClasses();
    for (const link of links) link.addLatencies(sum);
    return percentileMs(sum, share);
  }

  /** Waits like `until`, and throws when the load's thread has failed. */
  async until(isTrue: () => boolean): Promise<void> {
    await until(() => {
      if (this.#failure !== undefined) throw this.#failure;
      return isTrue();
    });
  }

  async close(): Promise<void> {
    if (this.#failure !== undefined) return;
    const ended = once(this.#worker, 'exit');
    Atomics.store(new Int32Array(this.#stop), 0, 1);
    await ended;
  }
}
