/** The C client and the real gateway over PTYs: messages in both directions, with noise and killed gateways. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { openTestbed, type Testbed } from '../e2e/testbed.ts';
import { until } from '../e2e/until.ts';
import { attachFirmware, CLEAN, type Firmware, noisy, type Tap } from './firmware.ts';
import { build, CLIENT, isWithoutCompiler, type Program, ROOT, TRANSFER } from './toolchain.ts';

const MAIN = `${ROOT}/hw/ports/posix/main.c`;
const FLASH = `${ROOT}/hw/ports/posix/file_flash.c`;
/** Share of pieces of the stream that are damaged in each of two ways, in each direction. */
const DAMAGED = 0.04;
const ROUNDS = 40;
const CONFIG = { link: { retry_ms: 100, retries_max: 20 }, inbox: { replay_interval_ms: 5 } };

describe.skipIf(isWithoutCompiler())('the C client on a PTY', () => {
  let program: Program;
  beforeAll(() => {
    program = build([MAIN, FLASH, TRANSFER, CLIENT]);
  });
  afterAll(() => program.remove());

  it.each([1, 4])(
    'with a window of %d loses nothing and keeps the order while the gateway is killed',
    async (window) => {
      const { testbed, firmware } = await openFirmwareTestbed(program, { window, tap: CLEAN });
      await exchangeThroughKills(testbed, firmware);
      await testbed.expectNothingLost();
      expect(firmware.stderr).toBe('');
    },
  );

  it('with a window of 1 loses nothing and keeps the order through noise and kills', async () => {
    const { testbed, firmware } = await openFirmwareTestbed(program, {
      window: 1,
      tap: noisy(seededRandom(3), DAMAGED),
    });
    await exchangeThroughKills(testbed, firmware);
    await testbed.expectNothingLost();
    expect(firmware.damagedPieces).toBeGreaterThan(5);
    expect(firmware.stderr).toBe('');
  });

  it('with a window of 4 loses nothing through noise and kills; only a window of 1 keeps the order', async () => {
    const { testbed, firmware } = await openFirmwareTestbed(program, {
      window: 4,
      tap: noisy(seededRandom(4), DAMAGED),
    });
    await exchangeThroughKills(testbed, firmware);
    await testbed.untilIdle();
    expect([testbed.uplinks.missing, testbed.downlinks.missing]).toEqual([0, 0]);
    expect(firmware.stderr).toBe('');
  });

  it.each([
    ['a clean line', CLEAN],
    ['a noisy line', noisy(seededRandom(5), DAMAGED)],
  ])('loses nothing and keeps the order when it sleeps between messages, on %s', async (_, tap) => {
    const { testbed, firmware } = await openFirmwareTestbed(program, { window: 1, tap, sleepS: 1 });
    for (let round = 1; round <= 5; round += 1) {
      testbed.command(testbed.subdevice('a'));
      firmware.publish(2);
      await until(() => firmware.isAcknowledged && testbed.downlinks.delivered === round);
    }
    await testbed.expectNothingLost();
    expect(firmware.stderr).toBe('');
  });

  it('negative control: loses messages if it removes a message before its PUBACK', async () => {
    const safety = 'if (slot->qos == 0) answer_slot(c, slot, HF_ACKNOWLEDGED);';
    const source = readFileSync(CLIENT, 'utf8');
    expect(source.split(safety)).toHaveLength(2);
    const altered = build([MAIN, FLASH, TRANSFER, '-'], {
      input: source.replace(safety, 'answer_slot(c, slot, HF_ACKNOWLEDGED);'),
    });
    const { testbed, firmware } = await openFirmwareTestbed(altered, {
      window: 1,
      tap: noisy(seededRandom(3), DAMAGED),
    });
    firmware.publish(10 * ROUNDS);
    await until(() => firmware.isAcknowledged);
    altered.remove();
    await testbed.untilIdle();
    expect(testbed.uplinks.missing).toBeGreaterThan(0);
  });
});

interface FirmwareTestbed {
  readonly testbed: Testbed;
  readonly firmware: Firmware;
}

/** Opens a gateway with the C client connected and subscribed. */
async function openFirmwareTestbed(
  program: Program,
  options: { readonly window: number; readonly tap: Tap; readonly sleepS?: number },
): Promise<FirmwareTestbed> {
  const testbed = await openTestbed({ subdevices: { a: {} }, config: CONFIG });
  await testbed.gateway.start();
  const firmware = await attachFirmware(testbed.subdevice('a'), { ...options, program: program.path });
  await until(() => testbed.session?.subscriptions.length === 1);
  return { testbed, firmware };
}

/** Sends messages in both directions while the gateway is killed twice, once without the hub. */
async function exchangeThroughKills(testbed: Testbed, firmware: Firmware): Promise<void> {
  const exchange = (): void => {
    for (let round = 0; round < ROUNDS; round += 1) testbed.command(testbed.subdevice('a'));
    firmware.publish(ROUNDS);
  };
  exchange();
  await until(() => testbed.uplinks.acknowledged > ROUNDS / 4);
  await testbed.gateway.signal('SIGKILL');
  await testbed.gateway.start();
  exchange();
  await until(() => firmware.isAcknowledged);
  testbed.dropHub();
  firmware.publish(ROUNDS);
  await until(() => testbed.uplinks.acknowledged > 2 * ROUNDS + ROUNDS / 4);
  await testbed.gateway.signal('SIGKILL');
  await testbed.gateway.start();
  testbed.restoreHub();
  await until(() => firmware.isAcknowledged);
}
