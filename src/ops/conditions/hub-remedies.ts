/**
 * What a technician does about a hub that cannot be reached, by the cause, and whether waiting helps. The causes are the
 * words of `io/tcp.ts`, `io/tls/tls-words.ts` and `io/tls/tls-files.ts`. Pure.
 */
import type { Losing } from '../reports/report.ts';

export interface Remedy {
  /** `at risk`: it lasts until somebody acts, and the outbox is filling meanwhile. */
  readonly losing: Extract<Losing, 'no' | 'at risk'>;
  readonly hint: string;
}

type Entry = readonly [pattern: RegExp, losing: Remedy['losing'], hint: string];

const TLS_FILES = 'Correct the files that the TLS keys of [hub] name: holdfast config check looks at them.';

/** The first that fits; certain causes first. */
const REMEDIES: readonly Entry[] = [
  [/^no connection: /, 'at risk', TLS_FILES],
  [
    /session present in a rejection/,
    'at risk',
    'The hub refuses us. Check [hub] of the configuration and the secret file, and the log of the hub.',
  ],
  [
    /^the other side speaks TLS/,
    'at risk',
    'Set tls = "on" in [hub], or correct port: MQTT without TLS is usually on port 1883.',
  ],
  [
    /^the other side speaks /,
    'at risk',
    'Correct host and port in [hub]: another server answers there. MQTT is usually on port 1883, with TLS on port 8883.',
  ],
  [
    /^the hub sent |broke the protocol: |^no CONNACK within | before CONNACK$/,
    'no',
    'Check that an MQTT 3.1.1 broker listens on host and port in [hub], and look in its log. It is tried again by itself.',
  ],
  [/the clock|it is not set/, 'no', 'Check the clock of this machine and its time service: timedatectl.'],
  [/ that expired on | has expired$|renew it at the hub/, 'at risk', 'Renew the certificate at the hub.'],
  [
    / is not trusted, /,
    'at risk',
    'Get the certificate of that authority, and name its file with tls_ca_file in [hub].',
  ],
  [
    / has a certificate for /,
    'at risk',
    'Correct host in [hub], or set tls_server_name to a name in the certificate. If neither is wrong, somebody else answers there.',
  ],
  [
    / is not in tls_pins/,
    'at risk',
    'If the hub has a new key, add its pin to tls_pins in [hub]. If it has not, somebody else answers there.',
  ],
  [/ the client certificate| requires? a client certificate/, 'at risk', TLS_FILES],
  [
    / the identity | another key for this gateway| TLS-PSK /,
    'at risk',
    'Correct product_id, device_name and device_secret_file in [hub].',
  ],
  [
    / TLS\b/,
    'at risk',
    'Correct port and tls in [hub]: the hub must offer TLS 1.2 or later there (usually on port 8883).',
  ],
  [
    /no name server answered/,
    'no',
    'Check the name server of this machine (getent hosts and the name; /etc/resolv.conf), and its network.',
  ],
  [
    / was not found by name/,
    'at risk',
    'Correct host in [hub]: the name server says that there is no such name. Or write its address.',
  ],
  [
    / nothing listens there/,
    'no',
    'Is the hub running, and is port in [hub] its port? A firewall may refuse, too. It is tried again by itself.',
  ],
  [/ no network| no route /, 'no', 'Check the network of this machine: ip route, the cable, the modem.'],
  [
    / timed out| did not answer within /,
    'no',
    'Check the network if this lasts: ping the hub from this machine; a firewall may drop the packets.',
  ],
];

const UNKNOWN: Remedy = {
  losing: 'no',
  hint: 'It is tried again by itself. If this lasts, look at the log of the hub and at the network.',
};

/** @param problem why the last attempt or connection ended; `undefined`: there was none yet */
export function remedyFor(problem: string | undefined): Remedy {
  if (problem === undefined) return UNKNOWN;
  const [, losing, hint] = REMEDIES.find(([pattern]) => pattern.test(problem)) ?? [];
  return losing === undefined || hint === undefined ? UNKNOWN : { losing, hint };
}
