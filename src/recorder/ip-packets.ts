/**
 * Bytes wrapped in TCP or UDP over IPv4 for Wireshark. A stream has a handshake, segments with consecutive sequence
 * numbers, and an end. The addresses are those reserved for documentation (RFC 5737): the gateway is 192.0.2.1.
 * Sources: RFC 791 §3.1, RFC 768, RFC 9293 §3.1.
 */

type Address = readonly [number, number, number, number];

const GATEWAY: Address = [192, 0, 2, 1];
const HUB: Address = [192, 0, 2, 2];
const SUBDEVICE: Address = [192, 0, 2, 3];

interface Side {
  readonly address: Address;
  readonly port: number;
  /** Sequence number of the next octet to send. */
  sequence: number;
}

const FLAG = { fin: 0x01, syn: 0x02, push: 0x08, acknowledge: 0x10 } as const;
const IP_BYTES = 20;
const TCP_BYTES = 20;
/** Largest body of a TCP segment: the total length of an IP packet has 16 bits. */
const SEGMENT_BYTES_MAX = 0xffff - IP_BYTES - TCP_BYTES;
const TCP = 6;
const UDP = 17;
const UDP_BYTES = 8;
/** First dynamic port of IANA (RFC 6335 §6). Each connection takes the next port. */
const PORT_FIRST = 49_152;
const PORTS = 65_536 - PORT_FIRST;

export class TcpStream {
  readonly #gateway: Side;
  readonly #hub: Side = { address: HUB, port: 1883, sequence: 1 };

  /** @param connection number of the connection, from 0 */
  constructor(connection: number) {
    this.#gateway = { address: GATEWAY, port: PORT_FIRST + (connection % PORTS), sequence: 1 };
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
  const tcp = Buffer.alloc(TCP_BYTES + body.length);
  tcp.writeUInt16BE(from.port, 0);
  tcp.writeUInt16BE(to.port, 2);
  tcp.writeUInt32BE(from.sequence, 4);
  if ((flags & FLAG.acknowledge) !== 0) tcp.writeUInt32BE(to.sequence, 8);
  tcp.writeUInt8((TCP_BYTES / 4) << 4, 12);
  tcp.writeUInt8(flags, 13);
  tcp.writeUInt16BE(0xffff, 14); // largest possible window
  tcp.set(body, TCP_BYTES);
  const packet = ipPacket(TCP, from.address, { to: to.address, body: tcp });
  // the checksum also covers the addresses, the protocol and the length (RFC 9293 §3.1)
  packet.writeUInt16BE(checksum(packet.subarray(12), TCP + tcp.length), IP_BYTES + 16);
  return packet;
}

/**
 * Creates a datagram between a subdevice and the gateway. The port of the gateway identifies the content. There is no
 * checksum, as UDP allows.
 */
export function udpDatagram(direction: 'in' | 'out', gatewayPort: number, bytes: Uint8Array): Uint8Array {
  const [from, to] = direction === 'out' ? [GATEWAY, SUBDEVICE] : [SUBDEVICE, GATEWAY];
  const body = Buffer.alloc(UDP_BYTES + bytes.length);
  body.writeUInt16BE(direction === 'out' ? gatewayPort : PORT_FIRST, 0);
  body.writeUInt16BE(direction === 'out' ? PORT_FIRST : gatewayPort, 2);
  body.writeUInt16BE(body.length, 4);
  body.set(bytes, UDP_BYTES);
  return ipPacket(UDP, from, { to, body });
}

function ipPacket(
  protocol: number,
  from: Address,
  { to, body }: { readonly to: Address; readonly body: Uint8Array },
): Buffer {
  const bytes = Buffer.alloc(IP_BYTES + body.length);
  bytes.writeUInt8(0x45, 0); // version 4, five words of header
  bytes.writeUInt16BE(bytes.length, 2);
  bytes.writeUInt8(64, 8); // time to live (RFC 1700)
  bytes.writeUInt8(protocol, 9);
  bytes.set(from, 12);
  bytes.set(to, 16);
  bytes.writeUInt16BE(checksum(bytes.subarray(0, IP_BYTES), 0), 10);
  bytes.set(body, IP_BYTES);
  return bytes;
}

/** Computes the checksum of RFC 1071: the complement of the ones' complement sum of all 16-bit words. */
function checksum(bytes: Uint8Array, start: number): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at] ?? 0) * 0x100 + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
