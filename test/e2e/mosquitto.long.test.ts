/** The main path with an ordinary third-party broker: profile generic works with brokers other than the bench hub. */
import { describe, expect, it } from 'vitest';
import { Authority, type CertificatePlan } from '../../src/bench/certificates.ts';
import { BrokerTestbed, type BrokerTestbedPlan, findPort, itTradesWithEveryTemplate } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto, writePasswords } from './mosquitto.ts';
import { GATEWAY } from './testbed-config.ts';
import { GOOD, TlsFolder } from './tls-rig.ts';
import { until } from './until.ts';

const brokerAt = (port: number, folder: string) => new Mosquitto(port, folder);

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub', () => {
  itTradesWithEveryTemplate(brokerAt);

  it('a restart of the broker during traffic costs nothing, and its session is still present', async () => {
    const brokerTestbed = await BrokerTestbed.open({ brokerAt });
    await brokerTestbed.outliveRestart();
    expect((await brokerTestbed.testbed.gateway.status()).hub).toMatchObject({
      sessionPresent: true,
      sessionsLost: 0,
      subscriptions: 2,
    });
  });

  it('it stores commands for a gateway that is away, and receives the uplinks of one that was killed', async () => {
    const brokerTestbed = await BrokerTestbed.open({ brokerAt });
    const { testbed, broker } = brokerTestbed;
    await brokerTestbed.enter();
    testbed.publish(10);
    await brokerTestbed.expectAllDelivered();
    await broker.stop();
    testbed.publish(50);
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGKILL');
    await broker.start();
    await brokerTestbed.commandAll(20);
    await testbed.gateway.start();
    await brokerTestbed.expectAllDelivered();
    expect((await testbed.gateway.status()).hub).toMatchObject({ sessionPresent: true, sessionsLost: 0 });
  });
});

describe.skipIf(MOSQUITTO_IS_MISSING)('with a mosquitto that closes on packets above 200 bytes', () => {
  it('a SUBSCRIBE that is too long stops no uplink, and is named; no other packet is suspected', async () => {
    const small = (port: number, folder: string) => new Mosquitto(port, folder, undefined, ['max_packet_size 200']);
    const brokerTestbed = await BrokerTestbed.open({ brokerAt: small });
    const { testbed } = brokerTestbed;
    await testbed.gateway.start();
    const long = 'f'.repeat(196);
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    testbed.subdevice('a').command({ kind: 'subscribe', filter: long, qos: 1 });
    testbed.publish(60);
    await testbed.untilAcknowledged();
    await until(() => testbed.uplinks.delivered === testbed.uplinks.sent);
    const { conditions, hub } = await testbed.untilStatus(({ conditions }) =>
      conditions.some(({ code }) => code === 'hub-closes-suspect'),
    );
    const [suspected] = conditions.filter(({ code }) => code === 'hub-closes-suspect');
    expect(suspected?.sentence).toContain(`SUBSCRIBE ${GATEWAY}/a/${long}`);
    expect([hub.takeovers, conditions.flatMap(({ hint }) => (hint?.includes('network') ? [hint] : []))]).toEqual([
      0,
      [],
    ]);
    await brokerTestbed.commandAll(3);
    await brokerTestbed.expectAllDelivered();
  });
});

const DAY_MS = 86_400_000;
const inDays = (count: number): Date => new Date(Date.now() + count * DAY_MS);

/** Mosquitto with TLS, in a folder with its certificate, and further requirements for clients. */
async function secured(
  folder: TlsFolder,
  demands: readonly string[],
  keys: BrokerTestbedPlan['hub'] = {},
): Promise<BrokerTestbedPlan> {
  const { certificate, key } = folder.authority.issue(GOOD);
  const files = [
    `certfile ${folder.write('hub.pem', certificate)}`,
    `keyfile ${folder.write('hub-key.pem', key)}`,
    `cafile ${folder.caFile}`,
  ];
  const [port, open] = [await findPort(), await findPort()];
  return {
    port,
    hub: { tls: 'on', tls_ca_file: folder.caFile, ...keys },
    brokerAt: (_, path) => new Mosquitto(open, path, { port, lines: [...files, ...demands] }),
  };
}

async function byPassword(password: string): Promise<BrokerTestbedPlan> {
  const folder = new TlsFolder();
  const passwords = writePasswords(folder.path, 'gateway', 'correct horse');
  const secret = folder.write('password', `${password}\n`);
  const demands = ['allow_anonymous false', `password_file ${passwords}`];
  return await secured(folder, demands, { username: 'gateway', password_file: secret });
}

async function byCertificate(plan: CertificatePlan, authority?: Authority): Promise<BrokerTestbedPlan> {
  const folder = new TlsFolder();
  const { certificateFile, keyFile } = folder.writeClient(plan, authority);
  const demands = ['require_certificate true', 'use_identity_as_username true'];
  return await secured(folder, demands, { tls_certificate_file: certificateFile, tls_key_file: keyFile });
}

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto behind TLS', () => {
  it.each([
    { proof: 'a password', planned: () => byPassword('correct horse') },
    { proof: 'a client certificate', planned: () => byCertificate({ commonName: GATEWAY }) },
  ])('and $proof, messages go both ways, over a restart of it too', async ({ planned }) => {
    const brokerTestbed = await BrokerTestbed.open(await planned());
    const { testbed, broker } = brokerTestbed;
    await brokerTestbed.enter();
    testbed.publish(20);
    await brokerTestbed.expectAllDelivered();
    await broker.stop();
    testbed.publish(50);
    await testbed.untilAcknowledged();
    await broker.start();
    await brokerTestbed.commandAll(20);
    await brokerTestbed.expectAllDelivered();
    expect((await testbed.gateway.status()).hub).toMatchObject({ sessionPresent: true, sessionsLost: 0 });
  });

  it('a wrong password is reported as a rejection, and the messages are kept', async () => {
    const { testbed } = await BrokerTestbed.open(await byPassword('wrong horse'));
    await testbed.gateway.start();
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    testbed.publish(10);
    await testbed.untilAcknowledged();
    const { conditions } = await testbed.untilStatus((status) =>
      status.conditions.some(({ code }) => code === 'hub-refuses'),
    );
    const refused = conditions.find(({ code }) => code === 'hub-refuses');
    expect(refused?.sentence).toMatch(/does not authorise this gateway|password/);
    expect(refused?.hint).toMatch(/^Correct username in \[hub\], and the password in the file of password_file\./);
    expect(testbed.gateway.journal).toContain('the password in the file of password_file');
    expect((await testbed.gateway.ledger()).totals.uplink.pending).toBe(20);
  });

  it.each<[string, CertificatePlan, Authority | undefined, RegExp]>([
    [
      'another authority',
      { commonName: GATEWAY },
      new Authority('Other Authority'),
      /rejected the client certificate: the hub does not know its issuer$/,
    ],
    [
      'yesterday',
      { commonName: GATEWAY, from: inDays(-9), until: inDays(-1) },
      undefined,
      /rejected the client certificate: it has expired$/,
    ],
  ])('a client certificate of %s is rejected, and the rejection is reported', async (_, plan, authority, words) => {
    const { testbed } = await BrokerTestbed.open(await byCertificate(plan, authority));
    await testbed.gateway.start();
    const { hub } = await testbed.untilStatus((status) => /certificate/.test(status.hub.lastProblem ?? ''));
    expect(hub.lastProblem).toMatch(words);
  });
});
