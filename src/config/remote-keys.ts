/** Section `[remote]`: its keys, and the settings of remote commands and reports for the program. */
import { z } from 'zod';
import { REMOTE_COMMANDS, type RemoteCommand } from '../base/remote-command.ts';
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
}

/** @returns `undefined`: neither commands nor reports */
export function decodeRemote(section: RemoteSection, identity: TopicIdentity): RemoteConfig | undefined {
  const { commands, requests_per_minute, report_firmware } = section;
  if (commands.length === 0 && !report_firmware) return undefined;
  const request = section.request_topic && filledTopic(section.request_topic, identity);
  const answer = section.answer_topic && filledTopic(section.answer_topic, identity);
  return {
    commands,
    topics: request === undefined || answer === undefined ? undefined : { request, answer },
    requestsPerMinute: requests_per_minute,
    reportFirmware: report_firmware,
  };
}
