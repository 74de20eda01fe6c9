/** Section `[home_assistant]`: its keys, and the settings of the discovery documents for the program. */
import { z } from 'zod';
import { means, text } from './kinds/key-kinds.ts';

export const HOME_ASSISTANT = z.strictObject({
  discovery_prefix: text(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, 'levels of letters, digits, - or _')
    .max(128)
    .optional()
    .meta(
      means(
        'Beginning of the topics of the discovery documents; "homeassistant" is the default of Home Assistant. Profile generic only. none = off.',
      ),
    ),
});

export type HomeAssistantSection = z.output<typeof HOME_ASSISTANT>;

/** Settings of the discovery documents. */
export interface HomeAssistantConfig {
  readonly discoveryPrefix: string;
}

/** @returns `undefined`: no documents */
export function decodeHomeAssistant({ discovery_prefix }: HomeAssistantSection): HomeAssistantConfig | undefined {
  return discovery_prefix === undefined ? undefined : { discoveryPrefix: discovery_prefix };
}
