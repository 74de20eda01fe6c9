/**
 * Listens on a serial port for a protocol that a driver knows. Nothing is sent. Opening a port resets some boards, as the
 * start of the gateway does.
 */
import { DRIVERS } from '../../driver/drivers.ts';
import { OTHER_SPEED, recognise } from '../../driver/recognise.ts';
import { ReadTurns } from '../../io/serial/read-turns.ts';
import { openTty } from '../../io/serial/tty.ts';

export interface PortSample {
  readonly bytes: number;
  readonly baudRate: number;
  /** Driver and words of the recognised protocol; `undefined`: none. */
  readonly protocol: { readonly driver: string; readonly words: string } | undefined;
  /** Reason why the port could not be opened; `undefined`: it was. */
  readonly problem: string | undefined;
}

/** Speeds, the most likely first. Others follow only if the bytes look as if they were sent at another speed. */
const SPEEDS = [115_200, 9600, 19_200, 57_600, 38_400] as const;
const SAMPLE_BYTES_MAX = 4096;
const LIMITS = { openMsMax: 3000, closeMsMax: 1000, queuedBytesMax: 1 };

/** @param forMs time for each speed */
export async function samplePort(device: string, forMs: number): Promise<PortSample> {
  let first: PortSample | undefined;
  for (const baudRate of SPEEDS) {
    const { bytes, problem } = await listen(device, baudRate, forMs);
    const name = recognise(bytes);
    const driver = DRIVERS.find(({ protocols }) => protocols.some((one) => one.name === name));
    const words = driver?.protocols.find((one) => one.name === name)?.words;
    const protocol = driver === undefined || words === undefined ? undefined : { driver: driver.name, words };
    const sample: PortSample = { bytes: bytes.length, baudRate, protocol, problem };
    first ??= sample;
    if (protocol !== undefined || problem !== undefined) return sample;
    if (name !== OTHER_SPEED && bytes.length === 0) return first;
  }
  return first ?? { bytes: 0, baudRate: SPEEDS[0], protocol: undefined, problem: undefined };
}

function listen(
  path: string,
  baudRate: number,
  forMs: number,
): Promise<{ readonly bytes: Uint8Array; readonly problem: string | undefined }> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    let isOpen = false;
    let timer: NodeJS.Timeout | undefined;
    const open = openTty({
      path,
      baudRate,
      dataBits: 8,
      parity: 'none',
      stopBits: 1,
      rs485: undefined,
      turns: new ReadTurns(),
      ...LIMITS,
    });
    const channel = open({
      opened: () => {
        isOpen = true;
        timer = setTimeout(() => channel.close('the time is over'), forMs);
      },
      bytes: (bytes) => {
        if (size < SAMPLE_BYTES_MAX) chunks.push(Uint8Array.from(bytes));
        size += bytes.length;
      },
      closed: (reason) => {
        clearTimeout(timer);
        resolve({ bytes: Buffer.concat(chunks).subarray(0, SAMPLE_BYTES_MAX), problem: isOpen ? undefined : reason });
      },
    });
  });
}
