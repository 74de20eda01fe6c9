/** Keys that only MQTT-SN knows have no say on a link of another driver: whoever wrote them there expects something. */
import type { LinkSection, SubdeviceSection } from '../keys.ts';
import type { Problem } from '../schema.ts';
import { MQTTSN_KEYS } from './mqttsn-keys.ts';

const KEYS = Object.keys(MQTTSN_KEYS) as readonly (keyof typeof MQTTSN_KEYS)[];

/** @param path of the link */
export function mqttsnProblems(link: LinkSection, path: string): Problem[] {
  if (link.driver === 'mqttsn') return [];
  const what = `means nothing to driver "${link.driver}"`;
  return KEYS.filter((key) => link[key] !== undefined).map((key) => {
    return { path: `${path}.${key}`, what, hint: 'Remove it, or write driver = "mqttsn" in the link.' };
  });
}

/** @param path of the subdevice; @param links all there are */
export function nodeProblems(subdevice: SubdeviceSection, path: string, links: readonly LinkSection[]): Problem[] {
  const candidates = links.filter(({ name }) => subdevice.link === undefined || subdevice.link === name);
  const isInVain = candidates.length > 0 && candidates.every(({ driver }) => driver !== 'mqttsn');
  if (subdevice.node_id === undefined || !isInVain) return [];
  const hint = 'Remove it: only MQTT-SN has forwarders and nodes.';
  return [{ path: `${path}.node_id`, what: 'means nothing: no link of driver "mqttsn" may serve it', hint }];
}
