/** Subscriptions at the hub, and packets on which the hub closes the connection. */

import { actWords, isFilterAct } from '../../outbox/hub-packet.ts';
import type { HeldPacketReport, HubSubscriptionsReport } from '../conditions/hub-packet-words.ts';
import type { GatewayView } from '../gateway-view.ts';

export function heldPackets(gateway: GatewayView): HeldPacketReport[] {
  return heldNow(gateway).map(({ report }) => report);
}

export function hubSubscriptionsReport(gateway: GatewayView): HubSubscriptionsReport {
  const { registry, services, session } = gateway;
  const held = heldNow(gateway);
  const against = new Map(held.flatMap(({ isFilter, report }) => (isFilter ? [[report.name, report] as const] : [])));
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
    publishes: held.flatMap(({ isFilter, report }) => (isFilter ? [] : [report])),
  };
}

/** Releases all packets of this topic or filter that are held back. @returns the packets */
export function releasePackets({ facts, outbox, subscriptions }: GatewayView, name: string): string[] {
  const released = new Set<string>();
  outbox.poison.release((act) => {
    if (act.name === name) released.add(actWords(act));
    return act.name === name;
  });
  for (const packet of released) facts.emit('packetReleased', { packet });
  if (released.size > 0) subscriptions.released(name);
  return [...released];
}

/** Packets that are held back because the hub closes the connection on them. */
function heldNow({ clock, outbox }: GatewayView): { readonly isFilter: boolean; readonly report: HeldPacketReport }[] {
  const nowMs = clock.nowMs();
  return outbox.poison.evidence().map(({ act, state, closesAlone, sinceMs, lastMs, trialAtMs }) => ({
    isFilter: isFilterAct(act),
    report: {
      packet: actWords(act),
      name: act.name,
      state,
      closes: closesAlone,
      firstCloseMs: nowMs - sinceMs,
      lastCloseMs: nowMs - lastMs,
      triedAgainInMs: trialAtMs === undefined ? null : Math.max(0, trialAtMs - nowMs),
    },
  }));
}
