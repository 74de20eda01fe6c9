/**
 * The real gateway and mosquitto behind a firewall: over ws and wss, with a proxy on the way that needs a login. Proxy and
 * broker end in traffic, and nothing is lost.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Authority } from '../../src/bench/certificates.ts';
import { BrokerTestbed, type BrokerTestbedPlan, findPort, HOST } from './any-broker.ts';
import { HttpProxy, type HttpProxyPlan } from './http-proxy.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto } from './mosquitto.ts';
import { runProgram } from './program.ts';
import { GOOD, TlsFolder } from './tls-rig.ts';
import { until } from './until.ts';

const PASSWORD = 'open sesame';
const NAME = 'hub.example';

interface Way {
  readonly isSecure?: boolean;
  readonly isWs?: boolean;
  /** Absent: no proxy. */
  readonly proxy?: HttpProxyPlan;
  /** Authority of the hub, if it is not the one that the gateway trusts. */
  readonly authority?: Authority;
  readonly pins?: (certificate: string) => readonly string[];
  readonly hub?: BrokerTestbedPlan['hub'];
  /** Program other than the product, for a negative control. */
  readonly program?: string;
}

interface Firewall {
  readonly brokerTestbed: BrokerTestbed;
  readonly proxy: HttpProxy;
  /** File with the password for the proxy. */
  readonly passwordFile: string;
}

/** The gateway knows the hub as `hub.example` if there is a proxy, which alone can look up that name. */
async function openFirewall({ isSecure = false, isWs = true, authority, pins, hub, ...way }: Way): Promise<Firewall> {
  const folder = new TlsFolder();
  const { certificate, key } = (authority ?? folder.authority).issue(GOOD);
  const proxy = await HttpProxy.open({ port: await findPort(), resolve: () => HOST, ...way.proxy });
  const [port, open] = [await findPort(), await findPort()];
  const lines = [
    ...(isWs ? ['protocol websockets'] : []),
    'allow_anonymous true',
    ...(isSecure
      ? [`certfile ${folder.write('hub.pem', certificate)}`, `keyfile ${folder.write('hub-key.pem', key)}`]
      : []),
  ];
  const passwordFile = folder.write('proxy-password', `${PASSWORD}\n`);
  const login = { proxy_username: 'gw', proxy_password_file: passwordFile };
  const brokerTestbed = await BrokerTestbed.open({
    port,
    steady: ['a', 'b'],
    ...(way.program === undefined ? {} : { program: way.program }),
    hub: {
      ...(isWs ? { transport: 'ws' } : {}),
      ...(isSecure ? { tls: 'on', tls_ca_file: folder.caFile } : {}),
      ...(pins === undefined ? {} : { tls_pins: pins(certificate) }),
      ...(way.proxy === undefined ? {} : { host: NAME, proxy: `http://${HOST}:${proxy.port}` }),
      ...(way.proxy?.login === undefined ? {} : login),
      ...hub,
    },
    brokerAt: (_, path) => new Mosquitto(open, path, { port, lines }),
  });
  return { brokerTestbed, proxy, passwordFile };
}

const pinOf = (pem: string): string =>
  createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
const OTHER_PIN = `${'A'.repeat(43)}=`;
const UNSAFE = fileURLToPath(new URL('./gateway-without-commits.ts', import.meta.url));
const WITH_LOGIN = { login: `gw:${PASSWORD}` };

