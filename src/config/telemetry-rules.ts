/** Rules of the section `[telemetry]`. */
import { applyRules } from './kinds/known.ts';
import type { Problem } from './kinds/problem.ts';
import { type OwnTopic, ownTopicChecker, payloadProblems } from './own-topic-rules.ts';
import type { Sections } from './sections.ts';

export function telemetryProblems(sections: Sections): Problem[] {
  return applyRules([topicRule, retainRule, payloadRule, idleRule], sections);
}

function topicsOf({ telemetry }: Sections): readonly OwnTopic[] {
  return telemetry.topic === undefined ? [] : [{ path: 'telemetry.topic', template: telemetry.topic }];
}

function topicRule(sections: Sections): Problem[] {
  return topicsOf(sections).flatMap(ownTopicChecker(sections));
}

function retainRule({ telemetry, hub }: Sections): Problem[] {
  if (!telemetry.retain || hub.profile === 'generic') return [];
  const hint = 'Remove this key: the hub does not support RETAIN.';
  return [{ path: 'telemetry.retain', what: `is true, and hub.profile is "${hub.profile}"`, hint }];
}

function payloadRule({ telemetry, hub }: Sections): Problem[] {
  return telemetry.topic === undefined ? [] : payloadProblems('telemetry.topic', hub);
}

/** Reports keys without an effect, because the author of the file expects one. */
function idleRule({ telemetry }: Sections): Problem[] {
  if (telemetry.topic !== undefined || !telemetry.retain) return [];
  const hint = 'Add topic = "holdfast/{gateway}/health", or remove this key.';
  return [{ path: 'telemetry.retain', what: 'has no effect: topic is missing', hint }];
}
