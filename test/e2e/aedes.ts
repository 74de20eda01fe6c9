/** Aedes as the hub: a broker in this process that keeps nothing when it is stopped. */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { type Broker, HOST } from './any-broker.ts';

type OnMessage = (topic: string, payload: string) => void;

export class AedesBroker implements Broker {
  readonly #port: number;
  readonly #listeners: (readonly [filter: string, onMessage: OnMessage])[] = [];
  #running: { readonly aedes: Aedes; readonly server: Server; readonly sockets: ReadonlySet<Socket> } | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  async start(): Promise<void> {
    const aedes = await Aedes.createBroker();
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      aedes.handle(socket);
    });
    this.#running = { aedes, server, sockets };
    for (const [filter, onMessage] of this.#listeners) await subscribe(aedes, filter, onMessage);
    await once(server.listen(this.#port, HOST), 'listening');
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const { aedes, server, sockets } = running;
    const isClosed = once(server.close(), 'close');
    for (const socket of sockets) socket.destroy();
    await isClosed;
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
  }

  async close(): Promise<void> {
    await this.stop();
  }

  async listen(filter: string, onMessage: OnMessage): Promise<void> {
    this.#listeners.push([filter, onMessage]);
    if (this.#running !== undefined) await subscribe(this.#running.aedes, filter, onMessage);
  }

  async publish(topic: string, payloads: readonly string[]): Promise<void> {
    const aedes = this.#running?.aedes;
    if (aedes === undefined) throw new Error('aedes is not running');
    for (const payload of payloads) {
      const packet = { cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false } as const;
      await new Promise<void>((resolve, reject) =>
        aedes.publish(packet, (error) => (error ? reject(error) : resolve())),
      );
    }
  }
}

async function subscribe(aedes: Aedes, filter: string, onMessage: OnMessage): Promise<void> {
  await new Promise<void>((resolve) =>
    aedes.subscribe(
      filter,
      ({ topic, payload }, done) => {
        onMessage(topic, payload.toString());
        done();
      },
      resolve,
    ),
  );
}
