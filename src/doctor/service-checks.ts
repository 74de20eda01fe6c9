/**
 * Checks of the systemd service: state, differences from the packaged unit, watchdog, limits.
 *
 * Sources: systemctl(1), systemd.service(5), systemd-system.conf(5) for `RuntimeWatchdogSec`, proc(5) for the limits of
 * a process.
 */
import { access, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInContainer } from '../io/container.ts';
import { textOf } from '../io/kernel-file.ts';
import { runProgram } from '../io/program-output.ts';
import { bytesWords, countOf } from '../ops/words.ts';
import { type Check, type CheckFinding, fail, ok, skipped, warn } from './check.ts';
import {
  differencesOf,
  OUTSIDE_SYSTEMD,
  readService,
  readUnitFiles,
  UNIT,
  type UnitDifference,
} from './service-unit.ts';

/** Restarts since the boot above which a service is reported. */
const RESTARTS_WARN = 3;

export const serviceUnit: Check = {
  id: 'service.unit',
  about: 'the systemd service is installed, enabled, active, and does not restart again and again',
  msMax: 4000,
  run: async (_, signal): Promise<readonly CheckFinding[]> => {
    const { id } = serviceUnit;
    const service = await readService(signal);
    if (service.kind === 'unknown') return [skipped(id, service.why)];
    const { of } = service;
    const restarts = Number(of('NRestarts'));
    const state = `${UNIT} is ${of('ActiveState')} (${of('SubState')}), ${of('UnitFileState')}, with ${countOf(restarts, 'restart')}.`;
    if (of('ActiveState') !== 'active') {
      const last = `The last process ended with ${of('Result')} (exit code ${of('ExecMainStatus')}).`;
      return [fail(id, [state, last], 'See the reason: journalctl -u holdfast -n 30. Then: systemctl start holdfast')];
    }
    if (of('UnitFileState') !== 'enabled')
      return [warn(id, state, 'The gateway does not start at the next boot. Run: systemctl enable holdfast')];
    if (of('NeedDaemonReload') === 'yes')
      return [
        warn(id, [state, 'The unit file was changed.'], 'Run: systemctl daemon-reload && systemctl restart holdfast'),
      ];
    if (restarts > RESTARTS_WARN) return [warn(id, state, 'See the reasons: journalctl -u holdfast -p warning -n 50')];
    return [ok(id, state)];
  },
};

/** Packaged unit, beside the program in a checkout and in the package. */
const PACKAGED = ['../../systemd/holdfast.service', '../systemd/holdfast.service'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
/** Largest number of differences that the finding names. */
const DIFFERENCES_MAX = 6;
/** Keys without which a failure ends the service permanently, or custody is at risk. */
const VITAL: ReadonlySet<string> = new Set([
  'Service.Restart',
  'Service.RestartPreventExitStatus',
  'Service.StateDirectory',
  'Service.RuntimeDirectoryPreserve',
  'Unit.StartLimitIntervalSec',
]);

export const serviceDrift: Check = {
  id: 'service.drift',
  about: 'the installed unit and its drop-ins are the packaged ones, apart from keys of the site',
  msMax: 4000,
  run: async (_, signal): Promise<readonly CheckFinding[]> => {
    const { id } = serviceDrift;
    const service = await readService(signal);
    if (service.kind === 'unknown') return [skipped(id, service.why)];
    const packaged = await firstText(PACKAGED);
    if (packaged === undefined) return [skipped(id, 'The packaged unit is not beside this program.')];
    const paths = [service.of('FragmentPath'), ...service.of('DropInPaths').split(' ')].filter((path) => path !== '');
    const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => undefined)));
    if (texts.includes(undefined)) return [skipped(id, `This user may not read ${paths.join(', ')}: use sudo.`)];
    const installed = readUnitFiles(texts.filter((text) => text !== undefined));
    const dropIns = await Promise.all(
      paths.slice(1).map((path) => firstText(PACKAGED.map((unit) => join(`${unit}.d`, basename(path))))),
    );
    const differences = differencesOf(
      installed,
      readUnitFiles([packaged, ...dropIns.filter((file) => file !== undefined)].map(({ text }) => text)),
    );
    const where = paths.join(', ');
    if (differences.length === 0) return [ok(id, `${where} has the keys of the packaged unit.`)];
    const sorted = differences.toSorted((one, other) => Number(VITAL.has(other.key)) - Number(VITAL.has(one.key)));
    const named = sorted.slice(0, DIFFERENCES_MAX).map(differenceWords);
    const more = sorted.length > DIFFERENCES_MAX ? [`And ${sorted.length - DIFFERENCES_MAX} more.`] : [];
    const remedy = `If this is not intended: sudo cp ${packaged.path} ${service.of('FragmentPath')} && sudo systemctl daemon-reload && sudo systemctl restart holdfast`;
    const facts = [
      `${where} differs from the packaged unit in ${countOf(differences.length, 'key')}.`,
      ...named,
      ...more,
    ];
    return [differences.some(({ key }) => VITAL.has(key)) ? fail(id, facts, remedy) : warn(id, facts, remedy)];
  },
};

