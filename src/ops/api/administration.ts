/**
 * Administrative socket: commands that change the gateway, for its user, one group and root.
 *
 *     curl --unix-socket /run/holdfast/control-admin.sock -d '{}' http://holdfast/v1/commands/hub.describe
 *
 * The socket is beside the read-only one, and has a group of its own (`gateway.admin_group`). A command is a name and a
 * JSON object; each command checks its own object.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '../../base/fault.ts';
import { peerNameOf } from '../../io/accounts.ts';
import { peerUidOf } from '../../io/libc.ts';
import type { SocketAccess } from '../../io/socket-access.ts';
import { refuse, send } from './bounded-http.ts';
import { adminSocketOf } from './control-socket.ts';
import { type LocalServer, listenLocally } from './local-server.ts';

/**
 * Commands by name, `thing.verb`. Each resolves to its answer, or rejects with a Fault `command-rejected`.
 * `caller`: user who sent the command; absent: unknown.
 */
export type AdminCommands = Readonly<
  Record<string, (body: Readonly<Record<string, unknown>>, caller?: string) => Promise<unknown>>
>;

/** Returns the commands with answers that wait for `settled`, so that the event of a command is durable before. */
export function answeredWhenSettled(commands: AdminCommands, settled: () => Promise<void>): AdminCommands {
  return Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [
      name,
      async (body: Readonly<Record<string, unknown>>, caller?: string) => {
        try {
          return await command(body, caller);
        } finally {
          await settled();
        }
      },
    ]),
  );
}

export interface AdministrationOptions {
  /** Path of the read-only socket; the administrative one is beside it. */
  readonly controlSocket: string;
  /** Absent: the group that the file has. */
  readonly access?: SocketAccess;
  readonly commands: AdminCommands;
}

const CONNECTIONS_MAX = 8;
/** Largest body; a list of 500 subdevices with their names takes 50 KB. */
const BODY_BYTES_MAX = 256 * 1024;
const PREFIX = '/v1/commands/';

/** Answer to a command that is invalid or not possible now. */
export function refusal(what: string, hint: string): Fault {
  return new Fault('command-rejected', what, { hint });
}

/** @throws Fault as `listenLocally` */
export function startAdministration({ controlSocket, access, commands }: AdministrationOptions): Promise<LocalServer> {
  return listenLocally({
    socketPath: adminSocketOf(controlSocket),
    ...(access && { access }),
    connectionsMax: CONNECTIONS_MAX,
    answer: (request, response) => execute(commands, request, response),
  });
}

async function execute(commands: AdminCommands, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split('?')[0] ?? '';
  if (request.method !== 'POST') return refuse(response, 405, 'The administrative socket answers POST only.');
  const name = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : '';
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) return refuse(response, 404, `The commands are ${Object.keys(commands).join(', ')}.`);
  const body = await readObject(request);
  if (body === undefined)
    return refuse(response, 400, `A command takes one JSON object of at most ${BODY_BYTES_MAX} bytes.`);
  try {
    send(response, 200, await command(body, callerOf(request)));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    refuse(response, 409, error.message, error.hint);
  }
}

/** Name of the user at the other end, as the kernel noted it; `undefined`: unknown. */
function callerOf({ socket }: IncomingMessage): string | undefined {
  const descriptor: unknown = 'descriptor' in socket ? socket.descriptor : undefined;
  if (typeof descriptor !== 'number') return undefined;
  try {
    return peerNameOf(peerUidOf(descriptor));
  } catch {
    return undefined;
  }
}

async function readObject(request: IncomingMessage): Promise<Readonly<Record<string, unknown>> | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString());
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}
