/** TLS part of `config check`: problems of the TLS files, and the expiry dates of the certificates. */
import type { X509Certificate } from 'node:crypto';
import { CLOCK_FLOOR_MS } from '../base/clock-trust.ts';
import { Fault } from '../base/fault.ts';
import type { FirmwareConfig } from '../config/firmware-config.ts';
import type { HubTls } from '../config/hub/hub-config.ts';
import type { Problem } from '../config/kinds/problem.ts';
import type { LinkConfig } from '../config/schema.ts';
import { readBase64SecretFile } from '../io/secret-file.ts';
import { pskProblem } from '../io/tls/tls.ts';
import { readTlsFiles, type TlsReading } from '../io/tls/tls-files.ts';
import { nameWithEnd } from '../io/tls/tls-words.ts';
import { countOf } from '../ops/words.ts';

export interface TlsFindings {
  readonly problems: readonly Problem[];
  /** Lines of a summary, which is printed if there are no problems. */
  readonly lines: readonly string[];
}

/** @param wallMs Unix ms; expiry is not checked if the clock is not set */
export function checkTls(tls: HubTls, wallMs: number): TlsFindings {
  switch (tls.kind) {
    case 'off':
      return { problems: [], lines: [] };
    case 'psk':
      return { problems: pskProblems(tls.secretFile), lines: ['TLS: the device secret is the key (PSK).'] };
    case 'on': {
      const reading = readTlsFiles(tls);
      const problems = reading.problems.map(({ file, path, what, hint }) => ({
        path: `hub.tls_${file}_file`,
        what: `${path} ${what}`,
        hint,
      }));
      return { problems: [...problems, ...expiredProblems(reading, wallMs)], lines: linesOf(reading) };
    }
  }
}

/** Problems of the files of the authorities of device servers. */
export function checkLinkTls(links: readonly Pick<LinkConfig, 'tlsCaFile'>[]): Problem[] {
  return links.flatMap(({ tlsCaFile: caFile }, index) =>
    caFile === undefined ? [] : authorityProblems(`link[${index}].tls_ca_file`, caFile),
  );
}

/** Path of the key with the authorities of the servers of images. */
export const FIRMWARE_CA = 'firmware.ca_file';

/** Problems of the file of the authorities of servers of firmware images. */
export function checkFirmwareTls(firmware: Pick<FirmwareConfig, 'caFile'> | undefined): Problem[] {
  return firmware?.caFile === undefined ? [] : authorityProblems(FIRMWARE_CA, firmware.caFile);
}

function authorityProblems(key: string, caFile: string): Problem[] {
  return readTlsFiles({ caFile, client: undefined }).problems.map(({ path, what, hint }) => ({
    path: key,
    what: `${path} ${what}`,
    hint,
  }));
}

function pskProblems(secretFile: string): Problem[] {
  const refusal = pskProblem();
  const hint = 'Use the Node that holdfast ships with (bin/holdfast), or use a client certificate.';
  if (refusal !== undefined) return [{ path: 'hub.tls', what: `"psk" is not possible here: ${refusal}`, hint }];
  try {
    readBase64SecretFile(secretFile);
    return [];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [{ path: 'hub.device_secret_file', what: error.message, hint: `${error.hint}.` }];
  }
}

function expiredProblems({ chain, authorities }: TlsReading, wallMs: number): Problem[] {
  if (wallMs < CLOCK_FLOOR_MS) return [];
  const isOver = (certificate: X509Certificate): boolean => certificate.validToDate.getTime() < wallMs;
  const problems = chain.filter(isOver).map((certificate) => ({
    path: 'hub.tls_certificate_file',
    what: `${nameWithEnd(certificate)}: expired`,
    hint: 'Renew the certificate; the gateway uses the new one at its next connection.',
  }));
  if (authorities.length === 0 || !authorities.every(isOver)) return problems;
  const what = `${authorities.map(nameWithEnd).join(', ')}: expired, so no certificate of the hub is trusted`;
  return [{ path: 'hub.tls_ca_file', what, hint: 'Get the new certificate of the authority.' }, ...problems];
}

/** Largest number of certificates of a bundle that the output names. */
const NAMED_MAX = 3;

function linesOf({ ca, authorities, chain: [own] }: TlsReading): string[] {
  const whom =
    ca === undefined
      ? 'the authorities of this machine are trusted'
      : `${countOf(authorities.length, 'trusted certificate')}: ${authorities.slice(0, NAMED_MAX).map(nameWithEnd).join(', ')}`;
  const us = own === undefined ? 'no client certificate' : `client certificate ${nameWithEnd(own)}`;
  return [`TLS: ${whom}; ${us}.`];
}
