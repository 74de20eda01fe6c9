/** The real bench hub on virtual sockets, with latency and a network that cuts, rejects or loses connections. */

import type { Message } from '../../src/base/message.ts';
import type { HubRules } from '../../src/bench/hub/bench-rules.ts';
import type { SessionView } from '../../src/bench/hub/client-sessions.ts';
import { type FaultCommand, NO_FAULTS } from '../../src/bench/hub/faults.ts';
import type { HubEvent } from '../../src/bench/hub/hub-events.ts';
import { type BenchHubInput, BenchHubMachine } from '../../src/bench/hub/hub-machine.ts';
import type { BenchService } from '../../src/bench/hub/service-contract.ts';
import { encodeMqtt } from '../../src/codec/mqtt-wire.ts';
import type { Cancel, Channel, ChannelListener, OpenChannel } from '../../src/ports.ts';
import type { HubTap } from './hub-tap.ts';
import type { VirtualTime } from './virtual-time.ts';

const LATENCY_MS = 12;
/** Time after which the hub's side ends a TCP connection without answers. */
const TCP_GIVES_UP_MS = 120_000;

interface Socket {
  readonly connection: number;
  readonly listener: ChannelListener;
  isOpen: boolean;
  /** True for a half-open connection: nothing arrives, and neither end is informed. */
  isSilent: boolean;
}

export class VirtualHub {
  readonly #time: VirtualTime;
  readonly #machine: BenchHubMachine;
  readonly #tap: HubTap;
  readonly #sockets = new Map<number, Socket>();
  #last = 0;
  #cancelWake: Cancel = () => undefined;
  #wakeAtMs: number | undefined;
  isReachable = true;
  /** Number of overlapping reasons for its absence. */
  #absences = 0;
  onArrived: (message: Message) => void = () => undefined;
  onEvent: (event: HubEvent) => void = () => undefined;
  /** Number of downlinks lost with deleted sessions. */
  #forgotten = 0;

  constructor(
    time: VirtualTime,
    tap: HubTap,
    hub: { readonly rules: HubRules; readonly services: readonly BenchService[] },
  ) {
    this.#time = time;
    this.#tap = tap;
    this.#machine = new BenchHubMachine(hub.rules, 1_800_000_000_000, hub.services);
  }

