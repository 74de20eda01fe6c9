/** What a driver reports, to the flow that it is for. */
import type { DownlinkFlow } from './downlink.ts';
import type { Intake } from './intake.ts';
import type { FlowReport } from './links.ts';
import type { Presence } from './presence.ts';
import type { Sleepers } from './sleepers.ts';
import type { UplinkFlow } from './uplink.ts';
import type { Wills } from './wills.ts';

export interface ReportedTo {
  readonly presence: Presence;
  readonly sleepers: Sleepers;
  readonly wills: Wills;
  readonly uplink: UplinkFlow;
  readonly downlink: DownlinkFlow;
  readonly intake: Intake;
}

export function passOn(to: ReportedTo, link: string, report: FlowReport): void {
  const { presence, sleepers, wills, uplink, downlink, intake } = to;
  switch (report.kind) {
    case 'attach':
      return presence.attach(link, report);
    case 'detach':
      return presence.detach(link, report);
    case 'slept':
      return sleepers.slept(link, report);
    case 'woke':
      return sleepers.woke(link, report);
    case 'will':
      return wills.change(link, report);
    case 'uplink':
      return uplink.offer(link, report);
    case 'unconnected':
      return presence.passOn(link, report);
    case 'subscribe':
      return presence.subscribe(link, report);
    case 'unsubscribe':
      return presence.unsubscribe(link, report);
    case 'topicBound':
      return presence.topicBound(link, report);
    case 'topicReleased':
      return presence.topicReleased(report);
    case 'delivered':
    case 'undelivered':
      return downlink.report(report);
    case 'discarded':
      return intake.note({ ...report, link, count: report.count ?? 1 });
  }
}
