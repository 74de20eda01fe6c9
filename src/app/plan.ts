/** Values of the configuration in the form that the flows need. */

import { type HubIdentity, identityKey } from '../base/hub-identity.ts';
import type { TopicTemplates } from '../base/topic-template.ts';
import type { Config, LinkConfig } from '../config/schema.ts';
import { driverNamed } from '../driver/drivers.ts';
import { SharedTopics } from '../subdevices/shared-topics.ts';
import { type TopicMap, topicMap } from '../subdevices/topic-map.ts';

/** Shared topics, and the names of subdevices in their documents. */
export function sharedTopicsOf({ sharedTopics, subdevices }: Config): SharedTopics {
  const names = subdevices.flatMap(({ id, hubName }) => (hubName === undefined ? [] : [[id, hubName] as const]));
  return new SharedTopics(sharedTopics, new Map(names));
}

export function topicsBySubdevice(config: Config): (subdevice: string) => TopicMap {
  const shared = sharedTopicsOf(config);
  const maps = new Map<string, TopicMap>();
  const identityOf = identities(config);
  const templatesOf = templatesBySubdevice(config);
  return (subdevice) => {
    let map = maps.get(subdevice);
    if (map === undefined) {
      const identity = identityOf(subdevice);
      const { productId, deviceName } = identity ?? { productId: undefined, deviceName: undefined };
      const owner = { gateway: config.gateway.name, subdevice, productId, deviceName };
      map = topicMap(templatesOf(subdevice), owner, shared, config.hub.topicBytesMax);
      maps.set(subdevice, map);
    }
    return map;
  };
}

/** Templates of the `[[subdevice]]`, else of the link that serves the subdevice, else of the hub. */
function templatesBySubdevice({ hub, links, subdevices }: Config): (subdevice: string) => TopicTemplates {
  const ofLinks = new Map(links.flatMap((link) => (link.allowedSubdevices ?? []).map((id) => [id, link] as const)));
  const own = new Map(subdevices.map((subdevice) => [subdevice.id, subdevice]));
  return (id) => {
    const [link, subdevice] = [ofLinks.get(id), own.get(id)];
    return {
      uplink: subdevice?.uplinkTopic ?? link?.uplinkTopic ?? hub.topics.uplink,
      downlink: subdevice?.downlinkTopic ?? link?.downlinkTopic ?? hub.topics.downlink,
    };
  };
}

export function identities(config: Config): (subdevice: string) => HubIdentity | undefined {
  const byId = new Map(config.subdevices.map((subdevice) => [subdevice.id, subdevice.hubIdentity]));
  return (subdevice) => byId.get(subdevice);
}

/**
 * Returns a function that finds the subdevice of an identity. `undefined`: no configured subdevice has the identity.
 */
export function owners(config: Config): (identity: HubIdentity) => string | undefined {
  const byIdentity = new Map(
    config.subdevices.flatMap(({ id, hubIdentity }) =>
      hubIdentity === undefined ? [] : [[identityKey(hubIdentity), id] as const],
    ),
  );
  return (identity) => byIdentity.get(identityKey(identity));
}

export function allowance(config: Config): (subdevice: string, link: string) => boolean {
  const byLink = new Map(
    config.links.map((link) => [link.name, link.allowedSubdevices && new Set(link.allowedSubdevices)]),
  );
  return (subdevice, link) => byLink.get(link)?.has(subdevice) ?? byLink.has(link);
}

/**
 * Returns a function that finds the filters which the gateway subscribes for a subdevice. The filters name topics in
 * the form that the subdevice uses. `undefined`: the subdevice subscribes itself, or its link is not configured.
 */
export function filtersByConfig(config: Config): (subdevice: string, link: string) => readonly string[] | undefined {
  const links = new Map(config.links.map((link) => [link.name, link]));
  return (subdevice, name) => {
    const link = links.get(name);
    return link && driverNamed(link.driver).filtersFor(link.options, subdevice);
  };
}

/** Ids of the subdevices in the configuration. */
export function configuredIds(config: Config): ReadonlySet<string> {
  return new Set([
    ...config.subdevices.map(({ id }) => id),
    ...config.links.flatMap(({ allowedSubdevices }) => allowedSubdevices ?? []),
  ]);
}

export function termsByLink(config: Config): (link: string) => LinkConfig {
  const byName = new Map(config.links.map((link) => [link.name, link]));
  return (name) => {
    const link = byName.get(name);
    if (link === undefined) throw new Error(`link ${name} is not configured`);
    return link;
  };
}

/** Returns a function that finds the link that serves a configured subdevice. `undefined`: none does. */
export function linkBySubdevice(config: Config): (subdevice: string) => string | undefined {
  const ids = configuredIds(config);
  const { links, gateway } = config;
  const serves = ({ allowedSubdevices }: LinkConfig, id: string): boolean =>
    allowedSubdevices?.includes(id) ?? (gateway.acceptUnknownSubdevices || ids.has(id));
  return (subdevice) => links.find((link) => serves(link, subdevice))?.name;
}
