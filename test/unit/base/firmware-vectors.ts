/** Golden vectors of `hw/vectors/firmware.json`, shared with the C client: messages, and exchanges of a subdevice. */
import vectors from '../../../hw/vectors/firmware.json' with { type: 'json' };
import { type FlashFaults, SimulatedFlash } from '../../../src/bench/subdevices/simulated-flash.ts';
import type { SubdeviceFirmwareOptions } from '../../../src/bench/subdevices/subdevice-firmware.ts';
import type { FirmwareDownMessage, FirmwareUpMessage } from '../../../src/codec/firmware-messages.ts';
import { bytesOf } from './vectors.ts';

/** [name, message, hex] */
type MessageVectors<M> = readonly (readonly [string, M, string])[];

export const UP_MESSAGES = messagesOf<FirmwareUpMessage>(vectors.up);
export const DOWN_MESSAGES = messagesOf<FirmwareDownMessage>(vectors.down);
export const MALFORMED_DOWN = vectors.malformedDown;

/** Version that runs at the begin of an exchange. */
export const FIRST_VERSION = '1.0';
export const EXCHANGE_TERMS: Omit<SubdeviceFirmwareOptions, 'flash'> = { window: 4, chunkBytes: 16, timeoutMs: 1000 };
export const PAGE_BYTES = 32;

export interface ExchangeStep {
  /** `connected`, `down HEX`, … */
  readonly input: string;
  /** Time of the step, ms. `undefined`: that of the step before it. */
  readonly atMs: number | undefined;
  /** `QOS HEX` of each publication, and `installed VERSION`. */
  readonly output: readonly string[];
}

export interface ExchangeVector {
  readonly name: string;
  readonly faults: FlashFaults;
  readonly steps: readonly ExchangeStep[];
}

export const EXCHANGES: readonly ExchangeVector[] = vectors.exchanges.map(({ name, flash, steps }) => ({
  name,
  faults: flash,
  steps: steps.map(([words = '', ...output]) => {
    const [input = '', at] = words.split(' at ');
    return { input, atMs: at === undefined ? undefined : Number(at), output };
  }),
}));

/** Returns a flash at the begin of an exchange. */
export function flashOf({ faults }: ExchangeVector): SimulatedFlash {
  const flash = new SimulatedFlash(FIRST_VERSION, { pageBytes: PAGE_BYTES });
  Object.assign(flash.faults, faults);
  return flash;
}

function messagesOf<M>(
  list: readonly { readonly name: string; readonly message: object; readonly bytes: string }[],
): MessageVectors<M> {
  return list.map(({ name, message, bytes }) => [name, messageOf(message) as M, bytes] as const);
}

function messageOf(written: object): object {
  const entries = Object.entries(written).map(([key, value]) => [key, key === 'octets' ? bytesOf(value) : value]);
  return Object.fromEntries(entries);
}
