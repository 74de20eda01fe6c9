/**
 * Traffic of the demonstration: each subdevice sends readings, the application behind the hub sends commands. The seed
 * determines sizes and pauses. Every message carries a number, and both ends count (`account.ts`).
 */
import { type Random, seededRandom } from '../../base/random.ts';
import type { Cancel } from '../../ports.ts';
import { numberedPayload } from '../account.ts';
import type { Plan } from './demo-plan.ts';
import { GATEWAY_NAME, type Stage } from './stage.ts';

/**
 * Largest number of unacknowledged readings of one subdevice. A subdevice with a full queue takes no new reading,
 * because its memory is small.
 */
const QUEUED_MAX = 100;
const READING_BYTES = { min: 20, max: 200 } as const;
const COMMAND_BYTES = { min: 20, max: 60 } as const;

export class Traffic {
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #commandRandom: Random;
  readonly #readers = new Map<string, Cancel>();
  #cancelCommand: Cancel = () => undefined;
  #commandPauseMs = 0;
  #commands = 0;

  constructor(stage: Stage, plan: Plan) {
    this.#stage = stage;
    this.#plan = plan;
    this.#commandRandom = seededRandom(plan.seed ^ 0x636d64);
  }

  startReadings(): void {
    for (const [index, subdevice] of this.#stage.subdevices.entries()) {
      const random = seededRandom(this.#plan.seed ^ ((index + 1) << 16));
      const read = (): void => {
        if (subdevice.queued < QUEUED_MAX) subdevice.publish('reading', { bytes: sizeIn(READING_BYTES, random) });
        this.#readers.set(subdevice.id, this.#after(this.#plan.readingPauseMs * (0.5 + random()), read));
      };
      read();
    }
  }

  /** Sends a command at each interval, to one subdevice after the other. */
  sendCommandsEvery(pauseMs: number): void {
    const isRunning = this.#commandPauseMs !== 0;
    this.#commandPauseMs = pauseMs;
    if (!isRunning) this.#command();
  }

  stop(): void {
    for (const cancel of this.#readers.values()) cancel();
    this.#readers.clear();
    this.#cancelCommand();
  }

  #command(): void {
    const { hub, subdevices } = this.#stage;
    const subdevice = subdevices[this.#commands % subdevices.length];
    this.#commands += 1;
    if (subdevice !== undefined) {
      const number = subdevice.downlinks.send();
      const payload = numberedPayload(number, sizeIn(COMMAND_BYTES, this.#commandRandom));
      hub.publish({ topic: `${GATEWAY_NAME}/${subdevice.id}/command`, payload, qos: 1 });
      // The hub has accepted the command: from now on the command must reach the subdevice.
      subdevice.downlinks.acknowledge(number);
    }
    this.#cancelCommand = this.#after(this.#commandPauseMs * (0.8 + 0.4 * this.#commandRandom()), () =>
      this.#command(),
    );
  }

  #after(pauseMs: number, call: () => void): Cancel {
    const { clock } = this.#stage;
    return clock.wakeAt(clock.nowMs() + pauseMs, call);
  }
}

function sizeIn({ min, max }: { readonly min: number; readonly max: number }, random: Random): number {
  return min + Math.floor(random() * (max - min + 1));
}
