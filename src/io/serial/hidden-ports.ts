/** Parts of the list of ports that a container cannot see, in sentences. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { seesNewDevices } from '../container.ts';
import type { PortRoots } from './serial-ports.ts';

export function hiddenInContainer({ sys, dev }: PortRoots): string[] {
  const found: string[] = [];
  if (!existsSync(join(sys, 'class/tty')))
    found.push(
      `${sys}/class/tty is not visible in this container: adapters and their usb: names are unknown. Use paths of device files.`,
    );
  if (!existsSync(join(dev, 'serial/by-path')))
    found.push(
      `This container has no udev: by-path: names and the links in ${dev}/serial are not visible. Names with usb: come from the kernel and work.`,
    );
  if (!seesNewDevices(dev))
    found.push(
      'This container has the device files with which it was started. An adapter that comes back under another number has none: start the container again, or share /dev (docs/container.md).',
    );
  return found;
}
