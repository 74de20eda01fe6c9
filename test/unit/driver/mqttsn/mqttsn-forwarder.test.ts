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

/** What the nodes heard: node in hexadecimal, packet. */
function heardByNodes(bench: LinkBench): (readonly [string, Packet])[] {
  return bench.heard().map((packet) => {
    if (packet.kind !== 'encapsulated') return ['wire', packet];
    const carried = decodePacket(packet.packet);
    if (!carried.ok) throw new Error(carried.problem);
    return [Buffer.from(packet.node).toString('hex'), carried.value];
  });
}

function attached(bench: LinkBench, node: Uint8Array, clientId: string): void {
  bench.say(from(node, { ...CONNECT, clientId }));
  bench.order({ kind: 'attached', subdevice: clientId, answer: { accepted: true, topicIds: new Map() } });
}

describe('behind a forwarder', () => {
  it('many subdevices share a port, at the same time as whoever is on the wire itself', () => {
    const bench = new LinkBench().attach();
    attached(bench, NODE_A, 'mill-2');
    attached(bench, NODE_B, 'saw-3');
    expect(bench.link.attachedSubdevices()).toEqual(['pump-7', 'mill-2', 'saw-3']);
    expect(heardByNodes(bench)).toEqual([
      ['0a', { kind: 'connack', returnCode: 0 }],
      ['0b01', { kind: 'connack', returnCode: 0 }],
    ]);
    bench.order(delivery(1, { subdevice: 'saw-3' }), delivery(2), delivery(3, { subdevice: 'mill-2' }));
    expect(heardByNodes(bench).map(([node]) => node)).toEqual(['0b01', 'wire', '0a']);
  });

  it('each is answered at its own node, whatever the order', () => {
    const bench = new LinkBench().open();
    attached(bench, NODE_A, 'mill-2');
    attached(bench, NODE_B, 'saw-3');
    heardByNodes(bench);
    bench.reported();
    bench.say(from(NODE_A, publish(1)), from(NODE_B, publish(1)));
    const [first, second] = tokensOf(bench.reported());
    bench.order({ kind: 'acknowledge', token: second ?? 0 }, { kind: 'acknowledge', token: first ?? 0 });
    expect(heardByNodes(bench)).toEqual([
      ['0b01', puback(1)],
      ['0a', puback(1)],
    ]);
  });

  it('a silent one is lost alone', () => {
    const bench = new LinkBench().open();
    attached(bench, NODE_A, 'mill-2');
    bench.say(from(NODE_B, { ...CONNECT, clientId: 'saw-3', durationS: 10 }));
    bench.order({ kind: 'attached', subdevice: 'saw-3', answer: { accepted: true, topicIds: new Map() } });
    bench.reported();
    bench.after(15_000);
    expect(bench.reported()).toMatchObject([{ kind: 'detach', subdevice: 'saw-3', cause: 'keep alive ran out' }]);
    expect(bench.link.attachedSubdevices()).toEqual(['mill-2']);
  });

  it('a client that moves to another node takes its session along, without a detach', () => {
    const bench = new LinkBench().open();
    attached(bench, NODE_A, 'mill-2');
    bench.say(from(NODE_A, publish(1)));
    const [, uplink] = bench.reported();
    attached(bench, NODE_B, 'mill-2');
    expect(bench.reported().map(({ kind }) => kind)).toEqual(['attach']);
    heardByNodes(bench);
    bench.order({ kind: 'acknowledge', token: tokensOf(uplink === undefined ? [] : [uplink])[0] ?? 0 });
    expect(heardByNodes(bench)).toEqual([['0b01', puback(1)]]);
    bench.say(from(NODE_A, publish(2)));
    expect(heardByNodes(bench)).toEqual([['0a', { kind: 'disconnect', durationS: undefined }]]);
  });

  it('nobody is called back when the port opens: the line to each node is the forwarder’s', () => {
    const bench = new LinkBench();
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    bench.after(1000);
    expect(heardByNodes(bench).map(([node]) => node)).toEqual(['wire']);
  });

  it.each([
    ['nested', from(NODE_A, from(NODE_B, CONNECT))],
    ['without a node', from(new Uint8Array(0), CONNECT)],
    ['of what is no packet', { kind: 'encapsulated', radius: 0, node: NODE_A, packet: Uint8Array.of(3, 0xff, 0) }],
  ] as const)('an encapsulation %s is malformed', (_, packet) => {
    const bench = new LinkBench().open();
    bench.say(packet);
    expect([bench.heard(), bench.reported()]).toEqual([[], []]);
    expect(bench.link.counters.malformedPackets).toBe(1);
  });

  it('a packet that is too large with what is put around it is too large', () => {
    const bench = new LinkBench().open();
    attached(bench, new Uint8Array(100).fill(7), 'mill-2');
    bench.reported();
    bench.order(delivery(1, { subdevice: 'mill-2', payload: new Uint8Array(150) }));
    expect(bench.reported()).toMatchObject([{ kind: 'undelivered', token: 1, why: 'too large' }]);
  });

  it('nodes without a client give way to new ones, and those with one do not', () => {
    const bench = new LinkBench().open();
    const node = (index: number): Uint8Array => Uint8Array.of(1, index >> 8, index & 0xff);
    for (let index = 0; index < 256; index += 1) attached(bench, node(index), `n${index}`);
    heardByNodes(bench);
    bench.say(from(NODE_A, CONNECT));
    expect(heardByNodes(bench)).toEqual([['0a', { kind: 'connack', returnCode: 1 }]]);
    bench.say(from(node(7), { kind: 'disconnect', durationS: undefined }));
    bench.reported();
    bench.say(from(NODE_A, CONNECT));
    expect(bench.reported()).toMatchObject([{ kind: 'attach', subdevice: 'pump-7' }]);
  });
});

