/** A bad line made of a good one. */
import type { Random } from '../../src/base/random.ts';
import type { OpenChannel } from '../../src/ports.ts';

/** Bits turn in this share of the pieces that pass, either way. */
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

/** The lowest bit of one octet is the other one. */
export function turned(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((octet, index) => (index === at ? octet ^ 1 : octet));
}
