/** The gateway as a process, and the bench hub with TLS: renewed certificates, an impostor, a clock of 1970. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authority } from '../../src/bench/certificates.ts';
import { GatewayProcess } from '../../src/bench/gateway-process.ts';
import { GENERIC, INTL } from '../../src/bench/hub/bench-rules.ts';
import type { HubEvent } from '../../src/bench/hub/hub-events.ts';
import { type BenchHub, startBenchHub } from '../../src/bench/hub/server.ts';
import { systemClock } from '../../src/io/clock.ts';
import { FAKETIME_IS_MISSING, newWallClock } from './fake-clock.ts';
import { openTestbed, type Testbed, type TestbedPlan } from './testbed.ts';
import { GATEWAY } from './testbed-config.ts';
import { GOOD, HOST, TlsFolder } from './tls-rig.ts';
import { until } from './until.ts';

const HEEDLESS = fileURLToPath(new URL('./gateway-without-hub-checks.ts', import.meta.url));

interface TlsTestbed {
  readonly testbed: Testbed;
  readonly folder: TlsFolder;
  hub: BenchHub;
}

/** Gateway with a client certificate; its hub is running, the gateway is not. */
async function openTlsTestbed(plan: Pick<TestbedPlan, 'env' | 'program'> = {}): Promise<TlsTestbed> {
  const folder = new TlsFolder();
  const { certificateFile, keyFile } = folder.writeClient({ commonName: GATEWAY });
  const hub = await secureHub(folder.authority, { tlsPort: 0 });
  const files = { tls_ca_file: folder.caFile, tls_certificate_file: certificateFile, tls_key_file: keyFile };
  const testbed = await openTestbed({ config: { hub: { port: hub.tlsPort, tls: 'on', ...files } }, ...plan });
  const world = { testbed, folder, hub };
  onTestFinished(() => world.hub.stop());
  hub.onArrived((arrival) => testbed.arrive(arrival));
  return world;
}

async function secureHub(authority: Authority, { tlsPort }: { readonly tlsPort: number }): Promise<BenchHub> {
  const door = { port: tlsPort, ...authority.issue(GOOD), authority: authority.certificate };
  return await startBenchHub({ port: 0, rules: GENERIC, clock: systemClock(), tls: door });
}

/** The hub comes back with another authority, on the same port. */
async function exchangeHub(world: TlsTestbed, authority: Authority): Promise<void> {
  const { tlsPort } = world.hub;
  await world.hub.stop();
  world.hub = await secureHub(authority, { tlsPort });
  world.hub.onArrived((arrival) => world.testbed.arrive(arrival));
}

async function start({ testbed }: TlsTestbed): Promise<void> {
  await testbed.gateway.start();
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
}

async function expectUplinksDelivered(testbed: Testbed): Promise<void> {
  await testbed.untilAcknowledged();
  await until(() => testbed.uplinks.delivered === testbed.uplinks.sent);
  expect(testbed.uplinks.reordered).toBe(0);
}

