/** Host and port in texts and URLs. An IPv6 address is in brackets there (RFC 3986 §3.2.2), and not in the configuration. */

interface HostAndPort {
  /** Host name or address, without brackets. */
  readonly host: string;
  readonly port: number;
}

export function hostAndPort({ host, port }: HostAndPort): string {
  return `${bracketed(host)}:${port}`;
}

/** Returns a host as it is written in a URL. Only an IPv6 address has a colon. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
