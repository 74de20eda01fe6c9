/**
 * Applies the configurations that the hub sends, through the same check, trial and rollback as a change of the file, and
 * reports each outcome to the hub.
 *
 *     document ──▶ checks ──▶ apply ──▶ on trial ──▶ confirmed or rolled back
 *                    └─ rejected  └─ rejected
 *
 * One document is applied at a time. While a change runs or a configuration is on trial, or while the limit of a minute is
 * reached, the newest document waits.
 */
import { Fault } from '../base/fault.ts';
import type { HubConfigOutcome, HubDocument } from '../base/hub-configuration.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import type { ConfigChange } from '../config/config-changes.ts';
import { hubPatchProblems, namedProblems } from '../config/hub-patch.ts';
import type { Problem } from '../config/kinds/problem.ts';
import { remoteConfigJson } from '../ops/remote/remote-config-report.ts';
import { countOf } from '../ops/words.ts';
import { refuseOverEdit } from './apply-terms.ts';
import type { ConfigChanger } from './config-changer.ts';
import { type ConfigSource, patchedText } from './config-source.ts';
import type { Gateway } from './gateway.ts';

/** User of the events of these changes. */
const HUB_USER = 'hub';
const MINUTE_MS = 60_000;
/** Reason of a document on which the program has failed. */
const FAILED = 'holdfast ended on it, which is a defect of holdfast: report it with the recordings of the gateway';

/** Details of a report beside its outcome. */
interface Details {
  readonly problems?: readonly Problem[];
  readonly changes?: readonly ConfigChange[];
}

export class HubDocuments {
  readonly #gateway: Gateway;
  readonly #changer: ConfigChanger;
  readonly #source: ConfigSource;
  #waiting: HubDocument | undefined;
  /** Digest of the document that was reported as waiting. */
  #reportedWaiting: string | undefined;
  #isApplying = false;
  readonly #limit: TokenBucket;
  /** True while a timer waits for the limit. */
  #isLimited = false;
  /** Outcome of a trial that has ended while its apply ran. */
  #ended: HubConfigOutcome | undefined;
  /** Changes of the document on trial. */
  #changes: readonly ConfigChange[] = [];

  constructor(gateway: Gateway, changer: ConfigChanger, source: ConfigSource) {
    this.#gateway = gateway;
    this.#changer = changer;
    this.#source = source;
    const perMinute = gateway.config.remote?.requestsPerMinute ?? 1;
    this.#limit = new TokenBucket(perMinute, MINUTE_MS / perMinute);
  }

