/**
 * Conditions of the links. Messages that a device sends while its link is down are lost, unless the device keeps them.
 */

import { networkPortOf } from '../../base/serial-port.ts';
import { TELNET } from '../../driver/recognise.ts';
import { REOPENED } from '../../flow/links.ts';
import { isInContainer } from '../../io/container.ts';
import type { LinkReport } from '../reports/link-report.ts';
import type { Condition } from '../reports/report.ts';
import { withFullStop } from '../words.ts';
import { failedRequests } from './failed-requests.ts';
import { isUnread, looksLikeWords, misplacedConditions, unlistedConditions } from './misplaced.ts';
import { missingConditions } from './missing.ts';
import { networkRemedy } from './network-remedy.ts';
import { remedyOfNoise, remedyOfSilentLine } from './way-words.ts';

export function linkConditions(links: readonly LinkReport[]): Condition[] {
  return links.flatMap((link) => [
    ...portConditions(link),
    ...unlistedConditions(link),
    ...misplacedConditions(link, links),
    ...(isUnread(link) ? [] : troubleConditions(link)),
  ]);
}

/** Conditions of a link whose bytes do not look like another protocol; another protocol would explain all of them. */
function troubleConditions(link: LinkReport): Condition[] {
  const { name, path, protocol, polled, missing, probeable } = link;
  const hasAnswers = probeable.some((id) => !missing.some(({ subdevice }) => subdevice === id));
  const where = {
    link: name,
    path,
    protocol,
    isPolled: polled,
    receivedInstead: unlistedWords(link),
    hasAnswers,
    failed: failedRequests(link),
  };
  return [
    ...missingConditions(
      missing.filter(({ subdevice }) => !isAnswering(subdevice, link)),
      where,
    ),
    ...lineConditions(link),
  ];
}

/** True if something arrived at the last request in place of the answer of a unit: its power and its wires are not the cause. */
function isAnswering(subdevice: string, { discarded }: LinkReport): boolean {
  const ofUnit = discarded.filter((each) => each.lasts && each.subdevice === subdevice);
  const silentMs = Math.min(...ofUnit.filter(({ reason }) => reason === 'unit silent').map(({ lastMs }) => lastMs));
  return ofUnit.some(
    ({ reason, lastMs }) => (reason === 'unit checksum' || reason === 'unit mismatch') && lastMs <= silentMs,
  );
}

/** Effect of a closed link on data, by driver. */
const LOSS: Readonly<Record<string, string>> = {
  lines: 'Lines sent by its device meanwhile are lost, unless the device repeats them.',
  mqttsn: 'Messages sent by its subdevices meanwhile are lost, unless they keep them.',
  modbus: 'Its units are not read: changes meanwhile are missed.',
};
const LOSS_OF_ANY = 'Messages sent by its devices meanwhile are lost, unless they keep them.';

function portConditions(link: LinkReport): Condition[] {
  if (link.state === 'open' || link.state === 'stopped') return [];
  const { name, path, forMs, lastProblem, waits, driver } = link;
  // The first opening has not ended, or a recovery step reopens the port: neither is a fault of the port.
  if (lastProblem === REOPENED || (lastProblem === null && waits === null)) return [];
  const shared = { losing: 'at risk', forMs } as const;
  const loss = LOSS[driver] ?? LOSS_OF_ANY;
  const why = withFullStop(lastProblem ?? 'no reason is known');
  switch (waits) {
    case 'ambiguous':
      return [
        {
          ...shared,
          code: 'link-port-ambiguous',
          sentence: `Link ${name} opens no port, because ${path} fits several: ${why} ${loss}`,
          hint: 'holdfast ports shows a unique name for each port. Write the right one into the configuration.',
        },
      ];
    case 'shared':
      return [
        {
          ...shared,
          code: 'link-port-shared',
          sentence: `Link ${name} opens no port: ${why} ${loss}`,
          hint: 'Two links lead to one port. holdfast ports shows the ports and their links.',
        },
      ];
    case 'absent':
      return [
        {
          ...shared,
          code: 'link-down',
          sentence: `Link ${name} is down: ${why} ${loss}`,
          hint: isInContainer()
            ? 'Plug the adapter in, and start the container with --device for it. holdfast ports shows what this container sees.'
            : 'Plug the adapter in; its port is opened at once. holdfast ports lists the ports.',
        },
      ];
    case null:
      return [
        {
          ...shared,
          code: 'link-down',
          sentence: `Link ${name} is down: ${why} ${loss}`,
          hint: (link.looksLike === TELNET && looksLikeWords(link, [])?.hint) || remedyOf(path, lastProblem ?? ''),
        },
      ];
  }
}

