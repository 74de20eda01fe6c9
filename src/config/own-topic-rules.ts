/**
 * Rules that keep the topics of the gateway itself apart from the topics of subdevices and from each other, and within
 * the limits of the hub.
 */
import { fieldsOf, parseTemplate } from '../base/template.ts';
import { topicProblem } from '../base/topic.ts';
import { parseTopicTemplate } from '../base/topic-template.ts';
import { SUBDEVICE_PLACE } from './availability-config.ts';
import type { HubSection } from './hub/hub-keys.ts';
import { PROFILE_DEFAULTS } from './hub/profiles.ts';
import type { Problem } from './kinds/problem.ts';
import { filledTopic } from './own-topic.ts';
import type { Sections } from './sections.ts';
import { namedSubdevices, ownerFinder } from './topic-shapes.ts';

/** Smallest payload limit of the hub in which a document of the gateway fits without its lists, bytes. */
const OWN_PAYLOAD_BYTES_MIN = 4096;

/** Example for each key, as in the documentation. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'telemetry.topic': 'one topic such as "holdfast/{gateway}/health"',
  'remote.request_topic': 'one topic such as "holdfast/{gateway}/request"',
  'remote.answer_topic': 'one topic such as "holdfast/{gateway}/answer"',
  'remote.config_topic': 'one topic such as "holdfast/{gateway}/config"',
  'remote.config_report_topic': 'one topic such as "holdfast/{gateway}/config/report"',
  'availability.gateway_topic': 'one topic such as "holdfast/{gateway}/state"',
  'availability.subdevice_topic': 'one topic for each subdevice, such as "holdfast/{gateway}/{subdevice}/state"',
  'home_assistant.discovery_prefix': 'a prefix such as "homeassistant"',
};

/** Topic that a key of the file names. */
export interface OwnTopic {
  /** Path of the key, such as `telemetry.topic`. */
  readonly path: string;
  readonly template: string;
}

/** Returns a check of one topic: its placeholders, its text, the limits of the hub, the topics of subdevices. */
export function ownTopicChecker(sections: Sections): (topic: OwnTopic) => Problem[] {
  const { hub } = sections;
  const allowed = hub.profile === 'generic' ? ['gateway'] : ['gateway', 'product_id', 'device_name'];
  const limits = PROFILE_DEFAULTS[hub.profile];
  const bytesMax = hub.topic_bytes_max ?? limits.topic_bytes_max;
  const slashesMax = hub.topic_slashes_max ?? limits.topic_slashes_max;
  const ownerOf = ownerFinder(sections);
  return ({ path, template }) => {
    const unknown = fieldsOf(parseTemplate(template)).find((name) => !allowed.includes(name));
    if (unknown !== undefined) {
      const hint = `Allowed placeholders: ${allowed.map((name) => `{${name}}`).join(', ')}.`;
      return [{ path, what: `has {${unknown}}, which is not a placeholder of profile "${hub.profile}"`, hint }];
    }
    if (parseTopicTemplate(template).some(({ kind }) => kind === 'field'))
      return [{ path, what: 'has a field of the message', hint: 'Only uplink_topic may have fields: remove it here.' }];
    const topic = filledTopic(template, sections);
    if (topic === undefined) return []; // the identity is missing, which is a problem of its own
    const unusable = textProblem(topic, bytesMax, slashesMax);
    if (unusable !== undefined)
      return [
        { path, what: `is not a topic for PUBLISH: ${unusable}`, hint: `Write ${EXAMPLES[path] ?? 'one topic'}.` },
      ];
    const owner = ownerOf(topic);
    if (owner === undefined) return [];
    const hint = `Choose a topic that does not begin as the topics of ${owner}.`;
    return [{ path, what: `is "${topic}", which is a topic of ${owner} by its template`, hint }];
  };
}

/** Problems of topics that are equal, also to `hub.resync_topic`: the gateway would read its own messages. */
export function equalTopicProblems(sections: Sections): Problem[] {
  const users = new Map<string, string>();
  if (sections.hub.resync_topic !== undefined) users.set(sections.hub.resync_topic, 'hub.resync_topic');
  return ownTopicsIn(sections).flatMap(({ path, template }) => {
    const topic = filledTopic(template, sections);
    const user = topic === undefined ? undefined : users.get(topic);
    if (topic !== undefined && user === undefined) users.set(topic, path);
    if (user === undefined) return [];
    return [{ path, what: `is "${topic}", which ${user} also uses`, hint: 'Choose a different topic for each key.' }];
  });
}

/** Topics of the gateway that the file names. */
function ownTopicsIn(sections: Sections): OwnTopic[] {
  const { telemetry, remote, availability, shared_topics } = sections;
  const keys = [
    ['telemetry.topic', telemetry.topic],
    ['remote.request_topic', remote.request_topic],
    ['remote.answer_topic', remote.answer_topic],
    ['remote.config_topic', remote.config_topic],
    ['remote.config_report_topic', remote.config_report_topic],
    ['availability.gateway_topic', availability.gateway_topic],
    ['availability.connect_topic', availability.connect_topic],
    ['availability.disconnect_topic', availability.disconnect_topic],
  ] as const;
  const ofSubdevices = availability.subdevice_topic;
  // without {subdevice} all topics are equal, which is a problem of its own
  const states = ofSubdevices?.includes(SUBDEVICE_PLACE) === true ? namedSubdevices(sections) : [];
  return [
    ...keys.flatMap(([path, template]) => (template === undefined ? [] : [{ path, template }])),
    ...shared_topics.map(({ topic }, index) => ({ path: `shared_topic[${index}].topic`, template: topic })),
    ...states.map((id) => ({
      path: 'availability.subdevice_topic',
      template: (ofSubdevices ?? '').replaceAll(SUBDEVICE_PLACE, id),
    })),
  ];
}

function textProblem(topic: string, bytesMax: number, slashesMax: number): string | undefined {
  const slashes = topic.split('/').length - 1;
  if (topic.startsWith('$')) return 'it begins with $';
  if (Buffer.byteLength(topic) > bytesMax) return `it has more than ${bytesMax} bytes`;
  if (slashesMax > 0 && slashes > slashesMax) return `it has more than ${slashesMax} slashes`;
  return topicProblem(topic)?.problem;
}

/** Reports a payload limit of the hub in which a document of the gateway may not fit. */
export function payloadProblems(path: string, hub: HubSection): Problem[] {
  const bytesMax = hub.payload_bytes_max ?? PROFILE_DEFAULTS[hub.profile].payload_bytes_max;
  if (bytesMax >= OWN_PAYLOAD_BYTES_MIN) return [];
  const what = `needs a payload limit of at least ${OWN_PAYLOAD_BYTES_MIN} bytes; hub.payload_bytes_max is ${bytesMax}`;
  return [{ path, what, hint: 'Increase hub.payload_bytes_max, or remove this key.' }];
}
