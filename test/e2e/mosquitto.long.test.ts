/** The main path against an ordinary broker, which was written by others: profile generic holds for more than our own hub. */
import { describe, expect, it } from 'vitest';
import { Authority, type CertificatePlan } from '../../src/bench/certificates.ts';
import { findPort, Site, type SitePlan } from './any-broker.ts';
import { MOSQUITTO_IS_MISSING, Mosquitto, writePasswords } from './mosquitto.ts';
import { GATEWAY } from './testbed-config.ts';
import { GOOD, TlsFolder } from './tls-rig.ts';
import { until } from './until.ts';

const brokerAt = (port: number, folder: string) => new Mosquitto(port, folder);

describe.skipIf(MOSQUITTO_IS_MISSING)('with mosquitto as the hub', () => {
  it.each(['{gateway}/{subdevice}/{topic}', 'plant/north/{subdevice}/{topic}', 'devices/{subdevice}/messages/{topic}'])(
    'messages go both ways, in order, as %s',
    async (template) => {
      const site = await Site.open({ brokerAt, template });
      await site.enter();
      await site.trade(50);
    },
  );

  it('a restart of the broker in the middle costs nothing, and its session with us is still there', async () => {
    const site = await Site.open({ brokerAt });
    const { testbed, broker } = site;
    await site.enter();
    testbed.publish(30);
    await until(() => testbed.uplinks.delivered > 10);
    await broker.stop();
    await testbed.untilStatus(({ hub }) => hub.state !== 'connected');
    testbed.publish(100);
    await testbed.untilAcknowledged();
    await broker.start();
    await site.commandAll(20);
    await site.expectAllDelivered();
    expect((await testbed.gateway.status()).hub).toMatchObject({
      sessionPresent: true,
      sessionsLost: 0,
      subscriptions: 2,
    });
  });

  it('it keeps commands for a gateway that is away, and gets the uplinks of one that was killed', async () => {
    const site = await Site.open({ brokerAt });
    const { testbed, broker } = site;
    await site.enter();
    testbed.publish(10);
    await site.expectAllDelivered();
    await broker.stop();
    testbed.publish(50);
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGKILL');
    await broker.start();
    await site.commandAll(20);
    await testbed.gateway.start();
    await site.expectAllDelivered();
    expect((await testbed.gateway.status()).hub).toMatchObject({ sessionPresent: true, sessionsLost: 0 });
  });
});

describe.skipIf(MOSQUITTO_IS_MISSING)('with a mosquitto that closes on packets above 200 bytes', () => {
  it('a SUBSCRIBE that is too long stops no uplink, and is named; nobody else is blamed', async () => {
    const small = (port: number, folder: string) => new Mosquitto(port, folder, undefined, ['max_packet_size 200']);
    const site = await Site.open({ brokerAt: small });
    const { testbed } = site;
    await testbed.gateway.start();
    const long = 'f'.repeat(196);
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    testbed.subdevice('a').order({ kind: 'subscribe', filter: long, qos: 1 });
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
    await site.commandAll(3);
    await site.expectAllDelivered();
  });
});

const DAY_MS = 86_400_000;
const inDays = (count: number): Date => new Date(Date.now() + count * DAY_MS);

/** Mosquitto behind TLS, in a folder with its certificate, and whoever comes must show more. */
async function secured(folder: TlsFolder, demands: readonly string[], keys: SitePlan['hub'] = {}): Promise<SitePlan> {
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

async function byPassword(password: string): Promise<SitePlan> {
  const folder = new TlsFolder();
  const passwords = writePasswords(folder.path, 'gateway', 'correct horse');
  const secret = folder.write('password', `${password}\n`);
  const demands = ['allow_anonymous false', `password_file ${passwords}`];
  return await secured(folder, demands, { username: 'gateway', password_file: secret });
}

async function byCertificate(plan: CertificatePlan, authority?: Authority): Promise<SitePlan> {
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
    const site = await Site.open(await planned());
    const { testbed, broker } = site;
    await site.enter();
    testbed.publish(20);
    await site.expectAllDelivered();
    await broker.stop();
    testbed.publish(50);
    await testbed.untilAcknowledged();
    await broker.start();
    await site.commandAll(20);
    await site.expectAllDelivered();
    expect((await testbed.gateway.status()).hub).toMatchObject({ sessionPresent: true, sessionsLost: 0 });
  });

  it('a wrong password is a refusal, said in plain words, and what was sent is kept', async () => {
    const { testbed } = await Site.open(await byPassword('wrong horse'));
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
      new Authority('Somebody Else'),
      /rejected the client certificate: the hub does not know its issuer$/,
    ],
    [
      'yesterday',
      { commonName: GATEWAY, from: inDays(-9), until: inDays(-1) },
      undefined,
      /rejected the client certificate: it has expired$/,
    ],
  ])('a client certificate of %s is refused, and told so', async (_, plan, authority, words) => {
    const { testbed } = await Site.open(await byCertificate(plan, authority));
    await testbed.gateway.start();
    const { hub } = await testbed.untilStatus((status) => /certificate/.test(status.hub.lastProblem ?? ''));
    expect(hub.lastProblem).toMatch(words);
  });
});
