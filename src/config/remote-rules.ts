/** Rules of the section `[remote]`, and of the topics of the gateway itself together. */
import { applyRules } from './kinds/known.ts';
import type { Problem } from './kinds/problem.ts';
import { type OwnTopic, ownTopicProblems, payloadProblems, sharedTopicProblems } from './own-topic-rules.ts';
import type { Sections } from './sections.ts';

const TOPIC_KEYS = ['request_topic', 'answer_topic'] as const;

export function remoteProblems(sections: Sections): Problem[] {
  return applyRules([topicRule, sharedRule, missingRule, idleRule, payloadRule, firmwareRule], sections);
}

function topicsOf({ remote }: Sections): readonly OwnTopic[] {
  return TOPIC_KEYS.flatMap((key) => {
    const template = remote[key];
    return template === undefined ? [] : [{ path: `remote.${key}`, template }];
  });
}

function topicRule(sections: Sections): Problem[] {
  return topicsOf(sections).flatMap((topic) => ownTopicProblems(topic, sections));
}

function sharedRule(sections: Sections): Problem[] {
  const { topic } = sections.telemetry;
  const telemetry = topic === undefined ? [] : [{ path: 'telemetry.topic', template: topic }];
  return sharedTopicProblems([...telemetry, ...topicsOf(sections)], sections);
}

function missingRule({ remote, hub }: Sections): Problem[] {
  if (remote.commands.length === 0) return [];
  const missing = TOPIC_KEYS.filter((key) => remote[key] === undefined);
  if (missing.length === 2 && hub.profile !== 'generic') return []; // calls of the hub
  const what =
    hub.profile === 'generic' ? 'is missing: the hub has no calls' : 'is missing: requests and answers need topics';
  const hint = 'Add both topics, such as "holdfast/{gateway}/request" and "holdfast/{gateway}/answer".';
  return missing.map((key) => ({ path: `remote.${key}`, what, hint }));
}

/** Reports keys without an effect, because the author of the file expects one. */
function idleRule({ remote }: Sections): Problem[] {
  if (remote.commands.length > 0) return [];
  const hint = 'Add commands = ["status"], or remove this key.';
  return TOPIC_KEYS.filter((key) => remote[key] !== undefined).map((key) => ({
    path: `remote.${key}`,
    what: 'has no effect: commands is empty',
    hint,
  }));
}

function payloadRule({ remote, hub }: Sections): Problem[] {
  return remote.commands.length === 0 ? [] : payloadProblems('remote.commands', hub);
}

function firmwareRule({ remote, hub }: Sections): Problem[] {
  if (!remote.report_firmware || hub.profile !== 'generic') return [];
  const hint = 'Remove this key: only the profiles intl and mainland have firmware reports.';
  return [{ path: 'remote.report_firmware', what: 'is true, and hub.profile is "generic"', hint }];
}
