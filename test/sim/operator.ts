/**
 * Operator of a world: holds, releases and drops messages of MQTT-SN subdevices. It has its own account of the holds, and
 * complains about a message that is sent although it is on hold.
 */
import type { Gateway } from '../../src/app/gateway.ts';
import type { Direction } from '../../src/base/message.ts';
import { filterMatches } from '../../src/base/topic.ts';
import { EVERY_TOPIC, type HoldScope } from '../../src/custody/operator-hold.ts';
import type { Row } from '../../src/custody/row.ts';
import type { World } from './world.ts';

/** Time for which a snapshot is written. */
const SNAPSHOT_MS = 40;
const DROP_ROWS = 100;

export class Operator {
  readonly #world: World;
  /** Holds that are in force and durable. */
  #holds: readonly HoldScope[] = [];
  /** Holds that are not durable yet, and that no later command has ended. */
  readonly #pending = new Set<HoldScope>();
  #isOver = false;

  constructor(world: World) {
    this.#world = world;
  }

  /** Begins to observe a gateway. Must be called before the gateway starts. */
  watch(gateway: Gateway): void {
    const { outbox, inbox } = gateway.stations;
    const next = outbox.next.bind(outbox);
    outbox.next = (nowMs) => {
      const sending = next(nowMs);
      if (sending !== undefined) this.#judge('uplink', sending.entry.row);
      return sending;
    };
    const nextDownlink = inbox.next.bind(inbox);
    inbox.next = (lane, nowMs) => {
      const delivery = nextDownlink(lane, nowMs);
      if (delivery?.entry !== undefined) this.#judge('downlink', delivery.entry.row);
      return delivery;
    };
    if (this.#isOver) gateway.parts.mailbox.post(() => void this.#releaseAll(gateway));
  }

  /** Holds messages of one subdevice: all, or those of one topic. @param draw chooses subdevice and topic */
  hold(direction: Direction, draw: number): void {
    const { gateway } = this.#world;
    const subdevice = gateway?.stations.registry.byId(this.#subdeviceOf(draw));
    if (gateway === undefined || subdevice === undefined) return;
    const filter = Math.floor(draw * 1_000_000) % 2 === 0 ? EVERY_TOPIC : this.#filterOf(direction, draw);
    const scope: HoldScope = { direction, subdevice: subdevice.lane, filter };
    gateway.parts.mailbox.post(() => {
      this.#pending.add(scope);
      void gateway.operatorHolds.hold([scope]).then(() => this.#isAlive(gateway) && this.#began(scope));
    });
  }

  /** Ends all holds of a direction, if the gateway runs. */
  release(direction: Direction): void {
    const { gateway } = this.#world;
    if (gateway === undefined) return;
    gateway.parts.mailbox.post(() => {
      this.#holds = this.#holds.filter((hold) => hold.direction !== direction);
      for (const hold of this.#pending) if (hold.direction === direction) this.#pending.delete(hold);
      void gateway.operatorHolds.release(gateway.operatorHolds.all.filter((hold) => hold.direction === direction));
    });
  }

  /** Drops messages of one subdevice, page by page, until none is left or the gateway ends. */
  drop(direction: Direction, draw: number): void {
    const { gateway } = this.#world;
    const subdevice = gateway?.stations.registry.byId(this.#subdeviceOf(draw));
    if (gateway === undefined || subdevice === undefined || gateway.messageDrops.isBusy) return;
    void this.#drop(gateway, direction, subdevice.lane);
  }

  /** Ends all holds, also those that a later life of the gateway finds. */
  end(): void {
    this.#isOver = true;
    const { gateway } = this.#world;
    if (gateway !== undefined) gateway.parts.mailbox.post(() => void this.#releaseAll(gateway));
  }

  async #drop(gateway: Gateway, direction: Direction, lane: number): Promise<void> {
    const { time } = this.#world;
    let kept = new Set<number>();
    const write = (rows: readonly Row[]): Promise<void> =>
      new Promise((resolve) =>
        time.after(SNAPSHOT_MS, () => {
          kept = new Set(rows.map(({ seq }) => seq));
          resolve();
        }),
      );
    const upTo = gateway.stations.custodian(direction).lastSeq;
    for (let after = 0; this.#isAlive(gateway); ) {
      const request = { direction, after, upTo, limit: DROP_ROWS, subdevices: [lane] };
      const step = await gateway.messageDrops.step(request, () => true, { add: write, replaceLast: write });
      if (step.dropped > 0 && step.dropped !== kept.size)
        this.#world.complain(`${step.dropped} dropped, but ${kept.size} in the snapshot`);
      this.#world.tell(`${step.dropped} ${direction}s dropped by hand`);
      if (step.atEnd) return;
      after = step.scannedTo;
    }
  }

  #began(scope: HoldScope): void {
    if (this.#pending.delete(scope)) this.#holds = [...this.#holds, scope];
  }

  #releaseAll(gateway: Gateway): Promise<unknown> {
    this.#holds = [];
    this.#pending.clear();
    return gateway.operatorHolds.release(gateway.operatorHolds.all);
  }

  #judge(direction: Direction, { lane, topic, seq }: Row): void {
    const owner = this.#world.gateway?.stations.registry.byLane(lane)?.lane;
    const isHeld = this.#holds.some(
      (hold) =>
        hold.direction === direction &&
        hold.subdevice === owner &&
        (hold.filter === EVERY_TOPIC || filterMatches(hold.filter, topic)),
    );
    if (isHeld) this.#world.complain(`${direction} ${seq} was sent while on hold`);
  }

  #isAlive(gateway: Gateway): boolean {
    return this.#world.gateway === gateway;
  }

  /** Chooses an MQTT-SN subdevice. */
  #subdeviceOf(draw: number): string {
    const all = this.#world.subdevices.filter(({ insight }) => insight === undefined);
    return all[Math.floor(draw * all.length)]?.id ?? '';
  }

  /** Filter of one topic of the subdevice at the hub. */
  #filterOf(direction: Direction, draw: number): string {
    const subdevice = this.#subdeviceOf(draw);
    const known = [...(this.#world.gateway?.stations.custodian(direction).lanes() ?? [])]
      .flatMap(({ window }) => window)
      .filter(({ row }) => this.#world.subdeviceOf(row.lane)?.id === subdevice)
      .map(({ row }) => row.topic);
    return known[Math.floor(draw * 10_000) % Math.max(1, known.length)] ?? '+/+/event';
  }
}
