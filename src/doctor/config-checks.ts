/** Checks of the configuration file, and of the running gateway against the file. */

import { resolve } from 'node:path';
import { hostAndPort } from '../base/host-and-port.ts';
import type { ConfigReport } from '../ops/reports/config-report.ts';
import { countOf } from '../ops/words.ts';
import { type Check, type CheckFinding, fail, ok, skipped, warn } from './check.ts';

/** Largest number of problems that a finding names. */
const PROBLEMS_MAX = 5;

export const configFile: Check = {
  id: 'config.file',
  about: 'the configuration file is readable and valid',
  msMax: 1000,
  run: async ({ reading, configPath }) => {
    const id = configFile.id;
    switch (reading.kind) {
      case 'unreadable':
        return [fail(id, `${reading.fault.message}.`, reading.fault.hint)];
      case 'invalid': {
        const { problems } = reading;
        const more = problems.length > PROBLEMS_MAX ? [`And ${problems.length - PROBLEMS_MAX} more problems.`] : [];
        const facts = problems.slice(0, PROBLEMS_MAX).map(({ path, what }) => `${path} ${what}.`);
        return [fail(id, [...facts, ...more], `Correct the file; see: holdfast config check ${configPath}`)];
      }
      case 'valid': {
        const { hub, links, subdevices } = reading.config;
        const parts = `${countOf(links.length, 'link')}, ${countOf(subdevices.length, 'subdevice')}`;
        return [ok(id, `${configPath}: ${parts}, hub ${hostAndPort(hub)} (${hub.profile}).`)];
      }
    }
  },
};

export const configDrift: Check = {
  id: 'config.drift',
  about: 'the gateway runs with the present content of the file',
  msMax: 1000,
  run: async (input): Promise<readonly CheckFinding[]> => {
    const id = configDrift.id;
    const { gateway, reading, configPath } = input;
    if (gateway.kind !== 'running') return [skipped(id, 'No gateway answers.')];
    if (reading.kind === 'unreadable') return [skipped(id, 'The configuration file cannot be read.')];
    const { process } = gateway.status;
    if (process.configPath !== resolve(configPath)) {
      const fact = `The running gateway was started with ${process.configPath}, and not with ${configPath}.`;
      return [warn(id, fact, `Name the file of the gateway: holdfast --config ${process.configPath} doctor`)];
    }
    if (process.hubConfigVersion !== null)
      return [driftOverHub(id, `version ${process.hubConfigVersion} of the configuration of the hub`, gateway.config)];
    if (process.configMark === reading.mark) return [ok(id, 'The gateway runs with this configuration.')];
    const next =
      reading.kind === 'valid'
        ? 'See the changes with holdfast config diff, and apply them: sudo holdfast config apply'
        : 'The file is invalid, so the next start would fail. Correct it first.';
    return [warn(id, `The gateway does not run with the present content of ${configPath}.`, next)];
  },
};

/**
 * Finding about a file with changes of the hub, which only the gateway knows.
 * @param changes name of these changes
 * @param report `undefined`: the gateway did not answer
 */
function driftOverHub(id: string, changes: string, report: ConfigReport | undefined): CheckFinding {
  if (report === undefined)
    return skipped(
      id,
      `The gateway runs with ${changes} over its file, and did not answer whether the file was edited.`,
    );
  const { configPath, fileMark, runningMark, problems } = report;
  if (fileMark === runningMark) return ok(id, `The gateway runs with this configuration, and with ${changes} over it.`);
  const [first] = problems;
  if (first === undefined)
    return warn(
      id,
      `The gateway does not run with the present content of ${configPath} with ${changes} over it.`,
      'See the changes with holdfast config diff, and apply them: sudo holdfast config apply',
    );
  return warn(
    id,
    `${configPath} with ${changes} over it has ${countOf(problems.length, 'problem')}: ${first.path} ${first.what}.`,
    'Correct the file, or close the section to the hub: remove its name from remote.config.',
  );
}
