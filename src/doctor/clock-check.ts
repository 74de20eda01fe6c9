/**
 * Check of the clock: set, synchronised, and not contradicted by the hub, by the battery clock or by files.
 *
 * Sources: timedatectl(1); the kernel's sysfs-class-rtc (`since_epoch`).
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CLOCK_FLOOR_MS } from '../base/clock-trust.ts';
import { isInContainer } from '../io/container.ts';
import { textOf } from '../io/kernel-file.ts';
import { runProgram } from '../io/program-output.ts';
import { dateWords, durationWords } from '../ops/words.ts';
import { type Check, fail, ok, warn } from './check.ts';
import type { DoctorInput } from './doctor-input.ts';

/** Smallest difference that contradicts the clock, ms. A hub's time and a battery clock are less exact. */
const DIFFERENCE_MS = 5 * 60_000;
/** Largest number of files of the state directory whose times are read. */
const FILES_MAX = 200;

const REMEDY =
  'Compare the time shown with the true time. Start a time service (timedatectl set-ntp true); until then ages of messages may be unknown after a restart.';

const REMEDY_IN_CONTAINER =
  'Compare the time shown with the true time, which is set on the host. To show the gateway that systemd-timesyncd of the host has set it, start the container with --volume /run/systemd/timesync:/run/systemd/timesync:ro';

export const clockTime: Check = {
  id: 'clock.time',
  about: 'the clock is set, synchronised, and agrees with the hub, the battery clock and the files of the store',
  msMax: 4000,
  run: async (input, signal) => {
    const { id } = clockTime;
    const { clock, gateway } = input;
    const wallMs = clock.wallMs();
    const now = `The clock shows ${dateWords(wallMs)}.`;
    if (wallMs < CLOCK_FLOOR_MS)
      return [fail(id, `${now} It is not set.`, 'Set the clock or start a time service: timedatectl set-ntp true')];
    const service = await runProgram('timedatectl', ['show', '--property=NTPSynchronized', '--value'], signal);
    const isSynchronized = service.ok ? service.text.trim() === 'yes' : undefined;
    const isTrusted = gateway.kind === 'running' ? gateway.status.process.clockTrusted : undefined;
    const contradictions = await contradictionsOf(input, wallMs);
    const remedy = isInContainer() ? REMEDY_IN_CONTAINER : REMEDY;
    const facts = [
      now,
      ...contradictions,
      isSynchronized === undefined
        ? `Synchronisation is unknown: ${service.ok ? '' : service.why}.`
        : `A time service has ${isSynchronized ? '' : 'not '}synchronised it.`,
      ...(isTrusted === undefined ? [] : [`The gateway ${isTrusted ? 'trusts it' : 'does not trust it yet'}.`]),
    ];
    if (contradictions.length > 0) return [isSynchronized === true ? warn(id, facts, remedy) : fail(id, facts, remedy)];
    return [isSynchronized === true || isTrusted === true ? ok(id, ...facts) : warn(id, facts, remedy)];
  },
};

/** Sentences about sources that show another time. */
async function contradictionsOf({ gateway, machine, places }: DoctorInput, wallMs: number): Promise<readonly string[]> {
  const found: string[] = [];
  const overruled =
    gateway.kind === 'running' ? gateway.status.conditions.find(({ code }) => code === 'clock-overruled') : undefined;
  if (overruled !== undefined) found.push(overruled.sentence);
  const battery = Number(await textOf(join(machine.sys, 'class/rtc/rtc0/since_epoch'))) * 1000;
  if (battery > CLOCK_FLOOR_MS && Math.abs(battery - wallMs) >= DIFFERENCE_MS)
    found.push(`The battery clock shows ${dateWords(battery)}: the clock is ${differenceWords(wallMs - battery)}.`);
  const newest = places.stateDir === undefined ? undefined : await newestIn(places.stateDir);
  if (newest !== undefined && newest.atMs - wallMs >= DIFFERENCE_MS)
    found.push(
      `${newest.path} was written at ${dateWords(newest.atMs)}: the clock is ${differenceWords(wallMs - newest.atMs)}, or was ahead then.`,
    );
  return found;
}

function differenceWords(aheadMs: number): string {
  return `${durationWords(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead' : 'behind'}`;
}

async function newestIn(folder: string): Promise<{ readonly path: string; readonly atMs: number } | undefined> {
  const names = (await readdir(folder).catch(() => [])).slice(0, FILES_MAX);
  const times = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { path, atMs: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  return times.toSorted((one, other) => other.atMs - one.atMs)[0];
}
