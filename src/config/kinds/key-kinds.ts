/** What the table of keys is written in: kinds of values, and what they mean in words. */
import { z } from 'zod';

export const whole = (min: number, max: number) => z.int().min(min).max(max);
/** `shape`: what a text must look like, in words; quoted by problems and by the reference. */
export const text = (pattern: RegExp, shape: string) => z.string().regex(pattern).meta({ shape });
export const absolutePath = (bytesMax = 4095) => text(/^\/[^\0]*$/, 'absolute path').max(bytesMax);
/** `fallback`: the default in words, where it is no constant. */
export const means = (description: string, fallback?: string) =>
  fallback === undefined ? { description } : { description, fallback };

/** Names travel in topics, file names and MQTT-SN client ids: nothing that means something there. */
export const NAME = text(/^[A-Za-z0-9_-]{1,64}$/, '1 to 64 letters, digits, - or _');
