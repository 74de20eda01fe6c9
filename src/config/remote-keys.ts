/** Section `[remote]`: its keys, and the settings of remote commands and reports for the program. */
import { z } from 'zod';
import { REMOTE_COMMANDS, type RemoteCommand } from '../base/remote-command.ts';
import { HUB_SECTIONS, type HubSectionName } from './hub-patch.ts';
import { FLAG, means, whole } from './kinds/key-kinds.ts';
import { filledTopic, ownTopic, type TopicIdentity } from './own-topic.ts';

export const REMOTE = z.strictObject({
  commands: z
    .array(z.enum(REMOTE_COMMANDS))
    .max(REMOTE_COMMANDS.length)
    .default([])
    .meta(means(`Commands that the hub may send to the gateway, of: ${REMOTE_COMMANDS.join(', ')}. Empty = off.`)),
  request_topic: ownTopic()
    .optional()
    .meta(
      means(
        'Topic of the requests. Placeholders as in telemetry.topic. Profile generic: required with commands.',
        'calls of the hub ($rrpc) with hub profiles',
      ),
    ),
  answer_topic: ownTopic()
    .optional()
    .meta(means('Topic of the answers. Required with request_topic.', 'calls of the hub ($rrpc) with hub profiles')),
  requests_per_minute: whole(1, 60).default(10).meta(means('Largest number of requests in a minute.')),
  config: z
    .array(z.enum(HUB_SECTIONS))
    .max(HUB_SECTIONS.length)
    .default([])
    .meta(
      means(
        `Sections that the hub may change, of: ${HUB_SECTIONS.join(', ')}. Empty = off. Keys that name files, and the address and identity in [hub], are never changed by the hub.`,
      ),
    ),
  config_topic: ownTopic()
    .optional()
    .meta(
      means(
        'Topic of the configurations of the hub. Profile generic only: required there with config.',
        'remote configuration of the hub ($config) with hub profiles',
      ),
    ),
  config_report_topic: ownTopic()
    .optional()
    .meta(means('Topic of the reports about configurations of the hub. Required with config.')),
  report_firmware: FLAG.meta(
    means('Report the version of holdfast to the hub as the firmware of the gateway ($ota). Hub profiles only.'),
  ),
});

export type RemoteSection = z.output<typeof REMOTE>;

/** Settings of remote commands and reports. */
export interface RemoteConfig {
  /** Allowed commands; empty: none. */
  readonly commands: readonly RemoteCommand[];
  /** `undefined`: calls of the hub. */
  readonly topics: { readonly request: string; readonly answer: string } | undefined;
  readonly requestsPerMinute: number;
  readonly reportFirmware: boolean;
  /** `undefined`: the hub may not change the configuration. */
  readonly configuration: RemoteConfigurationTerms | undefined;
}

export interface RemoteConfigurationTerms {
  /** Sections that the hub may change; at least one. */
  readonly sections: readonly HubSectionName[];
  /** Topic of the configurations; `undefined`: the service `$config` of the hub. */
  readonly topic: string | undefined;
  readonly reportTopic: string;
}

/** @returns `undefined`: neither commands nor reports */
export function decodeRemote(section: RemoteSection, identity: TopicIdentity): RemoteConfig | undefined {
  const { commands, requests_per_minute, report_firmware } = section;
  if (commands.length === 0 && !report_firmware && section.config.length === 0) return undefined;
  const request = section.request_topic && filledTopic(section.request_topic, identity);
  const answer = section.answer_topic && filledTopic(section.answer_topic, identity);
  return {
    commands,
    topics: request === undefined || answer === undefined ? undefined : { request, answer },
    requestsPerMinute: requests_per_minute,
    reportFirmware: report_firmware,
    configuration: decodeConfiguration(section, identity),
  };
}

function decodeConfiguration(
  { config: sections, config_topic, config_report_topic }: RemoteSection,
  identity: TopicIdentity,
): RemoteConfigurationTerms | undefined {
  const reportTopic = config_report_topic && filledTopic(config_report_topic, identity);
  if (sections.length === 0 || reportTopic === undefined) return undefined;
  return { sections, topic: config_topic && filledTopic(config_topic, identity), reportTopic };
}
