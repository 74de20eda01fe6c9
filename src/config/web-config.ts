/** Section `[web]`: its keys, their rules, and the settings of the web page for the program. */
import { z } from 'zod';
import { absolutePath, FLAG, means } from './kinds/key-kinds.ts';
import { applyRules } from './kinds/known.ts';
import {
  addressProblem,
  exposureProblems,
  hostNames,
  isLoopback,
  type ListenAddress,
  listenAddress,
  listenAddressOf,
} from './kinds/listen-address.ts';
import type { Problem } from './kinds/problem.ts';

export const WEB = z.strictObject({
  listen: listenAddress(8080).optional().meta(means('Address and port of the read-only web page. none = no web page.')),
  token_file: absolutePath()
    .optional()
    .meta(means('File with the token for the login, readable by its owner only. Required with listen.')),
  allow_remote: FLAG.meta(
    means('Allow an address in `listen` that other machines reach. The token then crosses the network unencrypted.'),
  ),
  host_names: hostNames().meta(
    means('Further host names under which browsers reach the page. localhost and the address are always valid.'),
  ),
});

export type WebSection = z.output<typeof WEB>;

/** Settings of the web page. */
export interface WebConfig extends ListenAddress {
  readonly tokenFile: string;
  readonly hostNames: readonly string[];
}

export function webProblems(web: WebSection): Problem[] {
  return applyRules([incompleteProblems, addressProblems, remoteProblems, idleProblems], web);
}

function incompleteProblems({ listen, token_file }: WebSection): Problem[] {
  if (listen === undefined || token_file !== undefined) return [];
  const hint = 'Create a token: (umask 077; openssl rand -hex 16 > FILE), and name the file here.';
  return [{ path: 'web.token_file', what: 'is missing: no user could log in', hint }];
}

function addressProblems({ listen }: WebSection): Problem[] {
  const problem = listen === undefined ? undefined : addressProblem('web.listen', listen, 8080);
  return problem === undefined ? [] : [problem];
}

function remoteProblems(web: WebSection): Problem[] {
  const hint =
    'Use 127.0.0.1 and an SSH tunnel. If other machines must reach the page directly, write allow_remote = true.';
  return exposureProblems('web.listen', web, hint);
}

/** Reports keys without an effect, because the author of the file expects one. */
function idleProblems(web: WebSection): Problem[] {
  const idle = (key: keyof WebSection, why: string, hint: string): Problem => ({
    path: `web.${key}`,
    what: `has no effect: ${why}`,
    hint,
  });
  const isOnLoopback = web.listen !== undefined && isLoopback(listenAddressOf(web.listen).host);
  if (isOnLoopback && web.allow_remote)
    return [idle('allow_remote', 'listen is an address of this machine only', 'Remove this key.')];
  if (web.listen !== undefined) return [];
  const hint = 'Add listen = "127.0.0.1:8080", or remove this key.';
  return [
    ...(web.token_file === undefined ? [] : [idle('token_file', 'listen is missing', hint)]),
    ...(web.allow_remote ? [idle('allow_remote', 'listen is missing', hint)] : []),
    ...(web.host_names.length === 0 ? [] : [idle('host_names', 'listen is missing', hint)]),
  ];
}

/** @returns `undefined`: no web page */
export function decodeWeb({ listen, token_file, host_names }: WebSection): WebConfig | undefined {
  if (listen === undefined || token_file === undefined) return undefined;
  return { ...listenAddressOf(listen), tokenFile: token_file, hostNames: host_names };
}

/** Warnings about a page that other machines can reach. */
export function webWarnings(web: WebConfig | undefined): Problem[] {
  if (web === undefined || isLoopback(web.host)) return [];
  return [
    {
      path: 'web.listen',
      what: `is ${web.host}: other machines can reach the page, and its token crosses the network unencrypted`,
      hint: 'Use 127.0.0.1 and an SSH tunnel, or put a proxy with TLS in front of the page (docs/web.md).',
    },
  ];
}
