/** Rules of the section `[home_assistant]`. */
import { applyRules } from './kinds/known.ts';
import type { Problem } from './kinds/problem.ts';
import { ownTopicChecker, payloadProblems } from './own-topic-rules.ts';
import type { Sections } from './sections.ts';

const PATH = 'home_assistant.discovery_prefix';

export function homeAssistantProblems(sections: Sections): Problem[] {
  return applyRules([profileRule, topicRule, payloadRule], sections);
}

function profileRule({ home_assistant, hub }: Sections): Problem[] {
  if (home_assistant.discovery_prefix === undefined || hub.profile === 'generic') return [];
  const hint = 'Remove this key: only brokers with RETAIN have documents for Home Assistant.';
  return [{ path: PATH, what: `has no effect with hub.profile "${hub.profile}"`, hint }];
}

/** Checks one of the topics: all of them begin with the prefix. */
function topicRule(sections: Sections): Problem[] {
  const { discovery_prefix: prefix } = sections.home_assistant;
  if (prefix === undefined || sections.hub.profile !== 'generic') return [];
  return ownTopicChecker(sections)({ path: PATH, template: `${prefix}/binary_sensor/{gateway}/connection/config` });
}

function payloadRule({ home_assistant, hub }: Sections): Problem[] {
  return home_assistant.discovery_prefix === undefined ? [] : payloadProblems(PATH, hub);
}
