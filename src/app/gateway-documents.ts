/**
 * Documents of the gateway itself for the hub, as the configuration chooses them: health telemetry, retained states and
 * descriptions, and presence messages of subdevices.
 */

import { Availability } from '../flow/availability.ts';
import type { DocumentSource } from '../flow/own-documents.ts';
import { PresenceMessages } from '../flow/presence-messages.ts';
import { ProgressDocuments } from '../flow/progress-documents.ts';
import { NO_TOPIC_MEMORY, RetainedDocuments } from '../flow/retained-documents.ts';
import { Telemetry } from '../flow/telemetry.ts';
import type { Clock, TopicMemory } from '../ports.ts';
import type { SubdeviceRegistry } from '../subdevices/registry.ts';
import { discoveryDocuments } from './discovery-documents.ts';
import type { RunningConfig } from './running-config.ts';

export interface GatewayDocumentsOptions {
  readonly clock: Clock;
  readonly registry: SubdeviceRegistry;
  readonly running: RunningConfig;
  readonly topicMemory: TopicMemory | undefined;
  readonly version: string | undefined;
  /** Called when a document is due. */
  readonly due: () => void;
}

export class GatewayDocuments {
  readonly #options: GatewayDocumentsOptions;
  /** Health telemetry; `undefined`: off. */
  readonly telemetry: Telemetry | undefined;
  readonly #retained: RetainedDocuments;
  /** Retained states of the gateway and of the subdevices; `undefined`: off. */
  readonly availability: Availability | undefined;
  readonly #presenceMessages: PresenceMessages | undefined;
  /** Progress of firmware transfers. */
  readonly progress: ProgressDocuments;

  constructor(options: GatewayDocumentsOptions) {
    this.#options = options;
    const { running, registry, clock, due } = options;
    const { telemetry, availability, presenceMessages } = running.config;
    const { configuredIds, isAllowed, nameOf, stateTopicOf: topicOf } = running;
    const nowMs = (): number => clock.nowMs();
    this.progress = new ProgressDocuments(nowMs, due);
    this.telemetry = telemetry && new Telemetry(telemetry);
    const documents = new RetainedDocuments(options.topicMemory ?? NO_TOPIC_MEMORY, nowMs, due);
    this.#retained = documents;
    this.availability =
      availability && new Availability({ ...availability, documents, registry, topicOf, configuredIds, isAllowed });
    this.#presenceMessages =
      presenceMessages && new PresenceMessages({ ...presenceMessages, registry, nameOf, isAllowed, nowMs, due });
  }

  /** Documents in the order of their turns. */
  get sources(): readonly DocumentSource[] {
    return [this.#retained, this.#presenceMessages, this.telemetry, this.progress].flatMap((source) => source ?? []);
  }

  /** Sets the documents of the present configuration. */
  look(): void {
    const { running, version } = this.#options;
    this.availability?.look();
    this.#presenceMessages?.look();
    this.#retained.describe(discoveryDocuments(running.config, running.topicsOf, version));
  }

  /** Called when a subdevice has attached or detached. */
  presenceChanged(subdevice: string): void {
    this.availability?.changed(subdevice);
    this.#presenceMessages?.changed(subdevice);
  }
}
