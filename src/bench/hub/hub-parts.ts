/**
 * What is inside a bench hub, put together: the machine deals with connections, these with what they carry.
 */
import type { Message } from '../../base/message.ts';
import type { MqttPacket } from '../../codec/mqtt.ts';
import { Admission } from './connect-checks.ts';
import { Answers } from './answers.ts';
import { Entrance } from './handle-connect.ts';
import { GatewayService } from './gateway-service.ts';
import type { Outlet } from './outgoing.ts';
import { Permissions } from './permissions.ts';
import { Platform } from './platform.ts';
import { Publishing } from './handle-publish.ts';
import { Registry } from './device-registry.ts';
import { Requests } from './handle-packet.ts';
import { RetainedMessages } from './retained-messages.ts';
import { Router } from './router.ts';
import type { HubRules } from './bench-rules.ts';
import type { HubService } from './service-contract.ts';
import { Sessions, type SessionView, viewOf } from './client-sessions.ts';
import { Subscribing } from './handle-subscribe.ts';
import { Topology } from './topology.ts';

/** What the machine lends its interior: the way out, by number of connection. */
export interface Ties {
  readonly outlet: Outlet;
  readonly send: (connection: number, packet: MqttPacket) => void;
  /** Sends what is no MQTT. */
  readonly sendGarbage: (connection: number) => void;
  /** Closes a connection. */
  readonly end: (connection: number, why: string) => void;
  readonly nowMs: () => number;
}

export interface Interior {
  readonly sessions: Sessions;
  readonly retained: RetainedMessages;
  readonly topology: Topology;
  readonly platform: Platform;
  readonly router: Router;
  readonly answers: Answers;
  readonly requests: Requests;
  readonly entrance: Entrance;
  /** Brings a message of the hub itself to the session of a client, if there is one. */
  readonly offer: (clientId: string, message: Message) => void;
  readonly views: (nowMs: number) => SessionView[];
}

export function buildInterior(rules: HubRules, services: readonly HubService[], ties: Ties): Interior {
  const { outlet } = ties;
  const sessions = new Sessions(rules);
  const registry = new Registry(rules);
  const topology = new Topology({ rules, registry, note: (change) => outlet.note({ kind: 'presence', ...change }) });
  const permissions = new Permissions(rules, topology);
  const router = new Router({ rules, sessions, permissions, ...ties });
  const offer = (clientId: string, message: Message): void => {
    const session = sessions.find(clientId, ties.nowMs());
    if (session !== undefined) router.offer(session, message, ties.nowMs());
  };
  const retained = new RetainedMessages(rules);
  const answers = new Answers(offer);
  const gatewayService = new GatewayService({
    rules,
    registry,
    topology,
    replied: (gateway, type) => outlet.note({ kind: 'gatewayReplied', gateway, type }),
  });
  const served = rules.gatewayOperations ? [gatewayService, ...services] : services;
  const publishing = new Publishing({ rules, services: served, answers, permissions, retained, router, ...ties });
  const subscribing = new Subscribing({ rules, permissions, outlet });
  return {
    sessions,
    retained,
    topology,
    platform: new Platform({ registry, topology }),
    router,
    answers,
    requests: new Requests({ publishing, subscribing, retained, router, send: ties.send }),
    entrance: new Entrance({ admission: new Admission(rules, registry), sessions, router, ...ties }),
    offer,
    views: (nowMs) =>
      sessions.all(nowMs).map((session) => {
        const { clientId } = session;
        const bound = topology.boundTo(clientId).map(({ product, device }) => `${product}/${device}`);
        return viewOf(session, { online: topology.onlineBehind(clientId), bound }, nowMs);
      }),
  };
}
