/**
 * Continuous traffic in both directions, and a gateway that is killed repeatedly, at moments chosen by a seed: after
 * a number of acknowledgements, arrivals or commands, or at its CONNECT. In some processes the hub is away.
 */
import { seededRandom } from '../../src/base/random.ts';
import type { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import type { Testbed } from './testbed.ts';

export interface KillPlan {
  readonly kills: number;
  readonly seed: number;
  /** Events that lead to a kill while the hub is connected; no more commands are sent once one is lost. */
  readonly sights?: readonly Sight[];
}

export interface KillCount {
  readonly whileHubAway: number;
  readonly whileHubNear: number;
}

/** Counter up to the kill. */
export type Sight = 'acknowledged' | 'received' | 'arrived' | 'connected';

/** Unanswered messages of each subdevice, and commands in transit to it: fewer than the hub stores. */
const UPLINKS_AHEAD = 8;
const COMMANDS_AHEAD = 8;
const ALL_SIGHTS: readonly Sight[] = ['acknowledged', 'received', 'arrived', 'connected'];
const TIMES_MAX = 80;
const LIFE_MS_MAX = 120_000;

/** Leaves the gateway running, the hub reachable and no sender active. */
export async function killAgainAndAgain(testbed: Testbed, plan: KillPlan): Promise<KillCount> {
  const { kills, seed, sights = ALL_SIGHTS } = plan;
  const random = seededRandom(seed);
  const traffic = new Traffic(testbed);
  const count = { whileHubAway: 0, whileHubNear: 0 };
  for (let kill = 0; kill < kills; kill += 1) {
    const isAway = random() < 0.4;
    if (isAway) testbed.dropHub();
    else testbed.restoreHub();
    const picked = sights[Math.floor(random() * sights.length)] ?? 'acknowledged';
    const sight = isAway ? 'acknowledged' : picked;
    const times = sight === 'connected' ? 1 : 1 + Math.floor(random() * TIMES_MAX);
    await traffic.killAt(sight, times);
    count[isAway ? 'whileHubAway' : 'whileHubNear'] += 1;
    testbed.gateway.spawn();
  }
  traffic.stop();
  testbed.restoreHub();
  await testbed.gateway.ready();
  return count;
}

class Traffic {
  readonly #testbed: Testbed;
  #isStopped = false;
  #awaited: { readonly sight: Sight; left: number; readonly reached: () => void } | undefined;

  constructor(testbed: Testbed) {
    this.#testbed = testbed;
    testbed.hub.onArrived(() => this.#see('arrived'));
    testbed.hub.onEvent(({ kind }) => {
      if (kind === 'connected') this.#see(kind);
    });
    for (const subdevice of testbed.subdevices) this.#run(subdevice);
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Kills the gateway at the moment when `sight` was observed for the given time. */
  async killAt(sight: Sight, times: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const deadline = setTimeout(() => reject(new Error(`${sight} was not observed ${times} times`)), LIFE_MS_MAX);
    const reached = (): void => void this.#testbed.gateway.signal('SIGKILL').then(() => resolve());
    this.#awaited = { sight, left: times, reached };
    await promise.finally(() => clearTimeout(deadline));
  }

  /** One more message for each acknowledged one, and one more command for each received one. */
  #run(subdevice: FieldSubdevice): void {
    subdevice.onReport(({ kind }) => {
      if (this.#isStopped) return;
      if (kind === 'acknowledged') subdevice.publish('t');
      if (kind === 'received') this.#command(subdevice);
      if (kind === 'acknowledged' || kind === 'received') this.#see(kind);
    });
    for (let ahead = 0; ahead < UPLINKS_AHEAD; ahead += 1) subdevice.publish('t');
    this.#command(subdevice);
  }

  /** Limit for commands that are duplicated by a crash, so that the traffic does not grow. */
  #command(subdevice: FieldSubdevice): void {
    const { sent, delivered } = subdevice.downlinks;
    for (let ahead = sent - delivered; ahead < COMMANDS_AHEAD; ahead += 1) this.#testbed.command(subdevice);
  }

  #see(sight: Sight): void {
    const awaited = this.#awaited;
    if (awaited?.sight !== sight) return;
    awaited.left -= 1;
    if (awaited.left > 0) return;
    this.#awaited = undefined;
    awaited.reached();
  }
}
