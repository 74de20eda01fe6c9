/**
 * Serial ports and the names they keep: what a configuration calls a port, and which of the ports that are plugged in
 * is meant. Pure; `io/serial/serial-ports.ts` sees which there are.
 *
 * A number such as that of `/dev/ttyUSB0` counts in the order of plugging and names nothing for long. What lasts is who
 * the adapter says it is (`usb:vendor:product:serial:interface`) or where it is plugged in (`by-path:…`).
 */

/** One tty with hardware behind it. */
export interface SerialPort {
  /** E.g. `/dev/ttyUSB0`. */
  readonly device: string;
  /** `undefined`: no USB adapter, e.g. a UART of the board. */
  readonly usb: UsbIdentity | undefined;
  /** Names in /dev/serial/by-path that lead here, sorted. */
  readonly byPath: readonly string[];
}

export interface UsbIdentity {
  /** Four hex digits each. */
  readonly vendor: string;
  readonly product: string;
  /** Empty: the adapter has none, and one is like the other. */
  readonly serial: string;
  /** Two hex digits: which of the ports of one adapter. */
  readonly interface: string;
  /** What it calls itself, for people. */
  readonly words: string;
  /** Its folder below /sys: all ports of one adapter have the same. */
  readonly folder: string;
}

/** What the configuration calls a port. */
export type PortName =
  | { readonly kind: 'usb'; readonly name: string }
  | { readonly kind: 'by-path'; readonly name: string }
  | { readonly kind: 'path'; readonly name: string };

/** The serial number may hold colons, as those made of a MAC address do. */
const USB_NAME = /^usb:[0-9a-f]{4}:[0-9a-f]{4}:.*:[0-9a-f]{2}$/;
const BY_PATH_NAME = /^by-path:[^/\0]+$/;
const ABSOLUTE_PATH = /^\/[^\0]*$/;
export const PORT_NAME = new RegExp([USB_NAME, BY_PATH_NAME, ABSOLUTE_PATH].map(({ source }) => source).join('|'));

/** @param text matches `PORT_NAME` */
export function portNameOf(text: string): PortName {
  if (USB_NAME.test(text)) return { kind: 'usb', name: text };
  if (BY_PATH_NAME.test(text)) return { kind: 'by-path', name: text.slice('by-path:'.length) };
  return { kind: 'path', name: text };
}

/** Does this path count in the order of plugging? */
export function isNumberedPath(path: string): boolean {
  return /^\/dev\/tty(USB|ACM)\d+$/.test(path);
}

export function usbNameOf({ vendor, product, serial, interface: number }: UsbIdentity): string {
  return `usb:${vendor}:${product}:${serial}:${number}`;
}

/** The name that lasts longest: who it is, if no other adapter says the same; else where it is; else what it is called now. */
export function stableNameOf(port: SerialPort, ports: readonly SerialPort[]): string {
  if (port.usb !== undefined && port.usb.serial !== '' && twinsOf(port, ports).length === 0) return usbNameOf(port.usb);
  return port.byPath[0] === undefined ? port.device : `by-path:${port.byPath[0]}`;
}

/** Other ports that say they are the same: adapters without a serial number (CH340, PL2303), or with a copied one. */
export function twinsOf(port: SerialPort, ports: readonly SerialPort[]): readonly SerialPort[] {
  const { usb } = port;
  if (usb === undefined) return [];
  return ports.filter((one) => one !== port && one.usb !== undefined && usbNameOf(one.usb) === usbNameOf(usb));
}

export type PortFinding =
  | { readonly kind: 'found'; readonly device: string; readonly usb: UsbIdentity | undefined }
  | { readonly kind: 'absent'; readonly why: string }
  /** Several are meant, so none is taken: the wrong machine may hang on it. */
  | { readonly kind: 'ambiguous'; readonly why: string };

/** @param realPath where a path leads, through links; `undefined`: nowhere */
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
      const port = ports.find((one) => one.device === device);
      if (port === undefined) return { kind: 'found', device, usb: undefined };
      // udev gives the name to one of them, and not always to the same.
      const isById = name.name.includes('/by-id/');
      return onlyOne([port, ...(isById ? twinsOf(port, ports) : [])], '');
    }
  }
}

function onlyOne(meant: readonly SerialPort[], why: string): PortFinding {
  const [port, ...others] = meant;
  if (port === undefined) return { kind: 'absent', why };
  if (others.length === 0) return { kind: 'found', device: port.device, usb: port.usb };
  const devices = meant.map(({ device }) => device).join(' and ');
  return {
    kind: 'ambiguous',
    why: `${devices} say they are the same adapter: name the port by where it is (by-path:…)`,
  };
}
