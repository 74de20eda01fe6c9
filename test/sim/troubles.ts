/** Troubles: frequency in a bad week, duration, and effect on a world. Each ends by itself. */
import { type HubFaults, NO_FAULTS } from '../../src/bench/hub/faults.ts';
import type { TroubleEvent } from './scenario.ts';
import type { UnitBehaviour } from './unit-answers.ts';
import type { World } from './world.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface Trouble {
  /** Mean pause between two troubles of the kind. */
  readonly everyMs: number;
  readonly lastsMs: number;
  /** Text in the timeline. */
  readonly words: string;
  readonly begin: (world: World, event: TroubleEvent) => void;
  readonly end?: (world: World, event: TroubleEvent) => void;
}

const trouble = (everyMin: number, lastsS: number, rest: Pick<Trouble, 'words' | 'begin' | 'end'>): Trouble => ({
  everyMs: everyMin * MINUTE_MS,
  lastsMs: lastsS * SECOND_MS,
  ...rest,
});

/** Returns a fault of the bench hub for some time. */
const hubFault = (everyMin: number, lastsS: number, words: string, faults: Partial<HubFaults>): Trouble =>
  trouble(everyMin, lastsS, {
    words,
    begin: (world) => {
      world.tap.mayExceedWindow = true;
      world.hub.fault({ kind: 'set', faults });
    },
    end: (world) => world.hub.fault({ kind: 'set', faults: withoutFaults(faults) }),
  });

function withoutFaults(faults: Partial<HubFaults>): Partial<HubFaults> {
  const names = Object.keys(faults) as (keyof HubFaults)[];
  return Object.fromEntries(names.map((name) => [name, NO_FAULTS[name]]));
}

const REFUSING = ['refuses 2', 'refuses 3'] as const;
const BUSY = ['busy with writes', 'busy with everything', 'acknowledges'] as const;

export type TroubleKind = keyof typeof TABLE;

