/** The drivers. A driver is its folder and its line here; nothing else in the program names one. */
import { LINES } from './lines/definition.ts';
import type { LinkDriver } from './link-driver.ts';
import { MODBUS } from './modbus/definition.ts';
import { MQTTSN } from './mqttsn/definition.ts';

/** The first is the default of the key `driver`. */
export const DRIVERS: readonly LinkDriver[] = [MQTTSN, MODBUS, LINES];

/** @throws for a name that no driver has: the configuration was checked before */
export function driverNamed(name: string): LinkDriver {
  const driver = findDriver(name);
  if (driver === undefined) throw new Error(`no driver is called ${name}`);
  return driver;
}

/** @returns `undefined` for a name that no driver has */
export function findDriver(name: string): LinkDriver | undefined {
  return DRIVERS.find((driver) => driver.name === name);
}
