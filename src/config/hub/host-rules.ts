/** Rules of `hub.host`: a host name or an address. The other parts of a URL are rejected with a hint. Pure. */
import type { Problem } from '../kinds/problem.ts';
import type { HubSection } from './hub-keys.ts';

const URL_PARTS = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^/:]*)(?::(\d*))?(\/.*)?$/i;
const NAME = /^[A-Za-z0-9._-]+$/;
/** Address with at least two colons, like every IPv6 address without brackets. */
const IPV6 = /^[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*(?:%[A-Za-z0-9._-]+)?$/;
const SECURE = ['mqtts', 'ssl', 'tls', 'https', 'wss'];

export function hostProblems({ host }: HubSection): Problem[] {
  if (NAME.test(host) || IPV6.test(host)) return [];
  const path = 'hub.host';
  const [, scheme, bare = '', port, rest] = URL_PARTS.exec(host) ?? [];
  const name = bare.replace(/^\[|\]$/g, '');
  if (!NAME.test(name) && !IPV6.test(name))
    return [{ path, what: `is "${host}", not a host name or an address`, hint: 'Write the host name only.' }];
  const extras = [
    ...(scheme === undefined ? [] : ['a scheme']),
    ...(host.includes('@') ? ['a user'] : []),
    ...(port === undefined ? [] : ['a port']),
    ...(rest === undefined ? [] : ['a path']),
    ...(bare.startsWith('[') ? ['brackets'] : []),
  ];
  const instead = [
    `host = "${name}"`,
    ...(port === undefined || port === '' ? [] : [`port = ${port}`]),
    ...(scheme !== undefined && SECURE.includes(scheme.toLowerCase()) ? ['tls = "on"'] : []),
  ];
  const without = extras.map((extra) => extra.replace(/^a /, '')).join(' and ');
  const what = `is "${host}", with ${extras.join(' and ')}; only the host name or address is allowed`;
  return [{ path, what, hint: `Write the host without ${without}: ${instead.join(', and below it ')}.` }];
}