function differenceWords({ key, installed, packaged }: UnitDifference): string {
  const name = key.slice(key.indexOf('.') + 1);
  const words = (values: readonly string[]): string =>
    values.length === 0 ? 'not set' : values.map((value) => `${name}=${value}`).join(' ');
  const [onlyHere, onlyThere] = [
    installed.filter((value) => !packaged.includes(value)),
    packaged.filter((value) => !installed.includes(value)),
  ];
  return `${name}: ${words(onlyHere)}; packaged: ${words(onlyThere)}.`;
}

async function firstText(
  paths: readonly string[],
): Promise<{ readonly path: string; readonly text: string } | undefined> {
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}

export const serviceWatchdog: Check = {
  id: 'service.watchdog',
  about: 'watchdogs restart a gateway that hangs, and a machine that hangs',
  msMax: 4000,
  run: async ({ machine }, signal) => {
    const { id } = serviceWatchdog;
    const device = join(machine.dev, 'watchdog0');
    const hasDevice = await access(device).then(
      () => true,
      () => false,
    );
    const shown = await runProgram('systemctl', ['show', '--property=RuntimeWatchdogUSec', '--value'], signal);
    if (!shown.ok)
      return [skipped(id, isInContainer() ? OUTSIDE_SYSTEMD : `The watchdog of systemd is unknown: ${shown.why}.`)];
    const [time = ''] = shown.text.trim().split('\n');
    const isOn = /^[1-9]/.test(time);
    const service = await readService(signal);
    const limit = service.kind === 'loaded' ? service.of('WatchdogUSec') : '';
    if (limit === '0')
      return [warn(id, `No watchdog restarts the gateway if it hangs: ${UNIT} has no WatchdogSec.`, NO_LIMIT)];
    const gateway = limit === '' ? [] : [`systemd restarts the gateway if it hangs for ${limit}.`];
    if (isOn && hasDevice)
      return [ok(id, ...gateway, `systemd triggers ${device}; the machine restarts if it hangs for ${time}.`)];
    if (isOn)
      return [warn(id, [...gateway, `systemd has a watchdog time of ${time}, and there is no ${device}.`], NO_DEVICE)];
    const what = hasDevice ? `${device} exists and systemd does not use it` : `there is no ${device}`;
    const remedy = hasDevice
      ? 'Set RuntimeWatchdogSec=30s in /etc/systemd/system.conf, and restart the machine.'
      : `${NO_DEVICE} Then set RuntimeWatchdogSec=30s in /etc/systemd/system.conf.`;
    return [warn(id, [...gateway, `No watchdog restarts this machine if it hangs: ${what}.`], remedy)];
  },
};

const NO_LIMIT = 'Use the packaged unit, or set WatchdogSec=60 in [Service]: sudo systemctl edit holdfast.';
const NO_DEVICE = 'Enable the watchdog of the board (on a Raspberry Pi: dtparam=watchdog=on in config.txt).';

/** Number of open files below which a gateway with many links and a TLS connection may fail. */
const FILES_MIN = 256;
/** Share of the memory limit of the service from which the gateway is near its end by the kernel. */
const MEMORY_SHARE_WARN = 0.85;

export const serviceLimits: Check = {
  id: 'service.limits',
  about: 'the limits of the service leave room for the gateway',
  msMax: 4000,
  run: async ({ gateway, machine }, signal): Promise<readonly CheckFinding[]> => {
    const { id } = serviceLimits;
    if (gateway.kind !== 'running') return [skipped(id, 'No gateway answers.')];
    const { pid } = gateway.status.process;
    const limits = await textOf(join(machine.proc, String(pid), 'limits'));
    if (limits === undefined) return [skipped(id, `This user may not read the limits of process ${pid}: use sudo.`)];
    const files = /^Max open files\s+(\S+)/m.exec(limits)?.[1] ?? 'unlimited';
    const service = await readService(signal);
    const [used, max] =
      service.kind === 'loaded' ? [Number(service.of('MemoryCurrent')), Number(service.of('MemoryMax'))] : [0, 0];
    const memory = used > 0 && max > 0 ? [`The service uses ${bytesWords(used)} of ${bytesWords(max)} memory.`] : [];
    const facts = [`Process ${pid} may open ${files} files.`, ...memory];
    if (Number(files) < FILES_MIN)
      return [warn(id, facts, 'Set LimitNOFILE=1024 in the unit of the service, as the packaged unit does.')];
    if (max > 0 && used / max > MEMORY_SHARE_WARN)
      return [warn(id, facts, 'The kernel ends the gateway at this limit: raise MemoryMax in the unit.')];
    return [ok(id, ...facts)];
  },
};
