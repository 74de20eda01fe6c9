/** Packets that are held back since the hub closes the connection on them, as those who look in see them. */
import { actWords, isFilterAct } from '../outbox/hub-packet.ts';
import type { PoisonDetector } from '../outbox/poison-detector.ts';

export interface HeldPacket {
  /** The packet, in the words of MQTT. */
  readonly packet: string;
  /** Topic or filter. */
  readonly name: string;
  /** SUBSCRIBE or UNSUBSCRIBE. */
  readonly isFilter: boolean;
  readonly state: 'suspect' | 'set aside';
  /** Closes upon it alone. */
  readonly closes: number;
  readonly firstCloseMs: number;
  readonly lastCloseMs: number;
  /** `undefined`: at the next connection. */
  readonly triedAgainInMs: number | undefined;
}

export function heldPacketsOf(poison: PoisonDetector, nowMs: number): HeldPacket[] {
  return poison.evidence().map(({ act, state, closesAlone, sinceMs, lastMs, trialAtMs }) => ({
    ...{ packet: actWords(act), name: act.name, isFilter: isFilterAct(act), state, closes: closesAlone },
    ...{ firstCloseMs: nowMs - sinceMs, lastCloseMs: nowMs - lastMs },
    triedAgainInMs: trialAtMs === undefined ? undefined : Math.max(0, trialAtMs - nowMs),
  }));
}

/** Whatever of this topic or filter is held back is sent again. @returns the packets */
export function releaseHeld(poison: PoisonDetector, name: string): string[] {
  const packets = new Set<string>();
  poison.release((act) => {
    if (act.name === name) packets.add(actWords(act));
    return act.name === name;
  });
  return [...packets];
}
