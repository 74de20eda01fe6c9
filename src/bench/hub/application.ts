/**
 * The application side of the bench hub over HTTP, on loopback, for curl and for tests in other processes.
 *
 *     POST /publish  {"topic":…, "text":… or "payload":base64, "qos":0|1}   a message to the devices
 *     GET  /arrived?since=n                                                 device messages numbered above n
 *     GET  /sessions                                                        every session the hub holds
 *     GET  /stored?client=id                                                messages of a client that are
 *                                                                           stored or unacknowledged
 *     POST /platform a command (`platform.ts`)                              registers, binds, unbinds;
 *                                                                           answers a result code
 *     POST /service  a command (`services/services.ts`)                     shadow, firmware, configuration,
 *                                                                           calls, broadcasts
 *     POST /fault    a fault command (`faults.ts`)                          injects a fault
 *
 * Invariants: a request has at most `BODY_BYTES_MAX`. The last `ARRIVALS_KEPT` arrivals are kept; `first` is the number
 * of the oldest kept arrival.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { z } from 'zod';
import type { Message } from '../../base/message.ts';
import { FaultCommand } from './faults.ts';
import type { ClientBytes } from './outgoing.ts';
import { PlatformCommand } from './platform.ts';
import type { BenchHub } from './server.ts';
import { ServiceCommand } from './services/services.ts';

/** Number of arrivals kept. Own choice: the messages that a fast gateway sends in a few minutes. */
const ARRIVALS_KEPT = 10_000;

/** Largest body of a request: a message of 16 KB in base64, with room for its topic and for other profiles. */
const BODY_BYTES_MAX = 256 * 1024;

/** Largest number of arrivals in one answer. The next request continues after the last number. */
const ARRIVALS_PER_ANSWER = 1000;

const PublishCommand = z.strictObject({
  topic: z.string(),
  text: z.string().optional(),
  payload: z.base64().optional(),
  qos: z.union([z.literal(0), z.literal(1)]).default(1),
});

const PATHS = 'GET /arrived, /sessions, /stored and POST /publish, /platform, /service, /fault';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const DONE: Answer = { status: 200, body: { done: true } };

export interface ApplicationSide {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param port 0: any free one */
export async function startApplicationSide(hub: BenchHub, port: number): Promise<ApplicationSide> {
  const arrivals = new Arrivals();
  const stopListening = hub.onArrived((arrival) => arrivals.add(arrival));
  const server = createServer((request, response) => {
    answer(request, { hub, arrivals }).then(
      ({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(`${JSON.stringify(body)}\n`);
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: portOf(server),
    stop: () => {
      stopListening();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Last messages that arrived, numbered from 1. */
class Arrivals {
  readonly #kept: { readonly number: number; readonly arrival: ClientBytes }[] = [];
  #last = 0;

  add(arrival: ClientBytes): void {
    this.#last += 1;
    this.#kept.push({ number: this.#last, arrival });
    // Old arrivals are removed in blocks, so that the cost of an arrival does not depend on the number kept.
    if (this.#kept.length >= 2 * ARRIVALS_KEPT) this.#kept.splice(0, ARRIVALS_KEPT);
  }

  since(number: number): unknown {
    const first = this.#kept[0]?.number ?? this.#last + 1;
    const from = Math.max(0, number + 1 - first);
    const arrivals = this.#kept.slice(from, from + ARRIVALS_PER_ANSWER).map(({ number, arrival }) => ({
      number,
      ...spellOut(arrival),
    }));
    return { first, last: this.#last, arrivals };
  }
}

async function answer(
  request: IncomingMessage,
  side: { readonly hub: BenchHub; readonly arrivals: Arrivals },
): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /arrived': {
      const since = Number(url.searchParams.get('since') ?? 0);
      if (!Number.isSafeInteger(since) || since < 0) return refusal('since must be a number from 0');
      return { status: 200, body: side.arrivals.since(since) };
    }
    case 'GET /sessions':
      return { status: 200, body: side.hub.sessions() };
    case 'GET /stored': {
      const client = url.searchParams.get('client') ?? '';
      const messages = side.hub.messages(client);
      if (messages === undefined) return { status: 404, body: { problem: `client "${client}" has no session` } };
      const { inFlight, stored } = messages;
      return { status: 200, body: { inFlight: inFlight.map(spellOut), stored: stored.map(spellOut) } };
    }
    case 'POST /publish':
      return publish(side.hub, await readBody(request));
    case 'POST /fault': {
      const command = FaultCommand.safeParse(await readBody(request));
      if (!command.success) return refusal(z.prettifyError(command.error));
      side.hub.setFault(command.data);
      return DONE;
    }
    case 'POST /platform': {
      const command = PlatformCommand.safeParse(await readBody(request));
      if (!command.success) return refusal(z.prettifyError(command.error));
      return { status: 200, body: { result: side.hub.administer(command.data) } };
    }
    case 'POST /service': {
      const command = ServiceCommand.safeParse(await readBody(request));
      if (!command.success) return refusal(z.prettifyError(command.error));
      return { status: 200, body: side.hub.serve(command.data) };
    }
    default:
      return { status: 404, body: { problem: `unknown path; valid are ${PATHS}` } };
  }
}

function publish(hub: BenchHub, body: unknown): Answer {
  const command = PublishCommand.safeParse(body);
  if (!command.success) return refusal(z.prettifyError(command.error));
  const { topic, text, payload, qos } = command.data;
  const bytes = payload === undefined ? Buffer.from(text ?? '') : Buffer.from(payload, 'base64');
  try {
    hub.publish({ topic, payload: new Uint8Array(bytes), qos });
    return DONE;
  } catch (error) {
    return refusal(error instanceof Error ? error.message : String(error));
  }
}

/** Returns a message in the form of an answer: the payload is bytes, so it is sent in base64. */
function spellOut<M extends Message>(message: M): Omit<M, 'payload'> & { readonly payload: string } {
  return { ...message, payload: Buffer.from(message.payload).toString('base64') };
}

function refusal(problem: string): Answer {
  return { status: 400, body: { problem } };
}

/** Returns the JSON of a request. `undefined`: the body is not JSON, or is too long. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > BODY_BYTES_MAX) return undefined;
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString());
  } catch {
    return undefined;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}
