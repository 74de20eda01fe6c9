/**
 * Rules across keys: names are unique, and keys have an effect. The rules of the hub section are in `hub-rules.ts`, and those
 * between links and the subdevices that they serve in `serving-rules.ts`.
 */
import { filterProblem } from '../base/topic.ts';
import { DRIVERS, driverNamed } from '../driver/drivers.ts';
import { availabilityProblems } from './availability-rules.ts';
import { envelopeProblems } from './envelope-rules.ts';
import { firmwareProblems } from './firmware-rules.ts';
import { homeAssistantProblems } from './home-assistant-rules.ts';
import { hubProblems, identityProblems } from './hub/hub-rules.ts';
import type { LinkSection, SubdeviceSection } from './keys.ts';
import { wordsOf } from './kinds/joined-keys.ts';
import { applyRules } from './kinds/known.ts';
import { duplicates, type Placed, placed } from './kinds/placed.ts';
import type { Problem } from './kinds/problem.ts';
import { metricsProblems } from './metrics-config.ts';
import { networkPortProblems, sharedServerProblems } from './network-port-rules.ts';
import { equalTopicProblems } from './own-topic-rules.ts';
import { remoteProblems } from './remote-rules.ts';
import type { Sections } from './sections.ts';
import { presentKeys, servingProblems } from './serving-rules.ts';
import { documentProblems } from './shared-topic-rules.ts';
import { telemetryProblems } from './telemetry-rules.ts';
import { topicTemplateProblems } from './topic-template-rules.ts';
import { webProblems } from './web-config.ts';

/** Keys by which drivers identify subdevices: each value is unique. */
const SUBDEVICE_KEYS = DRIVERS.flatMap(({ subdeviceKeys }) => Object.keys(subdeviceKeys));

export function ruleProblems(sections: Sections): Problem[] {
  return applyRules(RULES, sections);
}

const RULES: readonly ((sections: Sections) => readonly Problem[])[] = [
  hubProblems,
  topicTemplateProblems,
  identityProblems,
  alarmTopicProblems,
  retainTopicProblems,
  ({ web }) => webProblems(web),
  ({ links }) => duplicates(placed('link', links), 'name', (link) => link.name),
  ({ links }) => duplicates(placed('link', links), 'path', (link) => link.path),
  ({ links }) => sharedServerProblems(placed('link', links)),
  ({ subdevices }) => duplicates(placed('subdevice', subdevices), 'id', (subdevice) => subdevice.id),
  ({ links }) => placed('link', links).flatMap((link) => applyRules(LINK_RULES, link)),
  ({ subdevices }) => SUBDEVICE_KEYS.flatMap((key) => duplicateKeyProblems(subdevices, key)),
  ({ metrics }) => metricsProblems(metrics),
  envelopeProblems,
  telemetryProblems,
  remoteProblems,
  availabilityProblems,
  homeAssistantProblems,
  documentProblems,
  equalTopicProblems,
  firmwareProblems,
  servingProblems,
];

const LINK_RULES: readonly ((link: Placed<LinkSection>) => readonly Problem[])[] = [
  reservedNameProblems,
  ineffectiveKeyProblems,
  networkPortProblems,
  foreignWordProblems,
  rs485DelayProblems,
  dataBitsProblems,
  ({ path, section }) => driverNamed(section.driver).problems(section, path),
];

function duplicateKeyProblems(subdevices: readonly SubdeviceSection[], key: string): Problem[] {
  return duplicates(placed('subdevice', subdevices), key, (subdevice) =>
    subdevice[key] === undefined ? undefined : String(subdevice[key]),
  );
}

function reservedNameProblems({ path, section }: Placed<LinkSection>): Problem[] {
  if (section.name !== 'hub') return [];
  const hint = 'Choose another name: in commands such as holdfast trace, hub is the connection to the hub.';
  return [{ path: `${path}.name`, what: 'is "hub", which is a reserved name', hint }];
}

function rs485DelayProblems({ path, section }: Placed<LinkSection>): Problem[] {
  if (section.rs485 !== 'none') return [];
  const delays = ['rs485_before_ms', 'rs485_after_ms'] as const;
  return delays
    .filter((key) => section[key] !== undefined)
    .map((key) => ({
      path: `${path}.${key}`,
      what: 'has no effect without rs485',
      hint: 'Remove this key, or set rs485 to "rts-on-send" or "rts-after-send".',
    }));
}

function dataBitsProblems({ path, section }: Placed<LinkSection>): Problem[] {
  if (section.data_bits === 8 || driverNamed(section.driver).isText) return [];
  const what = `is 7, but driver "${section.driver}" sends bytes of 8 bits`;
  return [{ path: `${path}.data_bits`, what, hint: 'Remove this key.' }];
}

function alarmTopicProblems({ outbox }: Sections): Problem[] {
  return filterListProblems('outbox.alarm_topics', outbox.alarm_topics);
}

/** Rules of the filters of retained uplinks, in the outbox section and in links. */
function retainTopicProblems({ hub, outbox, links }: Sections): Problem[] {
  const lists = [
    { path: 'outbox.retain_topics', filters: outbox.retain_topics },
    ...placed('link', links).map(({ path, section }) => ({
      path: `${path}.retain_topics`,
      filters: section.retain_topics ?? [],
    })),
  ];
  return lists.flatMap(({ path, filters }) => {
    const problems = filterListProblems(path, filters);
    if (filters.length === 0 || hub.retain) return problems;
    const hint =
      hub.profile === 'generic'
        ? 'Write retain = true in [hub], or remove this key.'
        : 'Remove this key: the hub does not support RETAIN.';
    return [...problems, { path, what: 'has no effect: hub.retain is false', hint }];
  });
}

function filterListProblems(list: string, filters: readonly string[]): Problem[] {
  return filters.flatMap((filter, index) => {
    const path = `${list}[${index}]`;
    const problem = filterProblem(filter);
    if (problem !== undefined)
      return [{ path, what: `is not a topic filter: ${problem.problem}`, hint: 'Write one such as "+/alarm".' }];
    if (filters.indexOf(filter) === index) return [];
    return [{ path, what: `is "${filter}", which is already in the list`, hint: 'Remove this entry.' }];
  });
}

/** Reports keys of other drivers. Such keys are not ignored, because the author of the file expects an effect. */
function ineffectiveKeyProblems({ path, section }: Placed<LinkSection>): Problem[] {
  const own = driverNamed(section.driver);
  const others = Map.groupBy(
    DRIVERS.flatMap(({ name, keys }) => Object.keys(keys).map((key) => ({ name, key }))).filter(
      ({ key }) => !(key in own.keys),
    ),
    ({ key }) => key,
  );
  return presentKeys(section, [...others.keys()]).map((key) => ({
    path: `${path}.${key}`,
    what: `has no effect with driver "${section.driver}"`,
    hint: `Remove this key, or write ${others
      .get(key)
      ?.map(({ name }) => `driver = "${name}"`)
      .join(' or ')} in the link.`,
  }));
}

/** Reports a word that only another driver knows, of a key that several drivers have. */
function foreignWordProblems({ path, section }: Placed<LinkSection>): Problem[] {
  const { keys } = driverNamed(section.driver);
  return presentKeys(section, Object.keys(keys)).flatMap((key) => {
    const words = wordsOf(keys[key]);
    if (words === undefined || words.includes(String(section[key]))) return [];
    const what = `is "${section[key]}", which driver "${section.driver}" does not have`;
    return [{ path: `${path}.${key}`, what, hint: `Allowed values: ${words.map((word) => `"${word}"`).join(', ')}.` }];
  });
}
