/**
 * Files of TLS: authorities, client certificate, and its key. The files may be renewed while the gateway runs, so they
 * are read for each connection. Invalid new files are not used; the last valid ones stay in use until they are fixed.
 *
 * These checks do not depend on the clock, which may be wrong: the hub rejects invalid dates, and `config check`
 * reports them.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { Fault } from '../../base/fault.ts';
import { readRegularFile, UnreadableFile } from '../regular-file.ts';
import { readSecretFile } from '../secret-file.ts';

export interface TlsPaths {
  /**
   * File of the trusted authorities. `undefined`: the authorities that this machine trusted when the process started.
   */
  readonly caFile: string | undefined;
  readonly client: { readonly certificateFile: string; readonly keyFile: string } | undefined;
}

export interface TlsFileProblem {
  readonly file: 'ca' | 'certificate' | 'key';
  readonly path: string;
  /** Sentence without its subject and full stop. */
  readonly what: string;
  readonly hint: string;
}

export interface TlsReading {
  /** Content of each file, as PEM. */
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly authorities: readonly X509Certificate[];
  /** Own certificate first, then its issuers. */
  readonly chain: readonly X509Certificate[];
  readonly problems: readonly TlsFileProblem[];
}

/** Largest size of a PEM file. Debian's whole bundle has 220 KB. */
const PEM_BYTES_MAX = 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

type FileName = Pick<TlsFileProblem, 'file' | 'path'>;

/** Reads and checks all files. Never throws. */
export function readTlsFiles({ caFile, client }: TlsPaths): TlsReading {
  const problems: TlsFileProblem[] = [];
  const attempt = <Result>(name: FileName, hint: string, act: () => Result): Result | undefined => {
    try {
      return act();
    } catch (error) {
      const { what, remedy } = wordsOf(error, hint);
      problems.push({ ...name, what, hint: remedy });
      return undefined;
    }
  };
  const readChain = (name: FileName) =>
    attempt(name, 'Copy it again; it is a PEM file that begins with -----BEGIN CERTIFICATE-----.', () => {
      const text = readRegularFile(name.path, PEM_BYTES_MAX).toString('utf8');
      return { text, certificates: certificatesIn(text) };
    });
  const ca = caFile === undefined ? undefined : readChain({ file: 'ca', path: caFile });
  if (client === undefined) return { ...NOTHING, ca: ca?.text, authorities: ca?.certificates ?? [], problems };
  const certificate = readChain({ file: 'certificate', path: client.certificateFile });
  const keyName = { file: 'key', path: client.keyFile } as const;
  const key = attempt(keyName, 'It is a PEM file with one private key, without a passphrase.', () => {
    const text = readSecretFile(client.keyFile);
    return { text, parsed: createPrivateKey(text) };
  });
  if (key !== undefined && certificate !== undefined && !fits(certificate.certificates, key.parsed)) {
    const what = `is not the key of ${client.certificateFile}`;
    problems.push({ ...keyName, what, hint: 'Renew both together: first the key, then the certificate.' });
  }
  return {
    ca: ca?.text,
    authorities: ca?.certificates ?? [],
    certificate: certificate?.text,
    chain: certificate?.certificates ?? [],
    key: key?.text,
    problems,
  };
}

const NOTHING = { certificate: undefined, key: undefined, chain: [] } as const;

function fits([own]: readonly X509Certificate[], key: KeyObject): boolean {
  return own?.checkPrivateKey(key) ?? false;
}

function certificatesIn(text: string): X509Certificate[] {
  const certificates = [...text.matchAll(CERTIFICATE)].map(([pem]) => new X509Certificate(pem));
  if (certificates.length === 0) throw new Error('holds no certificate');
  return certificates;
}

function wordsOf(error: unknown, hint: string): { readonly what: string; readonly remedy: string } {
  if (error instanceof Fault) return { what: `cannot be used: ${error.message}`, remedy: `${error.hint}.` };
  if (!(error instanceof Error)) return { what: `cannot be used: ${error}`, remedy: hint };
  if (error instanceof UnreadableFile) return { what: error.message, remedy: remedyFor(error, hint) };
  return { what: 'code' in error ? `cannot be used: ${error.message}` : error.message, remedy: hint };
}

function remedyFor({ code }: UnreadableFile, hint: string): string {
  if (code === 'ENOENT') return 'Correct the path, or put the file there.';
  return code === 'EACCES' ? 'Make it readable for the user that runs the gateway.' : hint;
}

export interface TlsFilesOptions extends TlsPaths {
  /** Called when the problem with the files has changed. `undefined`: no problem. */
  readonly noted: (problem: string | undefined) => void;
  /** Trusted authorities without a file: those of the machine, or those of Node. Default: of the machine. */
  readonly withoutCaFile?: 'machine' | 'node' | undefined;
}

export class TlsFiles {
  readonly #options: TlsFilesOptions;
  #problem: string | undefined;
  /** Last valid files, with their content. */
  #good: { readonly source: string; readonly context: SecureContext } | undefined;

  constructor(options: TlsFilesOptions) {
    this.#options = options;
  }

  /** Problem found at the last check. `undefined`: none. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Checks the files again. Returns `undefined` if the files are invalid and no valid ones were seen before; see
   * `problem`.
   */
  context(): SecureContext | undefined {
    const { ca, certificate, key, problems } = readTlsFiles(this.#options);
    const source = JSON.stringify([ca, certificate, key]);
    if (problems.length > 0) {
      this.#note(problems.map(({ path, what, hint }) => `${path} ${what}. ${hint}`).join(' '));
    } else if (source === this.#good?.source) {
      this.#note(undefined);
    } else {
      this.#take(source, { ca, certificate, key });
    }
    return this.#good?.context;
  }

  #take(source: string, { ca, certificate, key }: Pick<TlsReading, 'ca' | 'certificate' | 'key'>): void {
    try {
      const context = createSecureContext({
        minVersion: 'TLSv1.2',
        ca: ca ?? (this.#options.withoutCaFile === 'node' ? undefined : getCACertificates('system')),
        ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
      });
      this.#good = { source, context };
      this.#note(undefined);
    } catch (error) {
      this.#note(`OpenSSL does not accept the TLS files: ${error instanceof Error ? error.message : error}.`);
    }
  }

  #note(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.noted(problem);
  }
}
