/**
 * Serial ports and their stable names: the name in the configuration, and the plugged-in port that the name selects.
 * Pure; `io/serial/serial-ports.ts` lists the ports.
 *
 * A number such as that of `/dev/ttyUSB0` depends on the order in which devices are plugged in. The identity of the
 * adapter (`usb:vendor:product:serial:interface`) and its position (`by-path:…`) do not change.
 */

/** One tty with hardware. */
export interface SerialPort {
  /** Device path, e.g. `/dev/ttyUSB0`. */
  readonly device: string;
  /** False in a container that was started without this device: the kernel shows the port, and it cannot be opened. */
  readonly hasFile: boolean;
  /** `undefined`: not a USB adapter, e.g. a UART of the board. */
  readonly usb: UsbIdentity | undefined;
  /** Names in /dev/serial/by-path that lead to this port, sorted. */
  readonly byPath: readonly string[];
}

export interface UsbIdentity {
  /** Four hex digits each. */
  readonly vendor: string;
  readonly product: string;
  /** Empty: the adapter has no serial number and cannot be distinguished from another of its type. */
  readonly serial: string;
  /** Two hex digits: number of the port on its adapter. */
  readonly interface: string;
  /** Product name from the adapter, for display. */
  readonly words: string;
  /** Folder of the adapter below /sys. All ports of one adapter have the same folder. */
  readonly folder: string;
}

/** Name of a port in the configuration. */
export type PortName =
  | { readonly kind: 'usb'; readonly name: string }
  | { readonly kind: 'by-path'; readonly name: string }
  | { readonly kind: 'path'; readonly name: string };

/** Way to a serial port behind a device server: raw bytes, raw bytes in TLS, or telnet with RFC 2217. */
export type NetworkProtocol = 'tcp' | 'tls' | 'rfc2217';

/** Serial port behind a device server in the network: `tcp://192.0.2.7:4001`. */
export interface NetworkPort {
  readonly protocol: NetworkProtocol;
  /** Name or address, without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
}

/** Name of a USB port. The serial number may contain colons, e.g. if the serial number is a MAC address. */
const USB_NAME = /^usb:[0-9a-f]{4}:[0-9a-f]{4}:.*:[0-9a-f]{2}$/;
const BY_PATH_NAME = /^by-path:[^/\0]+$/;
const ABSOLUTE_PATH = /^\/[^\0]*$/;
const NETWORK_PORT = /^(tcp|tls|rfc2217):\/\/(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,253})):(\d{1,5})$/;
export const PORT_NAME = new RegExp(
  [USB_NAME, BY_PATH_NAME, ABSOLUTE_PATH, NETWORK_PORT].map(({ source }) => source).join('|'),
);

/** @param text matches `PORT_NAME`. @returns `undefined`: a port of this machine */
export function networkPortOf(text: string): NetworkPort | undefined {
  const [, protocol, address, name, port] = NETWORK_PORT.exec(text) ?? [];
  if (protocol !== 'tcp' && protocol !== 'tls' && protocol !== 'rfc2217') return undefined;
  return { protocol, host: address ?? name ?? '', port: Number(port) };
}

/** @param text matches `PORT_NAME`, and is no port in the network */
export function portNameOf(text: string): PortName {
  if (USB_NAME.test(text)) return { kind: 'usb', name: text };
  if (BY_PATH_NAME.test(text)) return { kind: 'by-path', name: text.slice('by-path:'.length) };
  return { kind: 'path', name: text };
}

/** True if the number in this path depends on the order in which devices are plugged in. */
export function isNumberedPath(path: string): boolean {
  return /^\/dev\/tty(USB|ACM)\d+$/.test(path);
}

export function usbNameOf({ vendor, product, serial, interface: number }: UsbIdentity): string {
  return `usb:${vendor}:${product}:${serial}:${number}`;
}

/**
 * Most stable name of a port: the identity, if no other adapter has the same identity; otherwise the position;
 * otherwise the device path.
 */
export function stableNameOf(port: SerialPort, ports: readonly SerialPort[]): string {
  if (port.usb !== undefined && port.usb.serial !== '' && twinsOf(port, ports).length === 0) return usbNameOf(port.usb);
  return port.byPath[0] === undefined ? port.device : `by-path:${port.byPath[0]}`;
}

/**
 * Other ports with the same identity: adapters without a serial number (CH340, PL2303), or with a copied serial number.
 */
export function twinsOf(port: SerialPort, ports: readonly SerialPort[]): readonly SerialPort[] {
  const { usb } = port;
  if (usb === undefined) return [];
  return ports.filter((one) => one !== port && one.usb !== undefined && usbNameOf(one.usb) === usbNameOf(usb));
}

export type PortFinding =
  | { readonly kind: 'found'; readonly device: string; readonly usb: UsbIdentity | undefined }
  | { readonly kind: 'absent'; readonly why: string }
  /** Several ports match, so none is opened: the wrong device could be attached to the opened port. */
  | { readonly kind: 'ambiguous'; readonly why: string };

/** @param realPath target of a path after resolving links; `undefined`: no such path */
export function findPort(
  name: PortName,
  ports: readonly SerialPort[],
  realPath: (path: string) => string | undefined,
): PortFinding {
  switch (name.kind) {
    case 'usb':
      return onlyOne(
        ports.filter(({ usb }) => usb !== undefined && usbNameOf(usb) === name.name),
        `no adapter ${name.name} is plugged in`,
      );
    case 'by-path':
      return onlyOne(
        ports.filter(({ byPath }) => byPath.includes(name.name)),
        `nothing is plugged in at ${name.name}`,
      );
    case 'path': {
      const device = realPath(name.name);
      if (device === undefined) return { kind: 'absent', why: `no such device ${name.name}` };
      const port = ports.find((one) => one.hasFile && one.device === device);
      if (port === undefined) return { kind: 'found', device, usb: undefined };
      // udev gives this name to one of several adapters with the same identity, and not always to the same adapter.
      const isById = name.name.includes('/by-id/');
      return onlyOne([port, ...(isById ? twinsOf(port, ports) : [])], '');
    }
  }
}

function onlyOne(meant: readonly SerialPort[], why: string): PortFinding {
  const [port, ...others] = meant;
  if (port === undefined) return { kind: 'absent', why };
  if (others.length === 0 && !port.hasFile)
    return { kind: 'absent', why: `the port is plugged in, and there is no device file ${port.device} here` };
  if (others.length === 0) return { kind: 'found', device: port.device, usb: port.usb };
  const devices = meant.map(({ device }) => device).join(' and ');
  return {
    kind: 'ambiguous',
    why: `${devices} report the same identity: name the port by its position (by-path:…)`,
  };
}
