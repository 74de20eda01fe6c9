/** Finds the subjects of a name, and explains each: `hub`, a message, a subdevice or a link. */
import { nearestWord } from '../../config/suggestion.ts';
import { alarmLaneOf } from '../../custody/lane-number.ts';
import { messageName, parseMessageName } from '../../custody/message-name.ts';
import type { GatewayView } from '../gateway-view.ts';
import { subdeviceFirmwareOf } from '../reports/firmware-updates-report.ts';
import { heldPackets, hubSubscriptionsReport } from '../reports/hub-packets-report.ts';
import type { StatusReport, SubdeviceReport, SubdevicesReport } from '../reports/report.ts';
import { explainHub } from './explain-hub.ts';
import { explainLink } from './explain-link.ts';
import { explainMessage, type MessageOptions } from './explain-message.ts';
import type { ExplainReport, Explanation } from './explain-report.ts';
import { explainSubdevice } from './explain-subdevice.ts';

/** Largest number of similar names. */
const SIMILAR_MAX = 3;

export interface ExplainOptions extends MessageOptions {
  readonly status: StatusReport;
  readonly subdevices: SubdevicesReport['subdevices'];
}

/** @param of name of a message, a subdevice or a link, or `hub` */
export async function explain(options: ExplainOptions, of: string): Promise<ExplainReport> {
  const { gateway, status, subdevices } = options;
  const explanations: Explanation[] = [];
  const subdevice = subdevices.find(({ id }) => id === of);
  const link = status.links.find(({ name }) => name === of);
  if (of === 'hub') explanations.push(hubExplanation(options));
  if (subdevice !== undefined) explanations.push(subdeviceExplanation(gateway, subdevice, status));
  if (link !== undefined) explanations.push(explainLink(link));
  const message = parseMessageName(of);
  if (message !== undefined && explanations.length === 0) explanations.push(await explainMessage(options, message));
  const names = ['hub', ...status.links.map(({ name }) => name), ...subdevices.map(({ id }) => id)];
  return { of, explanations, similar: explanations.length > 0 ? [] : similarTo(of, names) };
}

function similarTo(of: string, names: readonly string[]): string[] {
  const nearest = nearestWord(of, names);
  const parts = names.filter((name) => of.length > 1 && name.includes(of));
  return [...new Set([...(nearest === undefined ? [] : [nearest]), ...parts])].slice(0, SIMILAR_MAX);
}

function hubExplanation({ gateway, status }: ExplainOptions): Explanation {
  const { perS } = gateway.outbox.pacer;
  return explainHub({
    status,
    refusal: gateway.hub.status.refusal,
    doubtedTopics: gateway.outbox.ackHealth.suspects,
    heldPackets: heldPackets(gateway).map(({ packet }) => packet),
    limitPerS: Number.isFinite(perS) ? perS : undefined,
  });
}

/** States of a filter in which the hub delivers nothing on it. */
const NOT_SERVED: ReadonlySet<string> = new Set(['refused', 'unanswered', 'suspect', 'set aside']);

function subdeviceExplanation(
  gateway: GatewayView,
  subdevice: SubdeviceReport,
  { links, losing, conditions }: StatusReport,
): Explanation {
  const { config, presence, operations, clock } = gateway;
  const { id } = subdevice;
  const allowed = config.links.filter(({ allowedSubdevices }) => allowedSubdevices?.includes(id) ?? true);
  const homes = links.filter(({ name }) => allowed.some((home) => home.name === name));
  const seenOn = links.find(({ name, unlisted }) =>
    unlisted.some((client) => client.subdevice === id && !allowed.some((home) => home.name === name)),
  );
  const unansweredSince = gateway.links.states().flatMap(({ plan }) => plan.machine.unanswered().get(id) ?? []);
  const identity = config.subdevices.find((one) => one.id === id)?.hubIdentity;
  const unbound = identity === undefined ? undefined : operations?.bindings.of(identity)?.unbound;
  const filters = hubSubscriptionsReport(gateway).subscriptions.filter(({ wantedBy }) => wantedBy.includes(id));
  const firmware = gateway.firmware().find((view) => view.subdevice === id);
  return explainSubdevice({
    subdevice,
    homes,
    seenOn: subdevice.attached ? undefined : seenOn?.name,
    hasDisconnected: presence.disconnected.has(id),
    unansweredMs: unansweredSince[0] === undefined ? undefined : clock.nowMs() - unansweredSince[0],
    unbound: unbound?.sentence,
    oldest: oldestMessages(gateway, id),
    loss: losing === 'yes' ? conditions.find((condition) => condition.losing === 'yes')?.sentence : undefined,
    rejectedFilters: filters
      .filter(({ state }) => NOT_SERVED.has(state))
      .map(({ filter, state, reason }) => ({ filter, reason: reason ?? state })),
    firmware: firmware && subdeviceFirmwareOf(firmware),
  });
}

/** Names of the oldest uplink and downlink of a subdevice that wait. */
function oldestMessages({ registry, uplinks, downlinks }: GatewayView, id: string): string[] {
  const lane = registry.byId(id)?.lane;
  if (lane === undefined) return [];
  const heads = [lane, alarmLaneOf(lane)].flatMap((number) => uplinks.lane(number).window[0]?.row.seq ?? []);
  const uplink = heads.toSorted((one, other) => one - other)[0];
  const downlink = downlinks.lane(lane).window[0]?.row.seq;
  return [
    ...(uplink === undefined ? [] : [messageName('uplink', lane, uplink)]),
    ...(downlink === undefined ? [] : [messageName('downlink', lane, downlink)]),
  ];
}
