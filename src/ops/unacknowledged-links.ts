/** Links whose devices get no acknowledgements: what they send while nothing reads the line may be lost. */
import type { Config } from '../config/schema.ts';

export function unacknowledgedLinks({ links }: Pick<Config, 'links'>): readonly string[] {
  return links.filter(({ acknowledges }) => !acknowledges).map(({ name }) => name);
}
