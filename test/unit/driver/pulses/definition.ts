/**
 * A fourth driver, for the test of the registry: a pulse counter sends the number of its pulses as one octet, 1 to
 * 127.
 */
import { z } from 'zod';
import type { FrameSource } from '../../../../src/base/recorded-frame.ts';
import { means, whole } from '../../../../src/config/kinds/key-kinds.ts';
import { defineDriver } from '../../../../src/driver/link-driver.ts';
import { PulsesLink, type PulsesOptions } from './link.ts';

const PULSES_TABLE = z.strictObject({ litres: whole(1, 1000).meta(means('Litres of one pulse.')) });
const LINK_KEYS = {
  pulses: PULSES_TABLE.optional().meta(means('A table [link.pulses]. Driver pulses only, required there.')),
} as const;

export const PULSES = defineDriver<typeof LINK_KEYS, { readonly litres: number }, Omit<PulsesOptions, 'random'>>({
  name: 'pulses',
  protocol: 'pulses',
  protocols: [],
  keys: LINK_KEYS,
  lists: {},
  tables: { 'link.pulses': PULSES_TABLE },
  subdeviceKeys: {},
  profiled: undefined,
  retry: () => ({ retryMs: 1000, retriesMax: 1 }),
  warnings: () => [],
  problems: ({ pulses }, path) =>
    pulses === undefined
      ? [{ path: `${path}.pulses`, what: 'is missing, and driver "pulses" needs it', hint: 'Add [link.pulses].' }]
      : [],
  listed: ({ subdevices }, path) => subdevices.map((id, index) => ({ path: `${path}.subdevices[${index}]`, id })),
  servesUnlisted: false,
  toServe: 'add the id to `subdevices`',
  starter: () => [],
  acknowledges: () => true,
  decode: ({ pulses }) => ({ litres: pulses?.litres ?? 1 }),
  protocolOf: () => 'pulses',
  topicsFor: () => [],
  filtersFor: () => [],
  profileOf: () => undefined,
  readingsFor: () => [],
  isMute: () => false,
  plan: ({ allowedSubdevices = [] }, { litres }, { reopen }) => ({
    subdevice: allowedSubdevices[0] ?? '',
    litres,
    reopen,
  }),
  create: (options) => new PulsesLink(options),
  laterClasses: [],
  recall: (recorded) => recorded as PulsesOptions,
  newFrameSource: (): FrameSource => ({
    read: (bytes) =>
      [...bytes].map((count) => ({
        bytes: Uint8Array.of(count),
        packet: { kind: 'pulses', count },
        problem: undefined,
      })),
  }),
  capture: () => ({ kind: 'dissector', name: 'data' }),
  isText: false,
  attachesUnheard: true,
  oversizeIsDamage: true,
  unprobedBecause: 'a pulse counter cannot be asked',
  mayIgnoreProbes: true,
});
