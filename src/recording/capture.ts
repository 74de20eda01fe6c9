/**
 * A recording as a capture for Wireshark. The hub's connection becomes TCP on port 1883. The packets of a link become
 * "exported PDUs", which name the dissector they are for, so nothing has to be set up: bytes that are no packet go to
 * `data`, with a comment that says why.
 * Sources: tcpdump.org's list of link types; epan/exported_pdu.h of Wireshark for the tags.
 */
import { HUB } from '../base/step.ts';
import type { Recording } from './file.ts';
import { type Moment, MomentReader } from './moments.ts';
import { type CapturedPacket, encodePcapng } from './pcapng.ts';
import { TcpStream } from './tcp-segments.ts';

const LINK_TYPE = { ipv4: 228, exportedPdu: 252 } as const;
/** By driver, the name of Wireshark's dissector. */
const DISSECTORS: Readonly<Record<string, string>> = { mqttsn: 'mqttsn' };
const TAG = { end: 0, dissector: 12, ipv4From: 20, ipv4To: 21 } as const;
/** RFC 5737: the gateway, and whoever is at the other end. */
const GATEWAY = [192, 0, 2, 1];
const SUBDEVICE = [192, 0, 2, 3];

export function encodeCapture(recording: Recording): Uint8Array {
  const { subject } = recording.header;
  const isHub = subject.driver === HUB;
  const packets = isHub ? tcpPackets(recording) : linkPackets(recording);
  return encodePcapng(isHub ? LINK_TYPE.ipv4 : LINK_TYPE.exportedPdu, subject.name, packets);
}

function* momentsOf({ header, steps }: Recording): Generator<Moment & { readonly wallMs: number }> {
  const reader = new MomentReader(header.subject);
  const { upMs, wallMs } = header.frozenAt;
  for (const step of steps)
    for (const moment of reader.read(step)) yield { ...moment, wallMs: wallMs - upMs + moment.upMs };
}

function* linkPackets(recording: Recording): Generator<CapturedPacket> {
  const dissector = DISSECTORS[recording.header.subject.driver] ?? 'data';
  for (const { what, frame, wallMs } of momentsOf(recording)) {
    if (frame === undefined || (what !== 'in' && what !== 'out')) continue;
    const tags = [
      tag(TAG.dissector, Buffer.from(frame.packet === undefined ? 'data' : dissector)),
      tag(TAG.ipv4From, Uint8Array.from(what === 'out' ? GATEWAY : SUBDEVICE)),
      tag(TAG.ipv4To, Uint8Array.from(what === 'out' ? SUBDEVICE : GATEWAY)),
      tag(TAG.end, new Uint8Array(0)),
    ];
    yield { wallMs, direction: what, bytes: Buffer.concat([...tags, frame.bytes]), comment: frame.problem };
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

/** Code and length in two octets each, big-endian; the value filled up to a multiple of four. */
function tag(code: number, value: Uint8Array): Uint8Array {
  const padding = (4 - (value.length % 4)) % 4;
  const bytes = Buffer.alloc(4 + value.length + padding);
  bytes.writeUInt16BE(code, 0);
  bytes.writeUInt16BE(value.length + padding, 2);
  bytes.set(value, 4);
  return bytes;
}
