/**
 * Firmware for subdevices through the real process: the strict hub offers, an HTTPS server has the image, and subdevices on
 * PTYs take it, while data flow and processes are killed.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SimulatedFlash } from '../../src/bench/subdevices/simulated-flash.ts';
import type { FirmwareUpdatesReport } from '../../src/ops/reports/firmware-updates-report.ts';
import { ImageServer, imageOf, KIB } from '../unit/io/firmware/image-server.ts';
import { runProgram } from './program.ts';
import { command, openStrictHubTestbed, PRODUCT } from './strict-hub-testbed.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { GATEWAY } from './testbed-config.ts';
import { HOST } from './tls-rig.ts';
import { until } from './until.ts';

/** Larger than a durable step of a download. */
const IMAGE = imageOf(300 * KIB);
const STEP = 256 * KIB;
const OLD = '1.0';
const NEW = '2.0';

/** Testbed with firmware updates, and a server with the image. Each subdevice has a flash with the old version. */
async function openFirmwareTestbed(ids: readonly string[]) {
  const server = await ImageServer.open(IMAGE);
  const flashes = new Map(ids.map((id) => [id, new SimulatedFlash(OLD)]));
  const more = `\n[firmware]\nenabled = true\nca_file = "${server.tls.caFile}"\nline_share = 90\n`;
  const testbed = await openStrictHubTestbed({}, ids, more, (id) => {
    const flash = flashes.get(id);
    return flash === undefined ? {} : { firmware: { flash, timeoutMs: 1000, window: 16, chunkBytes: 512 } };
  });
  // a PTY has no speed, so the images need not wait for one
  const text = readFileSync(testbed.configPath, 'utf8');
  writeFileSync(testbed.configPath, text.replaceAll('driver = "mqttsn"', 'driver = "mqttsn"\nbaud_rate = 4000000'));
  return { server, flashes, testbed };
}

async function startAll(testbed: Testbed): Promise<void> {
  await testbed.gateway.start();
  for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
  await until(() => testbed.subdevices.every(({ isSubscribed }) => isSubscribed));
}

function offer({ hub }: Testbed, server: ImageServer): void {
  const md5sum = createHash('md5').update(IMAGE).digest('hex');
  const firmware = { version: NEW, url: server.url, md5sum, file_size: IMAGE.length };
  hub.serve({ kind: 'offerFirmware', product: PRODUCT, firmware });
}

/** State of a subdevice's firmware at the hub. */
function atHub({ hub }: Testbed, device: string) {
  return hub.serve({ kind: 'firmware', device: { product: PRODUCT, device } }) as {
    readonly version?: string;
    readonly progress?: { readonly state: string; readonly percent?: number; readonly result_code?: number };
  };
}

async function views({ configPath }: Testbed): Promise<FirmwareUpdatesReport['subdevices']> {
  const { stdout } = await runProgram('firmware', '--json', '--config', configPath);
  return (JSON.parse(stdout) as FirmwareUpdatesReport).subdevices;
}

it('an offer of the hub becomes the version that two subdevices run, with one download, over kills and restarts', async () => {
  const { server, flashes, testbed } = await openFirmwareTestbed(['a', 'b']);
  await startAll(testbed);
  await until(() => ['a', 'b'].every((id) => atHub(testbed, id).version === OLD));
  // the download stops in the middle, and the gateway is killed there
  server.stopAt = 280 * KIB;
  offer(testbed, server);
  await until(async () => ((await views(testbed))[0]?.update?.downloadedBytes ?? 0) >= STEP);
  await testbed.gateway.signal('SIGKILL');
  server.stopAt = Number.POSITIVE_INFINITY;
  await testbed.gateway.start();
  testbed.publish(20);
  command(testbed);
  // a power cut of the gateway, and one of each subdevice, while the image is sent
  await until(() => [...flashes.values()].every(({ written }) => written >= 40 * KIB));
  await testbed.gateway.signal('SIGKILL');
  for (const subdevice of testbed.subdevices) {
    subdevice.stop();
    subdevice.start();
  }
  await testbed.gateway.start();
  testbed.publish(20);
  command(testbed);
  await until(() => ['a', 'b'].every((id) => atHub(testbed, id).progress?.state === 'done'));
  for (const [id, { version, installed }] of flashes) {
    expect(version, id).toBe(NEW);
    expect(
      installed.map((image) => Buffer.from(image).equals(IMAGE)),
      id,
    ).toEqual([true]);
    expect(atHub(testbed, id), id).toMatchObject({ version: NEW });
  }
  const [first, second = 0, ...more] = server.starts;
  expect([first, more], 'one download, continued from the last durable byte').toEqual([0, []]);
  expect(second).toBeGreaterThanOrEqual(STEP);
  const ledger = await testbed.expectNothingLost();
  expect(ledger.balances).toBe(true);
  expect(await views(testbed)).toMatchObject([
    { subdevice: 'a', running: NEW, update: { step: 'done', isReported: true } },
    { subdevice: 'b', running: NEW, update: { step: 'done', isReported: true } },
  ]);
  const images = readdirSync(join(testbed.stateDir, 'firmware')).filter((name) => name.includes('image'));
  expect(images, 'no update needs the image').toEqual([]);
});

