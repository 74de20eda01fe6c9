/** The C client against the real gateway, over PTYs: both ways, through noise and kills. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/base/random.ts';
import { type House, openHouse } from '../e2e/testbed.ts';
import { until } from '../e2e/until.ts';
import { CLEAN, type Firmware, noisy, plugIn, type Tap } from './firmware.ts';
import { build, CLIENT, isWithoutCompiler, type Program, ROOT } from './toolchain.ts';

const MAIN = `${ROOT}/hw/ports/posix/main.c`;
/** Pieces of the stream that are damaged, each way, in each of two manners. */
const DAMAGED = 0.04;
const ROUNDS = 40;
const CONFIG = { link: { retry_ms: 100, retries_max: 20 }, inbox: { replay_interval_ms: 5 } };

describe.skipIf(isWithoutCompiler())('the C client on a real line', () => {
  let program: Program;
  beforeAll(() => {
    program = build([MAIN, CLIENT]);
  });
  afterAll(() => program.remove());

  it.each([1, 4])(
    'with a window of %d loses nothing and keeps the order while the gateway is killed',
    async (window) => {
      const { house, firmware } = await openFirmwareHouse(program, { window, tap: CLEAN });
      await liveThroughKills(house, firmware);
      await house.expectNothingLost();
      expect(firmware.stderr).toBe('');
    },
  );

  it('with a window of 1 loses nothing and keeps the order through noise and kills', async () => {
    const { house, firmware } = await openFirmwareHouse(program, { window: 1, tap: noisy(seededRandom(3), DAMAGED) });
    await liveThroughKills(house, firmware);
    await house.expectNothingLost();
    expect(firmware.damagedPieces).toBeGreaterThan(5);
    expect(firmware.stderr).toBe('');
  });

  it('with a window of 4 loses nothing through noise and kills; the order is promised to a window of 1', async () => {
    const { house, firmware } = await openFirmwareHouse(program, { window: 4, tap: noisy(seededRandom(4), DAMAGED) });
    await liveThroughKills(house, firmware);
    await house.untilIdle();
    expect([house.uplinks.missing, house.downlinks.missing]).toEqual([0, 0]);
    expect(firmware.stderr).toBe('');
  });

  it.each([
    ['a clean line', CLEAN],
    ['a noisy one', noisy(seededRandom(5), DAMAGED)],
  ])('loses nothing and keeps the order when it sleeps between messages, on %s', async (_, tap) => {
    const { house, firmware } = await openFirmwareHouse(program, { window: 1, tap, sleepS: 1 });
    for (let round = 1; round <= 5; round += 1) {
      house.command(house.subdevice('a'));
      firmware.publish(2);
      await until(() => firmware.isAcknowledged && house.downlinks.delivered === round);
    }
    await house.expectNothingLost();
    expect(firmware.stderr).toBe('');
  });

  it('would be seen to lose if it forgot a message before its PUBACK', async () => {
    const safety = 'if (slot->qos == 0) answer_slot(c, slot, HF_TAKEN);';
    const source = readFileSync(CLIENT, 'utf8');
    expect(source.split(safety)).toHaveLength(2);
    const careless = build([MAIN, '-'], { input: source.replace(safety, 'answer_slot(c, slot, HF_TAKEN);') });
    const { house, firmware } = await openFirmwareHouse(careless, { window: 1, tap: noisy(seededRandom(3), DAMAGED) });
    firmware.publish(10 * ROUNDS);
    await until(() => firmware.isAcknowledged);
    careless.remove();
    await house.untilIdle();
    expect(house.uplinks.missing).toBeGreaterThan(0);
  });
});

interface Field {
  readonly house: House;
  readonly firmware: Firmware;
}

/** A gateway, and the C client connected to it and subscribed. */
async function openFirmwareHouse(
  program: Program,
  options: { readonly window: number; readonly tap: Tap; readonly sleepS?: number },
): Promise<Field> {
  const house = await openHouse({ subdevices: { a: {} }, config: CONFIG });
  await house.gateway.start();
  const firmware = await plugIn(house.subdevice('a'), { ...options, program: program.path });
  await until(() => house.session?.subscriptions.length === 1);
  return { house, firmware };
}

/** Messages both ways all the time; the gateway is killed twice, once with the hub away. */
async function liveThroughKills(house: House, firmware: Firmware): Promise<void> {
  const talk = (): void => {
    for (let round = 0; round < ROUNDS; round += 1) house.command(house.subdevice('a'));
    firmware.publish(ROUNDS);
  };
  talk();
  await until(() => house.uplinks.acknowledged > ROUNDS / 4);
  await house.gateway.signal('SIGKILL');
  await house.gateway.start();
  talk();
  await until(() => firmware.isAcknowledged);
  house.dropHub();
  firmware.publish(ROUNDS);
  await until(() => house.uplinks.acknowledged > 2 * ROUNDS + ROUNDS / 4);
  await house.gateway.signal('SIGKILL');
  await house.gateway.start();
  house.restoreHub();
  await until(() => firmware.isAcknowledged);
}
