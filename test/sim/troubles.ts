/** What may go wrong, how often in a bad week, for how long, and what it does to a world. Each is over by itself. */
import { type HubFaults, NO_FAULTS } from '../../src/bench/hub/faults.ts';
import type { TroubleEvent } from './scenario.ts';
import type { UnitMood } from './unit-answers.ts';
import type { World } from './world.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

interface Trouble {
  /** Mean pause between two of its kind. */
  readonly everyMs: number;
  readonly lastsMs: number;
  /** What the timeline says of it. */
  readonly words: string;
  readonly begin: (world: World, event: TroubleEvent) => void;
  readonly end?: (world: World, event: TroubleEvent) => void;
}

const trouble = (everyMin: number, lastsS: number, rest: Pick<Trouble, 'words' | 'begin' | 'end'>): Trouble => ({
  everyMs: everyMin * MINUTE_MS,
  lastsMs: lastsS * SECOND_MS,
  ...rest,
});

/** A switch of the bench hub that is turned for a while. */
const hubFault = (everyMin: number, lastsS: number, words: string, faults: Partial<HubFaults>): Trouble =>
  trouble(everyMin, lastsS, {
    words,
    begin: (world) => {
      world.tap.isPatient = true;
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
  hubMute: hubFault(120, 40, 'the hub takes connections and says nothing', { reach: 'mute' }),
  hubSlow: hubFault(90, 120, 'everything the hub sends comes 4 s late', { sendDelayMs: 4000 }),
  hubVerySlow: hubFault(300, 120, 'everything the hub sends comes 15 s late', { sendDelayMs: 15_000 }),
  hubClaimsSession: hubFault(180, 600, 'the hub claims a session, present or not', { sessionPresentClaim: 'always' }),
  hubDeniesSession: hubFault(180, 600, 'the hub denies every session', { sessionPresentClaim: 'never' }),
  pubacksSwallowed: hubFault(180, 20, 'the hub sends no PUBACK', { swallowsPubacks: true }),
  connectionCut: trouble(25, 0, { words: 'the connection to the hub is cut', begin: (world) => world.hub.cut() }),
  connectionDead: trouble(90, 0, {
    words: 'the connection to the hub carries nothing any more',
    begin: (world) => world.hub.silence(),
  }),
  kicked: trouble(120, 20, {
    words: 'somebody else connects under our name',
    begin: (world, { ms }) => world.hub.impersonate(world.clientId, ms),
  }),
  sessionForgotten: trouble(300, 0, {
    words: 'the hub forgets our session',
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
    words: 'the process is stopped in good order',
    begin: (world, { ms }) => world.stopProcess(300 + ms),
  }),
  cablePulled: trouble(45, 120, {
    words: 'a cable is pulled',
    begin: (world, { dice }) => world.cabling.lineAt(dice).unplug(),
    end: (world, { dice }) => world.cabling.lineAt(dice).plug(),
  }),
  cablesSwapped: trouble(90, 20, {
    words: 'two cables are pulled and put back the wrong way round',
    begin: (world, { dice }) => world.cabling.pullTwo(dice),
    end: (world, { dice }) => world.cabling.swapTwo(dice),
  }),
  noise: trouble(60, 180, {
    words: 'noise on a line',
    begin: (world, { dice }) => world.cabling.lineAt(dice).disturb(0.02 + ((dice * 1000) % 1) * 0.2),
    end: (world, { dice }) => world.cabling.lineAt(dice).disturb(0),
  }),
  slowReader: trouble(60, 5, {
    words: 'a subdevice reads nothing',
    begin: (world, { dice, ms }) => world.cabling.lineAt(dice).stall(ms),
  }),
  subdeviceReset: trouble(60, 0, {
    words: 'a subdevice loses its power for a moment',
    begin: (world, { dice }) => world.subdeviceAt(dice).reset(),
  }),
  subdeviceAway: trouble(60, 120, {
    words: 'a subdevice says good-bye',
    begin: subdeviceGoes,
    end: subdeviceReturns,
  }),
  subdeviceAwayDays: trouble(2880, 100_000, {
    words: 'a subdevice says good-bye',
    begin: subdeviceGoes,
    end: subdeviceReturns,
  }),
  subdeviceSleeps: trouble(60, 300, {
    words: 'a subdevice goes to sleep, and wakes every 20 s',
    begin: (world, { dice }) => world.subdeviceAt(dice).command({ kind: 'sleep', durationMs: 20 * SECOND_MS }),
    end: (world, { dice }) => world.subdeviceAt(dice).wakeUp(),
  }),
  subscriptionChanged: trouble(90, 30, {
    words: 'a subdevice unsubscribes',
    begin: (world, { dice }) => world.subdeviceAt(dice).command({ kind: 'unsubscribe', filter: 'control/+' }),
    end: (world, { dice }) => world.subdeviceAt(dice).command({ kind: 'subscribe', filter: 'control/+', qos: 1 }),
  }),
  sessionSwapped: trouble(30, 0.7, {
    words: 'a subdevice begins a session of the other kind, and soon after one of its own',
    begin: (world, event) => reprogram(world, event, true),
    end: (world, event) => reprogram(world, event, false),
  }),
  subscribedAgain: trouble(90, 0.3, {
    words: 'a subdevice unsubscribes and subscribes at once',
    begin: (world, { dice }) => world.subdeviceAt(dice).command({ kind: 'unsubscribe', filter: 'control/+' }),
    end: (world, { dice }) => world.subdeviceAt(dice).command({ kind: 'subscribe', filter: 'control/+', qos: 1 }),
  }),
  unitRefuses: trouble(90, 120, {
    words: 'a Modbus unit refuses one of its registers',
    begin: (world, { dice, ms }) => world.subdeviceAt(dice).begin?.(moodOf(dice, REFUSING), ms),
  }),
  unitBusy: trouble(30, 5, {
    words: 'a Modbus unit is busy, or takes its time with what it is told',
    begin: (world, { dice, ms }) => world.subdeviceAt(dice).begin?.(moodOf(dice, BUSY), ms),
  }),
  lettersHandled: trouble(60, 0.5, {
    words: 'a technician puts dead letters back, and drops what is left',
    begin: (world) => void world.gateway?.deadLetters.retry('all'),
    end: (world) => void world.gateway?.deadLetters.drop('all'),
  }),
  burst: trouble(45, 0, {
    words: 'a subdevice and the application have much to say',
    begin: (world, { dice }) => world.traffic.burst(world.subdeviceAt(dice), 40),
  }),
  flood: trouble(120, 60, {
    words: 'a subdevice says good-bye, and the application has more to say to it than its inbox holds',
    begin: (world, event) => {
      subdeviceGoes(world, event);
      world.traffic.flood(world.subdeviceAt(event.dice), 400);
    },
    end: subdeviceReturns,
  }),
  slowCard: trouble(120, 60, {
    words: 'each commit takes 2 s',
    begin: (world) => {
      world.store.commitMs = 2 * SECOND_MS;
    },
    end: (world) => world.store.heal(),
  }),
  diskFull: trouble(180, 60, {
    words: 'the disk is full',
    begin: (world) => {
      world.store.isFull = true;
    },
    end: (world) => world.store.heal(),
  }),
  wallStep: trouble(60, 0, {
    words: 'the wall clock steps',
    begin: (world, { dice }) => {
      world.wallStepMs = (dice - 0.5) * 40 * 365 * DAY_MS;
    },
  }),
  clockSynchronised: trouble(90, 0, {
    words: 'the time service sets the clock right',
    begin: (world) => {
      world.wallStepMs = 0;
      world.syncedAtMs = world.wallMs();
    },
  }),
} as const satisfies Record<string, Trouble>;

export const TROUBLES: Readonly<Record<TroubleKind, Trouble>> = TABLE;
export const TROUBLE_KINDS = Object.keys(TABLE) as TroubleKind[];

/** Puts the troubles of the scenario on the world's clock. */
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

function subdeviceGoes(world: World, { dice }: TroubleEvent): void {
  world.subdeviceAt(dice).leave();
}

function subdeviceReturns(world: World, { dice }: TroubleEvent): void {
  world.subdeviceAt(dice).comeBack();
}

/** Of the dice, beside the choice of the subdevice. */
function moodOf(dice: number, moods: readonly [UnitMood, ...UnitMood[]]): UnitMood {
  return moods[Math.floor(dice * 1_000_000) % moods.length] ?? moods[0];
}

const WILL = { topic: 'gone', payload: new TextEncoder().encode('gone'), qos: 1 } as const;
const ORDERS_OF_TOPICS = [['event', 'state'], ['state', 'event'], [], ['alarm']];

/** The kinds of programs follow from the dice, beside the choice of the subdevice. */
function reprogram(world: World, { dice }: TroubleEvent, isOther: boolean): void {
  const chance = Math.floor(dice * 1_000_000) % 16;
  world.subdeviceAt(dice).reprogram?.({
    isOther,
    saysGoodBye: chance % 2 === 0,
    will: chance % 4 < 2 === isOther ? WILL : undefined,
    filters: isOther && chance >= 8 ? ['control/set'] : ['control/+'],
    topics: ORDERS_OF_TOPICS[(chance + Number(isOther)) % ORDERS_OF_TOPICS.length] ?? [],
  });
}
