/** Parts of a text that names a hub: the host name or address, and what people copy with it from a URL. */

export interface HostParts {
  /** Host name or address, without brackets. */
  readonly name: string;
  /** Digits as written; `''`: a colon without digits. */
  readonly port: string | undefined;
  /** True if the scheme means TLS, such as `mqtts`. */
  readonly isSecure: boolean;
  /** True if the scheme means WebSocket. */
  readonly isWebSocket: boolean;
  /** Path with its slash, if there is one. */
  readonly path: string | undefined;
  /** Parts other than the name, e.g. `a scheme`. */
  readonly extras: readonly string[];
}

const URL_PARTS = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^/:]*)(?::(\d*))?(\/.*)?$/i;
const NAME = /^[A-Za-z0-9._-]+$/;
/** Address with at least two colons, like every IPv6 address without brackets. */
const IPV6 = /^[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f.]*(?:%[A-Za-z0-9._-]+)?$/;
const SECURE = ['mqtts', 'ssl', 'tls', 'https', 'wss'];

/** @returns `undefined`: the text has no host name and no address */
export function hostPartsOf(host: string): HostParts | undefined {
  if (NAME.test(host) || IPV6.test(host))
    return { name: host, port: undefined, isSecure: false, isWebSocket: false, path: undefined, extras: [] };
  const [, scheme, bare = '', port, rest] = URL_PARTS.exec(host) ?? [];
  const name = bare.replace(/^\[|\]$/g, '');
  if (!NAME.test(name) && !IPV6.test(name)) return undefined;
  const extras = [
    ...(scheme === undefined ? [] : ['a scheme']),
    ...(host.includes('@') ? ['a user'] : []),
    ...(port === undefined ? [] : ['a port']),
    ...(rest === undefined ? [] : ['a path']),
    ...(bare.startsWith('[') ? ['brackets'] : []),
  ];
  const kind = scheme?.toLowerCase() ?? '';
  return { name, port, isSecure: SECURE.includes(kind), isWebSocket: /^wss?$/.test(kind), path: rest, extras };
}