it('updates that are switched off leave no image and no subscription, and continue when they are on again', async () => {
  const { server, flashes, testbed } = await openFirmwareTestbed(['a']);
  const { configPath, gateway } = testbed;
  const files = (): string[] => readdirSync(join(testbed.stateDir, 'firmware')).sort();
  const filters = (): string[] => testbed.session?.subscriptions.map(({ filter }) => filter) ?? [];
  const set = (enabled: boolean): void => {
    const text = readFileSync(configPath, 'utf8');
    writeFileSync(configPath, text.replace(`enabled = ${!enabled}`, `enabled = ${enabled}`));
  };
  await startAll(testbed);
  await until(() => atHub(testbed, 'a').version === OLD);
  server.stopAt = 280 * KIB;
  offer(testbed, server);
  await until(async () => ((await views(testbed))[0]?.update?.downloadedBytes ?? 0) >= STEP);
  expect(
    files().some((name) => name.endsWith('.part')),
    'negative control',
  ).toBe(true);
  const own = (filter: string): boolean => filter.includes('$ota');
  await until(() => filters().some(own));

  await gateway.signal('SIGTERM');
  set(false);
  await gateway.start();
  await until(() => files().join() === 'records.json');
  await until(() => testbed.session !== undefined && !filters().some(own));
  const off = await runProgram('firmware', '--config', configPath);
  expect(off.stdout).toContain('Firmware updates are off');

  await gateway.signal('SIGTERM');
  set(true);
  server.stopAt = Number.POSITIVE_INFINITY;
  await gateway.start();
  await until(() => atHub(testbed, 'a').progress?.state === 'done');
  expect(flashes.get('a')?.version).toBe(NEW);
  await until(() => files().join() === 'records.json'); // the last record is being written
});

it('failures reach the hub with its codes, and the technician with their reasons', async () => {
  const { server, flashes, testbed } = await openFirmwareTestbed(['a']);
  await startAll(testbed);
  await until(() => atHub(testbed, 'a').version === OLD);
  server.answer = (_, response) => void response.writeHead(403).end();
  offer(testbed, server);
  await until(() => atHub(testbed, 'a').progress?.state === 'fail');
  expect(atHub(testbed, 'a').progress?.result_code).toBe(-3);
  const shown = await runProgram('firmware', '--config', testbed.configPath);
  expect(shown.stdout).toContain('403');
  const { conditions } = await testbed.untilStatus((status) => status.conditions.length > 0);
  expect(conditions.map(({ code }) => code)).toContain('firmware-failed');
  const explained = await runProgram('explain', 'a', '--config', testbed.configPath);
  expect(explained.stdout).toMatch(/Firmware\s+1\.0; update to 2\.0: failed; last failure: /);

  server.answer = (request, response) => server.serve(request, response);
  const flash = flashes.get('a');
  if (flash !== undefined) flash.faults.refusal = 'the battery is low';
  const retried = await runProgram('firmware', 'retry', 'a', '--config', testbed.configPath);
  expect(retried.code).toBe(0);
  await until(() => atHub(testbed, 'a').progress?.result_code === -5);
  await until(async () => (await views(testbed))[0]?.update?.failure?.reason.includes('the battery is low') === true);
  expect((await testbed.gateway.status()).losing, 'a failed update loses no message').toBe('no');
});

it('a server with a certificate of an unknown authority gives nothing, and is named', async () => {
  const { server, testbed } = await openFirmwareTestbed(['a']);
  const other = await ImageServer.open(IMAGE);
  await startAll(testbed);
  await until(() => atHub(testbed, 'a').version === OLD);
  offer(testbed, other);
  await until(async () => (await views(testbed))[0]?.update?.failure?.reason !== undefined);
  expect((await views(testbed))[0]?.update?.failure?.reason).toContain(HOST);
  expect(other.requests).toEqual([]);
  // negative control: the same server with the authority of the configuration is used
  offer(testbed, server);
  await until(() => server.requests.length > 0);
});

it('with profile generic the offer and the reports have the topics of the configuration', async () => {
  const server = await ImageServer.open(IMAGE);
  const flash = new SimulatedFlash(OLD);
  const testbed = await openTestbed({
    subdevices: { a: { firmware: { flash, timeoutMs: 1000, window: 16, chunkBytes: 512 } } },
    config: { link: { baud_rate: 4_000_000 } },
    more: `
[firmware]
enabled = true
offer_topic = "firmware/offer"
report_topic = "firmware/report"
ca_file = "${server.tls.caFile}"
`,
  });
  const reports = (): unknown[] =>
    testbed.arrivals.flatMap(({ topic, payload }) =>
      topic === `${GATEWAY}/a/firmware/report` ? [JSON.parse(new TextDecoder().decode(payload)) as unknown] : [],
    );
  await startAll(testbed);
  await until(() => reports().length > 0);
  expect(reports()).toEqual([{ type: 'report_version', report: { version: OLD } }]);
  await until(() => testbed.session?.subscriptions.some(({ filter }) => filter.endsWith('firmware/offer')) === true);
  const image = { md5sum: createHash('md5').update(IMAGE).digest('hex'), file_size: IMAGE.length };
  const sha256 = createHash('sha256').update(IMAGE).digest('hex');
  const document = { type: 'update_firmware', version: NEW, url: server.url, ...image, sha256 };
  testbed.hub.publish({
    topic: `${GATEWAY}/a/firmware/offer`,
    payload: new TextEncoder().encode(JSON.stringify(document)),
    qos: 1,
  });
  const done = { progress: { state: 'done', percent: '100', result_code: '0', result_msg: '' }, version: NEW };
  await until(() => JSON.stringify(reports().at(-1)) === JSON.stringify({ type: 'report_progress', report: done }));
  expect(flash.version).toBe(NEW);
});
