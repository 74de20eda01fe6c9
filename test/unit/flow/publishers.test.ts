/**
 * The subdevice of a publication without a connection is defined by the configuration (link, allow list and node id),
 * never by the frame.
 */
import { describe, expect, it } from 'vitest';
import { planLinks } from '../../../src/app/machines.ts';
import { encodeFrame } from '../../../src/codec/mqttsn-cobs.ts';
import { encodePacket } from '../../../src/codec/mqttsn-encode.ts';
import type { Packet } from '../../../src/codec/mqttsn-packets.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { publish } from '../driver/mqttsn/mqttsn-bench.ts';

const HEAD = `[gateway]
name = "gw"
[hub]
profile = "generic"
host = "hub"
[[link]]
name = "radio"
path = "/dev/ttyS1"
[[link]]
name = "wire"
path = "/dev/ttyS2"
subdevices = ["pump"]
`;
const SUBDEVICES = `[[subdevice]]
id = "pump"
[[subdevice]]
id = "mill"
node_id = "0a01"
[[subdevice]]
id = "saw"
link = "radio"
node_id = "0b"
`;

/** Subdevice of a QoS −1 publication on the link, on the wire itself or from a node. */
function publisherOn(link: string, node?: Uint8Array): string | undefined {
  const parsed = parseConfig(HEAD + SUBDEVICES);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const openLink = () => () => {
    throw new Error('nothing is opened here');
  };
  const credentials = () => ({ clientId: 'gw', username: undefined, password: undefined });
  const { config } = parsed;
  const plans = planLinks(
    { config, random: () => 0.5, openLink, credentials },
    { known: [], notes: { of: () => new Map() } },
    config.links,
  );
  const machine = plans.find(({ name }) => name === link)?.machine;
  if (machine === undefined) throw new Error(`no link ${link}`);
  const publication = publish(0, { qos: -1 });
  const packet: Packet =
    node === undefined ? publication : { kind: 'encapsulated', radius: 0, node, packet: encodePacket(publication) };
  machine.handle({ kind: 'start' }, 0);
  machine.handle({ kind: 'opened' }, 0);
  const reports = machine.handle({ kind: 'bytes', bytes: encodeFrame(encodePacket(packet)) }, 1);
  return reports.flatMap((report) => (report.kind === 'unconnected' ? [report.subdevice] : []))[0];
}

describe('a publication without a connection', () => {
  it.each([
    ['the wire that serves one subdevice', 'wire', undefined, 'pump'],
    ['a wire that serves several', 'radio', undefined, undefined],
    ['a node that is configured', 'radio', Uint8Array.of(0x0a, 0x01), 'mill'],
    ['another configured node', 'radio', Uint8Array.of(0x0b), 'saw'],
    ['an unconfigured node', 'radio', Uint8Array.of(0x0c), undefined],
    ['a node whose subdevice is not served on the link', 'wire', Uint8Array.of(0x0b), undefined],
  ] as const)('from %s', (_, link, node, publisher) => {
    expect(publisherOn(link, node)).toBe(publisher);
  });
});

describe('a node id', () => {
  it('of two subdevices is rejected, and so is an invalid node id', () => {
    const twice = parseConfig(HEAD + SUBDEVICES.replace('"0b"', '"0a01"'));
    expect(twice).toMatchObject({ ok: false, problems: [{ path: 'subdevice[2].node_id' }] });
    const odd = parseConfig(HEAD + SUBDEVICES.replace('"0b"', '"0B1"'));
    expect(odd).toMatchObject({ ok: false, problems: [{ path: 'subdevice[2].node_id' }] });
  });
});
