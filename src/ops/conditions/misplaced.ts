/** Links whose bytes or clients belong elsewhere: what was heard, and what may have been swapped. Pure. */

import { DRIVERS, driverNamed } from '../../driver/drivers.ts';
import { OTHER_SPEED } from '../../driver/recognise.ts';
import type { LinkReport } from '../reports/link-report.ts';
import type { Condition } from '../reports/report.ts';
import { intakeWordsOf } from './intake-words.ts';

interface Guess {
  readonly sentence: string;
  readonly hint: string;
}

/** `undefined`: it looks like nothing that is known, or like what is configured. @param links where the port may belong */
export function looksLikeWords(link: LinkReport, links: readonly LinkReport[]): Guess | undefined {
  const { looksLike, driver, name, missing } = link;
  if (looksLike === null) return undefined;
  const home = DRIVERS.find(({ protocols }) => protocols.some((one) => one.name === looksLike));
  const protocol = home?.protocols.find((one) => one.name === looksLike)?.words ?? SLOWER;
  const names = missing.map(({ subdevice }) => subdevice);
  const absent = names.length === 0 ? '' : `; ${names.slice(0, NAMES_MAX).join(', ')} cannot be heard`;
  const sentence = `What arrives looks like ${protocol}${absent}.`;
  if (home === undefined) return { sentence, hint: OTHER_SPEED_HINT };
  if (driver === home.name)
    return { sentence, hint: `Write framing = "${looksLike}" in the link, if its device speaks so.` };
  const homes = links.filter((other) => other.name !== name && other.driver === home.name);
  const ports = homes.length === 1 ? `the ports of ${name} and ${homes[0]?.name}` : 'two ports';
  const hint = `The link is configured for ${driverNamed(driver).protocol}: are ${ports} swapped, or is driver the wrong one?`;
  return { sentence, hint };
}

const NAMES_MAX = 3;
const SLOWER = 'bytes that are sent at a lower speed than they are read';
const OTHER_SPEED_HINT =
  'Probably baud_rate is not the speed of the device: compare them first, then parity. A line that floats looks the same: check that A and B are connected and not swapped, the ground wire, and on RS-485 the termination.';

/** Where no frame of the driver's own comes, and the bytes look like something else. */
export function misplacedConditions(link: LinkReport, links: readonly LinkReport[]): Condition[] {
  const words = looksLikeWords(link, links);
  // trouble with units is told here
  const isTold = link.discarded.some(
    (each) => each.lasts && each.share > 0.5 && intakeWordsOf(each).code !== 'unit-trouble',
  );
  if (words === undefined || isTold || link.state !== 'open') return [];
  const code = link.looksLike === OTHER_SPEED ? 'link-out-of-order' : 'link-other-protocol';
  const sentence = `Nothing that arrives on link ${link.name} can be read. ${words.sentence}`;
  return [{ ...{ code, losing: 'at risk', forMs: link.forMs, sentence }, hint: words.hint }];
}

/** Clients that say hello where they are not served. */
export function unlistedConditions({ name, unlisted, unlistedDevice }: LinkReport): Condition[] {
  if (unlisted.length === 0) return [];
  const names = unlisted.map(({ subdevice }) => subdevice);
  const homes = [...new Set(unlisted.flatMap(({ configuredOn }) => configuredOn ?? []))];
  const forMs = Math.max(...unlisted.map((each) => each.forMs));
  const alone = unlistedDevice === null ? '' : ' Nothing is delivered there until one that is says hello.';
  const where =
    homes.length === 0
      ? 'not on its list, and its CONNECT is refused'
      : `configured for link ${homes.join(', ')}, and refused here`;
  const verb = names.length === 1 ? 'which is' : 'which are';
  return [
    {
      ...{ code: 'link-foreign-device', losing: 'at risk', forMs },
      sentence: `On link ${name} there is ${names.join(', ')}, ${verb} ${where}.${alone}`,
      hint:
        homes.length === 0
          ? 'Was a device swapped? Put the right one back, or add this one to the configuration of the link.'
          : `Are the ports of ${[name, ...homes].join(' and ')} swapped? Swap them back, or correct subdevices of the links.`,
    },
  ];
}
