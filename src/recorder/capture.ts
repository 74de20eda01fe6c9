/**
 * Recording as a capture for Wireshark. The hub connection becomes TCP on port 1883. Packets of an MQTT-SN link become
 * UDP on that port; Wireshark needs the option `-d udp.port==1883,mqttsn`, because it assigns no port to MQTT-SN.
 * Packets of other drivers become "exported PDUs", which name their dissector. Bytes that are not a packet go to the
 * discard port, with a comment that gives the reason. Sources: tcpdump.org's list of link types; epan/exported_pdu.h of
 * Wireshark for the tags; IANA's port numbers.
 */
import { HUB } from '../base/step.ts';
import { findDriver } from '../driver/drivers.ts';
import { TcpStream, udpDatagram } from './ip-packets.ts';
import { type Moment, MomentReader } from './moments.ts';
import { type CapturedPacket, encodePcapng } from './pcapng.ts';
import type { Recording, RecordingHeader } from './recording-file.ts';

const LINK_TYPE = { ipv4: 228, exportedPdu: 252 } as const;
const DISCARD_PORT = 9;
/**
 * Largest payload of a datagram: the length field has 16 bits and includes the headers. Bytes that are not a frame may
 * be longer; the rest is cut off.
 */
const DATAGRAM_BYTES_MAX = 0xffff - 28;
/** Dissector for packets of a driver that this program does not have. */
const NO_DISSECTOR = { kind: 'dissector', name: 'data' } as const;
const TAG = { end: 0, dissector: 12 } as const;

export function encodeCapture(recording: Recording): Uint8Array {
  const { driver, name, options } = recording.header.subject;
  const noted = (packets: Iterable<CapturedPacket>): Iterable<CapturedPacket> => withNotes(recording.header, packets);
  if (driver === HUB) return encodePcapng(LINK_TYPE.ipv4, name, noted(tcpPackets(recording)));
  const format = findDriver(driver)?.capture(options) ?? NO_DISSECTOR;
  if (format.kind === 'udp') return encodePcapng(LINK_TYPE.ipv4, name, noted(datagrams(recording, format.port)));
  return encodePcapng(LINK_TYPE.exportedPdu, name, noted(exportedPackets(recording, format.name)));
}

/** Adds each note of an operator as a comment to the first packet after it, otherwise to the last packet. */
function* withNotes(
  { notes = [], frozenAt }: RecordingHeader,
  packets: Iterable<CapturedPacket>,
): Iterable<CapturedPacket> {
  const waiting = notes.map(({ upMs, text, by }) => ({
    wallMs: frozenAt.wallMs - frozenAt.upMs + upMs,
    words: `note${by === undefined ? '' : ` of ${by}`}: ${text}`,
  }));
  const commented = (packet: CapturedPacket, due: readonly { readonly words: string }[]): CapturedPacket => {
    const { comment } = packet;
    const words = [...due.map((note) => note.words), ...(comment === undefined ? [] : [comment])];
    return words.length === 0 ? packet : { ...packet, comment: words.join('; ') };
  };
  let last: CapturedPacket | undefined;
  for (const packet of packets) {
    if (last !== undefined) yield last;
    const due = waiting.findLastIndex(({ wallMs }) => wallMs <= packet.wallMs) + 1;
    last = commented(packet, waiting.splice(0, due));
  }
  if (last !== undefined) yield commented(last, waiting);
}

function* momentsOf({ header, steps }: Recording): Generator<Moment & { readonly wallMs: number }> {
  const reader = new MomentReader(header.subject);
  const { upMs, wallMs } = header.frozenAt;
  for (const step of steps)
    for (const moment of reader.read(step)) yield { ...moment, wallMs: wallMs - upMs + moment.upMs };
}

function* datagrams(recording: Recording, port: number): Generator<CapturedPacket> {
  for (const { what, frame, wallMs } of momentsOf(recording)) {
    if (frame === undefined || (what !== 'in' && what !== 'out')) continue;
    const bytes = udpDatagram(
      what,
      frame.packet === undefined ? DISCARD_PORT : port,
      frame.bytes.subarray(0, DATAGRAM_BYTES_MAX),
    );
    yield { wallMs, direction: what, bytes, comment: frame.problem };
  }
}

/** @param dissector name by which Wireshark knows the packets */
function* exportedPackets(recording: Recording, dissector: string): Generator<CapturedPacket> {
  for (const { what, frame, wallMs } of momentsOf(recording)) {
    if (frame === undefined || (what !== 'in' && what !== 'out')) continue;
    const name = Buffer.from(frame.packet === undefined ? 'data' : dissector);
    const bytes = Buffer.concat([tag(TAG.dissector, name), tag(TAG.end, new Uint8Array(0)), frame.bytes]);
    yield { wallMs, direction: what, bytes, comment: frame.problem };
  }
}

function* tcpPackets(recording: Recording): Generator<CapturedPacket> {
  let connections = 0;
  let stream = new TcpStream(connections);
  for (const { what, words, frame, wallMs } of momentsOf(recording)) {
    if (words === 'opened' && what === 'channel') {
      stream = new TcpStream(connections);
      connections += 1;
      for (const [index, bytes] of stream.open().entries())
        yield { wallMs, direction: index === 1 ? 'in' : 'out', bytes };
    } else if (what === 'channel' && /^closed? /.test(words)) {
      const direction = words.startsWith('closed') ? 'in' : 'out';
      yield { wallMs, direction, bytes: stream.close(direction), comment: words };
    } else if (frame !== undefined && (what === 'in' || what === 'out')) {
      for (const bytes of stream.send(what, frame.bytes))
        yield { wallMs, direction: what, bytes, comment: frame.problem };
    }
  }
}

/**
 * Encodes a tag: code and length in two octets each, big-endian, then the value, padded to a multiple of four octets.
 */
function tag(code: number, value: Uint8Array): Uint8Array {
  const padding = (4 - (value.length % 4)) % 4;
  const bytes = Buffer.alloc(4 + value.length + padding);
  bytes.writeUInt16BE(code, 0);
  bytes.writeUInt16BE(value.length + padding, 2);
  bytes.set(value, 4);
  return bytes;
}
