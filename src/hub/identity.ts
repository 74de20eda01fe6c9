/** Who somebody is at the hub, and how people write it. */
export interface HubIdentity {
  readonly productId: string;
  readonly deviceName: string;
}

/** `{product}/{device}`: neither part may hold a slash. */
export function identityKey({ productId, deviceName }: HubIdentity): string {
  return `${productId}/${deviceName}`;
}
