/**
 * List of serial ports from the kernel's /sys/class/tty and udev's /dev/serial. Starts no program and opens no port, so
 * no board is reset. Never rejects: a port that is unplugged meanwhile is left out.
 *
 * Source: the kernel's Documentation/ABI/stable/sysfs-bus-usb; udev's 60-serial.rules for the names.
 */
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SerialPort, UsbIdentity } from '../../base/serial-port.ts';

/** Folders to read. Other folders in a test only. */
export interface PortRoots {
  readonly sys: string;
  readonly dev: string;
}

export const MACHINE: PortRoots = { sys: '/sys', dev: '/dev' };

/** Ports sorted by name, without consoles and UARTs that have no hardware. */
export async function listPorts(roots: PortRoots = MACHINE): Promise<SerialPort[]> {
  const names = await namesIn(join(roots.sys, 'class/tty'));
  const places = await placesBelow(join(roots.dev, 'serial/by-path'));
  const ports = await Promise.all(names.map((name) => readPort(roots, name, places)));
  return ports
    .filter((port) => port !== undefined)
    .toSorted((left, right) => left.device.localeCompare(right.device, 'en', { numeric: true }));
}

async function readPort(
  { sys, dev }: PortRoots,
  name: string,
  places: ReadonlyMap<string, readonly string[]>,
): Promise<SerialPort | undefined> {
  const entry = join(sys, 'class/tty', name);
  // Virtual terminals and PTYs have no device. A UART whose driver found no chip has type 0, PORT_UNKNOWN.
  const folder = await realpath(join(entry, 'device')).catch(() => undefined);
  if (folder === undefined || (await wordIn(entry, 'type')) === '0') return undefined;
  return { device: join(dev, name), usb: await readUsb(folder), byPath: places.get(name) ?? [] };
}

/** USB identity found upwards from the port: first its interface, then the adapter. */
async function readUsb(portFolder: string): Promise<UsbIdentity | undefined> {
  let number = '';
  for (let folder = portFolder; folder !== dirname(folder); folder = dirname(folder)) {
    number ||= await wordIn(folder, 'bInterfaceNumber');
    const vendor = await wordIn(folder, 'idVendor');
    if (vendor === '') continue;
    const [product, serial, maker, words] = await Promise.all(
      ['idProduct', 'serial', 'manufacturer', 'product'].map((file) => wordIn(folder, file)),
    );
    return {
      vendor,
      product: product ?? '',
      serial: serial ?? '',
      interface: number === '' ? '00' : number,
      words: [maker, words].filter((word) => word !== '').join(' '),
      folder,
    };
  }
  return undefined;
}

/** Name of the tty → links below `folder` that lead to it. */
async function placesBelow(folder: string): Promise<Map<string, string[]>> {
  const places = new Map<string, string[]>();
  for (const link of await namesIn(folder)) {
    const target = basename(await readlink(join(folder, link)).catch(() => ''));
    places.set(target, [...(places.get(target) ?? []), link]);
  }
  return places;
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.toSorted();
}

/** Content of a sysfs file; empty if the file is missing. */
async function wordIn(folder: string, file: string): Promise<string> {
  const text = await readFile(join(folder, file), 'utf8').catch(() => '');
  return text.trim();
}
