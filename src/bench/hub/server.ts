/**
 * The bench hub on real TCP, for tests in this process, for the demonstration, and behind `command.ts`.
 *
 * Runs one machine over many sockets. The sessions live in the object: `stop()` drops every connection and the port,
 * `listen()` comes back on the same port with all of them, which is a hub that went away for a while.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Message } from '../../base/message.ts';
import { topicProblem } from '../../base/topic.ts';
import type { Cancel, Clock } from '../../ports.ts';
import type { HubEvent } from './events.ts';
import type { FaultOrder } from './faults.ts';
import { BenchHubMachine, type HubInput } from './machine.ts';
import type { Arrival, HubAction } from './outlet.ts';
import type { PlatformOrder } from './platform.ts';
import { RESULT } from './result-codes.ts';
import type { HubRules } from './rules.ts';
import { type ServiceOrder, Services } from './services/services.ts';
import type { SessionView } from './sessions.ts';

export interface BenchHubSettings {
  /** 0: any free one, see `port`. */
  readonly port: number;
  /** Loopback unless a gateway on another machine is to connect. */
  readonly host?: string;
  readonly rules: HubRules;
  readonly clock: Clock;
}

type ArrivedListener = (arrival: Arrival) => void;
type EventListener = (event: HubEvent) => void;

const LOOPBACK = '127.0.0.1';

/** Ours: bytes a client may leave unread before it is cut off; a stuck client must not fill the memory. */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024;

export async function startBenchHub(settings: BenchHubSettings): Promise<BenchHub> {
  const hub = new BenchHub(settings);
  await hub.listen();
  return hub;
}

export class BenchHub {
  readonly #settings: BenchHubSettings;
  readonly #services = new Services();
  readonly #machine: BenchHubMachine;
  readonly #sockets = new Map<number, Socket>();
  readonly #arrivedListeners = new Set<ArrivedListener>();
  readonly #eventListeners = new Set<EventListener>();
  #server: Server | undefined;
  #port: number;
  #lastConnection = 0;
  #cancelWake: Cancel = () => undefined;
  #wakeSetMs = Number.POSITIVE_INFINITY;

  constructor(settings: BenchHubSettings) {
    const { clock, rules, port } = settings;
    this.#settings = settings;
    this.#port = port;
    const services = rules.profile === 'generic' ? [] : this.#services.all;
    this.#machine = new BenchHubMachine(rules, clock.wallMs() - clock.nowMs(), services);
  }

  /** Where it listens, also after a `stop()`: the one it will come back on. */
  get port(): number {
    return this.#port;
  }

  get rules(): HubRules {
    return this.#settings.rules;
  }

  /** Comes up, or comes back. Rejects if the port is taken. */
  async listen(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, this.#settings.host ?? LOOPBACK, resolve);
    });
    this.#server = server;
    const address = server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
  }

  /** Goes away: every connection drops without a word, the sessions stay. Idempotent. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.setFault({ kind: 'dropConnections' });
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#sockets.clear();
    this.#cancelWake();
    this.#wakeSetMs = Number.POSITIVE_INFINITY;
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** The application side sends a message. Throws on a topic that nobody may publish to. */
  publish(message: Message): void {
    const problem = topicProblem(message.topic);
    if (problem !== undefined) throw new Error(`${message.topic}: ${problem.problem} [${problem.tag}]`);
    this.#handle({ kind: 'applicationPublish', ...message });
  }

  /** Hears of every message that reached the application side. Returns how to stop that. */
  onArrived(listener: ArrivedListener): Cancel {
    this.#arrivedListeners.add(listener);
    return () => this.#arrivedListeners.delete(listener);
  }

  onEvent(listener: EventListener): Cancel {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** What the operator does on the hub's platform. Returns a result code, see `result-codes.ts`. */
  administer(order: PlatformOrder): number {
    let result: number = RESULT.systemError;
    const stopListening = this.onEvent((event) => {
      if (event.kind === 'ordered') result = event.result;
    });
    this.#handle({ kind: 'platform', order });
    stopListening();
    return result;
  }

  /** What the application side does with the services. Returns what came of it. */
  serve(order: ServiceOrder): object {
    const { answer, messages } = this.#services.order(order, Math.round(this.#settings.clock.wallMs()));
    for (const message of messages) this.#handle({ kind: 'applicationPublish', ...message });
    return answer;
  }

  setFault(order: FaultOrder): void {
    this.#handle({ kind: 'fault', order });
  }

  sessions(): SessionView[] {
    return this.#machine.sessions(this.#settings.clock.nowMs());
  }

  /** What the hub owes a client; `undefined`: it has no session. */
  messages(clientId: string): ReturnType<BenchHubMachine['messages']> {
    return this.#machine.messages(clientId, this.#settings.clock.nowMs());
  }

  /** Messages stored for a client, and not yet sent to it. */
  stored(clientId: string): number {
    return this.sessions().find((session) => session.clientId === clientId)?.stored ?? 0;
  }

  #accept(socket: Socket): void {
    this.#lastConnection += 1;
    const connection = this.#lastConnection;
    this.#sockets.set(connection, socket);
    socket.on('data', (bytes) => this.#handle({ kind: 'bytes', connection, bytes }));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(connection);
      this.#handle({ kind: 'gone', connection });
    });
    this.#handle({ kind: 'accepted', connection });
  }

  #handle(input: HubInput): void {
    const written = new Set<Socket>();
    for (const action of this.#machine.handle(input, this.#settings.clock.nowMs())) this.#act(action, written);
    for (const socket of written) socket.uncork();
    this.#setWake();
  }

  /** A timer that is early enough stays: a wake too many is nothing, a timer per packet is something. */
  #setWake(): void {
    const wakeAtMs = this.#machine.wakeAtMs();
    if (wakeAtMs === undefined || wakeAtMs >= this.#wakeSetMs) return;
    this.#cancelWake();
    this.#wakeSetMs = wakeAtMs;
    this.#cancelWake = this.#settings.clock.wakeAt(wakeAtMs, () => {
      this.#wakeSetMs = Number.POSITIVE_INFINITY;
      this.#handle({ kind: 'wake' });
    });
  }

  /** @param written gathers the sockets that hold their packets back until the input is dealt with */
  #act(action: HubAction, written: Set<Socket>): void {
    switch (action.kind) {
      case 'send': {
        const socket = this.#sockets.get(action.connection);
        if (socket === undefined) return;
        if (!written.has(socket)) socket.cork();
        written.add(socket);
        socket.write(action.bytes);
        if (socket.writableLength > UNREAD_BYTES_MAX) socket.destroy();
        return;
      }
      case 'end':
        // What was written before still leaves: a refusal is read before the close.
        this.#sockets.get(action.connection)?.destroySoon();
        return;
      case 'arrived': {
        const { kind, ...arrival } = action;
        for (const listener of this.#arrivedListeners) listener(arrival);
        return;
      }
      case 'noted':
        for (const listener of this.#eventListeners) listener(action.event);
        return;
    }
  }
}