const TABLE = {
  hubAway: trouble(40, 300, { words: 'the hub goes away', begin: hubGoes, end: hubReturns }),
  hubAwayLong: trouble(600, 5400, { words: 'the hub goes away', begin: hubGoes, end: hubReturns }),
  hubAwayDays: trouble(2880, 100_000, { words: 'the hub goes away', begin: hubGoes, end: hubReturns }),
  hubMute: hubFault(120, 40, 'the hub accepts connections and sends nothing', { reach: 'mute' }),
  hubSlow: hubFault(90, 120, 'all packets of the hub are 4 s late', { sendDelayMs: 4000 }),
  hubVerySlow: hubFault(300, 120, 'all packets of the hub are 15 s late', { sendDelayMs: 15_000 }),
  hubClaimsSession: hubFault(180, 600, 'CONNACK always has session present 1', { sessionPresentClaim: 'always' }),
  hubDeniesSession: hubFault(180, 600, 'CONNACK always has session present 0', { sessionPresentClaim: 'never' }),
  pubacksSwallowed: hubFault(180, 20, 'the hub sends no PUBACK', { swallowsPubacks: true }),
  connectionCut: trouble(25, 0, { words: 'the connection to the hub is cut', begin: (world) => world.hub.cut() }),
  connectionDead: trouble(90, 0, {
    words: 'the connection to the hub becomes half-open',
    begin: (world) => world.hub.silence(),
  }),
  kicked: trouble(120, 20, {
    words: 'another client connects with the same client id',
    begin: (world, { ms }) => world.hub.impersonate(world.clientId, ms),
  }),
  sessionForgotten: trouble(300, 0, {
    words: 'the hub deletes the session',
    begin: (world) => {
      world.hub.fault({ kind: 'dropConnections' });
      world.hub.fault({ kind: 'forgetSession', clientId: world.clientId });
    },
  }),
  powerCut: trouble(60, 30, { words: 'power cut', begin: (world, { ms }) => world.cutPower(5 * SECOND_MS + ms) }),
  processKilled: trouble(30, 2, {
    words: 'the process is killed',
    begin: (world, { ms }) => world.killProcess(300 + ms),
  }),
  processStopped: trouble(90, 2, {
    words: 'the process is stopped',
    begin: (world, { ms }) => world.stopProcess(300 + ms),
  }),
  cablePulled: trouble(45, 120, {
    words: 'a cable is pulled',
    begin: (world, { draw }) => world.cabling.lineAt(draw).unplug(),
    end: (world, { draw }) => world.cabling.lineAt(draw).plug(),
  }),
  cablesSwapped: trouble(90, 20, {
    words: 'two cables are pulled and swapped',
    begin: (world, { draw }) => world.cabling.pullTwo(draw),
    end: (world, { draw }) => world.cabling.swapTwo(draw),
  }),
  noise: trouble(60, 180, {
    words: 'noise on a line',
    begin: (world, { draw }) => world.cabling.lineAt(draw).disturb(0.02 + ((draw * 1000) % 1) * 0.2),
    end: (world, { draw }) => world.cabling.lineAt(draw).disturb(0),
  }),
  slowReader: trouble(60, 5, {
    words: 'a subdevice reads nothing',
    begin: (world, { draw, ms }) => world.cabling.lineAt(draw).stall(ms),
  }),
  subdeviceReset: trouble(60, 0, {
    words: 'a power cycle of a subdevice',
    begin: (world, { draw }) => world.subdeviceAt(draw).reset(),
  }),
  subdeviceAway: trouble(60, 120, {
    words: 'a subdevice disconnects',
    begin: subdeviceGoes,
    end: subdeviceReturns,
  }),
  subdeviceAwayDays: trouble(2880, 100_000, {
    words: 'a subdevice disconnects',
    begin: subdeviceGoes,
    end: subdeviceReturns,
  }),
  subdeviceSleeps: trouble(60, 300, {
    words: 'a subdevice goes to sleep, and wakes every 20 s',
    begin: (world, { draw }) => world.subdeviceAt(draw).command({ kind: 'sleep', durationMs: 20 * SECOND_MS }),
    end: (world, { draw }) => world.subdeviceAt(draw).wakeUp(),
  }),
  subscriptionChanged: trouble(90, 30, {
    words: 'a subdevice unsubscribes',
    begin: (world, { draw }) => world.subdeviceAt(draw).command({ kind: 'unsubscribe', filter: 'control/+' }),
    end: (world, { draw }) => world.subdeviceAt(draw).command({ kind: 'subscribe', filter: 'control/+', qos: 1 }),
  }),
  sessionSwapped: trouble(30, 0.7, {
    words: 'a subdevice begins a session of the other kind, and soon after its own again',
    begin: (world, event) => reprogram(world, event, true),
    end: (world, event) => reprogram(world, event, false),
  }),
  subscribedAgain: trouble(90, 0.3, {
    words: 'a subdevice unsubscribes and subscribes at once',
    begin: (world, { draw }) => world.subdeviceAt(draw).command({ kind: 'unsubscribe', filter: 'control/+' }),
    end: (world, { draw }) => world.subdeviceAt(draw).command({ kind: 'subscribe', filter: 'control/+', qos: 1 }),
  }),
  unitRefuses: trouble(90, 120, {
    words: 'a Modbus unit rejects one of its registers',
    begin: (world, { draw, ms }) => world.subdeviceAt(draw).begin?.(behaviourOf(draw, REFUSING), ms),
  }),
  unitBusy: trouble(30, 5, {
    words: 'a Modbus unit is busy or slow',
    begin: (world, { draw, ms }) => world.subdeviceAt(draw).begin?.(behaviourOf(draw, BUSY), ms),
  }),
  networkTroubled: trouble(30, 60, {
    words: 'the gateway of Modbus TCP and its network lose, delay, repeat and change messages, and end connections',
    begin: (world, { draw }) => world.cabling.disturbNetworks(0.02 + ((draw * 1000) % 1) * 0.2),
    end: (world) => world.cabling.disturbNetworks(0),
  }),
  lettersHandled: trouble(60, 0.5, {
    words: 'a technician retries dead letters, and drops the others',
    begin: (world) => void world.gateway?.deadLetters.retry('all'),
    end: (world) => void world.gateway?.deadLetters.drop('all'),
  }),
  uplinksHeld: trouble(60, 120, {
    words: 'an operator holds uplinks of a subdevice',
    begin: (world, { draw }) => world.operator.hold('uplink', draw),
    end: (world) => world.operator.release('uplink'),
  }),
  downlinksHeld: trouble(90, 120, {
    words: 'an operator holds downlinks of a subdevice',
    begin: (world, { draw }) => world.operator.hold('downlink', draw),
    end: (world) => world.operator.release('downlink'),
  }),
  uplinksDropped: trouble(120, 0, {
    words: 'an operator drops the uplinks of a subdevice',
    begin: (world, { draw }) => world.operator.drop('uplink', draw),
  }),
  downlinksDropped: trouble(120, 0, {
    words: 'an operator drops the downlinks of a subdevice',
    begin: (world, { draw }) => world.operator.drop('downlink', draw),
  }),
  burst: trouble(45, 0, {
    words: 'a burst of a subdevice and of the application',
    begin: (world, { draw }) => world.traffic.burst(world.subdeviceAt(draw), 40),
  }),
  flood: trouble(120, 60, {
    words: 'a subdevice disconnects, and the application sends more than its inbox holds',
    begin: (world, event) => {
      subdeviceGoes(world, event);
      world.traffic.flood(world.subdeviceAt(event.draw), 400);
    },
    end: subdeviceReturns,
  }),
  slowCard: trouble(120, 60, {
    words: 'each commit takes 2 s',
    begin: (world) => {
      world.store.commitMs = 2 * SECOND_MS;
    },
    end: (world) => world.store.repair(),
  }),
  diskFull: trouble(180, 60, {
    words: 'the disk is full',
    begin: (world) => {
      world.store.isFull = true;
      world.firmware?.fillDisk();
    },
    end: (world) => {
      world.store.repair();
      world.firmware?.emptyDisk();
    },
  }),
  wallStep: trouble(60, 0, {
    words: 'the wall clock steps',
    begin: (world, { draw }) => {
      world.wallStepMs = (draw - 0.5) * 40 * 365 * DAY_MS;
    },
  }),
  clockSynchronised: trouble(90, 0, {
    words: 'the time service corrects the clock',
    begin: (world) => {
      world.wallStepMs = 0;
      world.syncedAtMs = world.wallMs();
    },
  }),
  imagesAway: trouble(40, 120, {
    words: 'the server of images goes away',
    begin: (world) => world.firmware?.setServer(false),
    end: (world) => world.firmware?.setServer(true),
  }),
  installationFails: trouble(60, 120, {
    words: 'a subdevice cannot install images',
    begin: (world, { draw }) => world.firmware?.setInstaller(world.subdeviceAt(draw).id, false),
    end: (world, { draw }) => world.firmware?.setInstaller(world.subdeviceAt(draw).id, true),
  }),
} as const satisfies Record<string, Trouble>;

