/** Identity of a device at the hub, and its written form. */
export interface HubIdentity {
  readonly productId: string;
  readonly deviceName: string;
}

/** `{product}/{device}`: neither part may hold a slash. */
export function identityKey({ productId, deviceName }: HubIdentity): string {
  return `${productId}/${deviceName}`;
}

/** Method by which a device signs its requests to the hub. */
export type SignMethod = 'hmacsha256' | 'hmacsha1';
