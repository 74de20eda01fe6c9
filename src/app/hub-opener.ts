/**
 * Function that opens connections to the hub, by the way that the configuration names: directly or through a proxy, with
 * or without TLS and WebSocket. The code of each step is loaded only if it is configured.
 */
import type { Facts } from '../base/events.ts';
import { type HubConfig, viaProxy } from '../config/hub/hub-config.ts';
import type { RouteOptions } from '../io/route/route-channel.ts';
import { type RenewedSecret, readBase64SecretFile, readSecretFile } from '../io/secret-file.ts';
import { openTcp } from '../io/tcp.ts';
import type { Secure, TlsOptions } from '../io/tls/tls.ts';
import type { Clock, OpenChannel } from '../ports.ts';

export interface HubOpener {
  /** Opens a connection without obtaining a password for it. */
  readonly open: OpenChannel;
  readonly tlsFilesTrouble: () => FilesTrouble | undefined;
}

/** Problem with files, with the time of its detection. The last valid files remain in use, if there were any. */
export interface FilesTrouble {
  readonly problem: string;
  /** Monotonic ms. */
  readonly sinceMs: number;
}

export interface OpenerOptions {
  readonly hub: HubConfig;
  readonly clock: Clock;
  readonly facts: Facts;
  /** Longest time for closing a connection. */
  readonly closeMsMax: number;
  /** Called with the certificates of the hub, its own first, before they are checked. Used by the doctor only. */
  readonly onCertificates?: TlsOptions['onCertificates'];
}

/** Makes a secret that is read again for each use. */
export type Renewed = <Secret>(read: () => Secret) => RenewedSecret<Secret>;

/** Rejects with a Fault `secret-unreadable`. */
export async function openerFor(options: OpenerOptions, renewed: Renewed): Promise<HubOpener> {
  const { hub, closeMsMax } = options;
  const { host, port, proxy, transport } = hub;
  const peer = { host, port, openMsMax: hub.connectMsMax, closeMsMax, via: viaProxy(hub) };
  const { secure, tlsFilesTrouble } = await secureFor(options, peer, renewed);
  if (proxy !== undefined || transport.kind === 'ws') {
    const { openRoute } = await import('../io/route/route-channel.ts');
    const webSocket = await webSocketFor(hub);
    return { open: openRoute({ ...peer, proxy: proxyFor(hub, renewed), secure, webSocket }), tlsFilesTrouble };
  }
  if (secure === undefined) return { open: openTcp(peer), tlsFilesTrouble };
  const { openSecured } = await import('../io/tls/tls.ts');
  return { open: openSecured(peer, secure), tlsFilesTrouble };
}

type Peer = Pick<TlsOptions, 'host' | 'port' | 'openMsMax' | 'closeMsMax' | 'via'>;

async function secureFor(
  { hub, clock, facts, onCertificates }: OpenerOptions,
  peer: Peer,
  renewed: Renewed,
): Promise<{ readonly secure: Secure | undefined } & Pick<HubOpener, 'tlsFilesTrouble'>> {
  const wallMs = (): number => clock.wallMs();
  switch (hub.tls.kind) {
    case 'off':
      return { secure: undefined, tlsFilesTrouble: () => undefined };
    case 'on': {
      const { secureByCertificate } = await import('../io/tls/tls.ts');
      const { TlsFiles } = await import('../io/tls/tls-files.ts');
      const { caFile, client, serverName, pins } = hub.tls;
      let trouble: FilesTrouble | undefined;
      const noted = (problem: string | undefined): void => {
        trouble = problem === undefined ? undefined : { problem, sinceMs: clock.nowMs() };
        facts.emit('tlsFilesJudged', { problem });
      };
      const files = new TlsFiles({ caFile, client, noted });
      return {
        secure: secureByCertificate({ ...peer, serverName, pins, files, wallMs, onCertificates }),
        tlsFilesTrouble: () => trouble,
      };
    }
    case 'psk': {
      const { secureByKey } = await import('../io/tls/tls.ts');
      const { secretFile } = hub.tls;
      const key = renewed(() => readBase64SecretFile(secretFile));
      // as in the vendor's SDK, the identity of TLS-PSK is the client id
      const secure: Secure = (lower) =>
        secureByKey({ ...peer, identity: hub.clientId, key: key.current(), wallMs })(lower);
      return { secure, tlsFilesTrouble: () => undefined };
    }
  }
}

/** Returns the proxy of the hub. @throws Fault `secret-unreadable` */
export function proxyFor({ proxy }: HubConfig, renewed: Renewed): RouteOptions['proxy'] {
  if (proxy === undefined) return undefined;
  const { host, port, login } = proxy;
  if (login === undefined) return { host, port, login: () => undefined };
  const { username, passwordFile } = login;
  const password = renewed(() => readSecretFile(passwordFile));
  return { host, port, login: () => ({ username, password: password.current() }) };
}

async function webSocketFor({ transport }: HubConfig): Promise<RouteOptions['webSocket']> {
  if (transport.kind === 'tcp') return undefined;
  const { openWebSocket } = await import('../io/route/web-socket-stream.ts');
  return { path: transport.path, open: openWebSocket };
}
