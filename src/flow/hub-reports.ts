/** Reports of the hub client to the flows: their origin, and the messages in them. */
import type { ChannelAction } from '../base/machine.ts';
import type { HubAction } from '../hub/client/hub-contract.ts';
import type { MessageOnItsWay } from './under-way.ts';

export type HubClientReport = Exclude<HubAction, ChannelAction>;

/** Reports that are not caused by a packet of the hub. */
const NOT_FROM_HUB: ReadonlySet<HubClientReport['kind']> = new Set([
  'offline',
  'takenOver',
  'noConnack',
  'probed',
  'unanswered',
  'unsendable',
]);

/** Returns true for a report that a packet of the hub has caused. */
export function isFromHub({ kind }: HubClientReport): boolean {
  return !NOT_FROM_HUB.has(kind);
}

/** Returns the message of a report. `undefined`: the report has none, or one that the hub need not send again. */
export function messageIn(report: HubClientReport): MessageOnItsWay | undefined {
  switch (report.kind) {
    case 'message':
      return { way: 'arrival', whose: '', topic: report.message.topic, payload: report.message.payload };
    case 'oversize':
    case 'invalid':
    case 'failed':
      return { way: 'arrival', whose: '', topic: report.topic };
    case 'subscribed':
    case 'unsubscribed':
    case 'unanswered':
      return { way: 'answer', whose: report.kind, topic: report.filter };
    default:
      return undefined;
  }
}
