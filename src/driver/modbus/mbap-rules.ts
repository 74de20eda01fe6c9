/**
 * Rules of a link with the frames of Modbus TCP. Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b ("guide").
 */
import { networkPortOf } from '../../base/serial-port.ts';
import { applyRules } from '../../config/kinds/known.ts';
import { placed } from '../../config/kinds/placed.ts';
import type { Problem } from '../../config/kinds/problem.ts';
import type { LinkKeys } from '../link-driver.ts';
import type { EchoMode } from './adapter-echo.ts';
import type { ModbusFraming } from './link.ts';
import type { ModbusOptions } from './options.ts';

interface TcpLink extends LinkKeys {
  readonly framing?: ModbusFraming | undefined;
  readonly echo?: EchoMode | undefined;
  readonly unit?: readonly { readonly address: number }[] | undefined;
}

/** @param path of the link */
export function mbapProblems(link: TcpLink, path: string): Problem[] {
  return applyRules([portProblems, broadcastProblems, echoProblems], link, path);
}

/** TCP ports of Modbus TCP and of MODBUS/TCP Security (service names registry of IANA). */
const MODBUS_PORTS: readonly number[] = [502, 802];

/** @param path of the link; @param name of its port */
export function framingWarnings({ framing }: Pick<ModbusOptions, 'framing'>, path: string, name: string): Problem[] {
  const port = networkPortOf(name);
  if (framing === 'mbap' || port === undefined || !MODBUS_PORTS.includes(port.port)) return [];
  const what = `is "${framing}", and TCP port ${port.port} is that of Modbus TCP`;
  return [
    {
      path: `${path}.framing`,
      what,
      hint: 'Write framing = "mbap", unless a device server passes RTU frames on at this port.',
    },
  ];
}

function portProblems({ framing, path: port }: TcpLink, path: string): Problem[] {
  if (framing !== 'mbap') return [];
  const protocol = networkPortOf(port)?.protocol;
  if (protocol === 'tcp' || protocol === 'tls') return [];
  const hint =
    'Write tcp://host:502 in path, or remove framing: Modbus devices on a serial line have framing "rtu", also behind a device server.';
  return [{ path: `${path}.framing`, what: 'is "mbap", and path is a serial port', hint }];
}

/** Rejects unit 0: a broadcast without an answer through a Modbus gateway, and any other device itself (guide §4.4.1). */
function broadcastProblems({ framing, unit = [] }: TcpLink, path: string): Problem[] {
  if (framing !== 'mbap') return [];
  return placed(`${path}.unit`, unit)
    .filter(({ section }) => section.address === 0)
    .map((one) => ({
      path: `${one.path}.address`,
      what: 'is 0, and Modbus TCP has no broadcast',
      hint: 'Write the unit id of the device, 1 to 255. A device that is not a gateway usually accepts any: take 255, or 1.',
    }));
}

function echoProblems({ framing, echo }: TcpLink, path: string): Problem[] {
  if (framing !== 'mbap' || echo === undefined) return [];
  return [{ path: `${path}.echo`, what: 'has no effect with framing = "mbap"', hint: 'Remove this key.' }];
}
