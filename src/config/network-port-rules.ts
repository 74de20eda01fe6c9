/** Rules of links whose port is behind a device server in the network. */
import { hostAndPort } from '../base/host-and-port.ts';
import { networkPortOf } from '../base/serial-port.ts';
import type { LinkSection } from './keys.ts';
import { whereKnown } from './kinds/known.ts';
import type { Placed } from './kinds/placed.ts';
import type { Problem } from './kinds/problem.ts';

const PORT_MAX = 65_535;

export function networkPortProblems({ path, section }: Placed<LinkSection>): Problem[] {
  const port = networkPortOf(section.path);
  const problems: Problem[] = [];
  const add = (key: string, what: string, hint: string): void =>
    void problems.push({ path: `${path}.${key}`, what, hint });
  if (section.tls_ca_file !== undefined && port?.protocol !== 'tls')
    add('tls_ca_file', 'has no effect: path does not begin with tls://', 'Remove this key, or write tls://host:port.');
  if (port === undefined) return problems;
  if (port.port < 1 || port.port > PORT_MAX)
    add('path', `has the port ${port.port}, which does not exist`, `Write a TCP port from 1 to ${PORT_MAX}.`);
  if (section.rs485 !== 'none')
    add('rs485', 'has no effect: the device server switches the direction', 'Remove this key.');
  if (section.recovery.includes('reauthorise'))
    add('recovery', 'has "reauthorise", which replugs USB adapters of this machine', 'Remove this step.');
  if (section.recovery.includes('toggle') && port.protocol !== 'rfc2217')
    add('recovery', 'has "toggle", and this connection has no modem lines', 'Remove this step, or use rfc2217://.');
  return problems;
}

/**
 * Reports two links with one port of a device server whose paths are written differently, as with `tcp://` and
 * `rfc2217://`. The links would end the connection of each other again and again.
 */
export function sharedServerProblems(links: readonly Placed<LinkSection>[]): Problem[] {
  const first = new Map<string, Placed<LinkSection>>();
  return links.flatMap((link) => {
    const [port] = whereKnown(() => [networkPortOf(link.section.path)]);
    if (port === undefined) return [];
    const server = hostAndPort({ ...port, host: port.host.toLowerCase() });
    const other = first.get(server);
    if (other === undefined) first.set(server, link);
    if (other === undefined || other.section.path === link.section.path) return []; // equal paths are a problem of their own
    const what = `leads to ${server}, and so does ${other.path}.path: only one link can use a port`;
    return [{ path: `${link.path}.path`, what, hint: 'Correct one of the two paths, or remove one link.' }];
  });
}
