/** All checks of `holdfast doctor`, in the order of its report. */
import type { Check } from './check.ts';
import { clockTime } from './clock-check.ts';
import { configDrift, configFile } from './config-checks.ts';
import { gatewayConditions, gatewayOutbox, gatewayProcess } from './gateway-checks.ts';
import { hubAddress, hubConnect, hubName } from './hub-checks.ts';
import { hubPermissions } from './hub-permissions.ts';
import { hubRoute } from './hub-route.ts';
import { hubSecret, hubTls } from './hub-tls.ts';
import { linkLine, linkSwapped } from './line-checks.ts';
import { machineMemory, machineTemperature, powerSupply } from './machine-checks.ts';
import { linkIntruders, linkPort } from './port-checks.ts';
import { serviceDrift, serviceLimits, serviceUnit, serviceWatchdog } from './service-checks.ts';
import { storageContent, storageMedium, storagePlace, storageSpace } from './storage-checks.ts';
import { storageSync } from './storage-sync.ts';
import { storageOwner } from './store-owner-check.ts';
import { gatewaySubdevices } from './subdevice-checks.ts';

export interface CheckOptions {
  /** CONNECT is tried if no gateway runs. */
  readonly connects: boolean;
  /** Filters and topics are tried if no gateway runs; this connects, too. */
  readonly triesPermissions: boolean;
}

/** Checks that do not use the identity of the gateway. */
export const WITHOUT_IDENTITY: CheckOptions = { connects: false, triesPermissions: false };

export function allChecks({ connects, triesPermissions }: CheckOptions): readonly Check[] {
  return [
    configFile,
    configDrift,
    gatewayProcess,
    gatewayConditions,
    gatewaySubdevices,
    gatewayOutbox,
    hubName,
    hubAddress,
    hubRoute,
    hubTls,
    hubSecret,
    hubConnect(triesPermissions ? 'elsewhere' : connects),
    hubPermissions(triesPermissions),
    linkPort,
    linkSwapped,
    linkLine,
    linkIntruders,
    storagePlace,
    storageSpace,
    storageSync,
    storageMedium,
    storageContent,
    storageOwner,
    powerSupply,
    machineTemperature,
    machineMemory,
    serviceUnit,
    serviceDrift,
    serviceLimits,
    serviceWatchdog,
    clockTime,
  ];
}