describe('a gateway with TLS', () => {
  it('is identified by its certificate, and loses nothing over a restart of the hub', async () => {
    const world = await openTlsTestbed();
    await start(world);
    world.testbed.publish(20);
    await expectUplinksDelivered(world.testbed);
    await world.hub.stop();
    world.testbed.publish(20);
    await world.testbed.untilAcknowledged();
    await world.hub.listen();
    await expectUplinksDelivered(world.testbed);
    expect(world.hub.sessions()).toMatchObject([{ clientId: GATEWAY, isConnected: true }]);
    expect((await world.testbed.gateway.status()).hub).toMatchObject({ state: 'connected', sessionPresent: true });
  });

  it('sends nothing to an impostor, reports the reason, and accepts a new authority without a restart', async () => {
    const world = await openTlsTestbed();
    await start(world);
    await world.testbed.untilStatus(({ hub }) => hub.state === 'connected');
    const successor = new Authority('Successor');
    await exchangeHub(world, successor);
    world.testbed.publish(20);
    await world.testbed.untilAcknowledged();
    const words = 'a certificate by an authority that is not trusted, "CN=Successor": set tls_ca_file';
    await world.testbed.untilStatus(({ hub }) => hub.lastProblem?.includes(words) ?? false);
    expect(world.testbed.gateway.journal).toContain('cannot reach the hub: ');
    expect(world.hub.sessions()).toEqual([]);
    world.folder.write('ca.pem', successor.certificate);
    world.folder.writeClient({ commonName: GATEWAY }, successor);
    await expectUplinksDelivered(world.testbed);
    // Each reason is reported once, for any number of attempts.
    expect(world.testbed.gateway.journal.match(/cannot reach the hub: .* not trusted/g)).toHaveLength(1);
  });

  it('negative control: sends everything to an impostor if it does not check the certificate', async () => {
    const world = await openTlsTestbed({ program: HEEDLESS, env: { OVERLOOKS: 'certificates' } });
    await exchangeHub(world, new Authority('Other Authority'));
    await start(world);
    world.testbed.publish(20);
    await expectUplinksDelivered(world.testbed);
  });

  it('continues with the last valid certificate while a new one is broken, and reports it', async () => {
    const world = await openTlsTestbed();
    await start(world);
    await world.testbed.untilStatus(({ hub }) => hub.state === 'connected');
    world.folder.write('client.pem', 'half of a');
    world.hub.setFault({ kind: 'dropConnections' });
    const { conditions } = await world.testbed.untilStatus(
      ({ hub, conditions }) => hub.state === 'connected' && conditions.some(({ code }) => code === 'tls-files'),
    );
    expect(conditions.find(({ code }) => code === 'tls-files')?.sentence).toContain('client.pem holds no certificate');
    world.folder.writeClient({ commonName: GATEWAY });
    world.hub.setFault({ kind: 'dropConnections' });
    await world.testbed.untilStatus((status) => status.hub.state === 'connected' && status.conditions.length === 0);
  });

  it('starts and accepts messages although its files are missing, and sends them once the files exist', async () => {
    const world = await openTlsTestbed();
    world.folder.write('ca.pem', '');
    await start(world);
    world.testbed.publish(20);
    await world.testbed.untilAcknowledged();
    const { hub } = await world.testbed.untilStatus(({ hub }) => hub.lastProblem !== null);
    expect(hub.lastProblem).toMatch(/^no connection: .*ca\.pem holds no certificate/);
    world.folder.write('ca.pem', world.folder.authority.certificate);
    await expectUplinksDelivered(world.testbed);
  });

  it.skipIf(FAKETIME_IS_MISSING)(
    'with a clock of 1970 keeps trying, sends nothing, and connects once the clock is set',
    async () => {
      const clock = newWallClock();
      clock.set('-56y');
      const world = await openTlsTestbed({ env: clock.env });
      await start(world);
      world.testbed.publish(20);
      await world.testbed.untilAcknowledged();
      const words =
        /not valid before 20\d\d-\d\d-\d\d, and the clock of this machine reads 19\d\d-\d\d-\d\d: it is not set; the gateway tries again until it is/;
      const { conditions } = await world.testbed.untilStatus(({ hub }) => words.test(hub.lastProblem ?? ''));
      expect(conditions.map(({ code }) => code)).toEqual(expect.arrayContaining(['hub-away', 'clock-untrusted']));
      expect(world.hub.sessions()).toEqual([]);
      clock.set('+0');
      await expectUplinksDelivered(world.testbed);
    },
  );
});

describe('a gateway with TLS-PSK', () => {
  const PRODUCT = 'ABCDEFGHIJ';
  const SECRET = 'AAECAwQFBgcICQoLDA0ODw==';

  async function openPskTestbed() {
    const folder = new TlsFolder();
    const door = { port: 0, ...folder.authority.issue(GOOD), authority: folder.authority.certificate };
    const rules = {
      ...INTL,
      bindings: 'required' as const,
      credentials: new Map([[`${PRODUCT}gw`, SECRET]]),
      connectIntervalMs: 0,
    };
    const hub = await startBenchHub({ port: 0, rules, clock: systemClock(), tls: door });
    onTestFinished(() => hub.stop());
    const events: HubEvent[] = [];
    hub.onEvent((event) => events.push(event));
    const configPath = folder.write(
      'holdfast.toml',
      `[gateway]
name = "gw"
state_dir = "${folder.path}/state"
control_socket = "${folder.path}/control.sock"
allow_volatile_store = true
[hub]
profile = "intl"
host = "${HOST}"
port = ${hub.tlsPort}
tls = "psk"
product_id = "${PRODUCT}"
device_name = "gw"
device_secret_file = "${folder.path}/secret"
[[link]]
name = "field"
path = "${folder.path}/no-tty"
[[subdevice]]
id = "a"
product_id = "${PRODUCT}"
device_name = "a"
`,
    );
    const gateway = new GatewayProcess({
      configPath,
      socketPath: join(folder.path, 'control.sock'),
    });
    onTestFinished(async () => void (await gateway.signal('SIGKILL')));
    return { folder, hub, events, gateway };
  }

  it('connects with the device secret, without a password, and serves its subdevices', async () => {
    const { folder, hub, gateway, events } = await openPskTestbed();
    folder.write('secret', `${SECRET}\n`);
    await gateway.start();
    await until(async () => (await gateway.status()).hub.state === 'connected');
    expect(hub.sessions()).toMatchObject([{ clientId: `${PRODUCT}gw`, isConnected: true }]);
    await until(async () => (await gateway.status()).conditions.some(({ code }) => code === 'subdevice-unbound'));
    expect(events.filter(({ kind }) => kind === 'refused' || kind === 'rejected')).toEqual([]);
  });

  it('with another secret does not connect, and names the file to check', async () => {
    const { folder, hub, gateway } = await openPskTestbed();
    folder.write('secret', 'AAAAAAAAAAAAAAAAAAAAAA==');
    await gateway.start();
    await until(async () => (await gateway.status()).hub.lastProblem?.includes('device_secret_file') ?? false);
    expect(hub.sessions()).toEqual([]);
  });
});
