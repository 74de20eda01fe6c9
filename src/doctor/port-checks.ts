/** Checks of the serial ports of the links: present, not shared, permitted, held by no other program. */

import { constants, realpathSync } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostAndPort } from '../base/host-and-port.ts';
import {
  findPort,
  isNumberedPath,
  type NetworkPort,
  networkPortOf,
  portNameOf,
  type SerialPort,
} from '../base/serial-port.ts';
import type { LinkConfig } from '../config/schema.ts';
import { joiningWords, userName } from '../io/accounts.ts';
import { isInContainer } from '../io/container.ts';
import { listPorts } from '../io/serial/serial-ports.ts';
import { nameHolders } from '../io/serial/tty-holder.ts';
import { ownerOfSocket } from '../io/socket-owner.ts';
import { openTcp } from '../io/tcp.ts';
import { networkRemedy } from '../ops/conditions/network-remedy.ts';
import type { LinkReport } from '../ops/reports/link-report.ts';
import { durationWords, kernelWords, withFullStop } from '../ops/words.ts';
import { type Check, type CheckFinding, fail, ok, skipped, warn } from './check.ts';
import { type DoctorInput, noConfig } from './doctor-input.ts';

/** Largest time for the connection to a device server. */
const SERVER_MS_MAX = 3000;

export const linkPort: Check = {
  id: 'link.port',
  about: 'the port of each link is present, permitted, and used by no other program',
  msMax: 6000,
  run: async (input) => {
    const { reading, machine } = input;
    const { id } = linkPort;
    if (reading.kind !== 'valid') return [skipped(id, noConfig(input))];
    const ports = await listPorts(machine);
    return await Promise.all(reading.config.links.map((link) => portOf(link, ports, input)));
  },
};

async function portOf(
  link: LinkConfig,
  ports: readonly SerialPort[],
  { gateway, places }: DoctorInput,
): Promise<CheckFinding> {
  const id = `${linkPort.id}:${link.name}`;
  const report = gateway.kind === 'running' ? gateway.status.links.find(({ name }) => name === link.name) : undefined;
  const server = networkPortOf(link.path);
  if (server !== undefined) {
    if (report !== undefined) return portInUse(id, link.path, report);
    // many device servers end the connection of a gateway when another client connects
    if (gateway.kind === 'stalled' || gateway.kind === 'foreign')
      return skipped(id, `${link.path} was not tried: the process at the control socket may use the port.`);
    return await serverOf(id, server);
  }
  const found = findPort(portNameOf(link.path), ports, realPathOf);
  const free =
    ports
      .filter(({ hasFile }) => hasFile)
      .map(({ device }) => device)
      .join(', ') || 'none';
  if (found.kind !== 'found')
    return fail(
      id,
      `${link.path}: ${found.why}. Present ports: ${free}.`,
      isInContainer()
        ? 'Plug the adapter in, and start the container with --device for it; or correct path. See: holdfast ports'
        : 'Plug the adapter in, or correct path. See: holdfast ports',
    );
  // a stopped gateway does not answer, and still holds its ports
  const stalledPid = gateway.kind === 'stalled' ? ownerOfSocket(places.controlSocket)?.pid : undefined;
  const pid = gateway.kind === 'running' ? gateway.status.process.pid : stalledPid;
  const holders = nameHolders(found.device);
  const others = holders.filter((holder) => pid === undefined || !holder.includes(`process ${pid})`));
  if (others.length > 0)
    return fail(
      id,
      `${found.device} is in use by ${others.join(', ')}.`,
      'End that program, or give the link another port.',
    );
  if (report !== undefined) return portInUse(id, found.device, report);
  if (gateway.kind === 'stalled' || holders.length > 0)
    return warn(
      id,
      holders.length > 0
        ? `${found.device} is held by the gateway (process ${pid}), which does not answer.`
        : `${found.device} is present; the gateway does not answer, so it is unknown whether the port is free.`,
      'See the check of the gateway: a stopped process continues with kill -CONT, and a hung one needs a restart.',
    );
  const isPermitted = await access(found.device, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!isPermitted)
    return fail(id, `User ${userName()} may not open ${found.device}.`, `${joiningWords(found.device, 'dialout')}.`);
  const fact = `${found.device} is present and free.`;
  if (isNumberedPath(link.path))
    return warn(
      id,
      `${fact} Its number may change when adapters are plugged in.`,
      'Use the stable name that holdfast ports prints.',
    );
  return ok(id, fact);
}

/** Connects to a device server for a moment, while no gateway uses the port. */
async function serverOf(id: string, { host, port }: NetworkPort): Promise<CheckFinding> {
  const problem = await new Promise<string | undefined>((resolve) => {
    const channel = openTcp({ host, port, openMsMax: SERVER_MS_MAX, closeMsMax: 100 })({
      opened: () => {
        resolve(undefined);
        channel.close('checked');
      },
      bytes: () => undefined,
      closed: (reason) => resolve(reason),
    });
  });
  if (problem === undefined) return ok(id, `${hostAndPort({ host, port })} accepts connections.`);
  return fail(id, withFullStop(problem), networkRemedy({ host, port, protocol: 'tcp' }, problem));
}

function portInUse(id: string, device: string, { state, forMs, lastProblem, kernel }: LinkReport): CheckFinding {
  const errors = state === 'open' ? kernelWords(kernel) : '';
  const fact = `${device}: ${state} for ${durationWords(forMs)}${errors === '' ? '' : `; ${errors}`}.`;
  if (state === 'open') {
    const lost = kernel === null ? 0 : kernel.overruns + kernel.bufferOverruns;
    return lost === 0 ? ok(id, fact) : warn(id, fact, remedyOfLoss(kernel));
  }
  const reason = lastProblem === null ? [] : [withFullStop(lastProblem)];
  return fail(id, [fact, ...reason], 'See gateway.condition for the remedy, and holdfast links.');
}

function remedyOfLoss(kernel: LinkReport['kernel']): string {
  const isHardware = (kernel?.overruns ?? 0) > (kernel?.bufferOverruns ?? 0);
  const why = isHardware
    ? 'The kernel did not fetch the bytes in time: use a lower speed, or an adapter with a larger buffer.'
    : 'No program read the bytes in time: look for a program that uses the processor (top), or use a lower speed.';
  return `${why} The kernel counts since it found the port; holdfast links shows whether the number rises.`;
}

/** Programs that open serial ports by themselves and disturb them. */
const INTRUDERS = ['ModemManager', 'gpsd', 'brltty'];

export const linkIntruders: Check = {
  id: 'link.intruders',
  about: 'no program runs that opens serial ports by itself',
  msMax: 4000,
  run: async ({ machine }) => {
    const { id } = linkIntruders;
    const pids = (await readdir(machine.proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
    const names = await Promise.all(
      pids.map(async (pid) => (await readFile(join(machine.proc, pid, 'comm'), 'utf8').catch(() => '')).trim()),
    );
    const found = INTRUDERS.filter((name) => names.some((comm) => comm === name.slice(0, 15)));
    if (found.length === 0) return [ok(id, `None of ${INTRUDERS.join(', ')} runs.`)];
    const remedy = `If a link loses bytes or its port is busy, disable it: systemctl disable --now ${found[0]}`;
    return [warn(id, `${found.join(', ')} may open serial ports.`, remedy)];
  },
};

function realPathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
