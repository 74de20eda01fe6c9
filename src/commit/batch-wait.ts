/**
 * Decides how long a commit waits for more changes. A subdevice that waits for our acknowledgement usually sends
 * nothing until the acknowledgement arrives (MQTT-SN 1.2 §6.6 allows one PUBLISH at a time). So when all recently
 * active subdevices wait, few further changes will arrive. A longer wait would then save no commit and would only delay
 * the senders. PostgreSQL: `commit_siblings`.
 *
 * A subdevice with a larger window sends several messages before it waits. The usual number is learnt from the recent
 * batches. When each lane has as many messages in the batch as in its largest recent batch, no further message is
 * expected. If a lane has fewer, the others may still be on the line, and the commit waits for a pause of the line.
 */

/** Length of one generation. A subdevice counts as active for one to two generations. */
const ACTIVE_MS = 500;
/**
 * Time without a further message after which the commit starts. It is longer than the pause between two messages of one
 * subdevice at 115200 baud: 32 B of payload take 4 ms.
 */
const QUIET_MS = 5;

/** Lane of one direction. */
interface Sender {
  /** Number of messages in the present batch. */
  joined: number;
  /**
   * Largest number of messages in one batch. `recentBurst`: in this generation; `olderBurst`: in the previous
   * generation. 0: none yet.
   */
  recentBurst: number;
  olderBurst: number;
}

/** @typeParam Who lane and direction */
export class BatchWait<Who = string> {
  /** Recently active lanes. */
  readonly #senders = new Map<Who, Sender>();
  /** Lanes with messages in the present batch. */
  readonly #waiting = new Set<Sender>();
  /** Number of waiting lanes that have sent as many messages as usual. */
  #complete = 0;
  #turnAtMs = Number.NEGATIVE_INFINITY;

  /** Adds a message that waits from now on. @param who lane and direction */
  join(who: Who, nowMs: number): void {
    this.#age(nowMs);
    const sender = this.#senders.get(who) ?? this.#enter(who);
    sender.joined += 1;
    this.#waiting.add(sender);
    if (sender.joined === usual(sender)) this.#complete += 1;
  }

  /**
   * @returns time in ms that the commit waits for a further message. 0: no further message is expected. `undefined`: a
   * further message is certain, because a recently active lane does not wait
   */
  quietMs(nowMs: number): number | undefined {
    this.#age(nowMs);
    if (this.#waiting.size < this.#senders.size) return undefined;
    return this.#complete < this.#waiting.size ? QUIET_MS : 0;
  }

  /** Empties the batch: the commit has started with all its messages. */
  leave(): void {
    for (const sender of this.#waiting) {
      sender.recentBurst = Math.max(sender.recentBurst, sender.joined);
      sender.joined = 0;
    }
    this.#waiting.clear();
    this.#complete = 0;
  }

  #enter(who: Who): Sender {
    const sender = { joined: 0, recentBurst: 0, olderBurst: 0 };
    this.#senders.set(who, sender);
    return sender;
  }

  #age(nowMs: number): void {
    if (nowMs < this.#turnAtMs) return;
    const isLongAgo = nowMs >= this.#turnAtMs + ACTIVE_MS;
    this.#turnAtMs = nowMs + ACTIVE_MS;
    this.#complete = 0;
    for (const [who, sender] of this.#senders) {
      sender.olderBurst = isLongAgo ? 0 : sender.recentBurst;
      sender.recentBurst = 0;
      if (sender.joined === 0 && sender.olderBurst === 0) this.#senders.delete(who);
      if (sender.joined > 0 && sender.joined >= usual(sender) && usual(sender) > 0) this.#complete += 1;
    }
  }
}

function usual({ recentBurst, olderBurst }: Sender): number {
  return Math.max(recentBurst, olderBurst);
}
