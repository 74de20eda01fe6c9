/** Links whose bytes or clients belong elsewhere: what was heard, and what may have been swapped. Pure. */
import type { LinkReport } from './link-report.ts';
import type { Condition } from './report.ts';

const PROTOCOLS: Readonly<Record<NonNullable<LinkReport['looksLike']>, string>> = {
  'sn-cobs': 'MQTT-SN frames (framing "sn-cobs")',
  'sn-raw': 'bare MQTT-SN packets (framing "sn-raw")',
  modbus: 'Modbus RTU frames',
  lines: 'lines of text',
};

const EXPECTED: Readonly<Record<string, string>> = { mqttsn: 'MQTT-SN', modbus: 'Modbus RTU', lines: 'lines' };

/** `undefined`: it looks like nothing that is known, or like what is configured. */
export function looksLikeWords(link: LinkReport): { readonly sentence: string; readonly hint: string } | undefined {
  const { looksLike, driver } = link;
  if (looksLike === null) return undefined;
  const isFraming = driver === 'mqttsn' && looksLike.startsWith('sn-');
  return {
    sentence: `What arrives looks like ${PROTOCOLS[looksLike]}.`,
    hint: isFraming
      ? `Write framing = "${looksLike}" in the link, if its device speaks so.`
      : `The link is configured for ${EXPECTED[driver] ?? driver}: are two ports swapped, or is driver the wrong one?`,
  };
}

/** Where no frame of the driver's own comes, and the bytes look like another protocol. */
export function misplacedConditions(link: LinkReport): Condition[] {
  const words = looksLikeWords(link);
  const isTold = link.discarded.some(({ lasts, share }) => lasts && share > 0.5);
  if (words === undefined || isTold || link.state !== 'open') return [];
  return [
    {
      ...{ code: 'link-other-protocol', losing: 'at risk', forMs: link.forMs },
      sentence: `Nothing that arrives on link ${link.name} can be read. ${words.sentence}`,
      hint: words.hint,
    },
  ];
}

/** Clients that say hello where they are not served. */
export function unlistedConditions({ name, unlisted, foreigner }: LinkReport): Condition[] {
  if (unlisted.length === 0) return [];
  const names = unlisted.map(({ subdevice }) => subdevice);
  const homes = [...new Set(unlisted.flatMap(({ configuredOn }) => configuredOn ?? []))];
  const forMs = Math.max(...unlisted.map((each) => each.forMs));
  const alone = foreigner === null ? '' : ' Nothing is delivered there until one that is says hello.';
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
