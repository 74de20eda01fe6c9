/**
 * What goes wrong, when, and for how long: drawn from the seed, one trouble after another, some at the same time. Each is
 * over by itself; after the last the world is left in peace.
 */
import type { VirtualLine } from './virtual-line.ts';
import type { World } from './world.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

interface Trouble {
  readonly name: string;
  /** Mean pause between two of its kind. */
  readonly everyMs: number;
  readonly happen: (world: World) => void;
}

export const TROUBLES: readonly Trouble[] = [
  { name: 'hub away', everyMs: 40 * MINUTE_MS, happen: (world) => hubAway(world, world.pause(5 * MINUTE_MS)) },
  {
    name: 'hub away for long',
    everyMs: 600 * MINUTE_MS,
    happen: (world) => hubAway(world, world.pause(90 * MINUTE_MS)),
  },
  {
    name: 'connection cut',
    everyMs: 25 * MINUTE_MS,
    happen: (world) => {
      world.tell('the connection to the hub is cut');
      world.hub.cut();
    },
  },
  {
    name: 'connection dead, nobody told',
    everyMs: 90 * MINUTE_MS,
    happen: (world) => {
      world.tell('the connection to the hub carries nothing any more');
      world.hub.silence();
    },
  },
  { name: 'session forgotten', everyMs: 300 * MINUTE_MS, happen: forgetSession },
  { name: 'PUBACKs swallowed', everyMs: 180 * MINUTE_MS, happen: swallowPubacks },
  { name: 'power cut', everyMs: 60 * MINUTE_MS, happen: (world) => powerCut(world, true) },
  { name: 'process killed', everyMs: 30 * MINUTE_MS, happen: (world) => powerCut(world, false) },
  { name: 'cable pulled', everyMs: 45 * MINUTE_MS, happen: cablePulled },
  { name: 'noise on a line', everyMs: 60 * MINUTE_MS, happen: noise },
  { name: 'slow reader', everyMs: 60 * MINUTE_MS, happen: slowReader },
  { name: 'slow card', everyMs: 120 * MINUTE_MS, happen: slowCard },
  {
    name: 'wall clock steps',
    everyMs: 240 * MINUTE_MS,
    happen: (world) => {
      world.wallStepMs = (world.random() - 0.5) * 40 * 365 * 24 * 60 * MINUTE_MS;
      world.tell(`the wall clock steps by ${Math.round(world.wallStepMs / 86_400_000)} days`);
    },
  },
];

/** Lets trouble happen until `untilMs`. @param frequency 1: as listed; 10: ten times as often */
export function makeTrouble(world: World, untilMs: number, frequency: number): void {
  for (const trouble of TROUBLES) {
    const again = (): void => {
      world.time.after(world.pause(trouble.everyMs / frequency), () => {
        if (world.time.nowMs >= untilMs) return;
        trouble.happen(world);
        again();
      });
    };
    again();
  }
}

/** The end of all trouble. */
export function makePeace(world: World): void {
  world.tell('from here on nothing goes wrong any more');
  world.hub.isReachable = true;
  world.hub.fault({ kind: 'set', faults: { swallowsPubacks: false } });
  world.store.commitMs = () => 5;
  for (const line of world.lines) {
    line.noise = { damage: 0 };
    line.plug();
  }
}

function hubAway(world: World, ms: number): void {
  if (!world.hub.isReachable) return;
  world.tell(`the hub goes away for ${Math.round(ms / SECOND_MS)} s`);
  world.hub.isReachable = false;
  world.hub.cut();
  world.time.after(ms, () => {
    world.hub.isReachable = true;
  });
}

function forgetSession(world: World): void {
  world.tell('the hub forgets our session');
  world.forgotten += 1;
  world.hub.fault({ kind: 'dropConnections' });
  world.hub.fault({ kind: 'forgetSession', clientId: world.clientId });
}

function swallowPubacks(world: World): void {
  const ms = world.pause(20 * SECOND_MS);
  world.tell(`the hub sends no PUBACK for ${Math.round(ms / SECOND_MS)} s`);
  world.swallowed += 1;
  world.hub.fault({ kind: 'set', faults: { swallowsPubacks: true } });
  world.time.after(ms, () => world.hub.fault({ kind: 'set', faults: { swallowsPubacks: false } }));
}

function powerCut(world: World, isNewBoot: boolean): void {
  if (world.life === undefined) return;
  // no board boots within five seconds; a process is started again at once
  const ms = isNewBoot ? 5 * SECOND_MS + world.pause(30 * SECOND_MS) : 300 + world.pause(2 * SECOND_MS);
  world.tell(isNewBoot ? `power cut, ${Math.round(ms / SECOND_MS)} s` : 'the process is killed');
  world.kill();
  if (isNewBoot) world.hub.abandon();
  else world.hub.cut();
  world.time.after(ms, () => void world.start(isNewBoot));
}

function cablePulled(world: World): void {
  const line = lineOf(world);
  const ms = world.pause(2 * MINUTE_MS);
  world.tell(`a cable is pulled for ${Math.round(ms / SECOND_MS)} s`);
  line.unplug();
  world.time.after(ms, () => line.plug());
}

function noise(world: World): void {
  const line = lineOf(world);
  const ms = world.pause(3 * MINUTE_MS);
  const damage = 0.02 + world.random() * 0.2;
  world.tell(`noise on a line for ${Math.round(ms / SECOND_MS)} s: ${Math.round(damage * 100)} % of chunks`);
  line.noise = { damage };
  world.time.after(ms, () => {
    line.noise = { damage: 0 };
  });
}

function slowReader(world: World): void {
  const ms = world.pause(5 * SECOND_MS);
  world.tell(`a subdevice reads nothing for ${Math.round(ms / SECOND_MS)} s`);
  lineOf(world).stall(ms);
}

function slowCard(world: World): void {
  const ms = world.pause(MINUTE_MS);
  world.tell(`each commit takes 2 s, for ${Math.round(ms / SECOND_MS)} s`);
  world.store.commitMs = () => 2000;
  world.time.after(ms, () => {
    world.store.commitMs = () => 5;
  });
}

function lineOf(world: World): VirtualLine {
  const line = world.lines[Math.floor(world.random() * world.lines.length)];
  if (line === undefined) throw new Error('a world without lines');
  return line;
}
