/** Web page of a gateway with fixed answers, on a free port. */
import { request } from 'node:http';
import { join } from 'node:path';
import { startControl } from '../../../src/ops/api/control.ts';
import { startWebServer } from '../../../src/web/web-server.ts';
import { FakeGateway, withDirectory } from '../ops/api/control-rig.ts';

export const TOKEN = 'test-token-0123456789';

export interface WebReply {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

export interface WebAsk {
  readonly method?: string;
  /** `null`: no Host header of HTTP/1.1 other than the name of the test. */
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface WebRig {
  readonly gateway: FakeGateway;
  readonly port: number;
  ask(path: string, how?: WebAsk): Promise<WebReply>;
  /** Logs in. @returns the value of the `Cookie` header */
  logIn(): Promise<string>;
  /** Header of a request with the token. */
  readonly bearer: Readonly<Record<string, string>>;
}

export interface WebRigOptions {
  readonly hostNames?: readonly string[];
  readonly token?: () => string;
}

export async function withWeb(options: WebRigOptions, act: (rig: WebRig) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const gateway = new FakeGateway();
    const controlSocket = join(directory, 'control.sock');
    const control = await startControl({ socketPath: controlSocket, inspection: gateway });
    const web = await startWebServer({
      host: '127.0.0.1',
      port: 0,
      hostNames: options.hostNames ?? [],
      token: options.token ?? (() => TOKEN),
      controlSocket,
      gateway: 'shed-3',
      version: '0.1.0',
    });
    const { port } = web;
    const ask = (path: string, how: WebAsk = {}): Promise<WebReply> => sendRequest(port, path, how);
    try {
      await act({
        gateway,
        port,
        ask,
        bearer: { authorization: `Bearer ${TOKEN}` },
        logIn: async () => {
          const { headers } = await ask('/login', { method: 'POST', body: `token=${TOKEN}` });
          return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
        },
      });
    } finally {
      await web.close();
      await control.close();
    }
  });
}

function sendRequest(port: number, path: string, { method = 'GET', host, headers, body }: WebAsk): Promise<WebReply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      method,
      agent: false,
      headers: { host: host ?? `localhost:${port}`, ...headers },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    outgoing.end(body);
  });
}