describe('the gateway', () => {
  it('is found, on the wire and behind a forwarder, as far away as it was searched', () => {
    const bench = new LinkBench({ gatewayId: 9 }).open();
    bench.say({ kind: 'searchgw', radius: 0 }, from(NODE_A, { kind: 'searchgw', radius: 2 }));
    const gwinfo = { kind: 'gwinfo', gatewayId: 9, gatewayAddress: new Uint8Array(0) } as const;
    expect(bench.heard()).toEqual([gwinfo, from(NODE_A, gwinfo, 2)]);
  });

  it('advertises itself when the port opens and then at its pace, as long as the port is open', () => {
    const bench = new LinkBench({ wasInUse: false, advertiseS: 900 });
    const ADVERTISE = { kind: 'advertise', gatewayId: 1, durationS: 900 };
    bench.input({ kind: 'start' });
    bench.input({ kind: 'opened' });
    expect(bench.heard().at(-1)).toEqual(ADVERTISE);
    bench.after(899_999);
    expect(bench.heard()).toEqual([]);
    bench.after(1);
    expect(bench.heard()).toEqual([ADVERTISE]);
    bench.input({ kind: 'closed', reason: 'unplugged' });
    bench.after(2_000_000);
    expect(bench.heard()).toEqual([]);
  });
});

describe('a publication with QoS -1', () => {
  const predefined = publish(0, { qos: -1, topic: { type: 'predefined', id: 77 } });
  const nodes = new Map([['0a', 'mill-2']]);

  it('comes from the only subdevice of the link, by predefined id or short name', () => {
    const bench = new LinkBench({ soleSubdevice: 'pump-7' }).open();
    bench.say(publish(0, { qos: -1 }), predefined);
    const payload = Uint8Array.of(0);
    expect(bench.reported()).toEqual([
      { kind: 'unconnected', subdevice: 'pump-7', topic: 't1', payload },
      { kind: 'unconnected', subdevice: 'pump-7', topic: 'alarm/fire', payload },
    ]);
    expect(bench.heard()).toEqual([]);
  });

  it('comes with its RETAIN', () => {
    const bench = new LinkBench({ soleSubdevice: 'pump-7' }).open();
    bench.say(publish(0, { qos: -1, retain: true }));
    expect(bench.reported()).toMatchObject([{ kind: 'unconnected', retain: true }]);
  });

  it('comes from whoever the configuration has at that node', () => {
    const bench = new LinkBench({ nodes }).open();
    bench.say(from(NODE_A, predefined));
    expect(bench.reported()).toMatchObject([{ kind: 'unconnected', subdevice: 'mill-2' }]);
  });

  it('from anywhere else is counted and dropped', () => {
    const bench = new LinkBench({ nodes, soleSubdevice: undefined }).open();
    bench.say(predefined, from(NODE_B, predefined));
    expect([bench.heard(), bench.reported()]).toEqual([[], []]);
    expect(bench.link.counters.unexpectedPackets).toBe(2);
  });

  it.each([
    { type: 'normal', id: 1 },
    { type: 'predefined', id: 78 },
    { type: 'short', name: '/#' },
  ] as const)('on $type $id$name is counted and dropped', (topic) => {
    const bench = new LinkBench({ soleSubdevice: 'pump-7' }).open();
    bench.say(publish(0, { qos: -1, topic }));
    expect([bench.heard(), bench.reported()]).toEqual([[], []]);
    expect(bench.link.counters.unexpectedPackets).toBe(1);
  });
});
