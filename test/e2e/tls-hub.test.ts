/** The gateway as a process, and the bench hub behind TLS: certificates renewed, a hub that pretends, a clock of 1970. */
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

interface Site {
  readonly testbed: Testbed;
  readonly folder: TlsFolder;
  hub: BenchHub;
}

/** A gateway with a client certificate; its hub is up, the gateway is not. */
async function openSite(plan: Pick<TestbedPlan, 'env' | 'program'> = {}): Promise<Site> {
  const folder = new TlsFolder();
  const { certificateFile, keyFile } = folder.writeClient({ commonName: GATEWAY });
  const hub = await secureHub(folder.authority, { tlsPort: 0 });
  const files = { tls_ca_file: folder.caFile, tls_certificate_file: certificateFile, tls_key_file: keyFile };
  const testbed = await openTestbed({ config: { hub: { port: hub.tlsPort, tls: 'on', ...files } }, ...plan });
  const site = { testbed, folder, hub };
  onTestFinished(() => site.hub.stop());
  hub.onArrived((arrival) => testbed.arrive(arrival));
  return site;
}

async function secureHub(authority: Authority, { tlsPort }: { readonly tlsPort: number }): Promise<BenchHub> {
  const door = { port: tlsPort, ...authority.issue(GOOD), authority: authority.certificate };
  return await startBenchHub({ port: 0, rules: GENERIC, clock: systemClock(), tls: door });
}

/** The hub comes back with another authority, on the same port. */
async function exchangeHub(site: Site, authority: Authority): Promise<void> {
  const { tlsPort } = site.hub;
  await site.hub.stop();
  site.hub = await secureHub(authority, { tlsPort });
  site.hub.onArrived((arrival) => site.testbed.arrive(arrival));
}

async function start({ testbed }: Site): Promise<void> {
  await testbed.gateway.start();
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
}

async function expectUplinksDelivered(testbed: Testbed): Promise<void> {
  await testbed.untilAcknowledged();
  await until(() => testbed.uplinks.delivered === testbed.uplinks.sent);
  expect(testbed.uplinks.reordered).toBe(0);
}

