/**
 * Row of the fault table: an injected fault, and what the program must say about it. `run-fault-rows.ts` makes a test of
 * each row, and `docs/fault-table.md` has a line for each.
 */
import type { ConditionCode } from '../../../src/ops/conditions/catalogue.ts';
import type { FaultScene } from './fault-scene.ts';

type Words = readonly (string | RegExp)[];

/** Words of one screen. */
export interface Words80 {
  /** Words that the first 24 lines contain. */
  readonly says: Words;
}

export interface StatusWords extends Words80 {
  /** Answer to "Losing data?": `No`, `Not yet`, `Unknown` or `Yes`; alternatives are separated by `|`. `null`: no answer. */
  readonly losing: string | null;
  /** Condition that the gateway reports; `null`: no gateway answers, so only the screen counts. */
  readonly condition: ConditionCode | null;
}

export interface DoctorWords extends Words80 {
  /** Identifier of the finding, e.g. `link.port:meters`. */
  readonly finding: string;
  readonly verdict: 'ok' | 'warn' | 'fail';
}

export interface FaultRow {
  readonly area: 'hub' | 'TLS' | 'storage' | 'ports' | 'subdevices' | 'machine';
  /** The fault as a noun phrase or short sentence, unique. */
  readonly name: string;
  /** Reason why this machine cannot inject the fault; `undefined`: it can. */
  readonly missing?: string | undefined;
  /** True for a row that takes several seconds, or needs special rights. */
  readonly isLong?: true;
  /** Time limit of the configuration that delays the exact word, ms; a preliminary word comes within 10 s. */
  readonly delayedMs?: number;
  /** Starts a gateway, if the fault needs one, and injects the fault. */
  readonly inject: () => Promise<FaultScene>;
  readonly status?: StatusWords;
  readonly doctor?: DoctorWords;
  /** Preliminary condition, if `delayedMs` is given. */
  readonly first?: Pick<StatusWords, 'condition' | 'says'>;
  /** Words that no screen contains: accusations of parties that are innocent. */
  readonly neverSays: Words;
}