  /** Begins to take documents, and prepares the report of the newest one. Called before the gateway starts. */
  start(): void {
    const { remote } = this.#gateway;
    const { hubTrial, lastOfHub } = this.#changer;
    const outcome = hubTrial === undefined ? (lastOfHub ?? NO_DOCUMENT) : onTrial(hubTrial);
    remote.restoreConfiguration(outcome, this.#reportOf(outcome));
    remote.attach({
      take: (document) => {
        this.#waiting = document;
        this.#next();
      },
      rejected: (outcome) => this.#reject(outcome),
    });
  }

  /** Called when a change or a trial has ended. @param outcome of changes of the hub */
  ended(outcome: HubConfigOutcome | undefined): void {
    if (outcome !== undefined && this.#isApplying) this.#ended = outcome;
    else if (outcome !== undefined) this.#report(outcome, { changes: this.#changes });
    this.#next();
  }

  #next(): void {
    const document = this.#waiting;
    if (document === undefined || this.#isApplying) return;
    if (this.#changer.isBusy) return this.#reportWaiting(document);
    if (!this.#limit.take(this.#gateway.parts.clock.nowMs())) return this.#nextWithinLimit();
    this.#waiting = undefined;
    this.#isApplying = true;
    this.#apply(document)
      .finally(() => {
        this.#isApplying = false;
        this.#next();
      })
      .catch((error: unknown) => this.#gateway.parts.mailbox.post(() => raise(error)));
  }

  /** Takes the document that is the newest one when the limit admits it. */
  #nextWithinLimit(): void {
    if (this.#isLimited) return;
    this.#isLimited = true;
    const { clock, mailbox } = this.#gateway.parts;
    clock.wakeAt(this.#limit.nextAtMs(clock.nowMs()), () =>
      mailbox.post(() => {
        this.#isLimited = false;
        if (!this.#gateway.isStopping) this.#next();
      }),
    );
  }

  #reportWaiting({ version, mark }: HubDocument): void {
    if (this.#reportedWaiting === mark) return;
    this.#reportedWaiting = mark;
    this.#report({ version, mark, result: 'waiting', reason: null });
  }

  async #apply(document: HubDocument): Promise<void> {
    const { version, mark, config, confirmMs, restart } = document;
    const reject = (reason: string, details: Details = {}): void =>
      this.#reject({ version, mark, result: 'rejected', reason }, details);
    try {
      const problems = this.#problemsOf(document);
      const [first] = problems;
      if (first !== undefined)
        return reject(`it has ${countOf(problems.length, 'problem')}: ${first.path} ${first.what}`, { problems });
      const hub = { version, mark, config };
      const { changes, outcome } = await this.#changer.apply({ confirmMs, restart, by: HUB_USER, hub });
      this.#changes = changes;
      const early = this.#ended;
      this.#ended = undefined;
      if (early !== undefined) return this.#report(early, { changes });
      if (outcome === 'restarting')
        return this.#report({ version, mark, result: 'restarting', reason: null }, { changes });
      this.#report(onTrial(hub), { changes });
    } catch (error) {
      if (!(error instanceof Fault)) {
        // the next process must not try a retained document again, and end on it again
        this.#changer.noteOutcome({ version, mark, result: 'rejected', reason: FAILED });
        throw error;
      }
      reject(`${error.message}. ${error.hint}`);
    }
  }

  /**
   * Problems of the changes, and of the file with the changes.
   * @throws Fault if the file cannot be read, or has changes that are not in effect
   */
  #problemsOf({ config }: HubDocument): readonly Problem[] {
    const allowed = this.#gateway.config.remote?.configuration?.sections ?? [];
    const own = hubPatchProblems(config, allowed);
    if (own.length > 0) return own;
    refuseOverEdit(this.#changer.running, this.#changer.fileText(), this.#source);
    const text = patchedText(this.#source.readFile(), config);
    const parsed = this.#source.parse(text);
    return parsed.ok ? [] : namedProblems(text, parsed.problems);
  }

  #reject(outcome: HubConfigOutcome, details: Details = {}): void {
    this.#changer.noteOutcome(outcome);
    this.#report(outcome, details);
  }

  #report(outcome: HubConfigOutcome, details: Details = {}): void {
    this.#gateway.remote.reportConfiguration(outcome, this.#reportOf(outcome, details));
  }

  #reportOf(outcome: HubConfigOutcome, { problems = [], changes = [] }: Details = {}): Uint8Array {
    const { config } = this.#gateway;
    const patch = this.#changer.hubPatch;
    const opened: readonly string[] = config.remote?.configuration?.sections ?? [];
    const closed = Object.keys(patch?.config ?? {}).filter((section) => !opened.includes(section));
    const bytesMax = config.hub.payloadBytesMax;
    const inEffect = patch?.version ?? null;
    return remoteConfigJson({ gateway: config.gateway.name, outcome, inEffect, closed, problems, changes, bytesMax });
  }
}

/** Outcome of a gateway that knows no document: none has come, or the record of the state directory was lost. */
const NO_DOCUMENT: HubConfigOutcome = { version: null, mark: '', result: 'none', reason: null };

function onTrial({ version, mark }: Pick<HubDocument, 'version' | 'mark'>): HubConfigOutcome {
  return { version, mark, result: 'on-trial', reason: null };
}

function raise(error: unknown): never {
  throw error;
}
