/** Rules of the section `[availability]`. */
import { fieldsOf, parseTemplate } from '../base/template.ts';
import { SUBDEVICE_PLACE } from './availability-config.ts';
import { applyRules } from './kinds/known.ts';
import type { Problem } from './kinds/problem.ts';
import { ownTopicChecker } from './own-topic-rules.ts';
import type { Sections } from './sections.ts';
import { namedSubdevices } from './topic-shapes.ts';

const GATEWAY_PATH = 'availability.gateway_topic';
const SUBDEVICE_PATH = 'availability.subdevice_topic';
const CONNECT_PATH = 'availability.connect_topic';
const DISCONNECT_PATH = 'availability.disconnect_topic';
const PLACES = ['gateway', 'subdevice'];

export function availabilityProblems(sections: Sections): Problem[] {
  return applyRules(
    [profileRule, missingRule, pairRule, gatewayRule, presenceTopicRule, subdeviceRule, payloadRule],
    sections,
  );
}

function profileRule({ availability, hub }: Sections): Problem[] {
  if (hub.profile === 'generic') return [];
  const what = `has no effect with hub.profile "${hub.profile}"`;
  const hint = 'Remove this key: the hub knows by its own announcements which devices are online.';
  return [
    { path: GATEWAY_PATH, topic: availability.gateway_topic },
    { path: SUBDEVICE_PATH, topic: availability.subdevice_topic },
    { path: CONNECT_PATH, topic: availability.connect_topic },
    { path: DISCONNECT_PATH, topic: availability.disconnect_topic },
  ].flatMap(({ path, topic }) => (topic === undefined ? [] : [{ path, what, hint }]));
}

function missingRule({ availability, hub }: Sections): Problem[] {
  if (hub.profile !== 'generic') return [];
  if (availability.gateway_topic !== undefined || availability.subdevice_topic === undefined) return [];
  const hint = 'Add gateway_topic: the state of a subdevice is valid only while the gateway is online.';
  return [{ path: GATEWAY_PATH, what: 'is missing', hint }];
}

/** Reports a topic of presence messages without the other one: the hub would have each subdevice in one state forever. */
function pairRule({ availability: { connect_topic, disconnect_topic }, hub }: Sections): Problem[] {
  if (hub.profile !== 'generic' || (connect_topic === undefined) === (disconnect_topic === undefined)) return [];
  const [path, other] =
    connect_topic === undefined ? [CONNECT_PATH, 'disconnect_topic'] : [DISCONNECT_PATH, 'connect_topic'];
  return [{ path, what: 'is missing', hint: `Add this key, or remove ${other}.` }];
}

function presenceTopicRule(sections: Sections): Problem[] {
  const { availability, hub } = sections;
  if (hub.profile !== 'generic') return [];
  const check = ownTopicChecker(sections);
  return [
    { path: CONNECT_PATH, template: availability.connect_topic },
    { path: DISCONNECT_PATH, template: availability.disconnect_topic },
  ].flatMap(({ path, template }) => (template === undefined ? [] : check({ path, template })));
}

function gatewayRule(sections: Sections): Problem[] {
  const { gateway_topic: template } = sections.availability;
  return template === undefined || sections.hub.profile !== 'generic'
    ? []
    : ownTopicChecker(sections)({ path: GATEWAY_PATH, template });
}

function subdeviceRule(sections: Sections): Problem[] {
  const { subdevice_topic: template } = sections.availability;
  if (template === undefined || sections.hub.profile !== 'generic') return [];
  const fields = fieldsOf(parseTemplate(template));
  const unknown = fields.find((name) => !PLACES.includes(name));
  if (unknown !== undefined) {
    const hint = 'Allowed placeholders: {gateway}, {subdevice}.';
    return [{ path: SUBDEVICE_PATH, what: `has {${unknown}}, which is not a placeholder of this key`, hint }];
  }
  if (!fields.includes('subdevice')) {
    const hint = 'Add {subdevice}, for example "holdfast/{gateway}/{subdevice}/state".';
    return [{ path: SUBDEVICE_PATH, what: 'has no {subdevice}: all subdevices would have one topic', hint }];
  }
  const check = ownTopicChecker(sections);
  for (const id of namedSubdevices(sections)) {
    const problems = check({ path: SUBDEVICE_PATH, template: template.replaceAll(SUBDEVICE_PLACE, id) });
    if (problems.length > 0) return problems; // one is enough: the others have the same reason
  }
  return [];
}

function payloadRule({ availability }: Sections): Problem[] {
  if (availability.online_payload !== availability.offline_payload) return [];
  const hint = 'Choose different payloads, such as "online" and "offline".';
  return [{ path: 'availability.offline_payload', what: 'is the same as online_payload', hint }];
}
