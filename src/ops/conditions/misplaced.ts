/** Links whose bytes or clients belong to another link or driver, and what may have been swapped. Pure. */

import { DRIVERS, driverNamed } from '../../driver/drivers.ts';
import { OTHER_SPEED, TELNET } from '../../driver/recognise.ts';
import type { LinkReport } from '../reports/link-report.ts';
import type { Condition } from '../reports/report.ts';
import { intakeWordsOf } from './intake-words.ts';
import { remedyOfHeader } from './unit-words.ts';

interface Guess {
  readonly sentence: string;
  readonly hint: string;
}

/** True if the bytes look like another protocol, and nothing can be read. */
export function isUnread({ looksLike, counters }: LinkReport): boolean {
  return looksLike !== null && (looksLike !== TELNET || counters.framesIn === 0);
}

/** @param links links to which the port may belong; @returns `undefined`: no known protocol, or the configured one */
export function looksLikeWords(link: LinkReport, links: readonly LinkReport[]): Guess | undefined {
  const { looksLike, driver, name, missing } = link;
  if (looksLike === null) return undefined;
  if (looksLike === TELNET) return telnetWords(link);
  const home = DRIVERS.find(({ protocols }) => protocols.some((one) => one.name === looksLike));
  const protocol = home?.protocols.find((one) => one.name === looksLike)?.words ?? SLOWER;
  const names = missing.map(({ subdevice }) => subdevice);
  const absent = names.length === 0 ? '' : `; nothing is received from ${names.slice(0, NAMES_MAX).join(', ')}`;
  const sentence = `What arrives looks like ${protocol}${absent}.`;
  if (home === undefined) return { sentence, hint: OTHER_SPEED_HINT };
  if (driver === home.name)
    return { sentence, hint: `Set framing = "${looksLike}" in the link if its device uses this framing.` };
  const homes = links.filter((other) => other.name !== name && other.driver === home.name);
  const ports = homes.length === 1 ? `the ports of ${name} and ${homes[0]?.name}` : 'two ports';
  const hint = `The link is configured for ${driverNamed(driver).protocol}. Check whether ${ports} are swapped, or correct driver.`;
  return { sentence, hint };
}

/** A device server that speaks telnet, and a path that means raw bytes. */
function telnetWords({ path, lastProblem }: LinkReport): Guess {
  const sentence = 'The device server speaks telnet on this port: it takes bytes 0xFF for commands, and doubles them.';
  const isModbusTcp = remedyOfHeader(lastProblem ?? '') !== undefined;
  return { sentence, hint: `${isModbusTcp ? 'Remove framing = "mbap" of the link. ' : ''}${telnetRemedy(path)}` };
}

/** @param path of a port behind a device server */
function telnetRemedy(path: string): string {
  return `Write path = "${path.replace(/^\w+:/, 'rfc2217:')}" if the device server supports RFC 2217; otherwise switch this port to raw TCP in its settings.`;
}

const NAMES_MAX = 3;
const SLOWER = 'data sent at a lower speed than baud_rate';
const OTHER_SPEED_HINT =
  'Compare baud_rate with the speed of the device first, then parity. An unconnected line looks the same: check that A and B are connected and not swapped, the ground wire, and on RS-485 the termination.';

/** Conditions of a link on which no frame of its driver arrives and the bytes look like another protocol. */
export function misplacedConditions(link: LinkReport, links: readonly LinkReport[]): Condition[] {
  const words = looksLikeWords(link, links);
  // Trouble with units is reported here.
  const isReported = link.discarded.some(
    (each) => each.lasts && each.share > 0.5 && intakeWordsOf(each).code !== 'unit-trouble',
  );
  if (words === undefined || isReported || link.state !== 'open') return [];
  if (link.looksLike === TELNET)
    return [
      {
        code: 'link-other-protocol',
        losing: 'at risk',
        forMs: link.forMs,
        sentence: `Link ${link.name}: ${words.sentence}`,
        hint: words.hint,
      },
    ];
  const code = link.looksLike === OTHER_SPEED ? 'link-out-of-order' : 'link-other-protocol';
  const sentence = `Nothing that arrives on link ${link.name} can be read. ${words.sentence}`;
  return [{ code, losing: 'at risk', forMs: link.forMs, sentence, hint: words.hint }];
}

/** Conditions for clients that send CONNECT on a link that does not serve them. */
export function unlistedConditions({ name, unlisted, unlistedDevice }: LinkReport): Condition[] {
  if (unlisted.length === 0) return [];
  const names = unlisted.map(({ subdevice }) => subdevice);
  const homes = [...new Set(unlisted.flatMap(({ configuredOn }) => configuredOn ?? []))];
  const forMs = Math.max(...unlisted.map((each) => each.forMs));
  const alone = unlistedDevice === null ? '' : ' Nothing is delivered on this link until a listed client connects.';
  const where =
    homes.length === 0
      ? 'not on its list; its CONNECT is refused'
      : `configured for link ${homes.join(', ')} and refused here`;
  const verb = names.length === 1 ? 'which is' : 'which are';
  return [
    {
      code: 'link-foreign-device',
      losing: 'at risk',
      forMs,
      sentence: `On link ${name} there is ${names.join(', ')}, ${verb} ${where}.${alone}`,
      hint:
        homes.length === 0
          ? 'Connect the right device, or add this one to the configuration of the link.'
          : `Check whether the ports of ${[name, ...homes].join(' and ')} are swapped. Swap them back, or correct subdevices of the links.`,
    },
  ];
}
