/** Section `[telemetry]`: its keys, and the settings of the health telemetry for the program. */
import { z } from 'zod';
import { FLAG, means, whole } from './kinds/key-kinds.ts';
import { filledTopic, ownTopic, type TopicIdentity } from './own-topic.ts';

/** Largest interval: one day. A longer interval would hide for days that the gateway is silent. */
const MINUTES_MAX = 1440;
export const TELEMETRY = z.strictObject({
  topic: ownTopic()
    .optional()
    .meta(
      means(
        'Topic of the health telemetry at the hub. Placeholders: {gateway}; hub profiles also {product_id}, {device_name}. none = off.',
      ),
    ),
  every_minutes: whole(1, MINUTES_MAX).default(15).meta(means('Interval between two documents.')),
  on_change: z
    .boolean()
    .default(true)
    .meta(means('true: a document is due too when a condition begins or ends, at most one in 10 s.')),
  retain: FLAG.meta(means('Publish with RETAIN, so that the broker keeps the newest document. Profile generic only.')),
});

export type TelemetrySection = z.output<typeof TELEMETRY>;

/** Settings of the health telemetry. */
export interface TelemetryConfig {
  readonly topic: string;
  readonly everyMinutes: number;
  readonly onChange: boolean;
  readonly retain: boolean;
}

/** @returns `undefined`: no telemetry */
export function decodeTelemetry(
  { topic: template, every_minutes, on_change, retain }: TelemetrySection,
  identity: TopicIdentity,
): TelemetryConfig | undefined {
  const topic = template === undefined ? undefined : filledTopic(template, identity);
  return topic === undefined ? undefined : { topic, everyMinutes: every_minutes, onChange: on_change, retain };
}
