/**
 * `holdfast ports`: serial ports with their stable names, links and holders, and configuration lines for ports without
 * a link. Reads the machine itself; no running gateway is needed.
 */
import { realpathSync } from 'node:fs';
import { EXIT } from '../base/fault.ts';
import { findPort, networkPortOf, portNameOf, type SerialPort, stableNameOf, twinsOf } from '../base/serial-port.ts';
import { parseConfig } from '../config/parse.ts';
import type { LinkConfig } from '../config/schema.ts';
import { isInContainer } from '../io/container.ts';
import { hiddenInContainer } from '../io/serial/hidden-ports.ts';
import { listPorts, MACHINE, type PortRoots } from '../io/serial/serial-ports.ts';
import { nameHolders } from '../io/serial/tty-holder.ts';
import { printable } from '../ops/words.ts';
import type { Column } from './columns.ts';
import { type CommandContext, printJson, readConfigText } from './context.ts';
import type { PortReport, PortsReport } from './ports-report.ts';
import { renderTable } from './table.ts';
import { hang, hangOnScreen } from './terminal.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'port' },
  { heading: 'stable name', shrinks: true, losesMiddle: true },
  { heading: 'adapter', shrinks: true },
  { heading: 'link' },
  { heading: 'held by', shrinks: true },
];

export async function showPorts(context: CommandContext): Promise<number> {
  const report = await reportPorts(MACHINE, await configuredLinks(context.configPath));
  if (context.asJson) printJson(context, 'ports', report);
  else for (const line of renderPorts(report, context)) context.terminal.print(line);
  return EXIT.ok;
}

/** Links of the configuration. If the file is missing or invalid, there are none, and the ports are still shown. */
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
  inContainer: boolean = isInContainer(),
): Promise<PortsReport> {
  const ports = await listPorts(roots);
  const found = findLinks(ports, links);
  const linksOn = linksByDevice(found);
  return {
    ports: ports.map((port) => ({
      device: port.device,
      hasFile: port.hasFile,
      name: stableNameOf(port, ports),
      adapter: adapterWords(port),
      links: port.hasFile ? (linksOn.get(port.device) ?? []) : [],
      heldBy: port.hasFile ? nameHolders(port.device) : [],
      twins: twinsOf(port, ports).map(({ device }) => device),
    })),
    missing: found.flatMap(({ name, path, finding }) =>
      finding.kind === 'found' ? [] : [{ link: name, path, why: finding.why }],
    ),
    hidden: inContainer ? hiddenInContainer(roots) : [],
  };
}

/** Devices of this machine to which several links lead, with the names of these links. */
export async function sharedPorts(
  links: readonly Pick<LinkConfig, 'name' | 'path'>[],
): Promise<(readonly [device: string, links: readonly string[]])[]> {
  const linksOn = linksByDevice(findLinks(await listPorts(MACHINE), links));
  return [...linksOn].filter(([, names]) => names.length > 1);
}

/** Links with a port of this machine, and the port. */
function findLinks(ports: readonly SerialPort[], links: readonly Pick<LinkConfig, 'name' | 'path'>[]) {
  const own = links.filter(({ path }) => networkPortOf(path) === undefined);
  return own.map(({ name, path }) => ({ name, path, finding: findPort(portNameOf(path), ports, realPathOf) }));
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

export function renderPorts(
  { ports, missing, hidden }: PortsReport,
  { terminal }: Pick<CommandContext, 'terminal'>,
): string[] {
  const none =
    hidden.length === 0
      ? 'No serial port found: no adapter is plugged in, and no port of the board is enabled.'
      : 'No serial port found in this container.';
  const lines = ports.length === 0 ? [none] : [];
  if (ports.length > 0) lines.push(renderTable(COLUMNS, ports.map(cells), terminal));
  for (const { device, twins, links } of ports) {
    if (twins.length > 0)
      lines.push(
        ...hang(
          '  ! ',
          `${device} and ${twins.join(', ')} report the same identity: only the by-path: name distinguishes them.`,
          terminal.width,
        ),
      );
    if (links.length > 1)
      lines.push(
        ...hang('  ! ', `${device} belongs to links ${links.join(' and ')}: only one link can use it.`, terminal.width),
      );
  }
  for (const { device } of ports.filter(({ hasFile }) => !hasFile))
    lines.push(
      ...hang(
        '  ! ',
        `The host has ${device}, and there is no device file for it here. To use it: --device ${device}`,
        terminal.width,
      ),
    );
  for (const { link, path, why } of missing)
    lines.push(...hang('  ! ', printable(`Link ${link} (${path}) has no port: ${why}.`), terminal.width));
  for (const sentence of hidden) lines.push(...hang('  i ', sentence, terminal.width));
  const free = ports.filter(({ links, hasFile }) => links.length === 0 && hasFile);
  if (free.length > 0)
    lines.push(
      '',
      ...hangOnScreen(
        '',
        'No link uses these ports. If a device is connected to one, add to the configuration:',
        terminal,
      ),
    );
  for (const { device, name } of free)
    lines.push('', '[[link]]', `name = ${JSON.stringify(device.split('/').at(-1))}`, `path = ${JSON.stringify(name)}`);
  return lines;
}

function cells({ device, name, adapter, links, heldBy }: PortReport): string[] {
  const words = [device, name, adapter || '-', links.join(', ') || '-', heldBy.join(', ') || '-'];
  return words.map(printable);
}
