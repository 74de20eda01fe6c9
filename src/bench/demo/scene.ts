/**
 * What is seen at one moment of the demonstration, and the five acts in words. Pure: the story makes scenes, the frame
 * draws them.
 */

export const ACTS = [
  {
    step: 'steady',
    title: 'Steady traffic, both ways',
    why: 'A reading is acknowledged to its subdevice once it is safe outside the gateway. With the hub near the hub has it within milliseconds, so nothing is written to flash.',
  },
  {
    step: 'hub away',
    title: 'The hub goes away',
    why: 'Readings go on. Now each is committed to disk before its subdevice is told that it is safe: the backlog grows, nobody waits. The hub keeps commands for us meanwhile.',
  },
  {
    step: 'kill -9',
    title: 'The gateway is killed and started again',
    why: 'SIGKILL: no time to save anything. What was acknowledged is on disk already; what was not, the subdevices still have and send again.',
  },
  {
    step: 'replay',
    title: 'The hub comes back',
    why: 'Session present: the hub still knows us. The backlog leaves in order under our own pace limit while new readings join it; the hub sends what it stored, one command every 500 ms.',
  },
  {
    step: 'ledger',
    title: 'The ledger',
    why: 'No new traffic: what is under way arrives, then both ends compare what they sent with what they got.',
  },
] as const;

export type DemoAct = 0 | 1 | 2 | 3 | 4;

export interface SubdeviceScene {
  readonly id: string;
  readonly isConnected: boolean;
  /** Readings: sent, acknowledged to the subdevice, arrived at the hub's application, and acknowledged but not arrived. */
  readonly sent: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly owed: number;
  /** Commands: sent by the hub's application, arrived at the subdevice. */
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
  /** As the gateway says; `undefined` while it does not answer. */
  readonly backlog: { readonly messages: number; readonly onDisk: number } | undefined;
  /** `undefined` before the hub is back. */
  readonly replay: ReplayScene | undefined;
  readonly hub: {
    readonly state: 'near' | 'away';
    readonly forMs: number;
    /** What its last CONNACK to the gateway said; `undefined` before the first. */
    readonly sessionPresent: boolean | undefined;
    /** Commands it keeps for the gateway. */
    readonly stored: number;
  };
  readonly flash: FlashScene;
}

/** As the hub's application sees it. */
export interface ReplayScene {
  /** 0 to 1 of what was owed when the hub came back. */
  readonly share: number;
  /** Readings that arrive per second, backlog and new ones. */
  readonly perS: number;
  /** Until nothing is owed, if it goes on as it went; `null`: it has hardly begun. */
  readonly etaMs: number | null;
}

/** Bytes the gateway caused to be written, as the kernel counts them; `null`: the kernel does not say. */
export interface FlashScene {
  /** In act 1, after the start had settled. */
  readonly steadyBytes: number | null;
  /** From the hub's going to its return. */
  readonly awayBytes: number | null;
}

export type SubdeviceSum = Omit<SubdeviceScene, 'id' | 'isConnected'>;

export function sumOf(subdevices: readonly SubdeviceScene[]): SubdeviceSum {
  const sum = { sent: 0, acknowledged: 0, delivered: 0, owed: 0, commandsSent: 0, commandsDelivered: 0 };
  for (const subdevice of subdevices) {
    sum.sent += subdevice.sent;
    sum.acknowledged += subdevice.acknowledged;
    sum.delivered += subdevice.delivered;
    sum.owed += subdevice.owed;
    sum.commandsSent += subdevice.commandsSent;
    sum.commandsDelivered += subdevice.commandsDelivered;
  }
  return sum;
}
