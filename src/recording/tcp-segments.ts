/**
 * A byte stream dressed as TCP over IPv4, so that Wireshark puts it together again: handshake, segments with running
 * sequence numbers, the end. The addresses are those set aside for documentation (RFC 5737): the gateway is 192.0.2.1.
 * Sources: RFC 791 §3.1, RFC 9293 §3.1.
 */

interface Side {
  readonly address: readonly [number, number, number, number];
  readonly port: number;
  /** Of the next octet it sends. */
  sequence: number;
}

const FLAG = { fin: 0x01, syn: 0x02, push: 0x08, acknowledge: 0x10 } as const;
const IP_BYTES = 20;
const TCP_BYTES = 20;
/** A total length has 16 bit. */
const SEGMENT_BYTES_MAX = 0xffff - IP_BYTES - TCP_BYTES;
const TCP = 6;
/** IANA's first port for such uses (RFC 6335 §6): one more for each connection. */
const PORT_FIRST = 49_152;
const PORTS = 65_536 - PORT_FIRST;

export class TcpStream {
  readonly #gateway: Side;
  readonly #hub: Side = { address: [192, 0, 2, 2], port: 1883, sequence: 1 };

  /** @param connection counts from 0 */
  constructor(connection: number) {
    this.#gateway = { address: [192, 0, 2, 1], port: PORT_FIRST + (connection % PORTS), sequence: 1 };
  }

  open(): Uint8Array[] {
    this.#gateway.sequence = 0;
    this.#hub.sequence = 0;
    const syn = segment(this.#gateway, this.#hub, { flags: FLAG.syn });
    this.#gateway.sequence = 1;
    const answer = segment(this.#hub, this.#gateway, { flags: FLAG.syn | FLAG.acknowledge });
    this.#hub.sequence = 1;
    return [syn, answer, segment(this.#gateway, this.#hub, { flags: FLAG.acknowledge })];
  }

  send(direction: 'in' | 'out', bytes: Uint8Array): Uint8Array[] {
    const [from, to] = this.#sides(direction);
    const segments: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES_MAX) {
      const body = bytes.subarray(at, at + SEGMENT_BYTES_MAX);
      segments.push(segment(from, to, { flags: FLAG.push | FLAG.acknowledge, body }));
      from.sequence = (from.sequence + body.length) % 2 ** 32;
    }
    return segments;
  }

  close(direction: 'in' | 'out'): Uint8Array {
    const [from, to] = this.#sides(direction);
    return segment(from, to, { flags: FLAG.fin | FLAG.acknowledge });
  }

  #sides(direction: 'in' | 'out'): readonly [Side, Side] {
    return direction === 'out' ? [this.#gateway, this.#hub] : [this.#hub, this.#gateway];
  }
}

function segment(
  from: Side,
  to: Side,
  { flags, body = new Uint8Array(0) }: { readonly flags: number; readonly body?: Uint8Array },
): Uint8Array {
  const bytes = Buffer.alloc(IP_BYTES + TCP_BYTES + body.length);
  bytes.writeUInt8(0x45, 0); // version 4, five words of header
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.writeUInt8(64, 8); // time to live (RFC 1700)
  bytes.writeUInt8(TCP, 9);
  bytes.set(from.address, 12);
  bytes.set(to.address, 16);
  bytes.writeUInt16BE(checksum(bytes.subarray(0, IP_BYTES), 0), 10);
  const tcp = bytes.subarray(IP_BYTES);
  tcp.writeUInt16BE(from.port, 0);
  tcp.writeUInt16BE(to.port, 2);
  tcp.writeUInt32BE(from.sequence, 4);
  if ((flags & FLAG.acknowledge) !== 0) tcp.writeUInt32BE(to.sequence, 8);
  tcp.writeUInt8((TCP_BYTES / 4) << 4, 12);
  tcp.writeUInt8(flags, 13);
  tcp.writeUInt16BE(0xffff, 14); // the window: as large as it can be said
  tcp.set(body, TCP_BYTES);
  // over the addresses, the protocol and the length too (RFC 9293 §3.1)
  tcp.writeUInt16BE(checksum(bytes.subarray(12), TCP + tcp.length), 16);
  return bytes;
}

/** RFC 1071: the complement of the sum in ones' complement of all 16-bit words. */
function checksum(bytes: Uint8Array, start: number): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] ?? 0) * 0x100 + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