describe.skipIf(MOSQUITTO_IS_MISSING)('a gateway behind a firewall', () => {
  it.each<[string, Way]>([
    ['ws', {}],
    ['wss', { isSecure: true }],
    ['a proxy and TLS', { isWs: false, isSecure: true, proxy: {} }],
    ['a proxy with a login and ws', { proxy: WITH_LOGIN }],
  ])('trades with mosquitto over %s, and over a restart of the broker', async (_, way) => {
    const { brokerTestbed, proxy } = await openFirewall(way);
    await brokerTestbed.outliveRestart();
    expect((await brokerTestbed.testbed.gateway.status()).hub).toMatchObject({ sessionPresent: true, sessionsLost: 0 });
    expect(new Set(proxy.asked).size).toBe(way.proxy === undefined ? 0 : 1);
  });

  it('loses nothing over wss when the proxy ends in traffic, again and again, and when the gateway is killed', async () => {
    const { brokerTestbed, proxy } = await openFirewall({
      isSecure: true,
      proxy: WITH_LOGIN,
      pins: (pem) => [pinOf(pem), OTHER_PIN],
    });
    const { testbed } = brokerTestbed;
    const { port } = proxy;
    await brokerTestbed.enter();
    for (let round = 0; round < 5; round += 1) {
      const before = testbed.uplinks.delivered;
      testbed.publish(40);
      await until(() => testbed.uplinks.delivered > before + 5);
      if (round % 2 === 0) proxy.drop();
      else {
        await proxy.stop();
        await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
        await proxy.listen(port);
      }
      await brokerTestbed.commandAll(5);
    }
    await testbed.gateway.signal('SIGKILL');
    testbed.publish(20);
    await testbed.gateway.start();
    await brokerTestbed.expectAllDelivered();
    expect(new Set(proxy.asked)).toEqual(new Set([`${NAME}:${proxy.asked[0]?.split(':')[1]}`]));
    // what crosses the proxy is TLS
    expect(proxy.firstBytes.every((bytes) => bytes[0] === 0x16)).toBe(true);
  });

  /** A kill while the proxy is away, after all messages were acknowledged; then the proxy and the gateway are back. */
  async function killWithoutProxy(program?: string): Promise<BrokerTestbed> {
    const way = { isSecure: true, proxy: WITH_LOGIN, ...(program === undefined ? {} : { program }) };
    const { brokerTestbed, proxy } = await openFirewall(way);
    const { testbed } = brokerTestbed;
    const { port } = proxy;
    await brokerTestbed.enter();
    await proxy.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    testbed.publish(20);
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGKILL');
    await proxy.listen(port);
    await testbed.gateway.start();
    return brokerTestbed;
  }

  it('loses nothing when it is killed while the proxy is away', async () => {
    const brokerTestbed = await killWithoutProxy();
    const { testbed } = brokerTestbed;
    expect((await testbed.gateway.ledger()).totals.uplink.accepted).toBeGreaterThanOrEqual(
      testbed.uplinks.acknowledged,
    );
    await brokerTestbed.expectAllDelivered();
  });

  it('negative control: loses messages if it acknowledges before the commit', async () => {
    const { testbed } = await killWithoutProxy(UNSAFE);
    const { totals } = await testbed.gateway.ledger();
    expect(totals.uplink.accepted).toBeLessThan(testbed.uplinks.acknowledged);
  });

  it.each<[string, Way, RegExp]>([
    [
      'an authority that is not trusted',
      { authority: new Authority('Unknown Authority') },
      /authority that is not trusted/,
    ],
    ['another name', { hub: { tls_server_name: 'other.example' } }, /not for other\.example/],
    ['another key than the pins', { pins: () => [OTHER_PIN, `${'B'.repeat(43)}=`] }, /not in tls_pins/],
  ])('sends nothing to a hub over wss with %s, and keeps every message', async (_, way, words) => {
    const { brokerTestbed, proxy } = await openFirewall({ isSecure: true, proxy: WITH_LOGIN, ...way });
    const { testbed } = brokerTestbed;
    await testbed.gateway.start();
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    testbed.publish(5);
    await testbed.untilAcknowledged();
    const { conditions } = await testbed.untilStatus(({ conditions }) =>
      conditions.some(({ sentence }) => words.test(sentence)),
    );
    const away = conditions.find(({ code }) => code === 'hub-away');
    expect(away?.sentence).toContain(`${NAME}:`);
    expect(away?.sentence).toContain(`through the proxy ${HOST}:${proxy.port}`);
    expect(testbed.uplinks.delivered).toBe(0);
  });

  it('names a proxy that does not accept the password, without the password, and connects once the file is right', async () => {
    const { brokerTestbed, proxy, passwordFile } = await openFirewall({ proxy: { login: 'gw:another' } });
    const { testbed } = brokerTestbed;
    await testbed.gateway.start();
    const report = await testbed.untilStatus(({ conditions }) =>
      conditions.some(({ sentence }) => /\(407/.test(sentence)),
    );
    const away = report.conditions.find(({ code }) => code === 'hub-away');
    expect(away).toMatchObject({
      sentence: expect.stringContaining(
        `the proxy ${HOST}:${proxy.port} does not accept the user name and the password`,
      ),
      hint: expect.stringContaining('proxy_password_file'),
    });
    const doctor = await runProgram('doctor', '--json', '--config', testbed.configPath);
    const findings = (JSON.parse(doctor.stdout) as { findings: { id: string; verdict: string; facts: string[] }[] })
      .findings;
    expect(findings.find(({ id }) => id === 'hub.route')).toMatchObject({
      verdict: 'fail',
      facts: [expect.stringContaining('does not accept the user name')],
    });
    for (const text of [JSON.stringify(report), doctor.stdout, testbed.gateway.journal])
      expect(text).not.toMatch(new RegExp(`${PASSWORD}|${Buffer.from(`gw:${PASSWORD}`).toString('base64')}`));
    writeFileSync(passwordFile, 'another\n');
    await testbed.untilStatus(({ hub }) => hub.state === 'connected');
  });

  it('has a problem in config check if others may read the password for the proxy', async () => {
    const { brokerTestbed, passwordFile } = await openFirewall({ proxy: WITH_LOGIN });
    const { configPath } = brokerTestbed.testbed;
    expect(await runProgram('config', 'check', '--json', '--config', configPath)).toMatchObject({ code: 0 });
    chmodSync(passwordFile, 0o644);
    const { code, stdout } = await runProgram('config', 'check', '--json', '--config', configPath);
    expect(code).not.toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      problems: [{ path: 'hub.proxy_password_file', hint: expect.stringContaining('chmod 0600') }],
    });
    expect(stdout).not.toContain(PASSWORD);
  });

  it('is examined by the doctor, step by step', async () => {
    const { brokerTestbed, proxy } = await openFirewall({ isSecure: true, proxy: WITH_LOGIN });
    const { stdout } = await runProgram('doctor', '--json', '--config', brokerTestbed.testbed.configPath);
    const { findings } = JSON.parse(stdout) as { findings: { id: string; verdict: string; facts: string[] }[] };
    const found = (id: string) => findings.find((finding) => finding.id === id);
    expect(found('hub.name')?.facts).toEqual([`${HOST} is an address.`]);
    expect(found('hub.address')).toMatchObject({
      verdict: 'ok',
      facts: [expect.stringContaining(`${HOST}:${proxy.port} accepts`)],
    });
    expect(found('hub.tls')?.facts.join(' ')).toContain(`The TLS handshake with ${NAME}:`);
    expect(found('hub.route')).toMatchObject({
      verdict: 'ok',
      facts: [
        expect.stringMatching(`^The proxy ${HOST}:${proxy.port} opens a tunnel to ${NAME}:`),
        expect.stringMatching(/accepts MQTT over WebSocket at \/mqtt\.$/),
      ],
    });
  });
});
