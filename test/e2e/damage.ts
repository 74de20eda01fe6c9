/** Damages the bytes on a line. */
import type { Random } from '../../src/base/random.ts';
import type { OpenChannel } from '../../src/ports.ts';

/** Flips bits in this share of the pieces, in both directions. */
export function damaging(random: Random, share: number): (open: OpenChannel) => OpenChannel {
  const pass = (bytes: Uint8Array): Uint8Array =>
    random() < share ? turned(bytes, Math.floor(random() * bytes.length)) : bytes;
  return (open) => (listener) => {
    const channel = open({
      opened: () => listener.opened(),
      bytes: (bytes) => listener.bytes(pass(bytes)),
      closed: (reason) => listener.closed(reason),
    });
    return {
      write: (bytes) => channel.write(pass(bytes)),
      get queuedBytes() {
        return channel.queuedBytes;
      },
      close: (reason) => channel.close(reason),
    };
  };
}

/** Flips the lowest bit of one octet. */
export function turned(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((octet, index) => (index === at ? octet ^ 1 : octet));
}
