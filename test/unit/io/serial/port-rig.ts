/** The /sys and /dev of a machine in a temporary folder, with simulated adapters. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { PortRoots } from '../../../../src/io/serial/serial-ports.ts';

export interface Adapter {
  /** USB socket, such as `1-2`. */
  readonly at: string;
  readonly vendor?: string;
  readonly product?: string;
  readonly serial?: string;
  readonly words?: string;
  /** Device name of each port, such as `ttyUSB0`; a name → the target of the link, such as a PTY. */
  readonly ttys: Readonly<Record<string, string>>;
}

export class FakeMachine {
  readonly roots: PortRoots;

  constructor() {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-ports-')));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    this.roots = { sys: join(folder, 'sys'), dev: join(folder, 'dev') };
    mkdirSync(join(this.roots.sys, 'class/tty'), { recursive: true });
    mkdirSync(this.roots.dev, { recursive: true });
  }

  plug({ at, vendor = '0403', product = '6001', serial, words = 'UART', ttys }: Adapter): void {
    const folder = this.adapterFolder(at);
    write(folder, { idVendor: vendor, idProduct: product, product: words, manufacturer: 'Maker', authorized: '1' });
    if (serial !== undefined) write(folder, { serial });
    for (const [number, [tty, target]] of Object.entries(ttys).entries()) {
      const interfaceFolder = join(folder, `${at}:1.${number}`);
      write(interfaceFolder, { bInterfaceNumber: `0${number}` });
      const portFolder = join(interfaceFolder, tty);
      this.#addTty(tty, portFolder, target);
      const byPath = join(this.roots.dev, 'serial/by-path');
      mkdirSync(byPath, { recursive: true });
      symlinkSync(`../../${tty}`, join(byPath, `platform-usb-0:${at}:1.${number}-port0`));
    }
  }

  /** UART of the board; type 0 is a driver without a chip. */
  solder(tty: string, type: string): void {
    this.#addTty(tty, join(this.roots.sys, 'devices/platform/uart'), '/dev/null');
    write(join(this.roots.sys, 'class/tty', tty), { type });
  }

  unplug({ at, ttys }: Adapter): void {
    rmSync(this.adapterFolder(at), { recursive: true });
    for (const [number, tty] of Object.keys(ttys).entries()) {
      rmSync(join(this.roots.sys, 'class/tty', tty), { recursive: true });
      rmSync(join(this.roots.dev, 'serial/by-path', `platform-usb-0:${at}:1.${number}-port0`));
      rmSync(join(this.roots.dev, tty));
    }
  }

  adapterFolder(at: string): string {
    return join(this.roots.sys, 'devices/usb1', at);
  }

  #addTty(tty: string, portFolder: string, target: string): void {
    mkdirSync(portFolder, { recursive: true });
    const entry = join(this.roots.sys, 'class/tty', basename(tty));
    mkdirSync(entry, { recursive: true });
    symlinkSync(portFolder, join(entry, 'device'));
    symlinkSync(target, join(this.roots.dev, tty));
  }
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, word] of Object.entries(files)) writeFileSync(join(folder, name), `${word}\n`);
}
