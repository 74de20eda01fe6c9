/**
 * Serial ports by their stable names. Each opening searches for the device that the name means now. So a replugged
 * adapter is found under any new number. A missing port is waited for, and opened when it is plugged in.
 *
 * Invariants: one device is given to one link at a time, for all names that lead to it; a name that matches two devices
 * opens neither.
 */
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { findPort, type PortFinding, type PortName, portNameOf, type UsbIdentity } from '../../base/serial-port.ts';
import type { Cancel, Channel, ChannelListener, LineErrors, OpenChannel, PortWait } from '../../ports.ts';
import { type PortOpening, PortOpenings } from './port-openings.ts';
import { PortWatch } from './port-watch.ts';
import { ReadTurns } from './read-turns.ts';
import { listPorts, MACHINE, type PortRoots } from './serial-ports.ts';
import { openTty, type TtyOptions } from './tty.ts';

/** `path` as in the configuration; matches `PORT_NAME`. */
export interface PortLink extends Pick<TtyOptions, 'path' | 'baudRate' | 'dataBits' | 'parity' | 'stopBits' | 'rs485'> {
  readonly name: string;
}

export interface StablePortsOptions extends Omit<TtyOptions, Exclude<keyof PortLink, 'name'> | 'turns' | 'openings'> {
  readonly links: readonly PortLink[];
  readonly roots?: PortRoots;
  /** Time between two searches for a missing port; 5 s except in tests. */
  readonly rescanMs?: number;
}

interface Claim {
  readonly link: string;
  readonly device: string;
  readonly usb: UsbIdentity | undefined;
}

const RESCAN_MS = 5000;

export class StablePorts {
  readonly #options: StablePortsOptions;
  readonly #roots: PortRoots;
  readonly #watch: PortWatch;
  readonly #turns = new ReadTurns();
  readonly #openings = new PortOpenings();
  /** Device → claim. */
  readonly #claims = new Map<string, Claim>();

  constructor(options: StablePortsOptions) {
    const { links, roots = MACHINE, rescanMs = RESCAN_MS } = options;
    this.#options = options;
    this.#roots = roots;
    const named = ['serial', 'serial/by-id', 'serial/by-path'].map((folder) => `${roots.dev}/${folder}`);
    const paths = links.map(({ path }) => path).filter((path) => path.startsWith('/'));
    const folders = [...new Set([roots.dev, ...named, ...paths.map((path) => dirname(path))])];
    this.#watch = new PortWatch({ folders, rescanMs });
  }

  opener({ name, path, baudRate, dataBits, parity, stopBits, rs485 }: PortLink): OpenChannel {
    const portName = portNameOf(path);
    return (listener) =>
      new AwaitedChannel(
        {
          find: () => this.#find(name, portName),
          open: (device) => {
            const ofProcess = { turns: this.#turns, openings: this.#openings };
            const line = { path: device, baudRate, dataBits, parity, stopBits, rs485 };
            return openTty({ ...this.#options, ...ofProcess, ...line });
          },
          release: (device) => this.#claims.delete(device),
          onLook: (look) => this.#watch.onLook(look),
        },
        listener,
      );
  }

  /** PortOpening that has not returned, the oldest; `undefined`: none. */
  get oldestOpening(): PortOpening | undefined {
    return this.#openings.oldest;
  }

  /** Device that the link has now. */
  claimOf(link: string): Claim | undefined {
    return [...this.#claims.values()].find((claim) => claim.link === link);
  }

  /** Links whose ports are on the same USB adapter. */
  sharersOf({ usb }: Claim): readonly string[] {
    if (usb === undefined) return [];
    return [...this.#claims.values()].filter((one) => one.usb?.folder === usb.folder).map(({ link }) => link);
  }

  /** Finds the device of a name and claims it for the link. */
  async #find(link: string, name: PortName): Promise<Found> {
    const finding: PortFinding = findPort(name, await listPorts(this.#roots), realPathOf);
    if (finding.kind !== 'found') return finding;
    const { device, usb } = finding;
    const owner = this.#claims.get(device)?.link;
    if (owner !== undefined) return { kind: 'shared', why: `${device} is already in use by link ${owner}` };
    this.#claims.set(device, { link, device, usb });
    return finding;
  }
}

type Found = Extract<PortFinding, { kind: 'found' }> | PortWait;

/** Target of a path. If the path cannot be followed, opening it reports the reason. */
function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : path;
  }
}

interface Surroundings {
  readonly find: () => Promise<Found>;
  readonly open: (device: string) => OpenChannel;
  readonly release: (device: string) => void;
  readonly onLook: (look: () => void) => Cancel;
}

type State =
  | { readonly kind: 'waiting'; isLooking: boolean; readonly cancel: Cancel }
  | { readonly kind: 'found'; readonly channel: Channel }
  | { readonly kind: 'closed' };

/** Channel that waits for its port and then forwards to the port's channel. */
class AwaitedChannel implements Channel {
  readonly #surroundings: Surroundings;
  readonly #listener: ChannelListener;
  #state: State;
  #reportedWhy: string | undefined;

  constructor(surroundings: Surroundings, listener: ChannelListener) {
    this.#surroundings = surroundings;
    this.#listener = listener;
    this.#state = { kind: 'waiting', isLooking: false, cancel: surroundings.onLook(() => this.#look()) };
    this.#look();
  }

  get queuedBytes(): number {
    return this.#state.kind === 'found' ? this.#state.channel.queuedBytes : 0;
  }

  lineErrors(): LineErrors | undefined {
    return this.#state.kind === 'found' ? this.#state.channel.lineErrors?.() : undefined;
  }

  write(bytes: Uint8Array): void {
    if (this.#state.kind === 'found') this.#state.channel.write(bytes);
  }

  /** A port of this machine can change its speed. */
  setSpeed(baudRate: number): void {
    if (this.#state.kind === 'found') this.#state.channel.setSpeed?.(baudRate);
  }

  close(reason: string): void {
    if (this.#state.kind === 'found') this.#state.channel.close(reason);
    if (this.#state.kind !== 'waiting') return;
    this.#state.cancel();
    this.#state = { kind: 'closed' };
    setImmediate(() => this.#listener.closed(reason));
  }

  #look(): void {
    const state = this.#state;
    if (state.kind !== 'waiting' || state.isLooking) return;
    state.isLooking = true;
    void this.#surroundings.find().then((found) => {
      state.isLooking = false;
      this.#take(found);
    });
  }

  #take(found: Found): void {
    const { release, open } = this.#surroundings;
    const isWaiting = this.#state.kind === 'waiting';
    if (found.kind !== 'found') {
      if (isWaiting && found.why !== this.#reportedWhy) this.#listener.waits?.(found);
      this.#reportedWhy = found.why;
      return;
    }
    if (this.#state.kind !== 'waiting') return release(found.device);
    this.#state.cancel();
    const { opened, bytes, speedSet } = bound(this.#listener);
    const closed = (reason: string): void => {
      release(found.device);
      this.#state = { kind: 'closed' };
      this.#listener.closed(reason);
    };
    this.#state = { kind: 'found', channel: open(found.device)({ opened, bytes, speedSet, closed }) };
  }
}

function bound(listener: ChannelListener): Pick<Required<ChannelListener>, 'opened' | 'bytes' | 'speedSet'> {
  return {
    opened: () => listener.opened(),
    bytes: (bytes) => listener.bytes(bytes),
    speedSet: (baudRate) => listener.speedSet?.(baudRate),
  };
}
