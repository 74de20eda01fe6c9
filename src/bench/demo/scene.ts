/** The five acts, and the counts shown while they run. Pure. */
import { countWords } from '../../ops/words.ts';
import type { DemoOutput } from './demo-output.ts';

export const ACTS = [
  {
    title: 'Steady traffic, both ways',
    why: 'A reading is acknowledged to its subdevice once it is safe outside the gateway. While the hub is connected, the hub has it within milliseconds, so nothing is written to flash.',
  },
  {
    title: 'The hub goes away',
    why: 'Readings continue. Each is now committed to disk before it is acknowledged to its subdevice: the backlog grows, and no subdevice waits. Meanwhile the hub stores commands for the gateway.',
  },
  {
    title: 'The gateway is killed and started again',
    why: 'SIGKILL leaves no time to save anything. Acknowledged readings are on disk already; the subdevices still have the others and send them again.',
  },
  {
    title: 'The hub comes back',
    why: 'Session present: the hub has kept the session. The backlog is sent in order within our own rate limit while new readings join it; the hub sends its stored commands, one every 500 ms.',
  },
  {
    title: 'The ledger',
    why: 'No new traffic: messages on the way arrive, then both ends compare sent and received messages.',
  },
] as const;

export type DemoAct = 0 | 1 | 2 | 3 | 4;

export type GatewayState = 'starting' | 'running' | 'killed' | 'stopping';

/** Counts of both ends at one moment. */
export interface Scene {
  readonly elapsedMs: number;
  readonly act: DemoAct;
  /**
   * Readings. `acknowledged`: to a subdevice. `delivered`: arrived at the hub's application. `missing`: acknowledged
   * but not arrived.
   */
  readonly acknowledged: number;
  readonly delivered: number;
  readonly missing: number;
  /** Commands. `commandsSent`: by the hub's application. `commandsDelivered`: arrived at the subdevice. */
  readonly commandsSent: number;
  readonly commandsDelivered: number;
  readonly gateway: GatewayState;
  readonly hub: 'up' | 'away';
}

/** Approximate number of lines of one run. At most one line is printed in two seconds. */
const LINES = 20;
const LINE_EVERY_MS_MIN = 2000;
/** Widths of the columns: 76 in all. */
const WIDTHS = [7, 14, 12, 12, 14, 12, 5] as const;
const HEADINGS = ['time', 'acknowledged', 'at the hub', 'on the way', 'commands', 'gateway', 'hub'];

/** Shows each act when the act begins, and a line of counts at intervals. */
export class SceneLog {
  readonly #output: DemoOutput;
  readonly #everyMs: number;
  #act: DemoAct | undefined;
  #nextMs = 0;

  /** @param seconds planned duration of the demonstration */
  constructor(output: DemoOutput, seconds: number) {
    this.#output = output;
    this.#everyMs = Math.max(LINE_EVERY_MS_MIN, (seconds * 1000) / LINES);
  }

  show(scene: Scene): void {
    if (scene.act !== this.#act) {
      this.#act = scene.act;
      const { title, why } = ACTS[scene.act];
      this.#output.line('');
      this.#output.line(`${scene.act + 1}  ${title}`, 'strong');
      this.#output.sentence(why, 3);
      this.#output.line(row(HEADINGS), 'quiet');
    }
    if (scene.elapsedMs >= this.#nextMs) this.#showCounts(scene);
  }

  /** Shows the counts at the end, also if the same line was shown before. */
  end(scene: Scene): void {
    this.show(scene);
    this.#showCounts(scene);
  }

  #showCounts(scene: Scene): void {
    this.#nextMs = scene.elapsedMs + this.#everyMs;
    this.#output.line(sceneLine(scene));
  }
}

/** Returns a scene as one line of at most 80 columns. */
export function sceneLine(scene: Scene): string {
  return row([
    `${Math.floor(scene.elapsedMs / 1000)} s`,
    countWords(scene.acknowledged),
    countWords(scene.delivered),
    countWords(scene.missing),
    `${countWords(scene.commandsDelivered)}/${countWords(scene.commandsSent)}`,
    scene.gateway,
    scene.hub,
  ]);
}

function row(cells: readonly string[]): string {
  return cells.map((cell, index) => cell.padStart(WIDTHS[index] ?? 0)).join('');
}
