/** Identity of a device at the hub, and its written form. */
export interface HubIdentity {
  readonly productId: string;
  readonly deviceName: string;
}

/** Returns the written form `{product}/{device}`. Neither part may contain a slash. */
export function identityKey({ productId, deviceName }: HubIdentity): string {
  return `${productId}/${deviceName}`;
}

/** Methods by which a device signs its requests to the hub. */
export const SIGN_METHODS = ['hmacsha256', 'hmacsha1'] as const;
export type SignMethod = (typeof SIGN_METHODS)[number];
