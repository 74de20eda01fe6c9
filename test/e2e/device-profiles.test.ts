/**
 * Device profiles at a real gateway with a simulated unit: a changed file of a profile is shown, applied on trial and
 * rolled back with its old text, also over a restart.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { withoutProfiles } from '../../src/config/device-profiles/attached-profiles.ts';
import { readSavedConfig, saveConfig } from '../../src/io/saved-config.ts';
import { config, edit, report } from './config-edits.ts';
import { runProgram } from './program.ts';
import { openUnits, simulatedUnit } from './simulated-units.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const ID = 'peacefair-pzem016';
const SHIPPED = new URL(`../../profiles/${ID}.toml`, import.meta.url);

interface Field {
  readonly testbed: Testbed;
  /** File of a profile of the machine with the id of the shipped one. */
  readonly own: string;
  /** Waits for a new state with this voltage. */
  readonly untilVoltage: (voltage: number) => Promise<void>;
}

async function openField(): Promise<Field> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-profiles-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const unit = simulatedUnit(1);
  unit.inputs.set([2200, 1, 0, 2, 0, 3, 0, 500, 98, 0]);
  const path = await openUnits([unit]);
  const link = `[[link]]\nname = "meters"\npath = "${path}"\ndriver = "modbus"\n`;
  const entry = `[[link.unit]]\nid = "meter"\naddress = 1\nprofile = "${ID}"\npoll_ms = 100\n`;
  const testbed = await openTestbed({ subdevices: {}, more: `${link}${entry}[[subdevice]]\nid = "meter"\n` });
  edit(testbed, (text) => text.replace('[gateway]', `[gateway]\nprofile_dir = "${folder}"`));
  const untilVoltage = async (voltage: number): Promise<void> => {
    const known = testbed.arrivals.length;
    await until(() =>
      testbed.arrivals
        .slice(known)
        .some(({ payload }) => JSON.parse(Buffer.from(payload).toString()).voltage === voltage),
    );
  };
  const first = untilVoltage(220);
  await testbed.gateway.start();
  await first;
  return { testbed, own: join(folder, `${ID}.toml`), untilVoltage };
}

/** Writes a profile of the machine whose voltage has another scale. */
function replaceProfile(own: string): void {
  const shipped = readFileSync(SHIPPED, 'utf8');
  const changed = shipped.replace('scale = 0.1', 'scale = 0.01');
  expect(changed).not.toBe(shipped);
  writeFileSync(own, changed);
}

it('shows the profile of a subdevice, and of a value', async () => {
  const { testbed } = await openField();
  const { stdout } = await runProgram('--json', '--config', testbed.configPath, 'subdevices');
  expect(JSON.parse(stdout).subdevices).toMatchObject([{ id: 'meter', profile: ID }]);
  const { stdout: explained } = await config(testbed, 'explain', 'link.unit.point.scale');
  const place = 'link[meters].unit[meter].point[voltage].scale';
  expect(JSON.parse(explained).values).toContainEqual({ place, file: '0.1', running: '0.1', profile: ID });
});

it('applies a changed profile on trial, and returns to the text of the one before', async () => {
  const { testbed, own, untilVoltage } = await openField();
  expect((await report(testbed)).changes).toEqual([]);
  replaceProfile(own);
  const changes = [{ key: 'link[meters].unit[meter].point[voltage].scale', old: '0.1', new: '0.01', restarts: 'link' }];
  expect(await report(testbed)).toMatchObject({ problems: [], changes });
  const { stdout: checked } = await config(testbed, 'check');
  expect(JSON.parse(checked)).toMatchObject({ ok: true, warnings: [{ path: 'gateway.profile_dir' }] });

  const other = untilVoltage(22);
  const { stdout } = await config(testbed, 'apply', '--confirm', '1h');
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'unconfirmed', changes });
  await other;
  expect(await report(testbed)).toMatchObject({ state: 'unconfirmed', changes: [] });

  const again = untilVoltage(220);
  expect((await config(testbed, 'rollback')).code).toBe(0);
  await again;
  expect(await report(testbed)).toMatchObject({ state: 'rolled back', file: 'rejected', changes });
  rmSync(own);
  expect(await report(testbed)).toMatchObject({ state: 'confirmed', changes: [] });
});

/** Applies a changed profile on trial, and kills the gateway meanwhile. */
async function killInTrial(field: Field): Promise<void> {
  replaceProfile(field.own);
  const other = field.untilVoltage(22);
  await config(field.testbed, 'apply', '--confirm', '1h');
  await other;
  await field.testbed.gateway.signal('SIGKILL');
}

it('starts with the confirmed text of the profile after a kill during the trial', async () => {
  const field = await openField();
  const { testbed, untilVoltage } = field;
  await killInTrial(field);
  const again = untilVoltage(220);
  await testbed.gateway.start();
  await again;
  expect(await report(testbed)).toMatchObject({ state: 'rolled back', file: 'rejected' });
});

it('negative control: a record without the texts of the profiles cannot bring the old values back', async () => {
  const field = await openField();
  const { testbed, untilVoltage } = field;
  await killInTrial(field);
  const { saved } = readSavedConfig(testbed.stateDir);
  if (saved === undefined) throw new Error('no record');
  saveConfig(testbed.stateDir, { ...saved, confirmed: withoutProfiles(saved.confirmed) });
  const again = untilVoltage(22);
  await testbed.gateway.start();
  await again;
  expect(testbed.gateway.journal).toContain('is not valid for this version');
});

it('names the file of a broken profile, keeps the running one, and starts with it', async () => {
  const { testbed, own, untilVoltage } = await openField();
  writeFileSync(own, '[profile]\nid = "x"\n');
  const refused = await config(testbed, 'apply');
  expect(refused.code).not.toBe(0);
  const { stdout } = await config(testbed, 'check');
  const { problems } = JSON.parse(stdout) as { problems: { path: string }[] };
  expect(problems.map(({ path }) => path)).toEqual(
    ['profile.name', 'profile.vendor', 'profile.source', 'profile.id', 'point'].map((place) => `${own} ${place}`),
  );
  await testbed.gateway.signal('SIGTERM');
  const again = untilVoltage(220);
  await testbed.gateway.start();
  await again;
  expect(await report(testbed)).toMatchObject({ state: 'rolled back', file: 'invalid' });
});
