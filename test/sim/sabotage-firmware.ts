/** Planted bugs in the updates of firmware, one at a time. */
import type { Gateway } from '../../src/app/gateway.ts';
import type { GatewayParts } from '../../src/app/gateway-parts.ts';
import { decodeFirmwareDown } from '../../src/codec/firmware-messages.ts';
import type { FirmwareStorage } from '../../src/ports.ts';
import type { PlantedBug } from './sabotage.ts';

/** Alters the storage of a gateway with firmware updates. */
export function onDisk(
  alter: (storage: FirmwareStorage) => Partial<FirmwareStorage>,
): (parts: GatewayParts) => GatewayParts {
  return (parts) => {
    const { firmwareStorage } = parts;
    return firmwareStorage === undefined
      ? parts
      : { ...parts, firmwareStorage: { ...firmwareStorage, ...alter(firmwareStorage) } };
  };
}

/** Sends no OFFER after a restart of the gateway. */
function forgetOffers({ firmware, parts: { firmwareStorage } }: Gateway): void {
  if (firmware === undefined || firmwareStorage?.records.length === 0) return;
  const next = firmware.next.bind(firmware);
  firmware.next = (subdevice, isAwake) => {
    const message = next(subdevice, isAwake);
    const read = message && decodeFirmwareDown(message.payload);
    if (!read?.ok || read.value.kind !== 'offer') return message;
    firmware.ended(subdevice, { kind: 'delivered', token: 0 });
    return next(subdevice, isAwake);
  };
}

/** Sends messages of the gateway itself before downlinks that wait. */
export function chunksFirst({ firmware, stations: { inbox, registry } }: Gateway): void {
  if (firmware === undefined) return;
  const next = inbox.next.bind(inbox);
  inbox.next = (lane, nowMs) => {
    const subdevice = registry.byLane(lane);
    if (subdevice === undefined || !inbox.isIdle(lane)) return next(lane, nowMs);
    const message = firmware.next(subdevice, inbox.deliveryOf(lane)?.state === 'awake');
    return message === undefined ? next(lane, nowMs) : inbox.beginOwn(lane, message);
  };
}

export const PLANTED_IN_FIRMWARE: readonly PlantedBug[] = [
  {
    name: 'image read at a wrong offset',
    complaint: /got an image that is not/,
    alter: onDisk(({ read }) => ({
      read: (image, offset, bytes, done) => read(image, offset === 0 ? 0 : offset - 1, bytes, done),
    })),
  },
  { name: 'offer to the subdevice lost at a restart', complaint: /not drained/, patch: forgetOffers },
  {
    name: 'chunks before downlinks that wait',
    complaint: /own message to \S+ before a downlink that waits/,
    patch: chunksFirst,
  },
  {
    name: 'image removed while it is wanted',
    complaint: /was removed, but/,
    world: 9,
    alter: onDisk(({ retain }) => ({ retain: (images) => retain(images.slice(1)) })),
  },
  {
    name: 'images never removed',
    complaint: /images on the disk that no update needs/,
    alter: onDisk(() => ({ retain: () => undefined })),
  },
  {
    name: 'offer out of custody before its record is written',
    complaint: /was acknowledged, but is not on the disk/,
    alter: onDisk(({ keep }) => ({
      keep: (records, done) => {
        done(undefined);
        keep(records, () => undefined);
      },
    })),
  },
];
