/**
 * Configuration that the gateway runs with, and the lookups that the flows make in it. A live change replaces both
 * between two tasks of the mailbox, so a flow never sees parts of two configurations.
 */
import type { HubIdentity } from '../base/hub-identity.ts';
import { availabilityTopicOf } from '../config/availability-config.ts';
import type { Config, LinkConfig } from '../config/schema.ts';
import type { SharedTopics } from '../subdevices/shared-topics.ts';
import type { TopicMap } from '../subdevices/topic-map.ts';
import {
  allowance,
  configuredIds,
  filtersByConfig,
  identities,
  linkBySubdevice,
  owners,
  sharedTopicsOf,
  termsByLink,
  topicsBySubdevice,
} from './plan.ts';

export class RunningConfig {
  #config: Config;
  #lookups: Lookups;

  constructor(config: Config) {
    this.#config = config;
    this.#lookups = lookupsIn(config);
  }

  get config(): Config {
    return this.#config;
  }

  replace(config: Config): void {
    this.#config = config;
    this.#lookups = lookupsIn(config);
  }

  readonly topicsOf = (subdevice: string): TopicMap => this.#lookups.topicsOf(subdevice);
  readonly sharedTopics = (): SharedTopics => this.#lookups.sharedTopics;
  /** Returns the name of a subdevice in documents. */
  readonly nameOf = (subdevice: string): string => this.#lookups.sharedTopics.nameOf(subdevice);
  readonly termsOf = (link: string): LinkConfig => this.#lookups.termsOf(link);
  readonly identityOf = (subdevice: string): HubIdentity | undefined => this.#lookups.identityOf(subdevice);
  readonly ownerOf = (identity: HubIdentity): string | undefined => this.#lookups.ownerOf(identity);
  readonly linkOf = (subdevice: string): string | undefined => this.#lookups.linkOf(subdevice);
  readonly filtersOf = (subdevice: string, link: string): readonly string[] | undefined =>
    this.#lookups.filtersOf(subdevice, link);
  /** Returns whether the subdevice is served on the link. */
  readonly isAllowed = (subdevice: string, link: string): boolean => this.#lookups.isAllowed(subdevice, link);
  /** Returns whether the configuration names the subdevice. */
  readonly isConfigured = (subdevice: string): boolean => this.#lookups.configuredIds.has(subdevice);
  /** Returns the topic of the retained state of a subdevice. `undefined`: off. */
  readonly stateTopicOf = (subdevice: string): string | undefined =>
    availabilityTopicOf(subdevice, this.#config.availability);
  /** Returns whether a topic at the hub is that of reports about the firmware of the subdevice. */
  readonly isFirmwareReport = (subdevice: string, topic: string): boolean => {
    const { firmware } = this.#config;
    return firmware !== undefined && this.topicsOf(subdevice).toHub(firmware.settings.reportTopic) === topic;
  };
  readonly configuredIds = (): ReadonlySet<string> => this.#lookups.configuredIds;
}

type Lookups = ReturnType<typeof lookupsIn>;

function lookupsIn(config: Config) {
  return {
    topicsOf: topicsBySubdevice(config),
    sharedTopics: sharedTopicsOf(config),
    termsOf: termsByLink(config),
    identityOf: identities(config),
    ownerOf: owners(config),
    linkOf: linkBySubdevice(config),
    filtersOf: filtersByConfig(config),
    isAllowed: allowance(config),
    configuredIds: configuredIds(config),
  };
}
