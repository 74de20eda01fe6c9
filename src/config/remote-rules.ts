/** Rules of the section `[remote]`. */
import { applyRules } from './kinds/known.ts';
import type { Problem } from './kinds/problem.ts';
import { type OwnTopic, ownTopicChecker, payloadProblems } from './own-topic-rules.ts';
import type { Sections } from './sections.ts';

const TOPIC_KEYS = ['request_topic', 'answer_topic'] as const;
const CONFIG_TOPIC_KEYS = ['config_topic', 'config_report_topic'] as const;

export function remoteProblems(sections: Sections): Problem[] {
  const rules = [topicRule, missingRule, idleRule, payloadRule, configRule, configIdleRule, firmwareRule];
  return applyRules(rules, sections);
}

function topicsOf({ remote }: Sections): readonly OwnTopic[] {
  return [...TOPIC_KEYS, ...CONFIG_TOPIC_KEYS].flatMap((key) => {
    const template = remote[key];
    return template === undefined ? [] : [{ path: `remote.${key}`, template }];
  });
}

function topicRule(sections: Sections): Problem[] {
  return topicsOf(sections).flatMap(ownTopicChecker(sections));
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
  return [
    ...(remote.commands.length === 0 ? [] : payloadProblems('remote.commands', hub)),
    ...(remote.config.length === 0 ? [] : payloadProblems('remote.config', hub)),
  ];
}

function configRule({ remote, hub }: Sections): Problem[] {
  if (remote.config.length === 0) return [];
  const hint = 'Add a topic such as "holdfast/{gateway}/config/report".';
  const unreported =
    remote.config_report_topic === undefined
      ? [{ path: 'remote.config_report_topic', what: 'is missing: the hub would not know the result', hint }]
      : [];
  if (hub.profile === 'generic' && remote.config_topic === undefined)
    return [
      {
        path: 'remote.config_topic',
        what: 'is missing: the hub has no service for configurations',
        hint: 'Add a topic such as "holdfast/{gateway}/config".',
      },
      ...unreported,
    ];
  if (hub.profile !== 'generic' && remote.config_topic !== undefined)
    return [
      {
        path: 'remote.config_topic',
        what: `has no effect: hub.profile is "${hub.profile}", and its service $config is used`,
        hint: 'Remove this key.',
      },
      ...unreported,
    ];
  return unreported;
}

function configIdleRule({ remote }: Sections): Problem[] {
  if (remote.config.length > 0) return [];
  const hint = 'Add config = ["outbox"], or remove this key.';
  return CONFIG_TOPIC_KEYS.filter((key) => remote[key] !== undefined).map((key) => ({
    path: `remote.${key}`,
    what: 'has no effect: config is empty',
    hint,
  }));
}

function firmwareRule({ remote, hub }: Sections): Problem[] {
  if (!remote.report_firmware || hub.profile !== 'generic') return [];
  const hint = 'Remove this key: only the profiles intl and mainland have firmware reports.';
  return [{ path: 'remote.report_firmware', what: 'is true, and hub.profile is "generic"', hint }];
}
