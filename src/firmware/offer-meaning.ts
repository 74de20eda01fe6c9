/** Meaning of an offer of the hub. */
import { type FirmwareOffer, type FirmwareRecord, imageKey } from '../base/firmware.ts';

export type OfferMeaning =
  | { readonly kind: 'new' }
  /** The subdevice runs this version already. */
  | { readonly kind: 'already runs' }
  /** The update goes on, with another address of the image. */
  | { readonly kind: 'new address' }
  | { readonly kind: 'repeated' }
  | { readonly kind: 'rejected'; readonly reason: string };

/**
 * A failed download may succeed with the next offer, which has another address. An image that could not be installed, or
 * was cancelled, is not offered again: the hub repeats its offers whenever the old version is reported.
 */
export function offerMeaning({ version, update }: FirmwareRecord, offer: FirmwareOffer): OfferMeaning {
  const isSame = update !== undefined && isSameOffer(update.offer, offer);
  if (version === offer.version) return { kind: isSame && update.state === 'done' ? 'repeated' : 'already runs' };
  if (!isSame) return { kind: 'new' };
  switch (update.state) {
    case 'wanted':
      return { kind: update.offer.url === offer.url ? 'repeated' : 'new address' }; // its signature ends
    case 'installing':
      return { kind: 'repeated' };
    case 'done': // the subdevice went back to another version
      return { kind: 'new' };
    case 'failed':
      if (update.failure?.kind !== 'not updated') return { kind: 'new' };
      return { kind: 'rejected', reason: `the update to ${offer.version} has failed before: ${update.failure.reason}` };
  }
}

function isSameOffer(one: FirmwareOffer, other: FirmwareOffer): boolean {
  return one.version === other.version && imageKey(one.image) === imageKey(other.image);
}
