/** Supervision of the gateway by the simulated subdevice (MQTT-SN 1.2 §6.11). */
import { expect, it } from 'vitest';
import { SubdeviceKeepAlive } from '../../../../src/bench/subdevices/subdevice-keep-alive.ts';

it('sends PINGREQ to a silent gateway after the keep alive, even if it sends other packets often', () => {
  const keepAlive = new SubdeviceKeepAlive({ keepAliveMs: 2000, retryMs: 200 });
  keepAlive.onReceived(0);
  for (let nowMs = 0; nowMs <= 2000; nowMs += 50) keepAlive.sent(nowMs);
  expect(keepAlive.pingAtMs()).toBe(2000);
  keepAlive.asked(2000);
  keepAlive.sent(2000);
  expect(keepAlive.pingAtMs()).toBe(2200);
});
