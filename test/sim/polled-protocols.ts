/** Protocols of devices that speak only when asked, with the gateway's configuration. */
export interface PolledProtocol {
  readonly kind: 'polled';
  /** Meters by IEC 62056-21, which change the speed of the line, or devices with requests of their own. */
  readonly way: 'meters' | 'asked';
}

export const ASK_RETRY_MS = 300;
const SPEEDS = { meters: 300, asked: 9600 } as const;
/** Periods of requests. A read-out at 300 baud takes about two seconds. */
const EVERY_MS = { meters: 20_000, asked: 4000 } as const;

export function polledSpeed({ way }: PolledProtocol): number {
  return SPEEDS[way];
}

/** Returns the address of a device, in which no single damage makes the address of another one. */
export function polledAddressOf(id: string): string {
  return id.slice(1).repeat(2);
}

/** Returns the keys of the link and its tables. @param ids subdevices on the line */
export function polledText(ids: readonly string[], protocol: PolledProtocol): string[] {
  const { way } = protocol;
  const isMeter = way === 'meters';
  const link = { subdevices: ids, baud_rate: polledSpeed(protocol), retry_ms: ASK_RETRY_MS, retries_max: 2 };
  const lines = {
    ...{ subdevice: ids[0], topic: 'state', line_bytes_max: 256 },
    ...(isMeter ? { bit_7: 'even' } : { delimiter: '\r', check: 'crc32' }),
  };
  const requests = ids.map((id) => {
    const request = { name: id, subdevice: id, every_ms: EVERY_MS[way] };
    const address = polledAddressOf(id);
    if (isMeter) return table('[[link.lines.readout]]', { ...request, address, speed_max: 9600 });
    return table('[[link.lines.ask]]', { ...request, send: `${address}W\r` });
  });
  return [...table('', { ...link, overflow: 'drop-oldest' }), ...table('[link.lines]', lines), ...requests.flat()];
}

function table(head: string, keys: Readonly<Record<string, unknown>>): string[] {
  return [head, ...Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)];
}
