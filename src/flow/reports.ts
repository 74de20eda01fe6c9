/** Passes reports of a driver to the flows. */

import { FIRMWARE_UP } from '../codec/firmware-messages.ts';
import type { DownlinkFlow } from './downlink.ts';
import type { FirmwareFlow } from './firmware-updates.ts';
import type { Intake } from './intake.ts';
import type { CommandLink, FlowReport } from './links.ts';
import type { Presence } from './presence.ts';
import type { SessionRequests } from './session-requests.ts';
import type { Sleepers } from './sleepers.ts';
import type { MessageOnItsWay, UnderWay } from './under-way.ts';
import type { UplinkFlow } from './uplink.ts';
import type { Wills } from './wills.ts';

export interface ReportedTo {
  readonly presence: Presence;
  readonly requests: SessionRequests;
  readonly sleepers: Sleepers;
  readonly wills: Wills;
  readonly uplink: UplinkFlow;
  readonly downlink: DownlinkFlow;
  /** `undefined`: no firmware updates. */
  readonly firmware: FirmwareFlow | undefined;
  readonly intake: Intake;
  readonly underWay: UnderWay;
  readonly command: CommandLink;
}

export function passOn(to: ReportedTo, link: string, report: FlowReport): void {
  // a delivery is identified by its message, which was checked when it was sent
  if (report.kind === 'delivered' || report.kind === 'undelivered') return to.downlink.report(report);
  to.underWay.handle(
    messageIn(report),
    () => pass(to, link, report),
    () => setAside(to, link, report),
  );
}

type Report = Exclude<FlowReport, { kind: 'delivered' | 'undelivered' }>;

function messageIn(report: Report): MessageOnItsWay {
  const { kind, subdevice: whose = '' } = report;
  const way = `report ${kind}` as const;
  switch (report.kind) {
    case 'uplink':
    case 'unconnected':
      return { way, whose, topic: report.topic, payload: report.payload };
    case 'attach':
      return report.will === 'unchanged' || report.will === undefined
        ? { way, whose, topic: '' }
        : { way, whose, topic: report.will.topic, payload: report.will.payload };
    case 'will': {
      const { change } = report;
      return {
        way,
        whose,
        topic: change.part === 'topic' ? change.topic : '',
        payload: change.part === 'payload' ? change.payload : undefined,
      };
    }
    case 'subscribe':
    case 'unsubscribe':
      return { way, whose, topic: report.filter };
    case 'topicBound':
      return { way, whose, topic: report.topic };
    case 'discarded':
      return typeof report.sample === 'string'
        ? { way, whose, topic: report.sample }
        : { way, whose, topic: report.reason, payload: report.sample };
    default:
      return { way, whose, topic: '' };
  }
}

/** Rejects the report permanently, if its sender waits for an answer. */
function setAside({ uplink, command }: ReportedTo, link: string, report: Report): void {
  const why = 'not supported';
  switch (report.kind) {
    case 'attach':
      return command(link, { kind: 'attached', subdevice: report.subdevice, answer: { accepted: false, why } });
    case 'uplink':
      return uplink.setAside(link, report);
    case 'will':
    case 'subscribe':
    case 'unsubscribe':
    case 'topicBound':
      return command(link, { kind: 'refuse', subdevice: report.subdevice, token: report.token, why });
    default:
  }
}

function pass(to: ReportedTo, link: string, report: Report): void {
  const { presence, requests, sleepers, wills, uplink, firmware, intake } = to;
  switch (report.kind) {
    case 'attach':
      firmware?.connected(report.subdevice);
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
      if (report.topic === FIRMWARE_UP)
        return firmware === undefined ? rejectFirmware(to, link, report) : firmware.received(link, report);
      return uplink.offer(link, report);
    case 'unconnected':
      return presence.passOn(link, report);
    case 'subscribe':
      return requests.subscribe(link, report);
    case 'unsubscribe':
      return requests.unsubscribe(link, report);
    case 'topicBound':
      return requests.topicBound(link, report);
    case 'topicReleased':
      return requests.topicReleased(report);
    case 'discarded':
      return intake.note({ ...report, link, count: report.count ?? 1 });
  }
}

/** Rejects a message about firmware while updates are off. It is no message of the user, so it is not counted. */
function rejectFirmware({ command }: ReportedTo, link: string, report: Extract<Report, { kind: 'uplink' }>): void {
  const { subdevice, token } = report;
  if (token !== undefined) command(link, { kind: 'refuse', subdevice, token, why: 'not supported' });
}