  readonly open: OpenChannel = (listener) => {
    let socket: Socket | undefined;
    let isClosed = false;
    this.#time.after(2 * LATENCY_MS, () => {
      if (isClosed) return listener.closed('closed while opening');
      if (!this.isReachable) return listener.closed('refused');
      socket = this.#accept(listener);
      listener.opened();
    });
    const channel: Channel = {
      write: (bytes) => {
        if (socket?.isOpen) this.#carryUp(socket, bytes.slice());
      },
      queuedBytes: 0,
      close: (reason) => {
        isClosed = true;
        if (socket !== undefined) this.#closeFromBelow(socket, reason);
      },
    };
    return channel;
  };

  publish(message: Message): void {
    this.#feed({ kind: 'applicationPublish', ...message });
  }

  fault(command: FaultCommand): void {
    if (command.kind === 'forgetSession')
      this.#forgotten += this.unacknowledged(command.clientId) + (this.#session(command.clientId)?.dropped ?? 0);
    this.#feed({ kind: 'fault', command });
  }

  /** Number of unacknowledged and stored messages of a client. */
  unacknowledged(clientId: string): number {
    const session = this.#session(clientId);
    return session === undefined ? 0 : session.stored + session.inFlight;
  }

  /** Number of downlinks that the hub dropped: its store was full, or the session was deleted. */
  dropped(clientId: string): number {
    return this.#forgotten + (this.#session(clientId)?.dropped ?? 0);
  }

  subscriptions(clientId: string): string[] {
    return (this.#session(clientId)?.subscriptions ?? []).map(({ filter }) => filter);
  }

  /** Device names of the subdevices that are online at the hub. */
  online(clientId: string): readonly string[] {
    return this.#session(clientId)?.subdevicesOnline ?? [];
  }

  /** Connects another client with the client id of the gateway, which ends the gateway's connection, for some time. */
  impersonate(clientId: string, ms: number): void {
    if (!this.isReachable) return;
    this.#last += 1;
    const connection = this.#last;
    const connect = { username: undefined, password: undefined, will: undefined, cleanSession: false, keepAliveS: 600 };
    this.#feed({ kind: 'accepted', connection });
    this.#feed({ kind: 'bytes', connection, bytes: encodeMqtt({ kind: 'connect', clientId, ...connect }) });
    this.#time.after(ms, () => this.#feed({ kind: 'gone', connection }));
  }

  /** Ends all troubles of the hub. */
  repair(): void {
    this.#absences = 0;
    this.isReachable = true;
    this.fault({ kind: 'set', faults: NO_FAULTS });
  }

  leave(): void {
    this.#absences += 1;
    this.isReachable = false;
    this.cut();
  }

  comeBack(): void {
    this.#absences = Math.max(0, this.#absences - 1);
    this.isReachable = this.#absences === 0;
  }

  /** Closes the connection at both ends. */
  cut(): void {
    for (const socket of [...this.#sockets.values()]) this.#end(socket, 'reset');
  }

  /** Makes the connection half-open: neither end is informed. */
  silence(): void {
    for (const socket of this.#sockets.values()) socket.isSilent = true;
  }

  /** Simulates a power cut of the gateway. The hub detects it by the keep alive, or when TCP gives up. */
  abandon(): void {
    for (const socket of this.#sockets.values()) {
      socket.isSilent = true;
      this.#time.after(TCP_GIVES_UP_MS, () => this.#gone(socket));
    }
  }

  #session(clientId: string): SessionView | undefined {
    return this.#machine.sessions(this.#time.nowMs).find((session) => session.clientId === clientId);
  }

  #accept(listener: ChannelListener): Socket {
    this.#last += 1;
    const socket: Socket = { connection: this.#last, listener, isOpen: true, isSilent: false };
    this.#sockets.set(socket.connection, socket);
    this.#tap.opened();
    this.#feed({ kind: 'accepted', connection: socket.connection });
    return socket;
  }

  #carryUp(socket: Socket, bytes: Uint8Array): void {
    if (!socket.isSilent) this.#tap.up(bytes, this.#time.nowMs);
    this.#time.after(LATENCY_MS, () => {
      if (!socket.isOpen || socket.isSilent) return;
      this.#feed({ kind: 'bytes', connection: socket.connection, bytes });
    });
  }

  #carryDown(socket: Socket, bytes: Uint8Array): void {
    this.#time.after(LATENCY_MS, () => {
      if (!socket.isOpen || socket.isSilent) return;
      this.#tap.down(bytes);
      socket.listener.bytes(bytes);
    });
  }

  #closeFromBelow(socket: Socket, reason: string): void {
    if (!socket.isOpen) return;
    if (!socket.isSilent) return this.#end(socket, reason);
    socket.isOpen = false;
    this.#time.after(TCP_GIVES_UP_MS, () => this.#gone(socket));
    this.#time.after(0, () => socket.listener.closed(reason));
  }

  #end(socket: Socket, reason: string): void {
    if (!socket.isOpen) return;
    socket.isOpen = false;
    this.#time.after(LATENCY_MS, () => {
      this.#gone(socket);
      socket.listener.closed(reason);
    });
  }

  #gone(socket: Socket): void {
    socket.isOpen = false;
    if (this.#sockets.delete(socket.connection)) this.#feed({ kind: 'gone', connection: socket.connection });
  }

  #feed(input: BenchHubInput): void {
    for (const action of this.#machine.handle(input, this.#time.nowMs)) {
      const socket = 'connection' in action ? this.#sockets.get(action.connection) : undefined;
      if (action.kind === 'send' && socket !== undefined) this.#carryDown(socket, action.bytes);
      else if (action.kind === 'end' && socket !== undefined) this.#end(socket, action.reason);
      else if (action.kind === 'arrived') this.onArrived(action);
      else if (action.kind === 'noted') this.onEvent(action.event);
    }
    this.#setWake();
  }

  #setWake(): void {
    const wakeAtMs = this.#machine.wakeAtMs();
    if (wakeAtMs === this.#wakeAtMs) return;
    this.#cancelWake();
    this.#wakeAtMs = wakeAtMs;
    if (wakeAtMs === undefined) return;
    this.#cancelWake = this.#time.at(wakeAtMs, () => {
      this.#wakeAtMs = undefined;
      this.#feed({ kind: 'wake' });
    });
  }
}
