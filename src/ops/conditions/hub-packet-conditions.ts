/** Conditions for packets on which the hub closes the connection, and for requests that it does not answer. Pure. */

import type { Condition } from '../reports/report.ts';
import { countOf } from '../words.ts';
import { evidenceWords, type HeldPacketReport } from './hub-packet-words.ts';

export interface PacketHealth {
  /** Reason why the last connection ended. */
  readonly problem: string | undefined;
  readonly heldPackets: readonly HeldPacketReport[];
  /** Filters whose SUBSCRIBE or UNSUBSCRIBE the hub leaves unanswered. */
  readonly silentFilters: readonly string[];
  /** Filters that the hub granted with QoS 0. */
  readonly loweredFilters: readonly string[];
}

/** Largest number of names in a sentence; `holdfast hub subscriptions` lists all. */
const NAMED_MAX = 3;

export function packetConditions(health: PacketHealth, forMs: number): Condition[] {
  const { heldPackets, silentFilters, loweredFilters, problem } = health;
  const isSilence = problem?.startsWith('no PINGRESP') === true;
  const aside = heldPackets.filter(({ state }) => state === 'set aside');
  const suspects = heldPackets.filter(({ state }) => state === 'suspect');
  const conditions: Condition[] = [];
  if (aside.length > 0) {
    const [first] = aside;
    conditions.push({
      code: 'hub-closes-on-packet',
      losing: 'at risk',
      forMs: Math.max(...aside.map(({ firstCloseMs }) => firstCloseMs)),
      sentence: `The hub closes the connection on ${countOf(aside.length, 'packet')} of this gateway; set aside and not sent: ${named(aside)}. All other traffic continues.`,
      hint: `Check the permissions and limits (length, QoS) at the hub. Then run: holdfast hub subscriptions release ${first?.name ?? 'FILTER'}. A restart also tries the packet again.`,
    });
  }
  if (suspects.length > 0) {
    conditions.push({
      code: 'hub-closes-suspect',
      losing: 'no',
      forMs: Math.max(...suspects.map(({ firstCloseMs }) => firstCloseMs)),
      sentence: `${isSilence ? 'The connection to the hub became silent' : 'The hub closed the connection'} right after ${named(suspects)}. The gateway sends it alone and after all others until the cause is clear.`,
      hint: isSilence
        ? 'If large packets are lost on the way, try a smaller MTU (ip link set dev DEVICE mtu 1400). Otherwise look in the log of the hub. holdfast hub subscriptions shows the evidence.'
        : 'holdfast hub subscriptions shows the evidence. Look in the log of the hub for the reason.',
    });
  }
  if (silentFilters.length > 0) {
    conditions.push({
      code: 'hub-subscriptions-unanswered',
      losing: 'at risk',
      forMs,
      sentence: `The hub does not answer ${countOf(silentFilters.length, 'subscription request')}: ${silentFilters.slice(0, NAMED_MAX).join(', ')}. The gateway repeats the request; the connection stays open.`,
      hint: 'Check the permissions of these filters at the hub. Downlinks on them may not arrive.',
    });
  }
  if (loweredFilters.length > 0) {
    conditions.push({
      code: 'hub-subscriptions-lowered',
      losing: 'at risk',
      forMs,
      sentence: `The hub grants QoS 0 only for ${countOf(loweredFilters.length, 'subscription')}: ${loweredFilters.slice(0, NAMED_MAX).join(', ')}. Downlinks on them that are sent while the connection is down are lost.`,
      hint: 'Allow QoS 1 for these filters at the hub.',
    });
  }
  return conditions;
}

function named(packets: readonly HeldPacketReport[]): string {
  const more = packets.length > NAMED_MAX ? `; and ${packets.length - NAMED_MAX} more` : '';
  return `${packets.slice(0, NAMED_MAX).map(evidenceWords).join('; ')}${more}`;
}
