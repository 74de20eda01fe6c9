/** What `hub.host` may be: a name or an address. What people write in front of it and behind it has keys of its own. Pure. */
import type { HubSection } from '../keys.ts';
import type { Problem } from '../kinds/problem.ts';

const URL_PARTS = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^/:]*)(?::(\d*))?(\/.*)?$/i;
const NAME = /^[A-Za-z0-9._-]+$/;
/** Two colons at least, as in every IPv6 address without brackets. */
const IPV6 = /^[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*(?:%[A-Za-z0-9._-]+)?$/;
const SECURE = ['mqtts', 'ssl', 'tls', 'https', 'wss'];

export function hostProblems({ host }: HubSection): Problem[] {
  if (NAME.test(host) || IPV6.test(host)) return [];
  const path = 'hub.host';
  const [, scheme, bare = '', port, rest] = URL_PARTS.exec(host) ?? [];
  const name = bare.replace(/^\[|\]$/g, '');
  if (!NAME.test(name) && !IPV6.test(name))
    return [{ path, what: `is "${host}", which is no host name and no address`, hint: 'Write the name alone.' }];
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
  const what = `is "${host}", with ${extras.join(' and ')}; it is the name or the address alone`;
  return [
    {
      path,
      what,
      hint: `Write it without ${extras.map((extra) => extra.replace(/^a /, '')).join(' and ')}: ${instead.join(', and below it ')}.`,
    },
  ];
}
