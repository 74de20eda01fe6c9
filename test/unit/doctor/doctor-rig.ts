/** An input on an invented machine: folders with the files of the kernel, a clock, and a gateway that is absent. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Fault } from '../../../src/base/fault.ts';
import type { DoctorInput } from '../../../src/doctor/doctor-input.ts';
import { systemClock } from '../../../src/io/clock.ts';

/** @param files content by path below the root, e.g. `sys/class/thermal/thermal_zone0/temp` */
export function openInput(files: Readonly<Record<string, string>>, more: Partial<DoctorInput> = {}): DoctorInput {
  const root = mkdtempSync('/tmp/holdfast-doctor-');
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const fault = new Fault('not-running', 'No gateway is running', { hint: 'Start it' });
  return {
    configPath: join(root, 'holdfast.toml'),
    reading: { kind: 'unreadable', fault: new Fault('config-unreadable', 'no file', { hint: 'Write it' }) },
    places: { controlSocket: join(root, 'control.sock'), stateDir: undefined },
    gateway: { kind: 'absent', fault },
    version: '0.0.0',
    machine: { proc: join(root, 'proc'), sys: join(root, 'sys'), dev: join(root, 'dev') },
    clock: systemClock(),
    ...more,
  };
}
