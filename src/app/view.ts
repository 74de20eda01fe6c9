/** View of a gateway for its observers: flattens the composition into `GatewayView`. */
import type { GatewayView } from '../ops/gateway-view.ts';
import type { Gateway } from './gateway.ts';

export function viewOf(gateway: Gateway): GatewayView {
  const { parts, running, stations, store, hub, backlog, links, presence, intake, setAside, subscriptions, watch } =
    gateway;
  return {
    get config() {
      return running.config;
    },
    clock: parts.clock,
    facts: parts.facts,
    store,
    opening: stations.opening,
    committer: stations.committer,
    uplinks: stations.uplinks,
    downlinks: stations.downlinks,
    custodian: (direction) => stations.custodian(direction),
    losses: stations.losses,
    outbox: stations.outbox,
    topicFallbacks: gateway.uplink.fallbacks,
    inbox: stations.inbox,
    alarmTopics: stations.alarmTopics,
    backlog,
    registry: stations.registry,
    isConfigured: (subdevice) => running.config.gateway.acceptUnknownSubdevices || running.isConfigured(subdevice),
    presence,
    intake,
    owner: gateway.owner,
    setAside,
    links,
    hub,
    session: stations.session,
    watch,
    subscriptions,
    services: stations.services,
    operations: stations.operations,
    firmware: () => gateway.firmware?.views() ?? [],
    firmwareUnstored: () => gateway.firmware?.unstored,
    wallClock: stations.wallClock,
    stamp: stations.stamp,
    age: (stamp) => stations.age(stamp),
  };
}
