/** Links over device servers in the network, of Debian: traffic, cuts, settings that a server refuses, latency. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Authority } from '../../src/bench/certificates.ts';
import { findPort } from './any-broker.ts';
import { DeviceServer, SER2NET_IS_MISSING, type ServedPort, SOCAT_IS_MISSING } from './device-server.ts';
import { openUnits, simulatedUnit } from './simulated-units.ts';
import { openSlowNetwork } from './slow-network.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { TlsFolder } from './tls-rig.ts';
import { until } from './until.ts';

interface Behind {
  readonly program: 'ser2net' | 'socat';
  readonly protocol: ServedPort['protocol'];
  readonly certificate?: string;
}

/** Puts a device server between the gateway and the PTYs of its subdevices. */
async function behind(testbed: Testbed, { program, protocol, certificate = '' }: Behind): Promise<DeviceServer> {
  const ports: ServedPort[] = [];
  for (const { pty } of testbed.subdevices) ports.push({ device: pty.path, port: await findPort(), protocol });
  let text = readFileSync(testbed.configPath, 'utf8');
  for (const { device, port } of ports)
    text = text.replace(`path = "${device}"`, `path = "${protocol}://127.0.0.1:${port}"`);
  writeFileSync(testbed.configPath, text);
  const server = new DeviceServer({ program, folder: testbed.folder, ports, certificate });
  await server.start();
  return server;
}

describe.skipIf(SER2NET_IS_MISSING)('behind ser2net', () => {
  it.each(['tcp', 'rfc2217'] as const)('%s: messages flow both ways, and a cut loses nothing', async (protocol) => {
    const testbed = await openTestbed();
    const server = await behind(testbed, { program: 'ser2net', protocol });
    await testbed.start();
    testbed.publish(20);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    await testbed.untilAcknowledged();
    for (let cut = 0; cut < 3; cut += 1) {
      await testbed.untilStatus(({ links }) => links.every(({ state }) => state === 'open'));
      await server.kill();
      testbed.publish(5);
      const { links } = await testbed.untilStatus(({ links }) => links.every(({ state }) => state !== 'open'));
      expect(links[0]?.lastProblem).toMatch(/^127\.0\.0\.1(:\d+)? (refused|reset|closed) the connection/);
      await server.start();
    }
    await testbed.untilAcknowledged();
    await testbed.expectNothingLost();
  });
});

describe.skipIf(SOCAT_IS_MISSING)('behind socat', () => {
  it('tls: the certificate is checked, messages flow both ways, and a wrong authority opens no port', async () => {
    const testbed = await openTestbed({ subdevices: { a: {} } });
    const folder = new TlsFolder();
    const { certificate, key } = folder.authority.issue({ commonName: 'server', names: ['127.0.0.1'] });
    const own = folder.write('server.pem', `${certificate}${key}`);
    const other = folder.write('other.pem', new Authority('Other').certificate);
    await behind(testbed, { program: 'socat', protocol: 'tls', certificate: own });
    const text = readFileSync(testbed.configPath, 'utf8');
    const trusting = (file: string): void =>
      writeFileSync(testbed.configPath, text.replace('path = "tls', `tls_ca_file = "${file}"\npath = "tls`));
    trusting(other);
    await testbed.gateway.start();
    const { links } = await testbed.untilStatus(({ links }) => typeof links[0]?.lastProblem === 'string');
    expect(links[0]).toMatchObject({ lastProblem: expect.stringMatching(/certificate|authority/) });
    await testbed.gateway.signal('SIGTERM');
    trusting(folder.caFile);
    await testbed.start();
    testbed.publish(10);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    await testbed.untilAcknowledged();
    await testbed.expectNothingLost();
  });

  it('tcp: Modbus RTU has every value in spite of 300 ms of latency, answers in pieces, and cuts', async () => {
    const device = await openUnits([simulatedUnit(1), simulatedUnit(2)]);
    const [port, folder] = [await findPort(), new TlsFolder().path];
    await new DeviceServer({ program: 'socat', folder, ports: [{ device, port, protocol: 'tcp' }] }).start();
    const network = await openSlowNetwork({ port, delayMs: 150, gapMs: 20 });
    const units = [1, 2].map((address) =>
      [
        `[[link.unit]]\nid = "m${address}"\naddress = ${address}\npoll_ms = 200\nheartbeat_s = 1`,
        `[[link.unit.point]]\nname = "v"\ntable = "holding"\naddress = 3\n[[subdevice]]\nid = "m${address}"`,
      ].join('\n'),
    );
    const link = `[[link]]\nname = "meters"\npath = "tcp://127.0.0.1:${network.port}"\ndriver = "modbus"\nretry_ms = 3000\n`;
    const testbed = await openTestbed({ subdevices: {}, more: `${link}${units.join('\n')}\n` });
    await testbed.gateway.start();
    const count = (): number => testbed.arrivals.length;
    await until(() => new Set(testbed.arrivals.map(({ topic }) => topic)).size === 2 && count() >= 6);
    network.cut();
    const before = count();
    await until(() => count() >= before + 4);
    const { links } = await testbed.gateway.status();
    expect(links[0]?.discarded.filter(({ reason }) => reason !== 'unit silent')).toEqual([]);
  });
});
