/** Address and port on which a server of the gateway listens: reading, and whether other machines reach it. */
import { z } from 'zod';
import { text } from './key-kinds.ts';
import type { Problem } from './problem.ts';

const ADDRESS = /^(?:\[([0-9A-Fa-f:.]+)\]|(\d{1,3}(?:\.\d{1,3}){3})):(\d{1,5})$/;

export interface ListenAddress {
  /** IP address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** @param port port for the example */
export const listenAddress = (port: number) =>
  text(ADDRESS, `IP address and port, such as 127.0.0.1:${port} or [::1]:${port}`);

const HOST_NAME = text(/^[A-Za-z0-9._-]{1,253}$/, 'host name or IPv4 address, without port');

/** Further names under which clients reach a server, in their Host header. */
export const hostNames = () => z.array(HOST_NAME).max(16).default([]);

export function listenAddressOf(listen: string): ListenAddress {
  const [, ipv6, ipv4, port] = ADDRESS.exec(listen) ?? [];
  return { host: ipv6 ?? ipv4 ?? '', port: Number(port) };
}

/** Returns true if only this machine reaches the address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(host: string): boolean {
  return /^127\.|^(?:0{0,4}:)+0{0,3}1$/.test(host);
}

/** Problem of a text of the right form that is not an address and a port. @param example port for the hint */
export function addressProblem(path: string, listen: string, example: number): Problem | undefined {
  const { host, port } = listenAddressOf(listen);
  const isAddress = host.includes(':') || host.split('.').every((part) => Number(part) <= 255);
  if (port >= 1 && port <= 65_535 && isAddress) return undefined;
  return {
    path,
    what: `is "${listen}", which is not an IP address and a port`,
    hint: `Write an address and a port from 1 to 65535, such as "127.0.0.1:${example}".`,
  };
}

/** Problem of an address that other machines reach although the file does not allow that. @param hint remedy */
export function exposureProblems(
  path: string,
  { listen, allow_remote }: { readonly listen?: string | undefined; readonly allow_remote: boolean },
  hint: string,
): Problem[] {
  if (listen === undefined || allow_remote || isLoopback(listenAddressOf(listen).host)) return [];
  return [{ path, what: `is "${listen}", which other machines can reach`, hint }];
}
