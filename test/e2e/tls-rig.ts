/** Tools for the tests of TLS: an authority, its files in a temporary folder, and servers on real TCP. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';
import { Authority, type CertificatePlan } from '../../src/bench/certificates.ts';

export const HOST = '127.0.0.1';
/** Hub with valid certificates. */
export const GOOD: CertificatePlan = { commonName: 'hub', names: [HOST, 'hub.example'] };

export class TlsFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'holdfast-tls-'));
  readonly authority = new Authority('Bench Authority');

  constructor() {
    onTestFinished(() => rmSync(this.path, { recursive: true, force: true }));
    this.write('ca.pem', this.authority.certificate);
  }

  /** File that only its owner can read. @returns its path */
  write(file: string, text: string, mode = 0o600): string {
    const path = join(this.path, file);
    writeFileSync(path, text, { mode });
    return path;
  }

  get caFile(): string {
    return join(this.path, 'ca.pem');
  }

  /** Replaces `client.pem` and `client-key.pem`. */
  writeClient(plan: CertificatePlan, authority = this.authority): { certificateFile: string; keyFile: string } {
    const { certificate, key } = authority.issue(plan);
    return { certificateFile: this.write('client.pem', certificate), keyFile: this.write('client-key.pem', key) };
  }
}

export interface Standing {
  readonly port: number;
  /** Connections with a completed handshake. */
  readonly sockets: readonly TLSSocket[];
}

/** Server that sends `hello` to each accepted client, and is closed after the test. */
export async function serveTls(options: TlsOptions): Promise<Standing> {
  const sockets: TLSSocket[] = [];
  const server = createServer(options, (socket) => {
    sockets.push(socket.on('error', () => {}));
    socket.write('hello');
  });
  return { port: await standUp(server), sockets };
}

/** Listens until the end of the test. @returns its port */
export async function standUp(server: Server): Promise<number> {
  server.on('connection', (socket) => onTestFinished(() => void socket.destroy()));
  await once(server.listen(0, HOST), 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}