export const TROUBLES: Readonly<Record<TroubleKind, Trouble>> = TABLE;
export const TROUBLE_KINDS = Object.keys(TABLE) as TroubleKind[];

/** Schedules the troubles of the scenario in virtual time. */
export function schedule(world: World): void {
  for (const event of world.scenario.troubles) {
    const { words, begin, end } = TROUBLES[event.kind];
    world.time.at(event.atMs, () => {
      world.tell(`${words}${end === undefined ? '' : `, for ${Math.round(event.ms / SECOND_MS)} s`}`);
      begin(world, event);
    });
    if (end !== undefined) world.time.at(event.atMs + event.ms, () => end(world, event));
  }
}

function hubGoes(world: World): void {
  world.hub.leave();
}

function hubReturns(world: World): void {
  world.hub.comeBack();
}

function subdeviceGoes(world: World, { draw }: TroubleEvent): void {
  world.subdeviceAt(draw).leave();
}

function subdeviceReturns(world: World, { draw }: TroubleEvent): void {
  world.subdeviceAt(draw).comeBack();
}

/** Chooses a behaviour by digits of the draw that do not choose the subdevice. */
function behaviourOf(draw: number, behaviours: readonly [UnitBehaviour, ...UnitBehaviour[]]): UnitBehaviour {
  return behaviours[Math.floor(draw * 1_000_000) % behaviours.length] ?? behaviours[0];
}

const WILL = { topic: 'gone', payload: new TextEncoder().encode('gone'), qos: 1 } as const;
const TOPIC_ORDERS = [['event', 'state'], ['state', 'event'], [], ['alarm']];

/** Chooses another program by digits of the draw that do not choose the subdevice. */
function reprogram(world: World, { draw }: TroubleEvent, isOther: boolean): void {
  const chance = Math.floor(draw * 1_000_000) % 16;
  world.subdeviceAt(draw).reprogram?.({
    isOther,
    disconnects: chance % 2 === 0,
    will: chance % 4 < 2 === isOther ? WILL : undefined,
    filters: isOther && chance >= 8 ? ['control/set'] : ['control/+'],
    topics: TOPIC_ORDERS[(chance + Number(isOther)) % TOPIC_ORDERS.length] ?? [],
  });
}
