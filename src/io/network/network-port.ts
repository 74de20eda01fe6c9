/**
 * Serial ports behind a device server in the network (ser2net, esp-link, Moxa, Lantronix …): raw bytes over TCP or TLS,
 * or telnet with RFC 2217. Behind the `OpenChannel` port, so every driver runs over them.
 *
 * A device server that loses its power or its network sends nothing. The kernel probes a silent connection, and ends it
 * after `DEAD_PEER` without an answer: at most 20 s after the last sign of life. The link is opened again then.
 */
import { type NetworkPort, networkPortOf } from '../../base/serial-port.ts';
import type { ComPortSettings } from '../../codec/rfc2217.ts';
import type { OpenChannel, PortCare } from '../../ports.ts';
import { openTcp } from '../tcp.ts';
import { openTls } from '../tls/tls.ts';
import { TlsFiles } from '../tls/tls-files.ts';
import { openComPort } from './com-port-channel.ts';
import { Toggles } from './toggles.ts';

/** Link with a port in the network. */
export interface NetworkLink extends ComPortSettings {
  readonly name: string;
  /** Path in the notation of the configuration. */
  readonly path: string;
  /** File of the authorities for `tls://`; `undefined`: those of the system. */
  readonly tlsCaFile: string | undefined;
}

export interface NetworkPortsOptions {
  readonly openMsMax: number;
  readonly closeMsMax: number;
  readonly queuedBytesMax: number;
  readonly wallMs: () => number;
}

/** Silence after which the kernel probes the connection, and largest time without an answer. */
const DEAD_PEER = { idleMs: 5000, unansweredMs: 15_000 };

export class NetworkPorts {
  readonly #options: NetworkPortsOptions;
  readonly #toggles = new Toggles();

  constructor(options: NetworkPortsOptions) {
    this.#options = options;
  }

  /** @returns `undefined`: the port of the link is on this machine */
  opener(link: NetworkLink): OpenChannel | undefined {
    const port = networkPortOf(link.path);
    return port && this.#open(port, link);
  }

  /** @returns `undefined`: the port of the link is on this machine */
  careOf({ name, path }: Pick<NetworkLink, 'name' | 'path'>): PortCare | undefined {
    if (networkPortOf(path) === undefined) return undefined;
    return {
      device: () => undefined,
      toggle: () => this.#toggles.run(name),
      reauthorise: async () => {
        throw new Error(`${path} is not a USB adapter of this machine`);
      },
    };
  }

  #open({ protocol, host, port }: NetworkPort, link: NetworkLink): OpenChannel {
    const { openMsMax, closeMsMax, queuedBytesMax, wallMs } = this.#options;
    const tcp = { host, port, openMsMax, closeMsMax, queuedBytesMax, deadPeer: DEAD_PEER };
    switch (protocol) {
      case 'tcp':
        return openTcp(tcp);
      case 'tls': {
        const files = new TlsFiles({ caFile: link.tlsCaFile, client: undefined, noted: () => undefined });
        return openTls({ ...tcp, serverName: host, pins: [], files, wallMs });
      }
      case 'rfc2217': {
        return openComPort({ tcp, settings: link, toggles: (toggle) => this.#toggles.offer(link.name, toggle) });
      }
    }
  }
}
