/**
 * List of serial ports from the kernel's /sys/class/tty and udev's /dev/serial. Starts no program and opens no port, so
 * no board is reset. Never rejects: a port that is unplugged meanwhile is left out.
 *
 * A container sees all ports of its host in /sys, and only those device files that it was started with, under names of
 * its own. So a device file belongs to a port by its device number.
 *
 * Source: the kernel's Documentation/ABI/stable/sysfs-bus-usb; udev's 60-serial.rules for the names.
 */
import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SerialPort, UsbIdentity } from '../../base/serial-port.ts';
import { deviceNumberOf } from '../kernel-file.ts';

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
  const file = await deviceFileOf(dev, name, await wordIn(entry, 'dev'));
  const device = file ?? join(dev, name);
  return { device, hasFile: file !== undefined, usb: await readUsb(folder), byPath: places.get(name) ?? [] };
}

/** Folders with device files, of which a container may have some under any name. */
const FILE_FOLDERS = ['.', 'serial/by-id', 'serial/by-path'];

/** @param number as `188:0`; '' is unknown @returns the path of the device file; `undefined`: there is none */
async function deviceFileOf(dev: string, name: string, number: string): Promise<string | undefined> {
  const usual = join(dev, name);
  const found = await numberOfFile(usual);
  if (found !== undefined && (number === '' || found === number)) return usual;
  if (number === '') return undefined;
  for (const folder of FILE_FOLDERS)
    for (const one of await namesIn(join(dev, folder)))
      if ((await numberOfFile(join(dev, folder, one))) === number) return join(dev, folder, one);
  return undefined;
}

/** Device number of a file; '' if the file is no device. */
async function numberOfFile(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  return found.isCharacterDevice() ? deviceNumberOf(found.rdev) : '';
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
