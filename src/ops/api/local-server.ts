/**
 * HTTP on a Unix socket, shared by the read-only and the administrative socket, with the bounds of `bounded-http.ts`. The
 * group and the mode of the file decide who may connect (`io/socket-access.ts`).
 */
import type { Server } from 'node:http';
import { Fault } from '../../base/fault.ts';
import { keepOpening, OWNER_ONLY_MASK, type SocketAccess } from '../../io/socket-access.ts';
import { API_HEADER, API_VERSION } from './api-version.ts';
import { type BoundedHttpOptions, closeServer, createBoundedServer } from './bounded-http.ts';
import { claimSocketPath } from './control-socket.ts';

export interface LocalServerOptions extends Omit<BoundedHttpOptions, 'headerBytesMax' | 'headers'> {
  readonly socketPath: string;
  /** Absent: the group that the file has. */
  readonly access?: SocketAccess;
}

export interface LocalServer {
  /** Closes every connection and removes the socket. */
  close(): Promise<void>;
}

/** Largest header; requests of this program have one line and three headers. */
const HEADER_BYTES_MAX = 4096;
/** Pause between two attempts to open the socket to its group. */
const AGAIN_MS = 60_000;
const OWN_GROUP: SocketAccess = { group: undefined, stayedClosed: () => undefined, opened: () => undefined };

/** @throws Fault `control-socket-in-use`, or `config-invalid` if the path cannot be used */
export async function listenLocally(options: LocalServerOptions): Promise<LocalServer> {
  const { socketPath, connectionsMax, answer } = options;
  await claimSocketPath(socketPath);
  const server = createBoundedServer({
    connectionsMax,
    answer,
    headerBytesMax: HEADER_BYTES_MAX,
    headers: { [API_HEADER]: String(API_VERSION) },
  });
  await listen(server, options);
  const stop = keepOpening(socketPath, options.access ?? OWN_GROUP, { againMs: AGAIN_MS });
  return {
    close: () => {
      stop();
      return closeServer(server);
    },
  };
}

function listen(server: Server, { socketPath }: LocalServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new Fault('config-invalid', `gateway.control_socket: cannot listen on ${socketPath}: ${error.message}`, {
          hint: 'The directory must exist and be writable by the gateway; under systemd, RuntimeDirectory=holdfast creates it.',
          cause: error,
        }),
      ),
    );
    server.once('listening', () => resolve());
    // The socket is bound within this call, so the file never exists with a wider mode.
    const before = process.umask(OWNER_ONLY_MASK);
    try {
      server.listen(socketPath);
    } finally {
      process.umask(before);
    }
  });
}
