/**
 * Remedies that depend on the way to the devices of a link: a port of this machine, a serial port behind a device server,
 * or a network without a serial line (Modbus TCP). Pure.
 */
import { networkPortOf } from '../../base/serial-port.ts';
import { DRIVERS } from '../../driver/drivers.ts';
import type { LinkReport } from '../reports/link-report.ts';

/** Port and framing of a link. */
export type Way = Pick<LinkReport, 'path' | 'protocol'>;

/** True if the devices of a link are reached without a serial line: there are no wires, no speed and no parity. */
export function isOnNetwork({ protocol }: Pick<Way, 'protocol'>): boolean {
  return DRIVERS.some(({ protocols }) => protocols.some((one) => one.name === protocol && one.isOnNetwork === true));
}

/** Remedy for a unit that is polled and does not answer, without a full stop. @param hasAnswers another unit of the link answers */
export function remedyOfSilentUnit(way: Way, hasAnswers: boolean): string {
  if (isOnNetwork(way)) {
    const server = serverOf(way);
    return hasAnswers
      ? `Check its address (unit id) in the configuration, and its power and its connection to the server: other units of ${server} answer`
      : `Check its address (unit id): many servers answer only 1, 0 or 255. No unit of the link answers, although ${server} accepts the connection: check that it is the right device and port, how many clients it allows, and that retry_ms is longer than its answers take`;
  }
  const line = 'Check its power, its wires (A and B), its address, and the speed and parity of the line';
  if (hasAnswers) return `${line} in the unit: other units of the link answer`;
  const others =
    networkPortOf(way.path) === undefined
      ? 'the cable or the adapter'
      : 'the cable, the settings of the device server or a retry_ms that is too short for the network';
  return `${line}. No unit of the link answers, so ${others} (${way.path}) may be the cause`;
}

/** Things to check if a device does not answer a test, without a full stop. */
export function checksOfSilentDevice(way: Way): string {
  return isOnNetwork(way)
    ? `Check its power, its address (unit id), and the server ${serverOf(way)}`
    : 'Check its power, its wires (A and B, RX and TX), its address, and speed and parity';
}

/** Remedy for a line on which nothing arrives although recovery was tried. */
export function remedyOfSilentLine(way: Way): string {
  return isOnNetwork(way)
    ? `Check the server ${serverOf(way)}: its power, its network, and how many clients it allows.`
    : 'Check the device: power, cable, speed of the line.';
}

/**
 * Remedy for answers of a Modbus TCP server that do not fit the requests.
 *
 * @param sample in the words of `driver/modbus/mbap-line.ts` and `codec/modbus-pdu.ts`
 */
export function remedyOfOtherAnswers(way: Way, sample: string): string {
  const [, unit = '0'] = / an answer of unit (\d+)$/.exec(sample) ?? [];
  if (unit !== '0')
    return `If ${serverOf(way)} is a device of its own, write address = ${unit}, its unit id. If it is a gateway, correct the unit id in its settings.`;
  return `Check that ${serverOf(way)} is the right device and port, and whether a new version of its firmware corrects this; holdfast trace shows the frames.`;
}

/** Remedy for a line that carries mostly broken frames. */
export function remedyOfNoise(way: Way): string {
  return isOnNetwork(way)
    ? `Check that ${serverOf(way)} is the right device and port: its answers are not those of Modbus TCP.`
    : 'Check the speed of the line, its ground wire and its termination. holdfast links shows the counters.';
}

/** Possible causes of packets without an answer. */
export function causesOfLoss(way: Way): string {
  if (isOnNetwork(way))
    return 'a network that loses packets, other clients of the server, or a unit slower than retry_ms';
  const line = 'a loose plug, noise at the other end, an adapter that switches its direction late';
  return networkPortOf(way.path) === undefined
    ? `${line}, or a device slower than retry_ms`
    : `${line}, or a device and a network that together are slower than retry_ms`;
}

/** Host and port of the server. */
function serverOf({ path }: Pick<Way, 'path'>): string {
  return path.replace(/^\w+:\/\//, '');
}
