/** List of drivers. A driver consists of its folder and its line here; no other file names one. */
import { LINES } from './lines/definition.ts';
import type { LinkDriver } from './link-driver.ts';
import { MODBUS } from './modbus/definition.ts';
import { MQTTSN } from './mqttsn/definition.ts';

/** All drivers. The first one is the default of the key `driver`. */
export const DRIVERS: readonly LinkDriver[] = [MQTTSN, MODBUS, LINES];

/** Returns the driver with this name. @throws if there is none; the configuration has checked the name before */
export function driverNamed(name: string): LinkDriver {
  const driver = findDriver(name);
  if (driver === undefined) throw new Error(`no driver is called ${name}`);
  return driver;
}

/** @returns `undefined` if no driver has this name */
export function findDriver(name: string): LinkDriver | undefined {
  return DRIVERS.find((driver) => driver.name === name);
}
