import { describe, expect, it } from 'vitest';
import { decodePacket } from '../../../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../../../src/codec/mqttsn-packets.ts';
import { CONNECT, delivery, LinkBench, puback, publish, tokensOf } from './mqttsn-bench.ts';

const NODE_A = Uint8Array.of(0x0a);
const NODE_B = Uint8Array.of(0x0b, 0x01);

function from(node: Uint8Array, packet: Packet, radius = 0): Packet {
  return { kind: 'encapsulated', radius, node, packet: encodePacket(packet) };
}

/** Packets to the nodes: node in hexadecimal, packet. */
function heardByNodes(bench: LinkBench): (readonly [string, Packet])[] {
  return bench.received().map((packet) => {
    if (packet.kind !== 'encapsulated') return ['wire', packet];
    const carried = decodePacket(packet.packet);
    if (!carried.ok) throw new Error(carried.problem);
    return [Buffer.from(packet.node).toString('hex'), carried.value];
  });
}

function attached(bench: LinkBench, node: Uint8Array, clientId: string): void {
  bench.send(from(node, { ...CONNECT, clientId }));
  bench.command({ kind: 'attached', subdevice: clientId, answer: { accepted: true, topicIds: new Map() } });
}

describe('behind a forwarder', () => {
  it('many subdevices share a port, together with a subdevice on the wire itself', () => {
    const bench = new LinkBench().attach();
    attached(bench, NODE_A, 'mill-2');
    attached(bench, NODE_B, 'saw-3');
    expect(bench.link.attachedSubdevices()).toEqual(['pump-7', 'mill-2', 'saw-3']);
    expect(heardByNodes(bench)).toEqual([
      ['0a', { kind: 'connack', returnCode: 0 }],
      ['0b01', { kind: 'connack', returnCode: 0 }],
    ]);
    bench.command(delivery(1, { subdevice: 'saw-3' }), delivery(2), delivery(3, { subdevice: 'mill-2' }));
    expect(heardByNodes(bench).map(([node]) => node)).toEqual(['0b01', 'wire', '0a']);
  });

  it('each subdevice is answered at its own node, in any order', () => {
    const bench = new LinkBench().open();
    attached(bench, NODE_A, 'mill-2');
    attached(bench, NODE_B, 'saw-3');
    heardByNodes(bench);
    bench.reported();
    bench.send(from(NODE_A, publish(1)), from(NODE_B, publish(1)));
    const [first, second] = tokensOf(bench.reported());
    bench.command({ kind: 'acknowledge', token: second ?? 0 }, { kind: 'acknowledge', token: first ?? 0 });
    expect(heardByNodes(bench)).toEqual([
      ['0b01', puback(1)],
      ['0a', puback(1)],
    ]);
  });

  it('a silent subdevice is lost alone', () => {
    const bench = new LinkBench().open();
    attached(bench, NODE_A, 'mill-2');
    bench.send(from(NODE_B, { ...CONNECT, clientId: 'saw-3', durationS: 10 }));
    bench.command({ kind: 'attached', subdevice: 'saw-3', answer: { accepted: true, topicIds: new Map() } });
    bench.reported();
    bench.after(15_000);
    expect(bench.reported()).toMatchObject([{ kind: 'detach', subdevice: 'saw-3', cause: 'keep alive ran out' }]);
    expect(bench.link.attachedSubdevices()).toEqual(['mill-2']);
  });

  it('a client that moves to another node keeps its session, without a detach', () => {
    const bench = new LinkBench().open();
    attached(bench, NODE_A, 'mill-2');
    bench.send(from(NODE_A, publish(1)));
    const [, uplink] = bench.reported();
    attached(bench, NODE_B, 'mill-2');
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['attach']);
    heardByNodes(bench);
    bench.command({ kind: 'acknowledge', token: tokensOf(uplink === undefined ? [] : [uplink])[0] ?? 0 });
    expect(heardByNodes(bench)).toEqual([['0b01', puback(1)]]);
    bench.send(from(NODE_A, publish(2)));
    expect(heardByNodes(bench)).toEqual([['0a', { kind: 'disconnect', durationS: undefined }]]);
  });

  it('no node is called back when the port opens: the line to each node belongs to the forwarder', () => {
    const bench = new LinkBench();
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    bench.after(1000);
    expect(heardByNodes(bench).map(([node]) => node)).toEqual(['wire']);
  });

  it.each([
    ['nested', from(NODE_A, from(NODE_B, CONNECT))],
    ['without a node', from(new Uint8Array(0), CONNECT)],
    [
      'with content that is no packet',
      { kind: 'encapsulated', radius: 0, node: NODE_A, packet: Uint8Array.of(3, 0xff, 0) },
    ],
  ] as const)('an encapsulation %s is malformed', (_, packet) => {
    const bench = new LinkBench().open();
    bench.send(packet);
    expect([bench.received(), bench.reported()]).toEqual([[], []]);
    expect(bench.link.counters.malformedPackets).toBe(1);
  });

  it('a packet that is too large together with its encapsulation is too large', () => {
    const bench = new LinkBench().open();
    attached(bench, new Uint8Array(100).fill(7), 'mill-2');
    bench.reported();
    bench.command(delivery(1, { subdevice: 'mill-2', payload: new Uint8Array(150) }));
    expect(bench.reported()).toMatchObject([{ kind: 'undelivered', token: 1, why: 'too large' }]);
  });

  it('nodes without a client are replaced by new ones, and nodes with a client are not', () => {
    const bench = new LinkBench().open();
    const node = (index: number): Uint8Array => Uint8Array.of(1, index >> 8, index & 0xff);
    for (let index = 0; index < 256; index += 1) attached(bench, node(index), `n${index}`);
    heardByNodes(bench);
    bench.send(from(NODE_A, CONNECT));
    expect(heardByNodes(bench)).toEqual([['0a', { kind: 'connack', returnCode: 1 }]]);
    bench.send(from(node(7), { kind: 'disconnect', durationS: undefined }));
    bench.reported();
    bench.send(from(NODE_A, CONNECT));
    expect(bench.reported()).toMatchObject([{ kind: 'attach', subdevice: 'pump-7' }]);
  });
});

