/** The C client takes firmware from the real gateway over PTYs, with noise, other traffic and a killed gateway. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { openTestbed } from '../e2e/testbed.ts';
import { GATEWAY } from '../e2e/testbed-config.ts';
import { until } from '../e2e/until.ts';
import { ImageServer, imageOf, KIB } from '../unit/io/firmware/image-server.ts';
import { attachFirmware, CLEAN, noisy } from './firmware.ts';
import { build, CLIENT, isWithoutCompiler, type Program, ROOT, TRANSFER } from './toolchain.ts';

const PORT = `${ROOT}/hw/ports/posix`;
const IMAGE = imageOf(60 * KIB);
/** Share of pieces of the stream that are damaged in each of two ways, in each direction. */
const DAMAGED = 0.02;
const FIRMWARE = `
[firmware]
enabled = true
offer_topic = "firmware/offer"
report_topic = "firmware/report"
line_share = 90
`;

describe.skipIf(isWithoutCompiler())('the C client on a PTY, with firmware', () => {
  let program: Program;
  beforeAll(() => {
    program = build([`${PORT}/main.c`, `${PORT}/file_flash.c`, TRANSFER, CLIENT]);
  });
  afterAll(() => program.remove());

  it.each([
    ['a clean line', CLEAN, 0],
    ['a noisy line', noisy(seededRandom(8), DAMAGED), 0],
    ['a clean line, asleep between messages', CLEAN, 1],
  ])('runs the offered version after kills of the gateway, and no message is lost: on %s', async (_, tap, sleepS) => {
    const flash = mkdtempSync(join(tmpdir(), 'holdfast-flash-'));
    onTestFinished(() => rmSync(flash, { recursive: true, force: true }));
    const server = await ImageServer.open(IMAGE);
    const testbed = await openTestbed({
      subdevices: { a: {} },
      config: { link: { baud_rate: 4_000_000, retry_ms: 100, retries_max: 20 }, inbox: { replay_interval_ms: 5 } },
      more: `${FIRMWARE}ca_file = "${server.tls.caFile}"\n`,
    });
    const states = (): string[] =>
      testbed.arrivals.flatMap(({ topic, payload }) =>
        topic === `${GATEWAY}/a/firmware/report` ? [stateIn(new TextDecoder().decode(payload))] : [],
      );
    await testbed.gateway.start();
    const firmware = await attachFirmware(testbed.subdevice('a'), {
      program: program.path,
      window: 1,
      tap,
      sleepS,
      flash,
    });
    await until(() => states().includes('version 1.0') && testbed.session?.subscriptions.length === 2);
    testbed.hub.publish({ topic: `${GATEWAY}/a/firmware/offer`, payload: offerOf(server.url), qos: 1 });
    await until(() => states().includes('downloading'));
    for (let round = 0; round < 2; round += 1) {
      firmware.publish(20);
      for (let count = 0; count < 10; count += 1) testbed.command(testbed.subdevice('a'));
      await until(() => firmware.isAcknowledged);
      await testbed.gateway.signal('SIGKILL');
      await testbed.gateway.start();
    }
    await until(() => states().includes('done'));
    expect(firmware.installed).toEqual(['2.0']);
    expect(readFileSync(join(flash, 'running')).equals(IMAGE)).toBe(true);
    await testbed.untilIdle();
    expect([testbed.uplinks.missing, testbed.downlinks.missing]).toEqual([0, 0]);
    expect(firmware.stderr).toBe('');
  });
});

function offerOf(url: string): Uint8Array {
  const md5sum = createHash('md5').update(IMAGE).digest('hex');
  const document = { type: 'update_firmware', version: '2.0', url, md5sum, file_size: IMAGE.length };
  return new TextEncoder().encode(JSON.stringify(document));
}

/** Returns the state in a report of progress, or the version in a report of it. */
function stateIn(text: string): string {
  const { report } = JSON.parse(text) as { report: { version: string; progress?: { state: string } } };
  return report.progress?.state ?? `version ${report.version}`;
}
