/** Creates the devices at the ends of the lines: MQTT-SN subdevices, devices of lines, Modbus units. */
import { randomOf, type SubdevicePlan } from './scenario.ts';
import type { SimDevice } from './sim-device.ts';
import { SimLineDevice } from './sim-line-device.ts';
import { SimSubdevice } from './sim-subdevice.ts';
import { SimUnit } from './sim-unit.ts';
import type { World } from './world.ts';

type Sabotage = Pick<World, 'scenario' | 'time' | 'tap' | 'cabling' | 'startedAtMs' | 'gateway' | 'complain'>;

export function devicesOf(world: Sabotage): SimDevice[] {
  return world.scenario.subdevices.map((plan, index) => deviceOf(world, plan, index));
}

function deviceOf(world: Sabotage, { id, clean, lineProtocol }: SubdevicePlan, index: number): SimDevice {
  const { scenario, time, cabling, tap } = world;
  const complain = (what: string): void => world.complain(what);
  const gatewayChangedAtMs = (): number => Math.max(world.startedAtMs, tap.connectedAtMs);
  const terms = { id, time, complain, gatewayChangedAtMs };
  switch (lineProtocol?.kind) {
    case undefined: {
      const { window, bounds } = scenario;
      const { packetBytesMax } = bounds;
      return new SimSubdevice({ ...terms, clean, window, packetBytesMax, open: cabling.subdeviceEnd(index) });
    }
    case 'lines': {
      const disturbedAtMs = (): number => cabling.disturbedAtMs(index);
      const startedAtMs = (): number => world.startedAtMs;
      return new SimLineDevice({
        ...terms,
        lineProtocol,
        startedAtMs,
        open: cabling.lineDeviceEnd(index),
        disturbedAtMs,
      });
    }
    case 'modbus': {
      const isAttached = (): boolean | undefined => world.gateway?.stations.registry.byId(id)?.isAttached;
      const random = randomOf(scenario.seed, `unit ${id}`);
      return new SimUnit({ ...terms, random, bus: cabling.busOf(index), isAttached });
    }
  }
}
