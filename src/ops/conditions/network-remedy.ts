/** Remedies for a link whose port is behind a device server, by the problem in the words of `io/tcp.ts` and `io/network/`. */
import type { NetworkPort } from '../../base/serial-port.ts';
import { remedyOfHeader } from './unit-words.ts';

const AGAIN = 'the gateway tries again by itself.';

export function networkRemedy({ host, protocol }: NetworkPort, problem: string): string {
  const ofHeader = remedyOfHeader(problem);
  if (ofHeader !== undefined) return ofHeader;
  if (/was not found by name/.test(problem))
    return `Check the name in path, and the name server: getent hosts ${host}; ${AGAIN}`;
  if (/refused the connection/.test(problem))
    return `Check the TCP port in path and the settings of the device server; many accept one client at a time; ${AGAIN}`;
  if (/COM-PORT|RFC 2217/.test(problem)) return 'Switch RFC 2217 on at the device server, or write tcp:// in path.';
  if (/does not accept /.test(problem)) return 'Correct baud_rate, parity or stop_bits of the link.';
  if (protocol === 'tls') {
    const remedy = tlsRemedy(problem);
    if (remedy !== undefined) return remedy;
  }
  if (/closed the connection|reset the connection/.test(problem))
    return `The device server ended the connection: it may have restarted, given the port to another client, or found no serial port. See its log; ${AGAIN}`;
  return `Check power and network of the device server: ping ${host}; ${AGAIN}`;
}

/** Remedy for the problems that exist with TLS only, in the words of `io/tls/`. */
function tlsRemedy(problem: string): string | undefined {
  if (/^no connection: /.test(problem))
    return 'Correct tls_ca_file of the link. holdfast config check examines the file.';
  if (/does not answer in TLS|during the TLS handshake/.test(problem))
    return `Switch TLS on at the device server, correct the TCP port in path, or write tcp:// in path; ${AGAIN}`;
  if (/ that expired on | has expired$/.test(problem))
    return `Check the clock of this machine: timedatectl. If it is right, renew the certificate of the device server; ${AGAIN}`;
  if (/the clock /.test(problem)) return `Check the clock of this machine and its time service: timedatectl; ${AGAIN}`;
  if (/ is not trusted, /.test(problem))
    return `Get the certificate of that authority, and set tls_ca_file of the link to its file; ${AGAIN}`;
  if (/ has a certificate for /.test(problem))
    return 'Write a name of the certificate in path, or give the device server a certificate with the name in path.';
  if (/certificate|TLS/.test(problem))
    return `Check the certificate and the TLS settings of the device server; ${AGAIN}`;
  return undefined;
}
