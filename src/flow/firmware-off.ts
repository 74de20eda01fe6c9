/**
 * Gateway whose firmware updates were on earlier, and are off. The records stay, so that the updates continue when they are
 * on again. The images go, because each can be downloaded again, and so do the subscriptions of the offers.
 *
 * Offers that were in custody already are taken and ignored: the subdevice did not subscribe to them. The hub offers again.
 */

import type { Message } from '../base/message.ts';
import { FirmwareRecords } from '../firmware/firmware-records.ts';
import type { FirmwareStorage } from '../ports.ts';
import type { Subdevice } from '../subdevices/registry.ts';
import { OfferSubscriptions, type OfferSubscriptionsOptions } from './offer-subscriptions.ts';
import type { OwnMessages } from './own-messages.ts';

export interface FirmwareOffOptions extends OfferSubscriptionsOptions {
  readonly storage: Pick<FirmwareStorage, 'records' | 'keep' | 'retain'>;
}

export class FirmwareOff implements OwnMessages {
  readonly #options: FirmwareOffOptions;
  readonly #records: FirmwareRecords;

  constructor(options: FirmwareOffOptions) {
    this.#options = options;
    this.#records = new FirmwareRecords(options.storage);
  }

  start(): void {
    this.#options.storage.retain([]);
    new OfferSubscriptions(this.#options, this.#records, undefined).releaseOthers();
  }

  /** Repeats a write of the records that failed. */
  look(): void {
    this.#records.look();
  }

  stop(): void {}

  takes({ id }: Subdevice, topic: string, _payload: Uint8Array, done: () => void): boolean {
    const isOffer = this.#isOffer(id, this.#options.topicsOf(id).filterToHub(topic));
    if (isOffer) done();
    return isOffer;
  }

  next(): Message | undefined {
    return undefined;
  }

  ended(): void {}

  wasShed(id: string, topic: string): boolean {
    return this.#isOffer(id, topic);
  }

  hubSessionLost(): void {}

  /** @param topic at the hub @returns false for a subdevice that has subscribed to its offers itself */
  #isOffer(id: string, topic: string | undefined): boolean {
    const filter = this.#records.get(id)?.offers?.filter;
    const subscribed = this.#options.registry.byId(id)?.subscriptions;
    return filter !== undefined && topic === filter && subscribed?.has(filter) !== true;
  }
}
