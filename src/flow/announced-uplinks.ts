/**
 * Order of announcements and uplinks at a hub with gateway operations: a subdevice is online at the hub before its
 * uplinks are sent, and until all of them are acknowledged.
 *
 * The outbox asks before it sends a message of a subdevice, and the announcements ask which subdevices have more to
 * send. A subdevice without an identity at the hub, and every subdevice at any other hub, waits for nothing.
 */
import type { HubIdentity } from '../base/hub-identity.ts';
import { alarmLaneOf } from '../custody/lane-number.ts';
import type { GatewayOperations } from '../hub/gateway/gateway-operations.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { SubdeviceRegistry } from '../subdevices/registry.ts';

export interface AnnouncedUplinksOptions {
  readonly registry: SubdeviceRegistry;
  /** `undefined`: the hub has no gateway operations. */
  readonly operations: () => GatewayOperations | undefined;
  readonly outbox: () => Outbox;
  readonly identityOf: (subdevice: string) => HubIdentity | undefined;
  readonly ownerOf: (identity: HubIdentity) => string | undefined;
}

export class AnnouncedUplinks {
  readonly #options: AnnouncedUplinksOptions;

  constructor(options: AnnouncedUplinksOptions) {
    this.#options = options;
  }

  /** Returns whether the hub may get uplinks of the lane now. If not, its subdevice is announced as online. */
  readonly mayPublish = (lane: number): boolean => {
    const operations = this.#options.operations();
    if (operations === undefined) return true;
    const identity = this.#identityOf(lane);
    return identity === undefined || operations.mayPublish(identity);
  };

  /** Same as `mayPublish`, without an effect. For reports. */
  readonly isReady = (lane: number): boolean => {
    const operations = this.#options.operations();
    const identity = operations && this.#identityOf(lane);
    return operations === undefined || identity === undefined || operations.isReady(identity);
  };

  /** Returns whether uplinks of the subdevice are in flight, or can be sent as soon as it is online. */
  readonly hasUplinks = (identity: HubIdentity): boolean => {
    const { registry, ownerOf, outbox } = this.#options;
    const subdevice = registry.byId(ownerOf(identity) ?? '');
    if (subdevice === undefined) return false;
    return [subdevice.lane, alarmLaneOf(subdevice.lane)].some((lane) => outbox().isSending(lane));
  };

  #identityOf(lane: number): HubIdentity | undefined {
    const subdevice = this.#options.registry.byLane(lane);
    return subdevice && this.#options.identityOf(subdevice.id);
  }
}
