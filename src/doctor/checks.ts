/** All checks of `holdfast doctor`, in the order of its report. */
import type { Check } from './check.ts';
import { configDrift, configFile } from './config-checks.ts';
import { gatewayConditions, gatewayOutbox, gatewayProcess, gatewaySubdevices } from './gateway-checks.ts';
import { hubAddress, hubConnect, hubName, hubTls } from './hub-checks.ts';
import { clockTime, machineMemory, machineTemperature, powerSupply, serviceUnit } from './machine-checks.ts';
import { linkIntruders, linkPort } from './port-checks.ts';
import { storageContent, storageMedium, storagePlace, storageSpace, storageSync } from './storage-checks.ts';

/** @param connects true: CONNECT is tried if no gateway runs */
export function allChecks(connects: boolean): readonly Check[] {
  return [
    configFile,
    configDrift,
    gatewayProcess,
    gatewayConditions,
    gatewaySubdevices,
    gatewayOutbox,
    serviceUnit,
    clockTime,
    hubName,
    hubAddress,
    hubTls,
    hubConnect(connects),
    storagePlace,
    storageSpace,
    storageSync,
    storageMedium,
    storageContent,
    linkPort,
    linkIntruders,
    powerSupply,
    machineTemperature,
    machineMemory,
  ];
}
