/** Packets that are held back because the hub closes the connection on them, for reports. */
import { actWords, isFilterAct } from '../outbox/hub-packet.ts';
import type { PoisonDetector } from '../outbox/poison-detector.ts';

export interface HeldPacket {
  /** Packet in the terms of MQTT. */
  readonly packet: string;
  /** Topic or filter. */
  readonly name: string;
  /** True for SUBSCRIBE and UNSUBSCRIBE. */
  readonly isFilter: boolean;
  readonly state: 'suspect' | 'set aside';
  /** Number of closes after this packet alone. */
  readonly closes: number;
  readonly firstCloseMs: number;
  readonly lastCloseMs: number;
  /** `undefined`: in the next connection. */
  readonly triedAgainInMs: number | undefined;
}

export function heldPacketsOf(poison: PoisonDetector, nowMs: number): HeldPacket[] {
  return poison.evidence().map(({ act, state, closesAlone, sinceMs, lastMs, trialAtMs }) => ({
    packet: actWords(act),
    name: act.name,
    isFilter: isFilterAct(act),
    state,
    closes: closesAlone,
    firstCloseMs: nowMs - sinceMs,
    lastCloseMs: nowMs - lastMs,
    triedAgainInMs: trialAtMs === undefined ? undefined : Math.max(0, trialAtMs - nowMs),
  }));
}

/** Releases the packets of a topic or filter that are held back. @returns the packets */
export function releaseHeld(poison: PoisonDetector, name: string): string[] {
  const packets = new Set<string>();
  poison.release((act) => {
    if (act.name === name) packets.add(actWords(act));
    return act.name === name;
  });
  return [...packets];
}
