/**
 * Changes of the configuration of a running gateway. A new configuration is on trial until it is confirmed: by an
 * operator, or automatically when the parts that worked before work again. Otherwise the confirmed one returns.
 *
 *     confirmed ──apply──▶ trial ──confirm──▶ confirmed (the new one)
 *                            └─time is over, hub or link does not return─▶ rolled back: confirmed (the old one)
 *
 * Invariants: the state directory names the confirmed text before a trial begins, so a start in a trial begins with the
 * confirmed one (`config-choice.ts`). An apply that is refused has changed nothing. One change runs at a time.
 */
import type { HubConfigOutcome, HubConfigState, HubPatch } from '../base/hub-configuration.ts';
import { type ConfigChange, changesBetween, type LoadedConfig } from '../config/config-changes.ts';
import { parseConfig } from '../config/parse.ts';
import { keepRejected, readSavedConfig, type SavedConfig, type SavedTrial } from '../io/saved-config.ts';
import { refusal } from '../ops/api/administration.ts';
import type { ApplyAnswer, ConfigOfHub, ConfigState, RunningText } from '../ops/reports/config-report.ts';
import { type ApplyRequest, invalidFile, RETURN_MS_MAX, refuseRemoval, restartFor, termsOf } from './apply-terms.ts';
import { changeHealth, workingParts, workingRemovals } from './change-health.ts';
import { ConfigRecord, configOfHub, reasonOf } from './config-record.ts';
import type { ConfigSource } from './config-source.ts';
import type { Gateway } from './gateway.ts';
import type { HubAccess } from './hub-access.ts';
import { changedParts, reconfigure } from './reconfigure.ts';

const LOOK_MS = 250;

/** A configuration with its text and the files that it names, as far as they were read. */
export interface PreparedConfig extends RunningText {
  readonly text: string;
  readonly access: HubAccess;
  readonly subdeviceSecrets: ReadonlyMap<string, string>;
}

export interface RejectedConfig {
  /** Digest of the text that was rolled back. */
  readonly mark: string;
  readonly reason: string;
  /** True if this start has rolled it back, and no earlier one. */
  readonly isNew?: boolean;
  /** True if the file was invalid at this start. The reason is a sentence then. */
  readonly isInvalid?: boolean;
}

export interface ConfigChangerOptions {
  readonly gateway: Gateway;
  readonly source: ConfigSource;
  readonly running: PreparedConfig;
  /** Configuration of the hub at this start. */
  readonly hub: HubConfigState;
  /** Configuration before the restart that began a trial, with the trial; `undefined`: no trial. */
  readonly trial: { readonly confirmed: string; readonly trial: SavedTrial } | undefined;
  /** Reason for which the gateway does not run with its file. */
  readonly rejected: RejectedConfig | undefined;
  /** Reads the files that a configuration names. Rejects with a Fault. */
  readonly prepare: (text: string, loaded: LoadedConfig) => Promise<PreparedConfig>;
  /** Called when a configuration comes into effect, before anything is started with it. */
  readonly used: (prepared: PreparedConfig) => void;
  /** Ends the process, so that it starts again. `undefined`: no service manager would start it again. */
  readonly restart: ((reason: string) => void) | undefined;
  /** Called when a change or a trial has ended. @param outcome of changes of the hub; `undefined`: there were none */
  readonly ended: (outcome: HubConfigOutcome | undefined) => void;
  readonly warn: (sentence: string) => void;
}

interface Trial extends SavedTrial {
  readonly endsAtMs: number;
  readonly returnByMs: number;
  /** Configuration to return to; `undefined`: after a restart of the process. */
  readonly before: PreparedConfig | undefined;
  readonly confirmed: string;
}

export class ConfigChanger {
  readonly #options: ConfigChangerOptions;
  #running: PreparedConfig;
  #trial: Trial | undefined;
  #rejected: ConfigChangerOptions['rejected'];
  #isChanging = false;
  /** True when the process ends for a change, which must stay the last one. */
  #isRestarting = false;
  readonly #record: ConfigRecord;
  /** Time of the last rollback, or of the start. */
  #rolledBackAtMs: number;

