/** One case of the bench: what it measures, and for which programs. */
import type { Figure } from '../report/figure.ts';
import { openBare } from '../subjects/bare.ts';
import { type HoldfastPlan, openHoldfast } from '../subjects/holdfast.ts';
import { mosquittoPath, openMosquitto } from '../subjects/mosquitto.ts';
import type { Relay } from '../subjects/relay.ts';

/** `machine`: no program, but the parts of the machine. */
export type Subject = 'holdfast' | 'bare' | 'mosquitto' | 'machine';

/** Settings of one run, from the command line. */
export interface RunSettings {
  /** Folder on the disk to be measured. */
  readonly stateRoot: string;
  /** Compile cache of the gateways, warm as on a gateway that was stopped in order before. */
  readonly cacheFolder: string;
  /** Duration of one measurement. */
  readonly seconds: number;
  /** Messages of each link before a measurement. */
  readonly warmUp: number;
  /** Smallest form that still touches everything. */
  readonly isQuick: boolean;
  /** Also the parts that take minutes. */
  readonly isFull: boolean;
  /** Adds a remark to the result, such as a part that is skipped. */
  readonly remark: (text: string) => void;
}

export interface BenchCase {
  readonly name: string;
  /** One sentence for `--list` and the table. */
  readonly about: string;
  readonly subjects: readonly Subject[];
  /** Runs only if it is named on the command line. */
  readonly isOnRequest?: boolean;
  readonly run: (settings: RunSettings, subject: Subject) => Promise<readonly Figure[]>;
}

/** Programs that can run on this machine. */
export function isAvailable(subject: Subject): boolean {
  return subject !== 'mosquitto' || mosquittoPath() !== undefined;
}

/** @param plan applies to the product only */
export async function openRelay(
  subject: Subject,
  { stateRoot, cacheFolder }: RunSettings,
  plan: Omit<HoldfastPlan, 'stateRoot' | 'cacheFolder'>,
): Promise<Relay> {
  const { links } = plan;
  switch (subject) {
    case 'holdfast':
      return openHoldfast({ ...plan, stateRoot, cacheFolder });
    case 'bare':
      return openBare({ stateRoot, links });
    case 'mosquitto':
      return openMosquitto({ stateRoot, links });
    case 'machine':
      throw new Error('the machine alone passes no messages on');
  }
}
