/** Creates the devices at the ends of the lines: MQTT-SN subdevices, devices of lines, Modbus units. */
import { randomOf, type SubdevicePlan } from './scenario.ts';
import { SHARED_FILTER } from './shared-documents.ts';
import type { SimDevice } from './sim-device.ts';
import { SimLineDevice } from './sim-line-device.ts';
import { SimPolledDevice } from './sim-polled-device.ts';
import { SimSubdevice } from './sim-subdevice.ts';
import { SimUnit } from './sim-unit.ts';
import type { World } from './world.ts';

type Sabotage = Pick<
  World,
  'scenario' | 'time' | 'tap' | 'cabling' | 'firmware' | 'startedAtMs' | 'gateway' | 'complain'
>;

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
      const firmware = world.firmware?.optionsOf(id);
      const sharedFilter = scenario.sharedTopics && SHARED_FILTER;
      const open = cabling.subdeviceEnd(index);
      return new SimSubdevice({ ...terms, clean, window, packetBytesMax, firmware, sharedFilter, open });
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
    case 'polled': {
      const isAttached = (): boolean | undefined => world.gateway?.stations.registry.byId(id)?.isAttached;
      const random = randomOf(scenario.seed, `device ${id}`);
      const line = cabling.polledLineOf(index);
      return new SimPolledDevice({ ...{ id, time, complain, random, line, isAttached }, protocol: lineProtocol });
    }
    case 'modbus': {
      const isAttached = (): boolean | undefined => world.gateway?.stations.registry.byId(id)?.isAttached;
      const random = randomOf(scenario.seed, `unit ${id}`);
      const { isPaused = false } = scenario;
      return new SimUnit({ ...terms, random, bus: cabling.busOf(index), isAttached, isPaused });
    }
  }
}
