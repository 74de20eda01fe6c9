/**
 * Topic of the gateway itself at the hub, for telemetry and remote commands, with placeholders for the identity of the
 * gateway.
 */
import { z } from 'zod';
import { fillTemplate, parseTemplate } from '../base/template.ts';

/** Type of a key with the template of a topic. */
export const ownTopic = () => z.string().min(1).max(255);

/** Sections with the identity of the gateway. */
export interface TopicIdentity {
  readonly gateway: { readonly name: string };
  readonly hub: { readonly product_id?: string | undefined; readonly device_name?: string | undefined };
}

/** @returns `undefined` if a placeholder has no value */
export function filledTopic(template: string, { gateway, hub }: TopicIdentity): string | undefined {
  const values = new Map([
    ['gateway', gateway.name],
    ['product_id', hub.product_id],
    ['device_name', hub.device_name],
  ]);
  return fillTemplate(parseTemplate(template), (name) => values.get(name));
}
