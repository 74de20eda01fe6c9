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

/** Name without characters that are special in topics, file names or MQTT-SN client ids. */
export const NAME = text(/^[A-Za-z0-9_-]{1,64}$/, '1 to 64 letters, digits, - or _');
