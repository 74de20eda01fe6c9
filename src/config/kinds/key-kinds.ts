/** Building blocks of the table of keys: types of values, and their meanings as texts. */
import { z } from 'zod';

/** Integer in a range. */
export const whole = (min: number, max: number) => z.int().min(min).max(max);
/** @param shape description of the pattern, quoted by problems and by the reference */
export const text = (pattern: RegExp, shape: string) => z.string().regex(pattern).meta({ shape });
export const absolutePath = (bytesMax = 4095) => text(/^\/[^\0]*$/, 'absolute path').max(bytesMax);
/** @param fallback text of a default that is not a constant */
export const means = (description: string, fallback?: string) =>
  fallback === undefined ? { description } : { description, fallback };

/** Template of topics at the hub. */
export const topicTemplate = () => z.string().min(1).max(255).optional();

/** Boolean that is off by default. */
export const FLAG = z.boolean().default(false);

/** Name without characters that are special in topics, file names or MQTT-SN client ids. */
export const NAME = text(/^[A-Za-z0-9_-]{1,64}$/, '1 to 64 letters, digits, - or _');
/** Limits of the vendor's C SDK: product id 10 characters, device name at most 48. */
export const PRODUCT_ID = text(/^[A-Za-z0-9]{10}$/, '10 letters or digits');
export const DEVICE_NAME = text(/^[A-Za-z0-9:_-]{1,48}$/, '1 to 48 letters, digits, :, - or _');

/**
 * Returns the text of a default that depends on another key: each value once, with the names that have it, such as
 * `60 (generic), 240 (intl, mainland)`; the value alone if all have the same one.
 * @param choices name and value
 */
export function groupedByValue(choices: readonly (readonly [string, string | number])[]): string {
  const byValue = [...Map.groupBy(choices, ([, value]) => JSON.stringify(value))];
  if (byValue.length === 1) return byValue[0]?.[0] ?? '';
  return byValue.map(([value, group]) => `${value} (${group.map(([name]) => name).join(', ')})`).join(', ');
}

/** Id of a device profile, which is also the name of its file. */
export const PROFILE_ID = text(/^[a-z0-9][a-z0-9_-]{0,63}$/, '1 to 64 lower-case letters, digits, - or _');
