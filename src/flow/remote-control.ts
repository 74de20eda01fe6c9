/**
 * Handles what the hub sends to the gateway itself: commands (`remote-commands.ts`), and configurations, which the
 * composition applies. Each outcome of a configuration is an event, and a report to the hub.
 */
import type { Facts } from '../base/events.ts';
import type { HubConfigOutcome, HubDocument } from '../base/hub-configuration.ts';
import type { RemoteReport } from '../hub/gateway/hub-service.ts';
import type { RemoteConfiguration } from '../hub/gateway/remote-configuration.ts';
import type { RemoteRequests } from '../hub/gateway/remote-requests.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import { RemoteCommands, type RemoteCommandsOptions } from './remote-commands.ts';

export interface RemoteControlOptions extends Omit<RemoteCommandsOptions, 'requests'> {
  readonly mailbox: Mailbox;
  readonly facts: Facts;
  /** `undefined`: no command is allowed. */
  readonly requests: RemoteRequests | undefined;
  /** `undefined`: the hub may not change the configuration. */
  readonly configuration: RemoteConfiguration | undefined;
}

/** Parts from the composition that apply and report configurations. */
export interface ConfigurationUser {
  /** Takes a document, and reports its outcome later. */
  readonly take: (document: HubDocument) => void;
  /** Takes the outcome of a message that is not a document. */
  readonly rejected: (outcome: HubConfigOutcome) => void;
}

export class RemoteControl {
  /** `undefined`: no command is allowed. */
  readonly commands: RemoteCommands | undefined;
  /** True if the hub may change the configuration. */
  readonly isConfigurable: boolean;
  readonly #options: RemoteControlOptions;
  #user: ConfigurationUser | undefined;

  constructor(options: RemoteControlOptions) {
    const { requests, configuration } = options;
    this.#options = options;
    this.commands = requests && new RemoteCommands({ ...options, requests });
    this.isConfigurable = configuration !== undefined;
  }

  attach(user: ConfigurationUser): void {
    this.#user = user;
  }

  handle(report: RemoteReport): void {
    switch (report.kind) {
      case 'remoteCommand':
      case 'remoteRejected':
        return this.commands?.handle(report);
      case 'configuration':
        return this.#user?.take(report.document);
      case 'configurationRejected':
        return this.#user?.rejected(report.outcome);
    }
  }

  /** Reports the outcome that an earlier process has stored, at the next connection. Called before the gateway starts. */
  restoreConfiguration(outcome: HubConfigOutcome, report: Uint8Array): void {
    this.#options.configuration?.restore(outcome, report);
  }

  /** Reports the outcome of a document to the hub. @param report document for the hub */
  reportConfiguration(outcome: HubConfigOutcome, report: Uint8Array): void {
    const { mailbox, facts, configuration, send } = this.#options;
    mailbox.post(() => {
      const detail = outcome.reason === null ? outcome.result : `${outcome.result}: ${outcome.reason}`;
      facts.emit('operatorActed', {
        action: 'remote configuration',
        subject: outcome.version ?? '',
        detail,
        by: 'hub',
        isReadOnly: outcome.result === 'rejected' || outcome.result === 'waiting',
      });
      configuration?.report(report);
      send();
    });
  }
}
