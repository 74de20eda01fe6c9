/**
 * State shown at one moment of the demonstration, and the texts of the five acts. Pure: the story makes scenes, the
 * frame draws them.
 */

export const ACTS = [
  {
    step: 'steady',
    title: 'Steady traffic, both ways',
    why: 'A reading is acknowledged to its subdevice once it is safe outside the gateway. While the hub is connected, the hub has it within milliseconds, so nothing is written to flash.',
  },
  {
    step: 'hub away',
    title: 'The hub goes away',
    why: 'Readings continue. Each is now committed to disk before it is acknowledged to its subdevice: the backlog grows, and no subdevice waits. Meanwhile the hub stores commands for the gateway.',
  },
  {
    step: 'kill -9',
    title: 'The gateway is killed and started again',
    why: 'SIGKILL leaves no time to save anything. Acknowledged readings are on disk already; the subdevices still have the others and send them again.',
  },
  {
    step: 'replay',
    title: 'The hub comes back',
    why: 'Session present: the hub has kept the session. The backlog is sent in order within our own rate limit while new readings join it; the hub sends its stored commands, one every 500 ms.',
  },
  {
    step: 'ledger',
    title: 'The ledger',
    why: 'No new traffic: messages on the way arrive, then both ends compare sent and received messages.',
  },
] as const;

export type DemoAct = 0 | 1 | 2 | 3 | 4;

export interface SubdeviceScene {
  readonly id: string;
  readonly isConnected: boolean;
  /** Readings: sent; acknowledged to the subdevice; arrived at the hub's application; acknowledged but not arrived. */
  readonly sent: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly missing: number;
  /** Commands: sent by the hub's application; arrived at the subdevice. */
  readonly commandsSent: number;
  readonly commandsDelivered: number;
}

export type GatewayState = 'starting' | 'running' | 'killed' | 'stopping';

export interface Scene {
  readonly seconds: number;
  readonly seed: number;
  readonly elapsedMs: number;
  readonly act: DemoAct;
  /** 0 to 1, over all acts. */
  readonly progress: number;
  readonly subdevices: readonly SubdeviceScene[];
  readonly gateway: { readonly state: GatewayState; readonly pid: number | undefined; readonly kills: number };
  /** Reported by the gateway. `undefined` while it does not answer. */
  readonly backlog: { readonly messages: number; readonly onDisk: number } | undefined;
  /** `undefined` before the hub is back. */
  readonly replay: ReplayScene | undefined;
  readonly hub: {
    readonly state: 'near' | 'away';
    readonly forMs: number;
    /** Session present flag of the hub's last CONNACK to the gateway. `undefined` before the first. */
    readonly sessionPresent: boolean | undefined;
    /** Commands stored by the hub for the gateway. */
    readonly stored: number;
  };
  readonly flash: FlashScene;
}

/** State of the drain as seen by the hub's application. */
export interface ReplayScene {
  /** 0 to 1 of the readings missing at the hub when it came back. */
  readonly share: number;
  /** Readings that arrive per second, from the backlog and new ones. */
  readonly perS: number;
  /** Time until no reading is missing, at the present rate. `null`: the rate is not known yet. */
  readonly etaMs: number | null;
}

/** Bytes written by the gateway, as counted by the kernel. `null`: the kernel does not report them. */
export interface FlashScene {
  /** Bytes in act 1, after the start. */
  readonly steadyBytes: number | null;
  /** Bytes while the hub was away. */
  readonly awayBytes: number | null;
}

export type SubdeviceSum = Omit<SubdeviceScene, 'id' | 'isConnected'>;

export function sumOf(subdevices: readonly SubdeviceScene[]): SubdeviceSum {
  const sum = { sent: 0, acknowledged: 0, delivered: 0, missing: 0, commandsSent: 0, commandsDelivered: 0 };
  for (const subdevice of subdevices) {
    sum.sent += subdevice.sent;
    sum.acknowledged += subdevice.acknowledged;
    sum.delivered += subdevice.delivered;
    sum.missing += subdevice.missing;
    sum.commandsSent += subdevice.commandsSent;
    sum.commandsDelivered += subdevice.commandsDelivered;
  }
  return sum;
}
