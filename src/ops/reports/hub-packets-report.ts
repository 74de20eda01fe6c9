/** Subscriptions at the hub, and packets on which the hub closes the connection. */

import { type HeldPacket, heldPacketsOf, releaseHeld } from '../../flow/held-packets.ts';
import type { HeldPacketReport, HubSubscriptionsReport } from '../conditions/hub-packet-words.ts';
import type { GatewayView } from '../gateway-view.ts';

export function heldPackets(gateway: GatewayView): HeldPacketReport[] {
  return heldNow(gateway).map(reportOf);
}

export function hubSubscriptionsReport(gateway: GatewayView): HubSubscriptionsReport {
  const { registry, services, session } = gateway;
  const held = heldNow(gateway);
  const against = new Map(held.flatMap((one) => (one.isFilter ? [[one.name, reportOf(one)] as const] : [])));
  const wanted = new Set([...services.filters, ...registry.wantedFilters()]);
  const wantedBy = (filter: string): string[] => [
    ...(services.filters.includes(filter) ? ['(gateway)'] : []),
    ...[...registry.all()].flatMap(({ id, subscriptions }) => (subscriptions.has(filter) ? [id] : [])),
  ];
  const stateOf = (filter: string) => (wanted.has(filter) ? gateway.subscriptions.stateOf(filter) : 'not wanted');
  return {
    subscriptions: [...new Set([...wanted, ...session.granted, ...against.keys()])].map((filter) => ({
      filter,
      state: against.get(filter)?.state ?? stateOf(filter),
      wantedBy: wantedBy(filter),
      reason: gateway.subscriptions.refused.get(filter) ?? null,
      evidence: against.get(filter) ?? null,
    })),
    publishes: held.filter(({ isFilter }) => !isFilter).map(reportOf),
  };
}

/** Releases all packets of this topic or filter that are held back. @returns the packets */
export function releasePackets({ facts, outbox, subscriptions }: GatewayView, name: string): string[] {
  const released = releaseHeld(outbox.poison, name);
  for (const packet of released) facts.emit('packetReleased', { packet });
  if (released.length > 0) subscriptions.released(name);
  return released;
}

function heldNow({ clock, outbox }: GatewayView): HeldPacket[] {
  return heldPacketsOf(outbox.poison, clock.nowMs());
}

function reportOf({ isFilter: _, triedAgainInMs, ...held }: HeldPacket): HeldPacketReport {
  return { ...held, triedAgainInMs: triedAgainInMs ?? null };
}
