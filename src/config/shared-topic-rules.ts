/** Rules of shared topics, and of the names of subdevices in their documents. */
import { filterProblem, topicProblem } from '../base/topic.ts';
import { PROFILE_DEFAULTS } from './hub/profiles.ts';
import { applyRules } from './kinds/known.ts';
import { duplicates, type Placed, placed } from './kinds/placed.ts';
import type { Problem } from './kinds/problem.ts';
import { ownTopicChecker } from './own-topic-rules.ts';
import type { Sections } from './sections.ts';
import type { SharedTopicSection } from './shared-topic-config.ts';

/** Smallest payload limit of the hub for a document around an envelope: 380 bytes of the envelope, 540 of the name. */
const PAYLOAD_BYTES_MIN = 1024;

export function documentProblems(sections: Sections): Problem[] {
  return applyRules([sharedTopicRules, nameRules], sections);
}

function sharedTopicRules(sections: Sections): Problem[] {
  const { hub, shared_topics } = sections;
  const list = placed('shared_topic', shared_topics);
  if (hub.profile !== 'generic')
    return list.map(({ path }) => ({
      path,
      what: `has no effect with hub.profile "${hub.profile}"`,
      hint: 'Remove this section: the hub has a topic for each subdevice.',
    }));
  const check = ownTopicChecker(sections);
  return [
    ...list.flatMap((one) => check({ path: `${one.path}.topic`, template: one.section.topic })),
    ...list.flatMap(ownTopicProblems),
    ...duplicates(list, 'downlinks', ({ downlinks }) => downlinks),
    ...(list.length === 0 ? [] : payloadRule(sections)),
  ];
}

function ownTopicProblems({ path, section }: Placed<SharedTopicSection>): Problem[] {
  const { uplinks, downlinks } = section;
  if (uplinks.length === 0 && downlinks === undefined) {
    const hint = 'Add uplinks, for example ["#"], or downlinks, for example "rpc".';
    return [{ path, what: 'has no effect: it has neither uplinks nor downlinks', hint }];
  }
  const filters = uplinks.flatMap((filter, index) => {
    const problem = filter.startsWith('$') ? 'it begins with $' : filterProblem(filter)?.problem;
    const at = `${path}.uplinks[${index}]`;
    return problem === undefined
      ? []
      : [{ path: at, what: `is not a filter of topics: ${problem}`, hint: 'Write one such as "telemetry" or "#".' }];
  });
  const unusable = downlinks?.startsWith('$') === true ? 'it begins with $' : downlinkProblem(downlinks);
  if (unusable === undefined) return filters;
  const hint = 'Write one topic, without + and #, such as "rpc".';
  return [...filters, { path: `${path}.downlinks`, what: `is not a topic: ${unusable}`, hint }];
}

function downlinkProblem(topic: string | undefined): string | undefined {
  return topic === undefined ? undefined : topicProblem(topic)?.problem;
}

function payloadRule({ hub }: Sections): Problem[] {
  const bytesMax = hub.payload_bytes_max ?? PROFILE_DEFAULTS[hub.profile].payload_bytes_max;
  if (bytesMax >= PAYLOAD_BYTES_MIN) return [];
  const what = `needs a payload limit of at least ${PAYLOAD_BYTES_MIN} bytes; hub.payload_bytes_max is ${bytesMax}`;
  return [{ path: 'shared_topic', what, hint: 'Increase hub.payload_bytes_max, or remove the shared topics.' }];
}

/** Reports names by which two subdevices would be one, and names without an effect. */
function nameRules({ subdevices, shared_topics, availability, gateway }: Sections): Problem[] {
  const list = placed('subdevice', subdevices);
  const named = list.filter(({ section }) => section.hub_name !== undefined);
  const at = ({ path }: Placed<unknown>): string => `${path}.hub_name`;
  if (shared_topics.length === 0 && availability.connect_topic === undefined)
    return named.map((one) => ({
      path: at(one),
      what: 'has no effect without a [[shared_topic]] and without availability.connect_topic',
      hint: 'Remove this key.',
    }));
  if (gateway.accept_unknown_subdevices)
    return named.map((one) => ({
      path: at(one),
      what: 'is not possible with gateway.accept_unknown_subdevices: an unknown subdevice could use the name as its id',
      hint: 'Remove this key, or list all subdevices.',
    }));
  const nameOf = (section: Sections['subdevices'][number]): string => section.hub_name ?? section.id;
  const owners = Map.groupBy(list, ({ section }) => nameOf(section));
  return named.flatMap((one) => {
    const other = owners.get(nameOf(one.section))?.find(({ section }) => section !== one.section);
    if (other === undefined) return [];
    const what = `is "${nameOf(one.section)}", which is also the name of ${other.path}`;
    return [{ path: at(one), what, hint: 'Choose a different name.' }];
  });
}
