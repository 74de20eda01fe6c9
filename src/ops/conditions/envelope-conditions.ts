/** Condition of uplinks that were published without their envelope. Pure. */
import { LEFT_OUT_LASTS_MS, type LeftOutEnvelopes } from '../../outbox/outgoing-payloads.ts';
import type { Condition } from '../reports/report.ts';
import { countOf } from '../words.ts';

export interface EnvelopeHealth {
  readonly nowMs: number;
  readonly leftOut: LeftOutEnvelopes | undefined;
}

export function envelopeConditions({ leftOut, nowMs }: EnvelopeHealth): Condition[] {
  if (leftOut === undefined || nowMs - leftOut.lastAtMs >= LEFT_OUT_LASTS_MS) return [];
  const { recent, firstAtMs, topic } = leftOut;
  return [
    {
      code: 'envelope-left-out',
      losing: 'no',
      forMs: nowMs - firstAtMs,
      sentence: `${countOf(recent, 'uplink')} sent without ${recent === 1 ? 'its' : 'their'} envelope, last on ${topic}: with it, the payload is larger than the hub accepts.`,
      hint: 'No action is needed for messages that were accepted before the envelope was switched on. If the hub accepts larger payloads, raise payload_bytes_max of [hub].',
    },
  ];
}
