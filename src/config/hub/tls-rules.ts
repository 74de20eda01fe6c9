/**
 * Rules across the TLS keys. The files themselves are checked in `io/tls/tls-files.ts`. A key without effect in the
 * configured mode is reported as a problem, because the author of the file expects an effect.
 */
import { applyRules, whereKnown } from '../kinds/known.ts';
import type { Problem } from '../kinds/problem.ts';
import type { HubSection } from './hub-keys.ts';

const CERTIFICATE_KEYS = [
  'tls_ca_file',
  'tls_server_name',
  'tls_certificate_file',
  'tls_key_file',
  'tls_pins',
] as const satisfies readonly (keyof HubSection)[];

export function tlsProblems(hub: HubSection): Problem[] {
  switch (hub.tls) {
    case 'on':
      return applyRules([pairProblems, pinProblems], hub);
    case 'off':
      return ineffectiveKeys(hub);
    case 'psk':
      return applyRules([ineffectiveKeys, pskProblems], hub);
  }
}

/** Returns true if the gateway has a client certificate: then the hub requires no device secret. */
export function usesClientCertificate(hub: HubSection): boolean {
  return hub.tls === 'on' && hub.tls_certificate_file !== undefined;
}

function ineffectiveKeys(hub: HubSection): Problem[] {
  const ineffective = (key: string): Problem => ({
    path: `hub.${key}`,
    what: `has no effect with tls = "${hub.tls}"`,
    hint: 'Remove this key, or write tls = "on".',
  });
  return CERTIFICATE_KEYS.flatMap((key) =>
    whereKnown(() => (hub[key] !== undefined && hub[key].length > 0 ? [ineffective(key)] : [])),
  );
}

function pairProblems(hub: HubSection): Problem[] {
  const { tls_certificate_file: certificate, tls_key_file: key } = hub;
  if ((certificate === undefined) === (key === undefined)) return [];
  const [missing, present] =
    certificate === undefined ? ['tls_certificate_file', 'tls_key_file'] : ['tls_key_file', 'tls_certificate_file'];
  return [
    {
      path: `hub.${missing}`,
      what: `is missing, but ${present} is set`,
      hint: 'Set both tls_certificate_file and tls_key_file, or neither.',
    },
  ];
}

/**
 * Reports a missing backup pin (RFC 7469 §4.3): without one, the gateway cannot connect after a change of the hub's
 * key.
 */
function pinProblems(hub: HubSection): Problem[] {
  if (new Set(hub.tls_pins).size !== 1) return [];
  return [
    {
      path: 'hub.tls_pins',
      what: 'has only one pin',
      hint: 'Add the pin of the next key of the hub. With one pin, the gateway cannot connect after the key changes.',
    },
  ];
}

function pskProblems(hub: HubSection): Problem[] {
  if (hub.profile !== 'generic') return [];
  return [
    {
      path: 'hub.tls',
      what: 'is "psk", but profile "generic" has no device secret',
      hint: 'Write tls = "on", or correct hub.profile.',
    },
  ];
}
