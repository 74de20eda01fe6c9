/** Small HTTP proxy with CONNECT for tests: with or without Basic authentication, and with answers that a test chooses. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { HOST } from './any-broker.ts';

export interface HttpProxyPlan {
  /** A free port by default. */
  readonly port?: number;
  /** `user:password`; without it each client may use the proxy. */
  readonly login?: string;
  /** Address of a name or address that clients ask for; itself by default. */
  readonly resolve?: (host: string) => string;
  /** Bytes in place of each answer; the connection stays open. */
  readonly answer?: string;
}

const HEAD_END = '\r\n\r\n';

export class HttpProxy {
  /** Targets of all requests, in order: `host:port`. */
  readonly asked: string[] = [];
  /** First bytes of the client in each tunnel, and what it sent first in place of CONNECT. */
  readonly firstBytes: Buffer[] = [];
  readonly #plan: HttpProxyPlan;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((client) => this.#serve(client));

  constructor(plan: HttpProxyPlan) {
    this.#plan = plan;
  }

  static async open(plan: HttpProxyPlan = {}): Promise<HttpProxy> {
    const proxy = new HttpProxy(plan);
    await proxy.listen(plan.port ?? 0);
    onTestFinished(() => proxy.stop());
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Number of open tunnels and connections. */
  get open(): number {
    return this.#sockets.size;
  }

  async listen(port: number): Promise<void> {
    await once(this.#server.listen(port, HOST), 'listening');
  }

  /** Ends the proxy and all its connections at once, as a kill of its process does. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.drop();
    await closed;
  }

  /** Ends all connections; new ones are accepted. */
  drop(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #serve(client: Socket): void {
    this.#keep(client);
    let head = '';
    const read = (bytes: Buffer): void => {
      head += bytes.toString('latin1');
      const end = head.indexOf(HEAD_END);
      if (end < 0) return;
      client.removeListener('data', read);
      client.pause();
      this.#answer(client, head.slice(0, end));
    };
    client.on('data', read);
  }

  #answer(client: Socket, head: string): void {
    const { login, answer, resolve = (host: string) => host } = this.#plan;
    const [, host = '', port = ''] = /^CONNECT (\S+):(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    this.asked.push(`${host}:${port}`);
    if (answer !== undefined) return void client.write(answer);
    const given = /^proxy-authorization: basic (\S+)$/im.exec(head)?.[1] ?? '';
    if (login !== undefined && Buffer.from(given, 'base64').toString() !== login) {
      client.end(
        `HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0${HEAD_END}`,
      );
      return;
    }
    const hub = connect({ host: resolve(host), port: Number(port) });
    this.#keep(hub);
    hub.once('connect', () => {
      client.write(`HTTP/1.1 200 Connection established${HEAD_END}`);
      client.once('data', (bytes) => this.firstBytes.push(bytes));
      client.pipe(hub);
      hub.pipe(client);
    });
    hub.once('error', () => client.writable && client.end(`HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0${HEAD_END}`));
    client.on('close', () => hub.destroy());
    hub.on('close', () => client.end().resume());
  }
}