describe('a gateway behind TLS', () => {
  it('is known by its certificate, and loses nothing over a hub that goes and comes', async () => {
    const site = await openSite();
    await start(site);
    site.testbed.publish(20);
    await expectUplinksDelivered(site.testbed);
    await site.hub.stop();
    site.testbed.publish(20);
    await site.testbed.untilAcknowledged();
    await site.hub.listen();
    await expectUplinksDelivered(site.testbed);
    expect(site.hub.sessions()).toMatchObject([{ clientId: GATEWAY, isConnected: true }]);
    expect((await site.testbed.gateway.status()).hub).toMatchObject({ state: 'connected', sessionPresent: true });
  });

  it('sends nothing to a hub that only pretends, says why, and takes a new authority without a restart', async () => {
    const site = await openSite();
    await start(site);
    await site.testbed.untilStatus(({ hub }) => hub.state === 'connected');
    const successor = new Authority('Successor');
    await exchangeHub(site, successor);
    site.testbed.publish(20);
    await site.testbed.untilAcknowledged();
    const words = 'a certificate by an authority that is not trusted, "CN=Successor": set tls_ca_file';
    await site.testbed.untilStatus(({ hub }) => hub.lastProblem?.includes(words) ?? false);
    expect(site.testbed.gateway.journal).toContain('cannot reach the hub: ');
    expect(site.hub.sessions()).toEqual([]);
    site.folder.write('ca.pem', successor.certificate);
    site.folder.writeClient({ commonName: GATEWAY }, successor);
    await expectUplinksDelivered(site.testbed);
    // each reason once, however often it was tried
    expect(site.testbed.gateway.journal.match(/cannot reach the hub: .* not trusted/g)).toHaveLength(1);
  });

  it('gives everything to a hub that only pretends, once it does not look whose certificate it is', async () => {
    const site = await openSite({ program: HEEDLESS, env: { OVERLOOKS: 'certificates' } });
    await exchangeHub(site, new Authority('Somebody Else'));
    await start(site);
    site.testbed.publish(20);
    await expectUplinksDelivered(site.testbed);
  });

  it('goes on with the last good certificate while a new one is broken, and says so', async () => {
    const site = await openSite();
    await start(site);
    await site.testbed.untilStatus(({ hub }) => hub.state === 'connected');
    site.folder.write('client.pem', 'half of a');
    site.hub.setFault({ kind: 'dropConnections' });
    const { conditions } = await site.testbed.untilStatus(
      ({ hub, conditions }) => hub.state === 'connected' && conditions.some(({ code }) => code === 'tls-files'),
    );
    expect(conditions.find(({ code }) => code === 'tls-files')?.sentence).toContain('client.pem holds no certificate');
    site.folder.writeClient({ commonName: GATEWAY });
    site.hub.setFault({ kind: 'dropConnections' });
    await site.testbed.untilStatus((status) => status.hub.state === 'connected' && status.conditions.length === 0);
  });

  it('starts and takes messages though its files are missing, and sends them once they are there', async () => {
    const site = await openSite();
    site.folder.write('ca.pem', '');
    await start(site);
    site.testbed.publish(20);
    await site.testbed.untilAcknowledged();
    const { hub } = await site.testbed.untilStatus(({ hub }) => hub.lastProblem !== null);
    expect(hub.lastProblem).toMatch(/^no connection: .*ca\.pem holds no certificate/);
    site.folder.write('ca.pem', site.folder.authority.certificate);
    await expectUplinksDelivered(site.testbed);
  });

  it.skipIf(FAKETIME_IS_MISSING)(
    'with a clock of 1970 keeps trying, sends nothing, and connects once it is set',
    async () => {
      const clock = newWallClock();
      clock.set('-56y');
      const site = await openSite({ env: clock.env });
      await start(site);
      site.testbed.publish(20);
      await site.testbed.untilAcknowledged();
      const words =
        /not valid before 20\d\d-\d\d-\d\d, and the clock of this machine reads 19\d\d-\d\d-\d\d: it is not set; the gateway tries again until it is/;
      const { conditions } = await site.testbed.untilStatus(({ hub }) => words.test(hub.lastProblem ?? ''));
      expect(conditions.map(({ code }) => code)).toEqual(expect.arrayContaining(['hub-away', 'clock-untrusted']));
      expect(site.hub.sessions()).toEqual([]);
      clock.set('+0');
      await expectUplinksDelivered(site.testbed);
    },
  );
});

describe('a gateway with TLS-PSK', () => {
  const PRODUCT = 'ABCDEFGHIJ';
  const SECRET = 'AAECAwQFBgcICQoLDA0ODw==';

  async function openPskSite() {
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

  it('comes in by the device secret, without a password, and looks after its subdevices there', async () => {
    const { folder, hub, gateway, events } = await openPskSite();
    folder.write('secret', `${SECRET}\n`);
    await gateway.start();
    await until(async () => (await gateway.status()).hub.state === 'connected');
    expect(hub.sessions()).toMatchObject([{ clientId: `${PRODUCT}gw`, isConnected: true }]);
    await until(async () => (await gateway.status()).conditions.some(({ code }) => code === 'subdevice-unbound'));
    expect(events.filter(({ kind }) => kind === 'refused' || kind === 'rejected')).toEqual([]);
  });

  it('with another secret does not, and is told which file to look at', async () => {
    const { folder, hub, gateway } = await openPskSite();
    folder.write('secret', 'AAAAAAAAAAAAAAAAAAAAAA==');
    await gateway.start();
    await until(async () => (await gateway.status()).hub.lastProblem?.includes('device_secret_file') ?? false);
    expect(hub.sessions()).toEqual([]);
  });
});