  constructor(options: ConfigChangerOptions) {
    this.#options = options;
    this.#running = options.running;
    const { source, hub, warn } = options;
    this.#record = new ConfigRecord({ path: source.path, stateDir: () => this.#stateDir, hub, warn });
    this.#rejected = options.rejected;
    this.#rolledBackAtMs = this.#nowMs();
    if (options.trial !== undefined) this.#beginTrial(options.trial.trial, options.trial.confirmed, undefined);
  }

  get running(): PreparedConfig {
    return this.#running;
  }

  /** True while a change runs or a configuration is on trial, so another change would be refused. */
  get isBusy(): boolean {
    return this.#isChanging || this.#isRestarting || this.#trial !== undefined;
  }

  /** Changes of the hub that are on trial. */
  get hubTrial(): HubPatch | undefined {
    return this.#trial?.hub;
  }

  /** Changes of the hub that are in effect; `null`: none. */
  get hubPatch(): HubPatch | null {
    return this.#trial?.hub ?? this.#record.patch;
  }

  /** Changes of the hub that are in effect, for reports. */
  get ofHub(): ConfigOfHub | null {
    return configOfHub(this.hubPatch, this.#running.config);
  }

  /** Outcome of the newest document of the hub; `null`: none has come. */
  get lastOfHub(): HubConfigOutcome | null {
    return this.#record.lastOfHub;
  }

  /** Present text of the file, with the changes of the hub. @throws Fault `config-unreadable` */
  fileText(): string {
    return this.#options.source.read(this.hubPatch);
  }

  /** State for reports and conditions. */
  get state(): ConfigState {
    const trial = this.#trial;
    const base = { rollsBackInMs: null, confirmation: null, missing: null, file: null } as const;
    if (trial !== undefined) {
      const rollsBackInMs = Math.max(0, trial.endsAtMs - this.#nowMs());
      const missing = changeHealth(this.#options.gateway, trial.worked).missing ?? null;
      const { confirmation, forMs } = trial;
      return {
        ...base,
        state: 'unconfirmed',
        rollsBackInMs,
        confirmation,
        reason: null,
        missing,
        forMs: forMs - rollsBackInMs,
      };
    }
    const rejected = this.#rejected;
    const fileMark = rejected === undefined ? undefined : this.#options.source.mark(this.hubPatch);
    if (rejected === undefined || fileMark === this.#running.mark)
      return { ...base, state: 'confirmed', reason: null, forMs: 0 };
    // the time of the rollback is not known after a restart
    const isEarlier = rejected.isNew === false && rejected === this.#options.rejected;
    const own = rejected.isInvalid === true ? 'invalid' : 'rejected';
    const file = (fileMark ?? '') === rejected.mark ? own : 'other';
    return {
      ...base,
      state: 'rolled back',
      reason: `${rejected.reason}${isEarlier ? ', before this start' : ''}`,
      file,
      forMs: this.#nowMs() - this.#rolledBackAtMs,
    };
  }

  /** Returns whether the configuration before the trial has this subdevice, so that a rollback needs its session. */
  isNeededForRollback(subdevice: string): boolean {
    if (this.#trial === undefined) return false;
    const before = this.#trial.before ?? parseConfig(this.#trial.confirmed);
    return 'config' in before && before.config.subdevices.some(({ id }) => id === subdevice);
  }

  /** Stores the text that this start uses, and reports a rollback that it has made. Called when observers listen. */
  reportStart(): void {
    const { rejected, gateway } = this.#options;
    if (rejected?.isNew === true)
      gateway.parts.facts.emit('configRolledBack', { mark: rejected.mark, reason: rejected.reason });
    const { saved } = readSavedConfig(this.#stateDir);
    const last = this.lastOfHub;
    // the process before has ended in the trial
    if (last?.result === 'rolled-back' && saved?.hub?.last?.mark !== last.mark && rejected?.isNew !== true)
      gateway.parts.facts.emit('configRolledBack', { mark: this.#running.mark, reason: last.reason ?? '' });
    if (this.#trial !== undefined) return;
    const known = saved?.rejected ?? null;
    const kept = rejected === undefined ? null : rejected.isInvalid === true ? known : withoutFlags(rejected);
    this.#record.tryStore({ confirmed: this.#running.text, trial: null, rejected: kept });
  }

  /** Notes a regular stop: the next start uses an edited file without a trial. */
  noteStop(): void {
    this.#record.noteStop();
  }

  /** Keeps the outcome of a document of the hub, so that the next start reports it too. */
  noteOutcome(outcome: HubConfigOutcome): void {
    this.#record.noteOutcome(outcome, this.#running.text);
  }

  /** Applies the file, or changes of the hub over it. Rejects with a Fault and changes nothing if that is not possible. */
  async apply(request: ApplyRequest): Promise<ApplyAnswer> {
    return await this.#alone(async () => {
      const { source, prepare, gateway } = this.#options;
      if (this.#trial !== undefined)
        throw refusal(
          'The present configuration is not confirmed yet',
          'Return with holdfast config rollback, or keep the configuration with holdfast config confirm; then run the command again.',
        );
      const patch = request.hub ?? this.#record.patch;
      const text = source.read(patch);
      const parsed = source.parse(text);
      if (!parsed.ok) throw invalidFile(source, patch, parsed.problems);
      const prepared = await prepare(text, parsed);
      const before = this.#running;
      const changes = changesBetween(before, prepared);
      refuseRemoval(request, workingRemovals(gateway, prepared.config));
      const restarting = changes.filter(({ restarts }) => restarts === 'gateway').map(({ key }) => key);
      const { forMs, confirmation } = termsOf(request, changes.length === 0);
      const worked = workingParts(gateway, restarting.length > 0 ? allParts(gateway) : changedParts(changes));
      const trial = { mark: prepared.mark, forMs, confirmation, worked, hub: request.hub } as const;
      if (restarting.length > 0) {
        const restart = restartFor(restarting, request, this.#options.restart);
        this.#save(before.text, { ...trial, phase: 'restart' });
        this.#emitApplied(request.by, changes);
        this.#isRestarting = true;
        restart('the configuration changes');
        return { changes, outcome: 'restarting', confirmWithinMs: forMs };
      }
      this.#save(before.text, { ...trial, phase: 'running' });
      this.#emitApplied(request.by, changes);
      await this.#use(prepared);
      this.#rejected = undefined;
      this.#beginTrial({ ...trial, phase: 'running' }, before.text, before);
      this.#look();
      const outcome = this.#trial === undefined ? 'confirmed' : 'unconfirmed';
      return { changes, outcome, confirmWithinMs: outcome === 'confirmed' ? null : forMs };
    });
  }

  /** Confirms the configuration on trial. */
  async confirm(by: string | undefined): Promise<{ readonly mark: string }> {
    return await this.#alone(async () => {
      this.#requireTrial();
      this.#confirm(by, 'by command');
      return { mark: this.#running.mark };
    });
  }

  /** Returns to the confirmed configuration before the time is over. */
  async rollBack(by: string | undefined): Promise<{ readonly mark: string }> {
    return await this.#alone(async () => {
      const trial = this.#requireTrial();
      await this.#rollBack(trial, 'by command', by);
      return { mark: this.#running.mark };
    });
  }

  #requireTrial(): Trial {
    if (this.#trial !== undefined) return this.#trial;
    throw refusal(
      'No configuration is on trial',
      'holdfast config diff compares the running configuration with the file.',
    );
  }

  #beginTrial(saved: SavedTrial, confirmed: string, before: PreparedConfig | undefined): void {
    const nowMs = this.#nowMs();
    const returnByMs = nowMs + Math.min(saved.forMs, RETURN_MS_MAX);
    this.#trial = { ...saved, confirmed, before, endsAtMs: nowMs + saved.forMs, returnByMs };
    this.#lookAgain(this.#trial);
  }

  #lookAgain(trial: Trial): void {
    const { clock, mailbox } = this.#options.gateway.parts;
    clock.wakeAt(this.#nowMs() + LOOK_MS, () =>
      mailbox.post(() => {
        if (this.#trial !== trial || this.#options.gateway.isStopping) return;
        if (!this.#isChanging) this.#look();
        if (this.#trial === trial) this.#lookAgain(trial);
      }),
    );
  }

  /** Ends the trial if its time is over, or if its parts work. */
  #look(): void {
    const trial = this.#trial;
    if (trial === undefined) return;
    const nowMs = this.#nowMs();
    const { missing, isProven } = changeHealth(this.#options.gateway, trial.worked);
    if (missing !== undefined && nowMs >= trial.returnByMs) return this.#startRollBack(trial, missing);
    if (trial.confirmation === 'automatic') {
      if (isProven || (missing === undefined && nowMs >= trial.returnByMs)) this.#confirm(undefined, 'automatically');
      return;
    }
    if (nowMs >= trial.endsAtMs)
      this.#startRollBack(trial, `it was not confirmed within ${Math.round(trial.forMs / 1000)} s`);
  }

  #startRollBack(trial: Trial, reason: string): void {
    this.#alone(() => this.#rollBack(trial, reason, undefined)).catch((error: unknown) =>
      this.#options.warn(`the configuration cannot be rolled back: ${reasonOf(error)}`),
    );
  }

  #confirm(by: string | undefined, how: string): void {
    const { gateway, warn, ended } = this.#options;
    const patch = this.#trial?.hub;
    const outcome = patch && this.#record.endOfTrial(patch, 'confirmed', null);
    let reason: string | null = null;
    this.#trial = undefined;
    try {
      this.#record.store({ confirmed: this.#running.text, trial: null, rejected: null });
    } catch (error) {
      reason = `the confirmation cannot be stored, and the next start rolls back: ${reasonOf(error)}`;
      warn(reason);
    }
    gateway.parts.facts.emit('configConfirmed', { mark: this.#running.mark, how, by });
    ended(outcome && { ...outcome, reason });
  }

  async #rollBack(trial: Trial, reason: string, by: string | undefined): Promise<void> {
    const { gateway, warn, restart, ended } = this.#options;
    const { mark, text } = this.#running;
    const outcome = trial.hub && this.#record.endOfTrial(trial.hub, 'rolled-back', reason);
    // changes of the hub that are rolled back do not reject the file
    const rejected = outcome === undefined ? { mark, reason } : undefined;
    try {
      this.#record.store({ confirmed: trial.confirmed, trial: null, rejected: rejected ?? null });
      keepRejected(this.#stateDir, text);
    } catch (error) {
      warn(`the rollback cannot be stored: ${reasonOf(error)}`);
    }
    this.#trial = undefined;
    this.#rejected = rejected;
    this.#rolledBackAtMs = this.#nowMs();
    gateway.parts.facts.emit('configRolledBack', { mark, reason, by });
    if (trial.before !== undefined) await this.#use(trial.before);
    else if (restart !== undefined) {
      this.#isRestarting = true;
      restart('the configuration is rolled back');
    }
    ended(outcome);
  }

  async #use(prepared: PreparedConfig): Promise<void> {
    const { gateway, used } = this.#options;
    const changes = changesBetween(this.#running, prepared);
    const { config, subdeviceSecrets } = prepared;
    const replaced = (): void => {
      this.#running = prepared;
      used(prepared);
    };
    await reconfigure(gateway, { config, changes, subdeviceSecrets, replaced });
  }

  #save(confirmed: string, trial: SavedTrial): void {
    try {
      this.#record.store({ confirmed, trial, rejected: null });
    } catch (error) {
      throw refusal(
        `The confirmed configuration cannot be stored in the state directory (${reasonOf(error)}); nothing was changed`,
        'Check the disk of the state directory: df, dmesg.',
      );
    }
  }

  #emitApplied(by: string | undefined, changes: readonly ConfigChange[]): void {
    const keys = changes.map(({ key, change }) => (change === 'changed' ? key : `${key} ${change}`));
    this.#options.gateway.parts.facts.emit('configApplied', { keys, by });
  }

  async #alone<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#isChanging || this.#isRestarting)
      throw refusal('Another change of the configuration is running', 'Try again when it has ended.');
    this.#isChanging = true;
    try {
      return await act();
    } finally {
      this.#isChanging = false;
      this.#options.ended(undefined);
    }
  }

  get #stateDir(): string {
    return this.#running.config.gateway.stateDir;
  }

  #nowMs(): number {
    return this.#options.gateway.parts.clock.nowMs();
  }
}

function allParts({ config }: Gateway): { readonly hub: true; readonly links: ReadonlySet<string> } {
  return { hub: true, links: new Set(config.links.map(({ name }) => name)) };
}

function withoutFlags({ mark, reason }: RejectedConfig): SavedConfig['rejected'] {
  return { mark, reason };
}
