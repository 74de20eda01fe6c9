/**
 * TCP proxy in front of the nodes of a hub, as a load balancer is: each connection goes to the next node that answers. It
 * also notes the CONNECTs of the fleet with their time.
 */

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { HOST, type HubNode } from './hub-node.ts';

/** Type of the MQTT packet CONNECT, with its flags [MQTT 3.1.1 §3.1.1]. */
const CONNECT = 0x10;

export class HubProxy {
  readonly #nodes: readonly HubNode[];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #next = 0;
  /** Monotonic times of the CONNECTs, ms. */
  readonly connectsAtMs: number[] = [];

  private constructor(nodes: readonly HubNode[]) {
    this.#nodes = nodes;
    this.#server = createServer({ allowHalfOpen: false }, (client) => this.#accept(client));
  }

  static async open(nodes: readonly HubNode[]): Promise<HubProxy> {
    const proxy = new HubProxy(nodes);
    await new Promise<void>((resolve) => proxy.#server.listen(0, HOST, resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    this.#keep(client);
    client.once('data', (first: Buffer) => {
      if (first[0] === CONNECT) this.connectsAtMs.push(performance.now());
      client.pause();
      this.#next += 1;
      this.#dial(client, first, this.#nodes.length);
    });
  }

  /** Tries one node after the other. */
  #dial(client: Socket, first: Buffer, nodesLeft: number): void {
    const node = this.#nodes[(this.#next + nodesLeft) % this.#nodes.length];
    if (node === undefined || nodesLeft === 0 || client.destroyed) {
      client.destroy();
      return;
    }
    const hub = connect({ host: HOST, port: node.port });
    this.#keep(hub);
    hub.once('connect', () => {
      hub.write(first);
      client.pipe(hub);
      hub.pipe(client);
      client.once('close', () => hub.destroy());
      hub.once('close', () => client.destroy());
    });
    hub.once('error', () => {
      if (hub.connecting || hub.bytesWritten === 0) this.#dial(client, first, nodesLeft - 1);
      else client.destroy();
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined); // the other end went away: `close` follows
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
