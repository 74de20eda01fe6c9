/** Rules of the section `[firmware]`. The topics are subdevices' own ones, so a template adds the rest of each. */
import { topicProblem } from '../base/topic.ts';
import { topicAtHub } from '../base/topic-template.ts';
import { firmwareTopics, OTA_TOPICS } from './firmware-config.ts';
import { PROFILE_DEFAULTS } from './hub/profiles.ts';
import { applyRules } from './kinds/known.ts';
import type { Problem } from './kinds/problem.ts';
import type { Sections } from './sections.ts';
import { shapesOf, type TopicDirection } from './topic-shapes.ts';

/** Only protocol of subdevices with messages for firmware. */
const DRIVER = 'mqttsn';

interface FirmwareTopicKey {
  readonly key: 'offer_topic' | 'report_topic';
  readonly direction: TopicDirection;
  /** Service of the hub with this meaning, which only this key may name. */
  readonly service: string;
}

const OFFER: FirmwareTopicKey = { key: 'offer_topic', direction: 'downlink', service: OTA_TOPICS.offer };
const REPORT: FirmwareTopicKey = { key: 'report_topic', direction: 'uplink', service: OTA_TOPICS.report };

export function firmwareProblems(sections: Sections): Problem[] {
  return applyRules(
    [
      idleRule,
      driverRule,
      missingRule,
      (all: Sections) => topicRule(OFFER, all),
      (all: Sections) => topicRule(REPORT, all),
      equalRule,
    ],
    sections,
  );
}

/** Reports keys without an effect, because the author of the file expects one. With `enabled = false` the author does not. */
function idleRule({ firmware }: Sections): Problem[] {
  if (firmware.enabled !== undefined) return [];
  const hint = 'Add enabled = true to [firmware]; enabled = false keeps this key for later.';
  return (['offer_topic', 'report_topic', 'ca_file'] as const).flatMap((key) =>
    firmware[key] === undefined ? [] : [{ path: `firmware.${key}`, what: 'has no effect: enabled is missing', hint }],
  );
}

function driverRule({ firmware, links }: Sections): Problem[] {
  if (!firmware.enabled || links.length === 0 || links.some(({ driver }) => driver === DRIVER)) return [];
  const what = `is true, but no link has driver "${DRIVER}"`;
  return [{ path: 'firmware.enabled', what, hint: 'Remove this key: only subdevices with MQTT-SN can get firmware.' }];
}

function missingRule({ firmware, hub }: Sections): Problem[] {
  if (!firmware.enabled || hub.profile !== 'generic') return [];
  const hint = (example: string): string =>
    `Add a topic of the subdevice, such as "${example}". Hub profiles have a service for firmware.`;
  return [
    { path: 'firmware.offer_topic', topic: firmware.offer_topic, example: 'firmware/offer' },
    { path: 'firmware.report_topic', topic: firmware.report_topic, example: 'firmware/report' },
  ].flatMap(({ path, topic, example }) =>
    topic === undefined ? [{ path, what: 'is missing; profile "generic" requires it', hint: hint(example) }] : [],
  );
}

function topicRule(one: FirmwareTopicKey, sections: Sections): Problem[] {
  const { firmware, hub } = sections;
  const own = firmware[one.key];
  if (!firmware.enabled || own === undefined) return [];
  const path = `firmware.${one.key}`;
  if (hub.profile !== 'generic' && own === one.service) return [];
  const unusable = textProblem(own);
  if (unusable !== undefined) {
    const hint =
      hub.profile === 'generic'
        ? 'Write one topic of the subdevice, such as "firmware/offer".'
        : `Remove this key to use ${one.service}, or write one topic of the subdevice.`;
    return [{ path, what: `is not a topic of a subdevice: ${unusable}`, hint }];
  }
  return topicAtHubProblems(one.direction, path, own, sections);
}

function textProblem(own: string): string | undefined {
  if (own.startsWith('$')) return 'it begins with $';
  if (/[{}]/.test(own)) return 'it has a brace, and this key has no placeholders';
  return topicProblem(own)?.problem;
}

/** Reports the first subdevice whose topic at the hub is beyond a limit of the hub, or is `hub.resync_topic`. */
function topicAtHubProblems(direction: TopicDirection, path: string, own: string, sections: Sections): Problem[] {
  const { hub } = sections;
  const limits = PROFILE_DEFAULTS[hub.profile];
  const bytesMax = hub.topic_bytes_max ?? limits.topic_bytes_max;
  const slashesMax = hub.topic_slashes_max ?? limits.topic_slashes_max;
  for (const { id, shape } of shapesOf(direction, sections)) {
    const topic = topicAtHub(shape, own);
    const slashes = topic.split('/').length - 1;
    const problem = (what: string, hint: string): Problem[] => [
      { path, what: `gives subdevice "${id}" the topic "${topic}", ${what}`, hint },
    ];
    if (Buffer.byteLength(topic) > bytesMax)
      return problem(`which has more than ${bytesMax} bytes`, 'Shorten this topic, or the template.');
    if (slashesMax > 0 && slashes > slashesMax)
      return problem(`which has more than ${slashesMax} slashes`, 'Choose a topic with fewer levels.');
    if (topic === hub.resync_topic)
      return problem('which hub.resync_topic also uses', 'Choose a different topic for each key.');
  }
  return [];
}

function equalRule({ firmware, hub }: Sections): Problem[] {
  if (!firmware.enabled) return [];
  const { offer, report } = firmwareTopics(firmware, hub.profile);
  // the service of another key is a problem of its own
  if (offer === undefined || offer !== report || offer.startsWith('$')) return [];
  const path = firmware.report_topic === undefined ? 'firmware.offer_topic' : 'firmware.report_topic';
  const hint = 'Choose different topics: the gateway would read its own reports as offers.';
  return [
    { path, what: `is "${offer}", and so is the topic of the ${path.includes('report') ? 'offers' : 'reports'}`, hint },
  ];
}
