/** Firmware transfer of the simulated subdevice: the vectors of the C client, and transfers on a line with faults. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../../src/base/random.ts';
import { SimulatedFlash } from '../../../../src/bench/subdevices/simulated-flash.ts';
import { SubdeviceFirmware } from '../../../../src/bench/subdevices/subdevice-firmware.ts';
import { EXCHANGE_TERMS, EXCHANGES, type ExchangeVector, flashOf } from '../../base/firmware-vectors.ts';
import { bytesOf, hexOf } from '../../base/vectors.ts';
import { ImageGateway } from './image-gateway.ts';
import { ImageLine, unreliable } from './image-line.ts';
import { SimulatedImageDevice } from './simulated-image-device.ts';

const IMAGE = Uint8Array.from({ length: 5000 }, (_, at) => (at * at) & 0xff);

describe('the firmware transfer of a simulated subdevice', () => {
  it.each(EXCHANGES)('decides as in the vectors: $name', (exchange) => {
    expect(outputsOf(exchange)).toEqual(exchange.steps);
  });

  it.each([0, 0.02, 0.1, 0.3])('ends on a line that loses, doubles and reorders %d of the packets', async (share) => {
    const flash = new SimulatedFlash('1.0');
    const gateway = new ImageGateway(IMAGE, '2.0');
    const line = new ImageLine(gateway, new SimulatedImageDevice({ flash }), unreliable(seededRandom(7), share));
    await line.until(() => gateway.versions.at(-1) === '2.0');
    expect(flash.installed).toEqual([IMAGE]);
    if (share === 0) expect(gateway.gets.length).toBeLessThanOrEqual(11);
  });

  it('continues after power cuts at each GET, and writes no page twice', async () => {
    const flash = new SimulatedFlash('1.0');
    const gateway = new ImageGateway(IMAGE, '2.0');
    const device = new SimulatedImageDevice({ flash });
    const line = new ImageLine(gateway, device);
    for (let cuts = 0; !gateway.isOver; cuts += 1) {
      const gets = gateway.gets.length;
      const durable = flash.written - (flash.written % 256);
      device.cutPower();
      await line.until(() => gateway.gets.length > gets + 2 || gateway.isOver);
      if (!gateway.isOver) expect(gateway.gets[gets]?.offset).toBe(durable);
      expect(cuts).toBeLessThan(20);
    }
    expect(flash.installed).toEqual([IMAGE]);
  });

  it('takes an offer while waking from a sleep, stays awake for the transfer, and sleeps again', async () => {
    const flash = new SimulatedFlash('1.0');
    const gateway = new ImageGateway(IMAGE, '2.0');
    const device = new SimulatedImageDevice({ flash });
    const line = new ImageLine(gateway, device);
    await line.until(() => gateway.gets.length >= 3);
    await line.step(gateway.stop(line.nowMs));
    device.command({ kind: 'sleep', durationMs: 10_000 });
    await line.until(() => device.state === 'sleeping' && line.nowMs > 5000);
    expect([gateway.versions, gateway.gets.length < 7]).toEqual([['1.0'], true]);
    gateway.offerAtWaking();
    await line.until(() => gateway.versions.at(-1) === '2.0');
    await line.until(() => device.state === 'sleeping');
    expect(flash.installed).toEqual([IMAGE]);
  });

  it('runs the old version if the new one does not start, and reports it', async () => {
    const flash = new SimulatedFlash('1.0');
    flash.faults.startsOldVersion = true;
    const gateway = new ImageGateway(IMAGE, '2.0');
    const line = new ImageLine(gateway, new SimulatedImageDevice({ flash }));
    await line.until(() => gateway.states.length > 0 && gateway.versions.length === 2);
    expect(gateway.versions).toEqual(['1.0', '1.0']);
  });
});

/** Returns the steps of an exchange with the outputs of the simulated subdevice. */
function outputsOf(exchange: ExchangeVector): object[] {
  const flash = flashOf(exchange);
  const start = (): SubdeviceFirmware => new SubdeviceFirmware({ ...EXCHANGE_TERMS, flash });
  let firmware = start();
  let nowMs = 0;
  return exchange.steps.map((step) => {
    nowMs = step.atMs ?? nowMs;
    const [word = '', value = ''] = step.input.split(' ');
    if (step.input === 'power cut') {
      firmware = start();
      return { ...step, output: [] };
    }
    const actions = firmware.handle(inputOf(word, value), nowMs);
    const output = actions.map((action) =>
      action.kind === 'publish' ? `${action.qos} ${hexOf(action.payload)}` : `installed ${action.version}`,
    );
    if (actions.some(({ kind }) => kind === 'installed')) firmware = start();
    return { ...step, output };
  });
}

function inputOf(word: string, value: string): Parameters<SubdeviceFirmware['handle']>[0] {
  switch (word) {
    case 'connected':
    case 'disconnected':
    case 'wake':
      return { kind: word };
    case 'down':
      return { kind: 'received', payload: bytesOf(value) };
    case 'acknowledged':
      return { kind: 'acknowledged', reference: Number(value) };
    default:
      throw new Error(`unknown step ${word}`);
  }
}
