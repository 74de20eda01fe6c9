/**
 * What must hold between the keys of TLS. Whether the files are there and good is for those who may look
 * (`io/tls/tls-files.ts`); a key that means nothing in this mode is a problem, since somebody meant something by it.
 */
import type { HubSection } from '../keys.ts';
import type { Problem } from '../kinds/problem.ts';

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
      return [...pairProblems(hub), ...pinProblems(hub)];
    case 'off':
      return meaninglessKeys(hub);
    case 'psk':
      return [...meaninglessKeys(hub), ...pskProblems(hub)];
  }
}

/** A device whose certificate the hub knows needs no device secret (hub contract §1.3). */
export function provesByCertificate(hub: HubSection): boolean {
  return hub.tls === 'on' && hub.tls_certificate_file !== undefined;
}

function meaninglessKeys(hub: HubSection): Problem[] {
  return CERTIFICATE_KEYS.filter((key) => hub[key] !== undefined && hub[key].length > 0).map((key) => ({
    path: `hub.${key}`,
    what: `has no meaning with tls = "${hub.tls}"`,
    hint: 'Remove it, or write tls = "on".',
  }));
}

function pairProblems(hub: HubSection): Problem[] {
  const { tls_certificate_file: certificate, tls_key_file: key } = hub;
  if ((certificate === undefined) === (key === undefined)) return [];
  const [missing, present] =
    certificate === undefined ? ['tls_certificate_file', 'tls_key_file'] : ['tls_key_file', 'tls_certificate_file'];
  return [
    {
      path: `hub.${missing}`,
      what: `is missing, and there is a ${present}`,
      hint: 'A certificate and its key are needed together.',
    },
  ];
}

/** RFC 7469 §4.3: without a backup pin, a lost key locks everybody out. */
function pinProblems(hub: HubSection): Problem[] {
  if (new Set(hub.tls_pins).size !== 1) return [];
  return [
    {
      path: 'hub.tls_pins',
      what: 'has one pin only',
      hint: 'Add the pin of the key that the hub will have next, or the gateway is locked out on that day.',
    },
  ];
}

function pskProblems(hub: HubSection): Problem[] {
  if (hub.profile !== 'generic') return [];
  return [
    {
      path: 'hub.tls',
      what: 'is "psk", and profile "generic" has no device secret',
      hint: 'Write tls = "on", or correct hub.profile.',
    },
  ];
}
