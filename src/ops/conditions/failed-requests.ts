/** Last failed requests to polled subdevices, in the words of the drivers, and what to do about a failed read-out. Pure. */
import type { LinkReport } from '../reports/link-report.ts';

/** Words for a request that nothing answered. They say no more than that the subdevice is silent. */
const NOTHING_CAME = /\bno answer(?:$| to the request )/;

/** Remedy for a meter that answers, and whose read-out fails (`driver/lines/readout.ts`), without a full stop. */
export const READOUT_REMEDY =
  'Something answers. Check the position of the optical head, then speed_max of the read-out, and line_bytes_max of the lines';

/** Failed requests that say more than that nothing answered, by subdevice. */
export function failedRequests({ discarded }: Pick<LinkReport, 'discarded'>): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const { reason, lasts, subdevice, sample } of discarded)
    if (reason === 'unit silent' && lasts && subdevice !== null && !NOTHING_CAME.test(sample))
      words.set(subdevice, sample);
  return words;
}

/** @param words of a failed request; `undefined`: nothing answered */
export function isFailedReadout(words: string | undefined): boolean {
  return words?.startsWith('read-out ') === true;
}
