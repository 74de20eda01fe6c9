/** Section `[availability]`: its keys, and the settings of the availability at the hub for the program. */
import { z } from 'zod';
import { means } from './kinds/key-kinds.ts';
import { filledTopic, ownTopic, type TopicIdentity } from './own-topic.ts';

const payload = z.string().min(1).max(64);

export const AVAILABILITY = z.strictObject({
  gateway_topic: ownTopic()
    .optional()
    .meta(
      means(
        'Topic of the retained state of the gateway: online while it is connected, else offline, by its will. Placeholder: {gateway}. Profile generic only. none = off.',
      ),
    ),
  subdevice_topic: ownTopic()
    .optional()
    .meta(
      means(
        'Topic of the retained state of each subdevice. Placeholders: {gateway}, {subdevice}. Requires gateway_topic. none = off.',
      ),
    ),
  online_payload: payload.default('online').meta(means('Payload of the state online.')),
  offline_payload: payload.default('offline').meta(means('Payload of the state offline.')),
  connect_topic: ownTopic()
    .optional()
    .meta(
      means(
        'Topic of a message {"device":"NAME"}, not retained, when a subdevice comes online, and for each online subdevice after a connection to the hub. Placeholder: {gateway}. Profile generic only. none = off.',
      ),
    ),
  disconnect_topic: ownTopic()
    .optional()
    .meta(means('Topic of the same message when a subdevice goes offline. Requires connect_topic. none = off.')),
});

export type AvailabilitySection = z.output<typeof AVAILABILITY>;

/** Settings of the availability. */
export interface AvailabilityConfig {
  readonly gatewayTopic: string;
  /** Topic of a subdevice, with the placeholder {subdevice}. */
  readonly subdeviceTopic: string | undefined;
  readonly onlinePayload: string;
  readonly offlinePayload: string;
}

/** Settings of the presence messages of subdevices. */
export interface PresenceMessagesConfig {
  readonly connectTopic: string;
  readonly disconnectTopic: string;
}

/** Placeholder of the id of a subdevice. */
export const SUBDEVICE_PLACE = '{subdevice}';

/** @returns `undefined`: no availability */
export function decodeAvailability(
  section: AvailabilitySection,
  identity: TopicIdentity,
): AvailabilityConfig | undefined {
  const gatewayTopic = section.gateway_topic && filledTopic(section.gateway_topic, identity);
  if (gatewayTopic === undefined) return undefined;
  return {
    gatewayTopic,
    subdeviceTopic: section.subdevice_topic?.replaceAll('{gateway}', identity.gateway.name),
    onlinePayload: section.online_payload,
    offlinePayload: section.offline_payload,
  };
}

/** @returns `undefined`: no presence messages */
export function decodePresenceMessages(
  { connect_topic, disconnect_topic }: AvailabilitySection,
  identity: TopicIdentity,
): PresenceMessagesConfig | undefined {
  const connectTopic = connect_topic && filledTopic(connect_topic, identity);
  const disconnectTopic = disconnect_topic && filledTopic(disconnect_topic, identity);
  return connectTopic && disconnectTopic ? { connectTopic, disconnectTopic } : undefined;
}

/** Returns the topic of the state of a subdevice. `undefined`: states of subdevices are off. */
export function availabilityTopicOf(
  subdevice: string,
  availability: Pick<AvailabilityConfig, 'subdeviceTopic'> | undefined,
): string | undefined {
  return availability?.subdeviceTopic?.replaceAll(SUBDEVICE_PLACE, subdevice);
}
