/**
 * Writer for the part of pcapng that a capture needs: one section, an interface, packets with a direction and an
 * optional comment. Little-endian. Source: "PCAP Next Generation (pcapng) Capture File Format",
 * draft-ietf-opsawg-pcapng §3.1, §4.1 to §4.3.
 */

export interface CapturedPacket {
  /** Unix ms; stored as microseconds, the default resolution. */
  readonly wallMs: number;
  readonly bytes: Uint8Array;
  /** Direction as seen from the gateway. */
  readonly direction: 'in' | 'out';
  readonly comment?: string | undefined;
}

const BLOCK = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const OPTION = { end: 0, comment: 1, interfaceName: 2, packetFlags: 2 } as const;
const FLAG = { in: 0b01, out: 0b10 } as const;
/** Size of the frame of a block: type and length before the body, length after the body. */
const BLOCK_FRAME_BYTES = 12;

/**
 * @param linkType number from tcpdump.org's list
 * @param name interface name for display
 */
export function encodePcapng(linkType: number, name: string, packets: Iterable<CapturedPacket>): Uint8Array {
  const blocks = [
    // version 1.0, length of the section unknown
    block(BLOCK.section, [word(BYTE_ORDER_MAGIC), half(1), half(0), word(0xffff_ffff), word(0xffff_ffff)]),
    // no limit on the packet length
    block(BLOCK.interface, [half(linkType), half(0), word(0), option(OPTION.interfaceName, utf8(name)), word(0)]),
  ];
  for (const packet of packets) blocks.push(packetBlock(packet));
  return Buffer.concat(blocks);
}

function packetBlock({ wallMs, bytes, direction, comment }: CapturedPacket): Uint8Array {
  const micros = Math.min(Math.max(0, Math.round(wallMs * 1000)), 2 ** 63);
  return block(BLOCK.packet, [
    word(0), // the only interface
    word(Math.floor(micros / 2 ** 32)),
    word(micros % 2 ** 32),
    word(bytes.length),
    word(bytes.length),
    padded(bytes),
    comment === undefined ? NOTHING : option(OPTION.comment, utf8(comment)),
    option(OPTION.packetFlags, word(FLAG[direction])),
    word(OPTION.end),
  ]);
}

function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const length = word(body.length + BLOCK_FRAME_BYTES);
  return Buffer.concat([word(type), length, body, length]);
}

/** Largest value of an option: the length field has 16 bits. */
const OPTION_BYTES_MAX = 0xffff;

function option(code: number, whole: Uint8Array): Uint8Array {
  const value = whole.subarray(0, OPTION_BYTES_MAX);
  return Buffer.concat([half(code), half(value.length), padded(value)]);
}

const NOTHING = new Uint8Array(0);

/** Returns the bytes, padded to a multiple of four octets. */
function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)]);
}

function word(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function half(value: number): Uint8Array {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
