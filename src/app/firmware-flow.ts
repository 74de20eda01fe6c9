/** Builds the flow of firmware updates, if the configuration has them, or what ends them. */
import { FirmwareOff } from '../flow/firmware-off.ts';
import { FirmwareFlow, type FirmwareOptions } from '../flow/firmware-updates.ts';
import { NO_OWN_MESSAGES, type OwnMessages } from '../flow/own-messages.ts';
import type { GatewayParts } from './gateway-parts.ts';
import type { RunningConfig } from './running-config.ts';

/** Bits on the wire for one octet: start bit, eight bits of data and parity, stop bit. */
const BITS_PER_OCTET = 10;

interface BuiltFirmware {
  /** `undefined`: updates are off. */
  readonly firmware: FirmwareFlow | undefined;
  readonly ownMessages: OwnMessages;
}

/** @param running configuration whose links a live change replaces */
export function firmwareFlow(
  { config, firmwareStorage: storage }: GatewayParts,
  running: Pick<RunningConfig, 'termsOf'>,
  options: Omit<FirmwareOptions, 'settings' | 'storage' | 'speedOf'>,
): BuiltFirmware {
  if (storage === undefined) return { firmware: undefined, ownMessages: NO_OWN_MESSAGES };
  if (config.firmware === undefined)
    return { firmware: undefined, ownMessages: new FirmwareOff({ ...options, storage }) };
  const { settings } = config.firmware;
  const speedOf = (link: string): number => running.termsOf(link).baudRate / BITS_PER_OCTET;
  const firmware = new FirmwareFlow({ ...options, settings, storage, speedOf });
  return { firmware, ownMessages: firmware };
}
