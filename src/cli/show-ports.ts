/**
 * `holdfast ports`: what is plugged in, what it is to be called, which link it belongs to, who holds it, and the lines
 * of the configuration for what belongs to none. Looks for itself; no gateway need run.
 */
import { realpathSync } from 'node:fs';
import { EXIT } from '../base/fault.ts';
import { findPort, portNameOf, type SerialPort, stableNameOf, twinsOf } from '../base/serial-port.ts';
import { parseConfig } from '../config/parse.ts';
import type { LinkConfig } from '../config/schema.ts';
import { listPorts, MACHINE, type PortRoots } from '../io/serial/serial-ports.ts';
import { nameHolders } from '../io/serial/tty-holder.ts';
import { printable } from '../ops/words.ts';
import { type CommandContext, printJson, readConfigText } from './context.ts';
import { type Column, renderTable } from './table.ts';
import { hang } from './terminal.ts';

/** One port; keys are always there. */
export interface PortReport {
  readonly device: string;
  /** What to write into the configuration. */
  readonly name: string;
  /** What the adapter calls itself; empty for a UART of the board. */
  readonly adapter: string;
  /** The links whose `path` leads here: one, none, or one too many. */
  readonly links: readonly string[];
  readonly heldBy: readonly string[];
  /** Adapters that say they are the same. */
  readonly twins: readonly string[];
}

export interface PortsReport {
  readonly ports: readonly PortReport[];
  /** Links whose port is not plugged in, or not certain. */
  readonly missing: readonly { readonly link: string; readonly path: string; readonly why: string }[];
}

const COLUMNS: readonly Column[] = [
  { heading: 'port' },
  { heading: 'lasting name', gives: true },
  { heading: 'adapter', gives: true },
  { heading: 'link' },
  { heading: 'held by', gives: true },
];

export async function showPorts(context: CommandContext): Promise<number> {
  const report = await reportPorts(MACHINE, await configuredLinks(context.configPath));
  if (context.asJson) printJson(context, report);
  else for (const line of renderPorts(report, context)) context.terminal.print(line);
  return EXIT.ok;
}

/** A file that is missing or wrong has no links: what is plugged in is shown all the same. */
async function configuredLinks(configPath: string): Promise<readonly LinkConfig[]> {
  const parsed = parseConfig(readOrEmpty(configPath));
  return parsed.ok ? parsed.config.links : [];
}

function readOrEmpty(configPath: string): string {
  try {
    return readConfigText(configPath);
  } catch {
    return '';
  }
}

export async function reportPorts(
  roots: PortRoots,
  links: readonly Pick<LinkConfig, 'name' | 'path'>[],
): Promise<PortsReport> {
  const ports = await listPorts(roots);
  const found = findLinks(ports, links);
  const linksOn = linksByDevice(found);
  return {
    ports: ports.map((port) => ({
      device: port.device,
      name: stableNameOf(port, ports),
      adapter: adapterWords(port),
      links: linksOn.get(port.device) ?? [],
      heldBy: nameHolders(port.device),
      twins: twinsOf(port, ports).map(({ device }) => device),
    })),
    missing: found.flatMap(({ name, path, finding }) =>
      finding.kind === 'found' ? [] : [{ link: name, path, why: finding.why }],
    ),
  };
}

/** Devices of this machine that several links lead to, each with the names of those. */
export async function sharedPorts(
  links: readonly Pick<LinkConfig, 'name' | 'path'>[],
): Promise<(readonly [device: string, links: readonly string[]])[]> {
  const linksOn = linksByDevice(findLinks(await listPorts(MACHINE), links));
  return [...linksOn].filter(([, names]) => names.length > 1);
}

function findLinks(ports: readonly SerialPort[], links: readonly Pick<LinkConfig, 'name' | 'path'>[]) {
  return links.map(({ name, path }) => ({ name, path, finding: findPort(portNameOf(path), ports, realPathOf) }));
}

function linksByDevice(found: ReturnType<typeof findLinks>): Map<string, string[]> {
  const links = new Map<string, string[]>();
  for (const { name, finding } of found)
    if (finding.kind === 'found') links.set(finding.device, [...(links.get(finding.device) ?? []), name]);
  return links;
}

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function adapterWords({ usb }: SerialPort): string {
  if (usb === undefined) return '';
  return `${usb.words} (${usb.vendor}:${usb.product})`.trim();
}

export function renderPorts({ ports, missing }: PortsReport, { terminal }: Pick<CommandContext, 'terminal'>): string[] {
  const lines = ports.length === 0 ? ['No serial port is plugged in, and the board has none that is enabled.'] : [];
  if (ports.length > 0) lines.push(renderTable(COLUMNS, ports.map(cells), terminal));
  for (const { device, twins, links } of ports) {
    if (twins.length > 0)
      lines.push(
        ...hang(
          '  ! ',
          `${device} and ${twins.join(', ')} say they are the same: only the place is certain.`,
          terminal.width,
        ),
      );
    if (links.length > 1)
      lines.push(
        ...hang('  ! ', `${device} belongs to links ${links.join(' and ')}: only one can have it.`, terminal.width),
      );
  }
  for (const { link, path, why } of missing)
    lines.push(...hang('  ! ', printable(`Link ${link} (${path}) has no port: ${why}.`), terminal.width));
  const free = ports.filter(({ links }) => links.length === 0);
  if (free.length > 0) lines.push('', 'No link has these; if a device hangs on one, the configuration needs:');
  for (const { device, name } of free)
    lines.push('', '[[link]]', `name = ${JSON.stringify(device.split('/').at(-1))}`, `path = ${JSON.stringify(name)}`);
  return lines;
}

function cells({ device, name, adapter, links, heldBy }: PortReport): string[] {
  const words = [device, name, adapter || '-', links.join(', ') || '-', heldBy.join(', ') || '-'];
  return words.map(printable);
}
