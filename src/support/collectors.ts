/**
 * Parts of a support archive. No part contains a payload: recordings and the store are listed by name and size, dead
 * letters have no payload, and samples of discarded messages are removed.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../base/fault.ts';
import { type CheckFinding, runCheck } from '../doctor/check.ts';
import { allChecks, WITHOUT_IDENTITY } from '../doctor/checks.ts';
import type { DoctorInput } from '../doctor/doctor-input.ts';
import { machineVersions } from '../io/machine-versions.ts';
import { runProgram } from '../io/program-output.ts';
import { readSecretFile } from '../io/secret-file.ts';
import { listPorts } from '../io/serial/serial-ports.ts';
import type { AnswerPath } from '../ops/api/control-answers.ts';
import { ask } from '../ops/api/control-client.ts';
import { ownTextOf } from '../ops/complete-config.ts';
import { type Collected, type Collector, leftOut } from './collector.ts';
import { profileCollectors } from './profile-collectors.ts';
import { redactConfig } from './redact.ts';

const JOURNAL_LINES = 2000;
/** Lines of the kernel about ports, storage, memory and the power supply. */
const KERNEL_LINE = /tty|usb|mmc|sd[a-z]\b|ext4|I\/O error|under-?voltage|throttl|oom|out of memory|watchdog|overrun/i;
/** Line with the options of the boot, which may contain a secret. */
const BOOT_LINE = /command line:/i;
const ANSWER_MS_MAX = 5000;
const PROGRAM_MS_MAX = 4000;
const DOCTOR_MS_MAX = 25_000;

const ANSWERS: readonly (readonly [file: string, path: AnswerPath])[] = [
  ['ledger.json', '/v1/ledger'],
  ['firmware.json', '/v1/firmware'],
  ['outbox.json', '/v1/outbox'],
  ['dead-letters.json', '/v1/dead-letters'],
  ['hub-subscriptions.json', '/v1/hub-subscriptions'],
];

const json = (value: unknown): Collected => ({ kind: 'value', value });

/** @param configText complete text of the configuration: with its device profiles; `undefined`: it cannot be read */
export function collectorsFor(input: DoctorInput, configText: string | undefined): readonly Collector[] {
  const { places, machine, version, gateway } = input;
  return [
    { file: 'doctor.json', msMax: DOCTOR_MS_MAX, collect: async () => json(await examine(input)) },
    // the same reading as in doctor.json: its samples of discarded messages are known, and are removed everywhere
    {
      file: 'status.json',
      msMax: ANSWER_MS_MAX,
      collect: () => (gateway.kind === 'running' ? Promise.resolve(json(gateway.status)) : absent(gateway.fault)),
    },
    {
      file: 'subdevices.json',
      msMax: ANSWER_MS_MAX,
      collect: () => (gateway.kind === 'running' ? Promise.resolve(json(gateway.subdevices)) : absent(gateway.fault)),
    },
    ...ANSWERS.map(([file, path]) => ({
      file,
      msMax: ANSWER_MS_MAX,
      collect: () => (gateway.kind === 'running' ? answerOf(places.controlSocket, path) : absent(gateway.fault)),
    })),
    {
      file: 'configuration.toml',
      msMax: ANSWER_MS_MAX,
      collect: async () =>
        configText === undefined
          ? leftOut('it cannot be read')
          : { kind: 'text', text: redactConfig(ownTextOf(configText)) },
    },
    ...(configText === undefined ? [] : profileCollectors(configText)),
    { file: 'ports.json', msMax: ANSWER_MS_MAX, collect: async () => json(await listPorts(machine)) },
    { file: 'files.json', msMax: ANSWER_MS_MAX, collect: async () => await filesOf(places.stateDir) },
    { file: 'versions.json', msMax: ANSWER_MS_MAX, collect: async () => json(await machineVersions(version)) },
    {
      file: 'journal.txt',
      msMax: PROGRAM_MS_MAX,
      collect: async (signal) => {
        const words = ['--unit=holdfast', `--lines=${JOURNAL_LINES}`, '--no-pager', '--output=short-iso'];
        const shown = await runProgram('journalctl', words, signal);
        if (!shown.ok) return leftOut(shown.why);
        if (shown.text.includes('-- No entries --'))
          return leftOut('it has no entry of holdfast, or this user may not read it');
        return { kind: 'text', text: withoutSamples(shown.text), kept: 'end' };
      },
    },
    {
      file: 'kernel.txt',
      msMax: PROGRAM_MS_MAX,
      collect: async (signal) => {
        const shown = await runProgram('dmesg', [], signal);
        if (!shown.ok) return leftOut(shown.why);
        const lines = shown.text.split('\n').filter((line) => KERNEL_LINE.test(line) && !BOOT_LINE.test(line));
        return { kind: 'text', text: `${lines.join('\n')}\n`, kept: 'end' };
      },
    },
  ];
}

async function examine(input: DoctorInput): Promise<readonly CheckFinding[]> {
  return (await Promise.all(allChecks(WITHOUT_IDENTITY).map((check) => runCheck(check, input)))).flat();
}

async function absent({ message }: Fault): Promise<Collected> {
  return leftOut(message);
}

async function answerOf(controlSocket: string, path: AnswerPath): Promise<Collected> {
  const asked = await ask(controlSocket, path);
  return asked.kind === 'answered' ? json(asked.report) : leftOut(asked.fault.message);
}

/** Names and sizes of the files in the state directory, with its subfolders. */
async function filesOf(stateDir: string | undefined): Promise<Collected> {
  if (stateDir === undefined) return leftOut('the state directory is unknown');
  const names = await readdir(stateDir, { recursive: true });
  const files = await Promise.all(
    names.toSorted().map(async (name) => {
      const found = await stat(join(stateDir, name)).catch(() => undefined);
      return { name, bytes: found?.size ?? null, changed: found?.mtime ?? null };
    }),
  );
  return json(files);
}

/** Journal without the samples of discarded messages, which stand at the ends of their lines. */
function withoutSamples(journal: string): string {
  return journal.replace(/; last: .*$/gm, '; last: (removed)');
}

/** Values that must not leave the machine: contents of secret files, and samples of discarded messages. */
export function knownSecrets({ reading, gateway }: DoctorInput): string[] {
  const files: (string | undefined)[] = [];
  if (reading.kind === 'valid') {
    const { credentials, tls, proxy } = reading.config.hub;
    files.push(reading.config.web?.tokenFile, proxy?.login?.passwordFile);
    if (credentials.kind === 'password') files.push(credentials.passwordFile);
    if (credentials.kind === 'device') files.push(credentials.deviceSecretFile);
    if (tls.kind === 'psk') files.push(tls.secretFile);
    for (const { deviceSecretFile } of reading.config.subdevices) files.push(deviceSecretFile);
  }
  const secrets = files.flatMap((path) => (path === undefined ? [] : (secretIn(path) ?? [])));
  const samples = gateway.kind === 'running' ? gateway.status.discarded.map(({ sample }) => sample) : [];
  return [...secrets, ...samples];
}

function secretIn(path: string): string | undefined {
  try {
    return readSecretFile(path);
  } catch (error) {
    if (error instanceof Fault) return undefined; // not readable for this user: no collector can read it either
    throw error;
  }
}
