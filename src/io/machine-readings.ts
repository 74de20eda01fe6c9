/** Readings of the machine for the history. Slow readings are made in the background, and the last value is used. */
import { flashBytesWritten } from './machine-facts.ts';
import { hottestC, throttledBits } from './machine-health.ts';

/** Bits of the present state: voltage too low, frequency limited, throttled, soft temperature limit. */
const PRESENT_BITS = 0b1111;

export interface MachineReading {
  readonly rssBytes: number;
  /** Bytes written to storage since the start of the process; `null`: not reported. */
  readonly deviceBytes: number | null;
  /** Temperature of the hottest sensor; `null`: the machine has none. */
  readonly temperatureC: number | null;
  /** True if a Raspberry Pi is throttled or has too low a voltage now; `null`: not reported. */
  readonly isThrottled: boolean | null;
}

/** @returns a function that reads the machine now; temperature and power supply are those of the previous call */
export function machineReader(sys = '/sys'): () => MachineReading {
  let temperatureC: number | null = null;
  let isThrottled: boolean | null = null;
  const refresh = async (): Promise<void> => {
    const [degrees, bits] = await Promise.all([hottestC(sys), throttledBits(sys)]);
    temperatureC = degrees ?? null;
    isThrottled = bits === undefined ? null : (bits & PRESENT_BITS) !== 0;
  };
  return () => {
    refresh().catch(() => undefined);
    return { rssBytes: process.memoryUsage.rss(), deviceBytes: flashBytesWritten(), temperatureC, isThrottled };
  };
}
