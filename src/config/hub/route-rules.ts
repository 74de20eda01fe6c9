/**
 * Rules across the keys of the way to the hub: WebSocket and proxy. A key without effect is reported as a problem, because
 * the author of the file expects an effect. No problem shows the value of `proxy`: it may contain a password.
 */
import { applyRules } from '../kinds/known.ts';
import type { Problem } from '../kinds/problem.ts';
import { hostPartsOf } from './host-parts.ts';
import type { HubSection } from './hub-keys.ts';

export interface ProxyAddress {
  /** Host name or address, without brackets. */
  readonly host: string;
  readonly port: number;
}

const PORT_MAX = 65_535;

/** @returns `undefined`: the text is not `http://HOST:PORT` */
export function proxyAddressOf(proxy: string): ProxyAddress | undefined {
  const [, rest = ''] = /^http:\/\/([^@/]+)\/?$/i.exec(proxy) ?? [];
  const { name = '', port = '' } = hostPartsOf(rest) ?? {};
  const number = Number(port);
  return name === '' || number < 1 || number > PORT_MAX ? undefined : { host: name, port: number };
}

export function routeProblems(hub: HubSection): Problem[] {
  return applyRules([pathProblems, proxyProblems, loginProblems, usernameProblems], hub);
}

function pathProblems({ transport, ws_path: path }: HubSection): Problem[] {
  if (transport === 'ws' || path === undefined) return [];
  const hint = 'Remove this key, or write transport = "ws".';
  return [{ path: 'hub.ws_path', what: 'has no effect with transport = "tcp"', hint }];
}

function proxyProblems({ proxy }: HubSection): Problem[] {
  if (proxy === undefined || proxyAddressOf(proxy) !== undefined) return [];
  const path = 'hub.proxy';
  if (proxy.includes('@'))
    return [
      {
        path,
        what: 'contains a user, and perhaps a password',
        hint: 'Write the address only: http://HOST:PORT. The user name is in proxy_username, the password in a file that proxy_password_file names. Change the password if others could read this file.',
      },
    ];
  if (/^https:/i.test(proxy))
    return [
      {
        path,
        what: 'begins with https: TLS to the proxy itself is not supported',
        hint: 'Write http://HOST:PORT. TLS to the hub (tls = "on") is then inside the tunnel of the proxy.',
      },
    ];
  if (/^socks/i.test(proxy))
    return [{ path, what: 'is not an HTTP proxy', hint: 'Name an HTTP proxy that permits CONNECT: http://HOST:PORT.' }];
  return [{ path, what: 'is not http://HOST:PORT', hint: 'Write for example proxy = "http://proxy.example:3128".' }];
}

const LOGIN_KEYS = ['proxy_username', 'proxy_password_file'] as const;

function loginProblems(hub: HubSection): Problem[] {
  const present = LOGIN_KEYS.filter((key) => hub[key] !== undefined);
  if (hub.proxy === undefined)
    return present.map((key) => ({
      path: `hub.${key}`,
      what: 'has no effect without proxy',
      hint: 'Add proxy, or remove this key.',
    }));
  const missing = LOGIN_KEYS.filter((key) => hub[key] === undefined);
  if (missing.length !== 1) return [];
  return missing.map((key) => ({
    path: `hub.${key}`,
    what: `is missing, but ${present[0]} is set`,
    hint: 'Set both proxy_username and proxy_password_file, or neither.',
  }));
}

/** Basic authentication separates the user name from the password by a colon (RFC 7617 §2). */
function usernameProblems({ proxy_username: username }: HubSection): Problem[] {
  if (username === undefined || !/[:\p{Cc}]/u.test(username)) return [];
  const what = 'contains a colon or a control character, which Basic authentication does not allow';
  return [{ path: 'hub.proxy_username', what, hint: 'Write the user name only. The password is in its file.' }];
}
