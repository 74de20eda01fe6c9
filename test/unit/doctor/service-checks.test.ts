/** Checks of the service, with a systemctl that reports chosen properties: watchdogs, and drop-ins of the package. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serviceDrift, serviceWatchdog } from '../../../src/doctor/service-checks.ts';
import { fakeService, PACKAGED_UNIT, temporaryFolder } from '../../e2e/faults/fake-service.ts';
import { openInput } from './doctor-rig.ts';

const DROP_INS = fileURLToPath(new URL('../../../systemd/holdfast.service.d', import.meta.url));

function withService(unit: string, properties: Readonly<Record<string, string>> = {}): void {
  const { PATH } = process.env;
  onTestFinished(() => {
    process.env.PATH = PATH;
  });
  process.env.PATH = fakeService(unit, properties).PATH ?? '';
}

/** Drop-in that is installed. @param text other text than that of the package */
function dropIn(name: string, text?: string): string {
  const path = join(temporaryFolder(), 'holdfast.service.d', name);
  mkdirSync(join(path, '..'));
  if (text === undefined) cpSync(join(DROP_INS, name), path);
  else writeFileSync(path, text);
  return path;
}

const signal = new AbortController().signal;

describe('service.watchdog', () => {
  it('warns of a unit without WatchdogSec', async () => {
    withService(PACKAGED_UNIT, { WatchdogUSec: '0' });
    const [finding] = await serviceWatchdog.run(openInput({}), signal);
    expect(finding).toMatchObject({
      verdict: 'warn',
      facts: [expect.stringContaining('holdfast.service has no WatchdogSec')],
    });
    expect(finding?.remedy).toContain('WatchdogSec=60');
  });

  it('names the time of the service beside the watchdog of the machine', async () => {
    withService(PACKAGED_UNIT, { WatchdogUSec: '1min' });
    const [finding] = await serviceWatchdog.run(openInput({}), signal);
    expect(finding?.facts[0]).toBe('systemd restarts the gateway if it hangs for 1min.');
    expect(finding?.facts[1]).toContain('No watchdog restarts this machine');
  });
});

describe('service.drift', () => {
  it('accepts the drop-ins of the package', async () => {
    withService(PACKAGED_UNIT, { DropInPaths: `${dropIn('groups.conf')} ${dropIn('reauthorise.conf')}` });
    expect(await serviceDrift.run(openInput({}), signal)).toMatchObject([{ verdict: 'ok' }]);
  });

  it('negative control: names what another drop-in changes', async () => {
    const path = dropIn('groups.conf', '[Service]\nPrivateUsers=no\nProtectHome=no\n');
    withService(PACKAGED_UNIT, { DropInPaths: path });
    const [finding] = await serviceDrift.run(openInput({}), signal);
    expect(finding?.verdict).toBe('warn');
    expect(finding?.facts.join(' ')).toContain('ProtectHome');
  });
});