describe('the gateway', () => {
  it('answers a search, on the wire and behind a forwarder, with the radius of the search', () => {
    const bench = new LinkBench({ gatewayId: 9 }).open();
    bench.send({ kind: 'searchgw', radius: 0 }, from(NODE_A, { kind: 'searchgw', radius: 2 }));
    const gwinfo = { kind: 'gwinfo', gatewayId: 9, gatewayAddress: new Uint8Array(0) } as const;
    expect(bench.received()).toEqual([gwinfo, from(NODE_A, gwinfo, 2)]);
  });

  it('advertises itself when the port opens and then at its interval, as long as the port is open', () => {
    const bench = new LinkBench({ wasInUse: false, advertiseS: 900 });
    const ADVERTISE = { kind: 'advertise', gatewayId: 1, durationS: 900 };
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    expect(bench.received().at(-1)).toEqual(ADVERTISE);
    bench.after(899_999);
    expect(bench.received()).toEqual([]);
    bench.after(1);
    expect(bench.received()).toEqual([ADVERTISE]);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.after(2_000_000);
    expect(bench.received()).toEqual([]);
  });
});

describe('a publication with QoS -1', () => {
  const predefined = publish(0, { qos: -1, topic: { type: 'predefined', id: 77 } });
  const nodes = new Map([['0a', 'mill-2']]);

  it('is accepted from the only subdevice of the link, with a predefined id or a short name', () => {
    const bench = new LinkBench({ soleSubdevice: 'pump-7' }).open();
    bench.send(publish(0, { qos: -1 }), predefined);
    const payload = Uint8Array.of(0);
    expect(bench.reported()).toEqual([
      { kind: 'unconnected', subdevice: 'pump-7', topic: 't1', payload },
      { kind: 'unconnected', subdevice: 'pump-7', topic: 'alarm/fire', payload },
    ]);
    expect(bench.received()).toEqual([]);
  });

  it('keeps its RETAIN', () => {
    const bench = new LinkBench({ soleSubdevice: 'pump-7' }).open();
    bench.send(publish(0, { qos: -1, retain: true }));
    expect(bench.reported()).toMatchObject([{ kind: 'unconnected', retain: true }]);
  });

  it('belongs to the subdevice that is configured for its node', () => {
    const bench = new LinkBench({ nodes }).open();
    bench.send(from(NODE_A, predefined));
    expect(bench.reported()).toMatchObject([{ kind: 'unconnected', subdevice: 'mill-2' }]);
  });

  it('from any other node is counted and dropped', () => {
    const bench = new LinkBench({ nodes, soleSubdevice: undefined }).open();
    bench.send(predefined, from(NODE_B, predefined));
    expect([bench.received(), bench.reported()]).toEqual([[], []]);
    expect(bench.link.counters.unexpectedPackets).toBe(2);
  });

  it.each([
    { type: 'normal', id: 1 },
    { type: 'predefined', id: 78 },
    { type: 'short', name: '/#' },
  ] as const)('on $type $id$name is counted and dropped', (topic) => {
    const bench = new LinkBench({ soleSubdevice: 'pump-7' }).open();
    bench.send(publish(0, { qos: -1, topic }));
    expect([bench.received(), bench.reported()]).toEqual([[], []]);
    expect(bench.link.counters.unexpectedPackets).toBe(1);
  });
});
