/**
 * Bench hub on real TCP, for tests in this process, for the demonstration, and for `run-bench-hub.ts`.
 *
 * Runs one machine over many sockets. The sessions live in the object: `stop()` drops every connection and closes the
 * port; `listen()` opens the same port again with all sessions, like a hub after an outage.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Message } from '../../base/message.ts';
import { topicProblem } from '../../base/topic.ts';
import type { Cancel, Clock } from '../../ports.ts';
import type { HubRules } from './bench-rules.ts';
import type { SessionView } from './client-sessions.ts';
import type { FaultCommand } from './faults.ts';
import type { HubEvent } from './hub-events.ts';
import { type BenchHubInput, BenchHubMachine } from './hub-machine.ts';
import type { BenchHubAction, ClientBytes } from './outgoing.ts';
import type { PlatformCommand } from './platform.ts';
import { RESULT } from './service-result-codes.ts';
import { type ServiceCommand, Services } from './services/services.ts';
import { createTlsServer, type TlsServer } from './tls-server.ts';

export interface BenchHubSettings {
  /** 0: any free port, see `port`. */
  readonly port: number;
  /** Loopback, unless a gateway on another machine must connect. */
  readonly host?: string;
  readonly rules: HubRules;
  readonly clock: Clock;
  /** Additional TLS port; the port without TLS is open too. */
  readonly tls?: TlsServer;
}

type ArrivedListener = (arrival: ClientBytes) => void;
type EventListener = (event: HubEvent) => void;

const LOOPBACK = '127.0.0.1';

/**
 * Number of unread bytes of a client at which its connection is closed, so that a client that does not read cannot fill
 * the memory. Own choice.
 */
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
  #servers: readonly Server[] = [];
  #port: number;
  #tlsPort: number;
  #lastConnection = 0;
  #cancelWake: Cancel = () => undefined;
  #wakeSetMs = Number.POSITIVE_INFINITY;

  constructor(settings: BenchHubSettings) {
    const { clock, rules, port } = settings;
    this.#settings = settings;
    this.#port = port;
    this.#tlsPort = settings.tls?.port ?? 0;
    const services = rules.profile === 'generic' ? [] : this.#services.all;
    this.#machine = new BenchHubMachine(rules, clock.wallMs() - clock.nowMs(), services);
  }

  /** Listening port, also after a `stop()`, because `listen()` uses it again. */
  get port(): number {
    return this.#port;
  }

  /** Listening port with TLS; 0 without TLS. */
  get tlsPort(): number {
    return this.#tlsPort;
  }

  get rules(): HubRules {
    return this.#settings.rules;
  }

  /** Opens the port for the first time or again. Rejects if the port is in use. */
  async listen(): Promise<void> {
    if (this.#servers.length > 0) return;
    try {
      await this.#openDoors();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async #openDoors(): Promise<void> {
    const { tls, host = LOOPBACK, rules } = this.#settings;
    const plain = createServer({ noDelay: true }, (socket) => this.#accept(socket, undefined));
    this.#servers = [plain];
    this.#port = await listenOn(plain, this.#port, host);
    if (tls === undefined) return;
    const secure = createTlsServer(tls, rules.credentials ?? new Map(), (...who) => this.#accept(...who));
    this.#servers = [plain, secure];
    this.#tlsPort = await listenOn(secure, this.#tlsPort, host);
  }

  /** Closes the port and drops every connection without a packet. The sessions stay. Idempotent. */
  async stop(): Promise<void> {
    const servers = this.#servers;
    if (servers.length === 0) return;
    this.#servers = [];
    this.setFault({ kind: 'dropConnections' });
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#sockets.clear();
    this.#cancelWake();
    this.#wakeSetMs = Number.POSITIVE_INFINITY;
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }

  /** Sends a message from the application side. Throws on an invalid topic name. */
  publish(message: Message): void {
    const problem = topicProblem(message.topic);
    if (problem !== undefined) throw new Error(`${message.topic}: ${problem.problem} [${problem.tag}]`);
    this.#handle({ kind: 'applicationPublish', ...message });
  }

  /** Calls `listener` for every message that reached the application side. Returns a function that stops this. */
  onArrived(listener: ArrivedListener): Cancel {
    this.#arrivedListeners.add(listener);
    return () => this.#arrivedListeners.delete(listener);
  }

  onEvent(listener: EventListener): Cancel {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** Executes a command of the operator on the platform. Returns a result code, see `service-result-codes.ts`. */
  administer(command: PlatformCommand): number {
    let result: number = RESULT.systemError;
    const stopListening = this.onEvent((event) => {
      if (event.kind === 'platformCommand') result = event.result;
    });
    this.#handle({ kind: 'platform', command });
    stopListening();
    return result;
  }

  /** Executes a command of the application side on a service. Returns the result. */
  serve(command: ServiceCommand): object {
    const { answer, messages } = this.#services.execute(command, Math.round(this.#settings.clock.wallMs()));
    for (const message of messages) this.#handle({ kind: 'applicationPublish', ...message });
    return answer;
  }

  setFault(command: FaultCommand): void {
    this.#handle({ kind: 'fault', command });
  }

  sessions(): SessionView[] {
    return this.#machine.sessions(this.#settings.clock.nowMs());
  }

  /** Stored and unacknowledged messages of a client. `undefined`: no session. */
  messages(clientId: string): ReturnType<BenchHubMachine['messages']> {
    return this.#machine.messages(clientId, this.#settings.clock.nowMs());
  }

  /** Messages stored for a client and not yet sent. */
  stored(clientId: string): number {
    return this.sessions().find((session) => session.clientId === clientId)?.stored ?? 0;
  }

  /** @param proven client id proved by TLS */
  #accept(socket: Socket, proven: string | undefined): void {
    this.#lastConnection += 1;
    const connection = this.#lastConnection;
    this.#sockets.set(connection, socket);
    socket.on('data', (bytes) => this.#handle({ kind: 'bytes', connection, bytes }));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(connection);
      this.#handle({ kind: 'gone', connection });
    });
    this.#handle({ kind: 'accepted', connection, ...(proven === undefined ? {} : { proven }) });
  }

  #handle(input: BenchHubInput): void {
    const written = new Set<Socket>();
    for (const action of this.#machine.handle(input, this.#settings.clock.nowMs())) this.#act(action, written);
    for (const socket of written) socket.uncork();
    this.#setWake();
  }

  /**
   * Sets the timer. A timer that is early enough stays, because an extra wake is cheap and a timer per packet is not.
   */
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

  /** @param written set of the sockets that delay their packets until the input is handled */
  #act(action: BenchHubAction, written: Set<Socket>): void {
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
        // Bytes written before the end are still sent, so that the client can read a rejection before the close.
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

/** @returns the port; rejects if it is in use */
async function listenOn(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : port;
}
