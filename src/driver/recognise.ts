/**
 * Protocol that unreadable bytes seem to belong to: another than the configured one, or unknown. The bytes are decoded
 * as a trial. The result is a guess; texts must present it as such.
 */
import { isStretched } from '../codec/noise.ts';
import { isTelnetGreeting } from '../codec/rfc2217.ts';
import { DRIVERS } from './drivers.ts';

/** A protocol that is perhaps sent more slowly than it is read. */
export const OTHER_SPEED = 'other speed';

/** Telnet, by the first bytes of a connection to a device server. */
export const TELNET = 'telnet';

const PROTOCOLS = DRIVERS.flatMap(({ protocols }) => protocols).sort((a, b) => a.order - b.order);

/** @returns the name of a `LineProtocol`, `OTHER_SPEED`, or `undefined` for unknown bytes */
export function recognise(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined;
  const protocol = PROTOCOLS.find(({ isIn }) => isIn(bytes));
  if (protocol !== undefined) return protocol.name;
  return isStretched(bytes) ? OTHER_SPEED : undefined;
}

/** @param first first bytes of a connection to a device server; @returns `TELNET`, or `undefined` for other bytes */
export function recogniseGreeting(first: Uint8Array): string | undefined {
  return isTelnetGreeting(first) ? TELNET : undefined;
}
