/**
 * Pseudo-terminal: a serial line without hardware. The gateway opens `path`; the simulated subdevice uses the other
 * end. A PTY needs no compiler and no privileges.
 *
 * The line is in raw mode from the start, so there is no echo. This process keeps a descriptor of the slave open, so
 * the gateway may open and close its end at any time. If the gateway does not read, bytes above the limit are lost, as
 * on a wire without flow control. Source: pty(7), and `DeviceChannel`, which the gateway's own end uses.
 *
 * Invariant: the path belongs to this line until this process ends, also after `hangUp`. When the last descriptor of a
 * PTY is closed, the kernel uses its number for another PTY. So the slave's descriptor is never closed. A gateway that
 * still looks for an unplugged line finds nothing, and never the line of another test.
 */
import { constants, openSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { nameSlave } from '../io/libc.ts';
import { DeviceChannel } from '../io/serial/device-channel.ts';
import { portSpeed } from '../io/serial/port-speed.ts';
import { ReadTurns } from '../io/serial/read-turns.ts';
import { openDevice } from '../io/serial/safe-binding.ts';
import type { Channel, ChannelListener, OpenChannel } from '../ports.ts';

export interface Pty {
  /** The gateway's end, e.g. `/dev/pts/7`. */
  readonly path: string;
  /** Speed that the gateway's end has, bits per second; 0 after `hangUp`. The PTY itself carries bytes at any speed. */
  readonly baudRate: number;
  /**
   * Opens the subdevice's end. Only one channel may be open at a time. A close leaves the line in place, like a
   * subdevice without power: bytes that arrive while no channel is open are lost, and the end may be opened again.
   * Without a call of `close`, `closed` is called only after `hangUp`.
   */
  readonly open: OpenChannel;
  /**
   * Creates a symbolic link to `path` as a stable name, and replaces a link of an earlier run. `hangUp` removes the
   * link.
   */
  linkAs(link: string): void;
  /**
   * Unplugs the line: the gateway's device disappears, and its path leads to no device from now on. Settles when the
   * line is gone. Idempotent.
   */
  hangUp(): Promise<void>;
}

/**
 * Largest number of bytes that wait for a reader: more than any window of frames. The kernel holds about 64 KiB in
 * addition.
 */
const QUEUED_BYTES_MAX = 256 * 1024;
/**
 * Longest wait for the kernel, which usually answers at once. No answer within a second means that PTYs or threads are
 * exhausted.
 */
const DEADLINE_MS = 1000;

export async function openPty(options: { readonly queuedBytesMax?: number } = {}): Promise<Pty> {
  const master = await openDevice({ path: '/dev/ptmx', baudRate: 115200, lock: false });
  const path = nameSlave(master.fd);
  const slaveFd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const end = new SubdeviceEnd();
  const line = new DeviceChannel(
    {
      open: async () => master,
      turns: new ReadTurns(),
      openMsMax: DEADLINE_MS,
      closeMsMax: DEADLINE_MS,
      queuedBytesMax: options.queuedBytesMax ?? QUEUED_BYTES_MAX,
      overflow: 'lose',
      explain: async (error) => String(error),
    },
    end,
  );
  await end.whenOpen;
  const links: string[] = [];
  let isCut = false;
  return {
    path,
    get baudRate() {
      return isCut ? 0 : portSpeed(slaveFd);
    },
    open: (listener) => end.attach(line, listener),
    linkAs(link) {
      const fresh = `${link}.${process.pid}`;
      rmSync(fresh, { force: true });
      symlinkSync(path, fresh);
      renameSync(fresh, link);
      links.push(link);
    },
    async hangUp() {
      if (!isCut) {
        isCut = true;
        for (const link of links) rmSync(link, { force: true });
        line.close('hung up');
      }
      await end.whenClosed;
    },
  };
}

/** Listens to the line during its whole life, for the attached subdevice. */
class SubdeviceEnd implements ChannelListener {
  readonly #open = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly whenOpen = this.#open.promise;
  readonly whenClosed = this.#closed.promise;
  isClosed = false;
  #attached: Attachment | undefined;

  opened(): void {
    this.#open.resolve();
  }

  bytes(bytes: Uint8Array): void {
    if (this.#attached?.state === 'open') this.#attached.listener.bytes(bytes);
  }

  closed(reason: string): void {
    this.isClosed = true;
    if (this.#attached !== undefined) this.#end(this.#attached, reason);
    this.#closed.resolve();
  }

  attach(line: Channel, listener: ChannelListener): Channel {
    const attachment: Attachment = { listener, state: 'waiting' };
    const isFree = this.#attached === undefined && !this.isClosed;
    if (isFree) this.#attached = attachment;
    setImmediate(() => {
      if (!isFree) return this.#end(attachment, this.isClosed ? 'hung up' : 'another subdevice is on this line');
      if (attachment.state !== 'waiting') return;
      attachment.state = 'open';
      listener.opened();
    });
    return {
      write: (bytes) => {
        if (attachment.state === 'open') line.write(bytes);
      },
      get queuedBytes() {
        return line.queuedBytes;
      },
      close: (reason) => {
        setImmediate(() => this.#end(attachment, reason));
      },
    };
  }

  /** Reports `closed`, unless `closed` was reported before. */
  #end(attachment: Attachment, reason: string): void {
    if (attachment.state === 'closed') return;
    attachment.state = 'closed';
    if (this.#attached === attachment) this.#attached = undefined;
    attachment.listener.closed(reason);
  }
}

interface Attachment {
  readonly listener: ChannelListener;
  state: 'waiting' | 'open' | 'closed';
}
