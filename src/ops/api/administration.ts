/**
 * The administrative socket: orders that change something, for the gateway's own user, its group and root.
 *
 *     curl --unix-socket /run/holdfast/control-admin.sock -d '{}' http://holdfast/v1/orders/hub.describe
 *
 * It stands beside the reading one and has the same mode: who is in the group of the gateway administers it. An order is a name and a JSON
 * object; what it may hold is the order's own business.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '../../base/fault.ts';
import { adminSocketOf } from './control-socket.ts';
import { type LocalServer, listenLocally, refuse, send } from './local-server.ts';

/** By name, `thing.verb`. Resolves to what is answered; rejects with a Fault `order-refused` for what cannot be done. */
export type AdminCommands = Readonly<Record<string, (body: Readonly<Record<string, unknown>>) => Promise<unknown>>>;

export interface AdministrationOptions {
  /** Of the reading socket: this one stands beside it. */
  readonly controlSocket: string;
  readonly orders: AdminCommands;
}

const CONNECTIONS_MAX = 8;
/** A list of 500 subdevices with their names takes 50 KB. */
const BODY_BYTES_MAX = 256 * 1024;
/** rw-rw----, as the reading socket: the group is the one that commands tell a user to join. */
const SOCKET_MASK = 0o117;
const PREFIX = '/v1/orders/';

/** What is refused is the sender's mistake, or cannot be done now. */
export function refusal(what: string, hint: string): Fault {
  return new Fault('order-refused', what, { hint });
}

/** @throws Fault as `listenLocally` */
export function startAdministration({ controlSocket, orders }: AdministrationOptions): Promise<LocalServer> {
  return listenLocally({
    socketPath: adminSocketOf(controlSocket),
    mask: SOCKET_MASK,
    connectionsMax: CONNECTIONS_MAX,
    answer: (request, response) => obey(orders, request, response),
  });
}

async function obey(orders: AdminCommands, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split('?')[0] ?? '';
  if (request.method !== 'POST') return refuse(response, 405, 'The administrative socket takes POST only.');
  const name = path.startsWith(PREFIX) ? path.slice(PREFIX.length) : '';
  const order = Object.hasOwn(orders, name) ? orders[name] : undefined;
  if (order === undefined) return refuse(response, 404, `There are ${Object.keys(orders).join(', ')}.`);
  const body = await readObject(request);
  if (body === undefined)
    return refuse(response, 400, `An order takes one JSON object of at most ${BODY_BYTES_MAX} bytes.`);
  try {
    send(response, 200, await order(body));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    refuse(response, 409, error.message, error.hint);
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
