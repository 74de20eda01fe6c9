/** Captures of recordings, read by Wireshark: every packet is unchanged, none is malformed. */
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runProgram } from './program.ts';
import { openTestbed } from './testbed.ts';

const TSHARK_IS_MISSING = spawnSync('tshark', ['--version']).error !== undefined;
if (TSHARK_IS_MISSING) console.warn('skipped: tshark is not installed (apt-get install tshark)');

/** Port of the MQTT-SN dissector, which has no port of its own. */
const DECODE_AS = ['-d', 'udp.port==1883,mqttsn'];

/** Fields of each packet that passes the filter. */
async function dissect(path: string, filter: string, fields: readonly string[]): Promise<string[][]> {
  const wanted = fields.flatMap((field) => ['-e', field]);
  const { stdout } = await promisify(execFile)('tshark', [
    '-r',
    path,
    ...DECODE_AS,
    '-Y',
    filter,
    '-T',
    'fields',
    ...wanted,
  ]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

describe.skipIf(TSHARK_IS_MISSING)('Wireshark', () => {
  it('reads the hub’s connection as MQTT over TCP, and a link as MQTT-SN over UDP', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    testbed.hub.setFault({ kind: 'dropConnections' });
    testbed.publish(10);
    testbed.command(testbed.subdevice('a'));
    await testbed.expectNothingLost();
    const [hub, link] = ['hub', 'link-a'].map((name) => join(testbed.folder, name));
    for (const [name, path] of Object.entries({ hub, 'link-a': link }))
      await runProgram('--config', testbed.configPath, 'record', name, '--pcapng', '--out', path ?? '');

    const strange = '_ws.malformed || tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0';
    expect(await dissect(`${hub}.pcapng`, strange, ['frame.number'])).toEqual([]);
    const connects = await dissect(`${hub}.pcapng`, 'mqtt.msgtype == 1', ['mqtt.clientid', 'mqtt.kalive']);
    expect(connects.length).toBeGreaterThanOrEqual(2);
    expect(new Set(connects.map((packet) => packet.join(' ')))).toEqual(new Set(['gw 60']));
    const sent = await dissect(`${hub}.pcapng`, 'mqtt.msgtype == 3 && ip.src == 192.0.2.1', ['mqtt.topic', 'mqtt.qos']);
    expect(new Set(sent.map((packet) => packet.join(' ')))).toEqual(new Set(['gw/a/t 1', 'gw/b/t 1']));
    expect(await dissect(`${hub}.pcapng`, 'mqtt.msgtype == 3 && ip.dst == 192.0.2.1', ['mqtt.topic'])).toEqual([
      ['gw/a/cmd'],
    ]);

    expect(await dissect(`${link}.pcapng`, '_ws.malformed || !mqttsn', ['frame.number'])).toEqual([]);
    const clients = await dissect(`${link}.pcapng`, 'mqttsn.msg.type == 0x04', ['mqttsn.client.id']);
    expect(new Set(clients.flat())).toEqual(new Set(['a']));
    const published = await dissect(`${link}.pcapng`, 'mqttsn.msg.type == 0x0c && ip.dst == 192.0.2.1', [
      'mqttsn.msg.id',
    ]);
    expect(new Set(published.flat()).size).toBe(10); // a subdevice on a busy machine repeats some of them
  });
});
