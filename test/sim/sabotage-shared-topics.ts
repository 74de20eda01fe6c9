/** Planted bugs of shared topics: a wrong subdevice, a wrong time, a value that is replaced by another one. */
import type { Gateway } from '../../src/app/gateway.ts';
import type { GatewayParts } from '../../src/app/gateway-parts.ts';
import type { PlantedBug } from './sabotage.ts';
import { isSharedTopic } from './shared-documents.ts';

const WRONG_SUBDEVICE =
  /arrived, but was never sent|arrived twice without|acknowledged and lost|arrived out of order|was never accepted|the unit never sent|is missing|are missing|accepted at $|with QoS 0|not drained|RETAIN/;

/** Exchanges the names of the first two subdevices. */
function swapNames(parts: GatewayParts): GatewayParts {
  const { config } = parts;
  const [first, second, ...others] = config.subdevices;
  if (first === undefined || second === undefined) return parts;
  const nameOf = ({ hubName, id }: typeof first): string => hubName ?? id;
  const swapped = [
    { ...first, hubName: nameOf(second) },
    { ...second, hubName: nameOf(first) },
  ];
  return { ...parts, config: { ...config, subdevices: [...swapped, ...others] } };
}

/** Passes a downlink on a shared topic on to all subdevices that have subscribed to it. */
function passOnToAll({ stations: { inbox, registry } }: Gateway): void {
  const admit = inbox.admit.bind(inbox);
  inbox.admit = (lane, message, from) => {
    const entry = admit(lane, message, from);
    if (!isSharedTopic(message.topic)) return entry;
    for (const { subdevice } of registry.route(message.topic))
      if (subdevice.lane !== lane) admit(subdevice.lane, message, { ...from, ackWaiter: { safe: () => undefined } });
    return entry;
  };
}

/** Writes the time of sending into documents. */
function dateWhenSent({ stations: { outbox }, parts: { clock } }: Gateway): void {
  const { payloads } = outbox;
  const of = payloads.of.bind(payloads);
  payloads.of = (row) => {
    const text = new TextDecoder().decode(of(row));
    return new TextEncoder().encode(text.replace(/"ts":\d+/, `"ts":${Math.floor(clock.wallMs())}`));
  };
}

/** Replaces values by topics of the hub. */
function forgetOwnTopics({ stations: { outbox } }: Gateway): void {
  outbox.payloads.isDocument = () => false;
}

export const PLANTED_IN_SHARED_TOPICS: readonly PlantedBug[] = [
  {
    name: 'names of subdevices exchanged',
    driverMix: 'mixed',
    hasSharedTopics: true,
    complaint: WRONG_SUBDEVICE,
    alter: swapNames,
  },
  {
    name: 'downlink of a shared topic for all subscribers',
    driverMix: 'mixed',
    hasSharedTopics: true,
    complaint: WRONG_SUBDEVICE,
    patch: passOnToAll,
  },
  {
    name: 'document dated when it is sent',
    world: 2,
    driverMix: 'mixed',
    hasSharedTopics: true,
    complaint: /the time in a document of s\d is -?\d+, accepted at \d/,
    patch: dateWhenSent,
  },
  {
    name: 'value replaced by one of another topic',
    world: 7,
    driverMix: 'mixed',
    hasSharedTopics: true,
    complaint: /an uplink on \w+ was replaced by one on/,
    patch: forgetOwnTopics,
  },
];
