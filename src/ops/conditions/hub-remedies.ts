/**
 * Remedies for a hub that cannot be reached, by cause, and whether waiting helps. The causes are the words of
 * `io/tcp.ts`, `io/tls/tls-words.ts`, `io/tls/tls-files.ts` and `io/route/`. Pure.
 */
import type { Losing } from '../reports/report.ts';

export interface Remedy {
  /** `at risk`: the problem lasts until an operator acts, and the outbox fills meanwhile. */
  readonly losing: Extract<Losing, 'no' | 'at risk'>;
  readonly hint: string;
}

type Entry = readonly [pattern: RegExp, losing: Remedy['losing'], hint: string];

const TLS_FILES = 'Correct the files that the TLS keys of [hub] name. holdfast config check examines them.';

/** Words of `io/password-command.ts`. */
const PASSWORD_PROBLEM = /^hub\.password_command /;

export function isPasswordProblem(problem: string | undefined): boolean {
  return problem !== undefined && PASSWORD_PROBLEM.test(problem);
}

/** The first matching entry applies; certain causes come first. */
const REMEDIES: readonly Entry[] = [
  [
    PASSWORD_PROBLEM,
    'at risk',
    'Run the program as the user of the service, and see what it prints. holdfast doctor checks its file. The gateway runs it again at the next attempt.',
  ],
  [
    /^the password file has not changed/,
    'no',
    'Check the program that writes the password file: it must write a new password before the present one ends.',
  ],
  [/^no connection: /, 'at risk', TLS_FILES],
  [
    /^the proxy \S+ asks for a user name /,
    'at risk',
    'Set proxy_username and proxy_password_file in [hub]. The operator of the proxy gives both.',
  ],
  [
    /^the proxy \S+ does not accept the user name /,
    'at risk',
    'Correct proxy_username in [hub] and the file that proxy_password_file names. The file is read again for each connection.',
  ],
  [
    /^the proxy \S+ asks for authentication by /,
    'at risk',
    'Ask the operator of the proxy to permit this gateway by Basic authentication or by its address.',
  ],
  [
    /^the proxy \S+ does not permit a tunnel /,
    'at risk',
    'Ask the operator of the proxy to permit CONNECT to host and port in [hub]. Many proxies permit port 443 only: transport = "ws" and tls = "on" use it.',
  ],
  [
    /^the proxy \S+ (opened no tunnel|closed the connection|accepted the TCP connection) /,
    'no',
    'Check host and port in [hub]: the proxy looks up the name and opens the connection. Its log gives the reason. The gateway tries again by itself.',
  ],
  [
    /^the proxy \S+ (does not answer in HTTP|sent more than )/,
    'at risk',
    'Correct proxy in [hub]: another program answers there, or the port is for another protocol.',
  ],
  [
    /^the proxy \S+ was not found by name$/,
    'at risk',
    'Correct proxy in [hub]: the name server knows no such name. Or write the address of the proxy.',
  ],
  [
    /^the proxy \S+ refused the connection/,
    'no',
    'Check that the proxy is running and that proxy in [hub] is correct. The gateway tries again by itself.',
  ],
  [
    /^the connection to .* through the proxy .* was (reset|closed)/,
    'no',
    'The hub, the proxy, or a firewall between them ended the connection; the logs of both show which. The gateway tries again by itself.',
  ],
  [
    / WebSocket request for | WebSocket subprotocol |speak WebSocket\?$/,
    'at risk',
    'Correct port, tls and ws_path in [hub]: the hub must offer MQTT over WebSocket there.',
  ],
  [
    / WebSocket /,
    'no',
    'Check that the hub offers MQTT over WebSocket on port and ws_path in [hub], and look in its log. The gateway tries again by itself.',
  ],
  [
    /session present in a rejection/,
    'at risk',
    'The hub refuses this gateway. Check [hub] in the configuration, the secret file, and the log of the hub.',
  ],
  [
    /^the other side speaks TLS/,
    'at risk',
    'Set tls = "on" in [hub], or correct port: MQTT without TLS is usually on port 1883.',
  ],
  [
    /^the other side speaks HTTP/,
    'at risk',
    'Correct host and port in [hub]: a web server answers there, or a proxy or a login page (captive portal) of the network answers for the hub. MQTT is usually on port 1883, with TLS on port 8883.',
  ],
  [
    /^the other side speaks /,
    'at risk',
    'Correct host and port in [hub]: another server answers there. MQTT is usually on port 1883, with TLS on port 8883.',
  ],
  [
    /^the hub sent |broke the protocol: |^no CONNACK within | before CONNACK$/,
    'no',
    'Check that an MQTT 3.1.1 broker listens on host and port in [hub], and look in its log. The gateway tries again by itself.',
  ],
  [
    / that expired on | has expired$/,
    'at risk',
    'Check the clock of this machine: timedatectl. If it is right: Renew the certificate at the hub.',
  ],
  [/the clock|it is not set/, 'no', 'Check the clock of this machine and its time service: timedatectl.'],
  [/ is not trusted, /, 'at risk', 'Get the certificate of that authority, and set tls_ca_file in [hub] to its file.'],
  [
    / has a certificate for /,
    'at risk',
    'Correct host in [hub], or set tls_server_name to a name in the certificate. If both are correct, another server answers there.',
  ],
  [
    / is not in tls_pins/,
    'at risk',
    'If the hub has a new key, add its pin to tls_pins in [hub]. Otherwise another server answers there.',
  ],
  [/ the client certificate| requires? a client certificate/, 'at risk', TLS_FILES],
  [
    / the identity | another key for this gateway| TLS-PSK /,
    'at risk',
    'Correct product_id, device_name and device_secret_file in [hub].',
  ],
  [
    /did not finish the TLS handshake/,
    'no',
    'Check that the hub offers TLS on this port. If it does, large packets may be lost on the way, such as those with the certificate: try a smaller MTU (ip link set dev DEVICE mtu 1400).',
  ],
  [
    / TLS\b/,
    'at risk',
    'Correct port and tls in [hub]: the hub must offer TLS 1.2 or later there (usually on port 8883).',
  ],
  [
    /no name server answered/,
    'no',
    'Check the name server of this machine (getent hosts NAME; /etc/resolv.conf), and its network.',
  ],
  [
    / was not found by name/,
    'at risk',
    'Correct host in [hub]: the name server knows no such name. Or write its address.',
  ],
  [
    / refused the connection: no program listens/,
    'no',
    'Check that the hub is running and that port in [hub] is correct. If it is, look for a firewall that rejects the connection. The gateway tries again by itself.',
  ],
  [
    /^no PINGRESP/,
    'no',
    'The gateway connects again by itself. If this happens again and again, look at the network, and at the MTU: if only small packets get through, try ip link set dev DEVICE mtu 1400.',
  ],
  [/ no network| no route /, 'no', 'Check the network of this machine: ip route, the cable, the modem.'],
  [
    / timed out| did not answer within /,
    'no',
    'If this lasts, check the network: ping the hub from this machine. A firewall may drop the packets.',
  ],
];

const UNKNOWN: Remedy = {
  losing: 'no',
  hint: 'The gateway tries again by itself. If this lasts, check the log of the hub and the network.',
};

/** No attempt has ended yet, so nothing is known about the hub. */
const CONNECTING: Remedy = {
  losing: 'no',
  hint: 'Wait: the gateway is connecting for the first time. The end of the attempt shows the reason if it fails.',
};

/** @param problem reason why the last attempt or connection ended; `undefined`: none yet */
export function remedyFor(problem: string | undefined): Remedy {
  if (problem === undefined) return CONNECTING;
  const [, losing, hint] = REMEDIES.find(([pattern]) => pattern.test(problem)) ?? [];
  return losing === undefined || hint === undefined ? UNKNOWN : { losing, hint };
}
