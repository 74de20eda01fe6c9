/** Sections `[[shared_topic]]`: their keys, and the shared topics for the program. */
import { z } from 'zod';
import { DOCUMENT_FORMS, type SharedTopic } from '../base/shared-topic.ts';
import { means } from './kinds/key-kinds.ts';
import { filledTopic, ownTopic, type TopicIdentity } from './own-topic.ts';

export const SHARED_TOPIC = z.strictObject({
  topic: ownTopic().meta(means('Topic at the hub. Placeholder: {gateway}. Profile generic only.')),
  form: z
    .enum(DOCUMENT_FORMS)
    .default('with-device')
    .meta(
      means(
        'Document of uplinks (docs/hubs.md). values-by-device: {"NAME":[{"ts":…,"values":{…}}]}. by-device: {"NAME":{…}}. with-device: {"device":"NAME",…}.',
      ),
    ),
  uplinks: z
    .array(z.string().min(1).max(255))
    .max(64)
    .default([])
    .meta(
      means(
        'Filters of topics of subdevices, e.g. ["#"]. Matching uplinks are sent to this topic, not to that of their template. The first section that matches is used.',
      ),
    ),
  downlinks: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .meta(
      means(
        'Topic of subdevices on which a subdevice receives the messages of this topic that name it. A subdevice subscribes to it, or its driver does. none = no downlinks.',
      ),
    ),
});

export type SharedTopicSection = z.output<typeof SHARED_TOPIC>;

export function decodeSharedTopics(sections: readonly SharedTopicSection[], identity: TopicIdentity): SharedTopic[] {
  return sections.flatMap(({ topic: template, form, uplinks, downlinks }) => {
    const topic = filledTopic(template, identity);
    return topic === undefined ? [] : [{ topic, form, uplinks, downlink: downlinks }];
  });
}
