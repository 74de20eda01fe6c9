/**
 * Access to the hub: makes the function that opens connections and the credentials of CONNECT, from the hub section of
 * the configuration and the files that the section names. Secrets and TLS files are read again for each connection.
 */
import type { Facts } from '../base/events.ts';
import type { HubConfig } from '../config/hub/hub-config.ts';
import { type Credentials, nameDevice, signCredentials } from '../hub/client/credentials.ts';
import { RenewedSecret, readBase64SecretFile, readSecretFile } from '../io/secret-file.ts';
import { openTcp } from '../io/tcp.ts';
import type { TlsOptions } from '../io/tls/tls.ts';
import type { Clock, OpenChannel } from '../ports.ts';

export interface HubAccess {
  readonly open: OpenChannel;
  /** @param wallMs Unix ms, if known */
  readonly credentials: (wallMs: number | undefined) => Credentials;
  readonly tlsFilesTrouble: () => FilesTrouble | undefined;
  readonly secretTrouble: () => FilesTrouble | undefined;
}

/** Problem with files, with the time of its detection. The last valid files remain in use, if there were any. */
interface FilesTrouble {
  readonly problem: string;
  /** Monotonic ms. */
  readonly sinceMs: number;
}

export interface HubAccessOptions {
  readonly hub: HubConfig;
  readonly clock: Clock;
  readonly facts: Facts;
  /** Longest time for closing a connection. */
  readonly closeMsMax: number;
  /** Called with the certificates of the hub, its own first, before they are checked. Used by the doctor only. */
  readonly onCertificates?: TlsOptions['onCertificates'];
}

/** Loads the code of TLS only if it is configured. Rejects with a Fault `secret-unreadable`. */
export async function accessHub(options: HubAccessOptions): Promise<HubAccess> {
  const { clock, facts } = options;
  let trouble: FilesTrouble | undefined;
  const renewed = <Secret>(read: () => Secret): RenewedSecret<Secret> =>
    new RenewedSecret(read, (problem) => {
      trouble = problem === undefined ? undefined : { problem, sinceMs: clock.nowMs() };
      facts.emit('secretFileJudged', { problem });
    });
  const credentials = credentialsOf(options.hub, renewed);
  return { credentials, secretTrouble: () => trouble, ...(await openerFor(options, renewed)) };
}

type Renewed = <Secret>(read: () => Secret) => RenewedSecret<Secret>;

async function openerFor(
  { hub, clock, facts, closeMsMax, onCertificates }: HubAccessOptions,
  renewed: Renewed,
): Promise<Omit<HubAccess, 'credentials' | 'secretTrouble'>> {
  const wallMs = (): number => clock.wallMs();
  const peer = { host: hub.host, port: hub.port, openMsMax: hub.connectMsMax, closeMsMax };
  switch (hub.tls.kind) {
    case 'off':
      return { open: openTcp(peer), tlsFilesTrouble: () => undefined };
    case 'on': {
      const { openTls } = await import('../io/tls/tls.ts');
      const { TlsFiles } = await import('../io/tls/tls-files.ts');
      const { caFile, client, serverName, pins } = hub.tls;
      let trouble: FilesTrouble | undefined;
      const noted = (problem: string | undefined): void => {
        trouble = problem === undefined ? undefined : { problem, sinceMs: clock.nowMs() };
        facts.emit('tlsFilesJudged', { problem });
      };
      const files = new TlsFiles({ caFile, client, noted });
      return {
        open: openTls({ ...peer, serverName, pins, files, wallMs, onCertificates }),
        tlsFilesTrouble: () => trouble,
      };
    }
    case 'psk': {
      const { openTlsPsk } = await import('../io/tls/tls.ts');
      const { secretFile } = hub.tls;
      const key = renewed(() => readBase64SecretFile(secretFile));
      // as in the vendor's SDK, the identity of TLS-PSK is the client id
      const open: OpenChannel = (listener) =>
        openTlsPsk({ ...peer, identity: hub.clientId, key: key.current(), wallMs })(listener);
      return { open, tlsFilesTrouble: () => undefined };
    }
  }
}

function credentialsOf(hub: HubConfig, renewed: Renewed): (wallMs: number | undefined) => Credentials {
  const { credentials, clientId } = hub;
  switch (credentials.kind) {
    case 'none':
      return () => ({ clientId, username: undefined, password: undefined });
    case 'password': {
      const { username, passwordFile } = credentials;
      if (passwordFile === undefined) return () => ({ clientId, username, password: undefined });
      const password = renewed(() => new TextEncoder().encode(readSecretFile(passwordFile)));
      return () => ({ clientId, username, password: password.current() });
    }
    case 'device': {
      const { productId, deviceName, signMethod, deviceSecretFile } = credentials;
      if (deviceSecretFile === undefined) return (wallMs) => nameDevice(credentials, wallMs, Math.random);
      const secret = renewed(() => readSecretFile(deviceSecretFile));
      const signing = { productId, deviceName, method: signMethod };
      return (wallMs) => signCredentials({ ...signing, deviceSecret: secret.current() }, wallMs, Math.random);
    }
  }
}