/**
 * Remedy for a port problem in the words of `io/serial/tty.ts`; the cable is suspected only if nothing else is known.
 */
function remedyOf(path: string, problem: string): string {
  if (/ the change to \d+ baud| change its speed/.test(problem))
    return 'Set speed_max in [[link.lines.readout]] to a speed that the port has; 300 needs no change. Or use another adapter.';
  const port = networkPortOf(path);
  if (port !== undefined) return networkRemedy(port, problem);
  const again = 'the gateway tries again by itself.';
  const [, user] = / is in use by (.+)$/.exec(problem) ?? [];
  if (user !== undefined) return `${holderRemedy(user, path)}; ${again}`;
  if (/ may not open /.test(problem))
    return `Then restart the gateway: groups are read at the start. The systemd unit has SupplementaryGroups=dialout.`;
  if (/RS-485/.test(problem))
    return 'Set rs485 = "none" if the adapter switches the direction by itself. Otherwise use a port whose driver has the mode, or correct the delays.';
  if (/ is not a serial device| does not support /.test(problem)) return 'Correct path or baud_rate of the link.';
  if (/ has no hardware| does not answer: /.test(problem))
    return 'Enable the port (on a Raspberry Pi: raspi-config), or correct path. holdfast ports lists the ports.';
  if (/too many open files/.test(problem)) return 'Restart the gateway, and report this problem with the journal.';
  if (/^no such device/.test(problem))
    return `Plug the adapter in, or correct path (holdfast ports lists the ports); ${again}`;
  return `Check the cable and the adapter of ${path}; ${again}`;
}

/** @param user holder as `io/serial/tty-holder.ts` names it: `minicom (process 812)` */
function holderRemedy(user: string, path: string): string {
  const [, name = '', pid] = /^(.*?) ?\(process (\d+)\)/.exec(user) ?? [];
  const port = path.split('/').at(-1);
  switch (name) {
    case 'holdfast':
      return `Only one gateway can use a port: stop process ${pid} (systemctl stop holdfast, or kill ${pid}), or correct path of one of them`;
    case 'agetty':
    case 'getty':
    case 'login':
      return `Disable the login console: sudo systemctl disable --now serial-getty@${port}; on a Raspberry Pi also raspi-config, Interface Options, Serial Port`;
    case 'ModemManager':
      return 'Run: sudo systemctl disable --now ModemManager';
    case 'this gateway itself':
      return 'Restart the gateway, and report this problem with the journal';
    default:
      return pid === undefined
        ? `Find it with: sudo fuser -v ${path}; then stop it`
        : `Stop that program (kill ${pid})`;
  }
}

/** Client ids received on a link in place of the missing subdevices. */
function unlistedWords(link: LinkReport): string | undefined {
  const others = link.unlisted.map(({ subdevice }) => `the client id ${subdevice}`);
  return others.length === 0 ? undefined : others.join(', ');
}

/**
 * Conditions of a line on which all recovery steps failed; if most frames are discarded, their condition has the
 * remedy.
 */
function lineConditions(link: LinkReport): Condition[] {
  const { name, discarded, recovery } = link;
  const { failure } = recovery;
  const conditions: Condition[] = [];
  if (failure !== null) {
    if (failure.trouble === 'noise' && discarded.some(({ lasts, share }) => lasts && share > 0.5)) return [];
    const what = failure.trouble === 'silence' ? 'is still silent' : 'carries mostly broken frames';
    conditions.push({
      code: 'link-out-of-order',
      losing: 'at risk',
      forMs: failure.forMs,
      sentence: `All recovery steps failed on link ${name}; the line ${what}.`,
      hint: failure.trouble === 'silence' ? remedyOfSilentLine(link) : remedyOfNoise(link),
    });
  }
  return conditions;
}
