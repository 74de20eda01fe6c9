/**
 * Composition of a bench hub: the machine handles connections, and these parts handle the packets of the connections.
 */
import type { Message } from '../../base/message.ts';
import type { MqttPacket } from '../../codec/mqtt.ts';
import { ServiceAnswers } from './answers.ts';
import type { HubRules } from './bench-rules.ts';
import { Sessions, type SessionView, viewOf } from './client-sessions.ts';
import { ConnectChecks } from './connect-checks.ts';
import { Registry } from './device-registry.ts';
import { GatewayService } from './gateway-service.ts';
import { ConnectHandler } from './handle-connect.ts';
import { PacketHandler } from './handle-packet.ts';
import { PublishHandler } from './handle-publish.ts';
import { SubscribeHandler } from './handle-subscribe.ts';
import type { Outgoing } from './outgoing.ts';
import { Permissions } from './permissions.ts';
import { Platform } from './platform.ts';
import { RetainedMessages } from './retained-messages.ts';
import { Router } from './router.ts';
import type { BenchService } from './service-contract.ts';
import { Topology } from './topology.ts';

/** Functions of the machine for its parts; connections are given by number. */
export interface Ties {
  readonly outgoing: Outgoing;
  readonly send: (connection: number, packet: MqttPacket) => void;
  /** Sends bytes that are not MQTT. */
  readonly sendGarbage: (connection: number) => void;
  /** Closes a connection. */
  readonly end: (connection: number, why: string) => void;
  readonly nowMs: () => number;
}

export interface HubParts {
  readonly sessions: Sessions;
  readonly retained: RetainedMessages;
  readonly topology: Topology;
  readonly platform: Platform;
  readonly router: Router;
  readonly answers: ServiceAnswers;
  readonly requests: PacketHandler;
  readonly connectHandler: ConnectHandler;
  /** Delivers a message of the hub itself to the session of a client, if there is one. */
  readonly offer: (clientId: string, message: Message) => void;
  readonly views: (nowMs: number) => SessionView[];
}

export function buildHubParts(rules: HubRules, services: readonly BenchService[], ties: Ties): HubParts {
  const { outgoing } = ties;
  const sessions = new Sessions(rules);
  const registry = new Registry(rules);
  const topology = new Topology({ rules, registry, note: (change) => outgoing.note({ kind: 'presence', ...change }) });
  const permissions = new Permissions(rules, topology);
  const router = new Router({ rules, sessions, permissions, ...ties });
  const offer = (clientId: string, message: Message): void => {
    const session = sessions.find(clientId, ties.nowMs());
    if (session !== undefined) router.offer(session, message, ties.nowMs());
  };
  const retained = new RetainedMessages(rules);
  const answers = new ServiceAnswers(offer);
  const gatewayService = new GatewayService({
    rules,
    registry,
    topology,
    replied: (gateway, type) => outgoing.note({ kind: 'gatewayReplied', gateway, type }),
  });
  const served = rules.gatewayOperations ? [gatewayService, ...services] : services;
  const publishHandler = new PublishHandler({
    rules,
    services: served,
    answers,
    permissions,
    retained,
    router,
    ...ties,
  });
  const subscribeHandler = new SubscribeHandler({ rules, permissions, outgoing });
  return {
    sessions,
    retained,
    topology,
    platform: new Platform({ registry, topology }),
    router,
    answers,
    requests: new PacketHandler({ publishHandler, subscribeHandler, retained, router, send: ties.send }),
    connectHandler: new ConnectHandler({
      connectChecks: new ConnectChecks(rules, registry),
      sessions,
      router,
      ...ties,
    }),
    offer,
    views: (nowMs) =>
      sessions.all(nowMs).map((session) => {
        const { clientId } = session;
        const bound = topology.boundTo(clientId).map(({ product, device }) => `${product}/${device}`);
        return viewOf(session, { online: topology.onlineBehind(clientId), bound }, nowMs);
      }),
  };
}
