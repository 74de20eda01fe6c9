/**
 * Cost of a new driver: its folder, and its line in `drivers.ts`. The test adds a fourth driver to a copy of the
 * program in this way, and uses it as an operator does.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GatewayProcess } from '../../../src/bench/gateway-process.ts';
import { GENERIC as RULES } from '../../../src/bench/hub/bench-rules.ts';
import { startBenchHub } from '../../../src/bench/hub/server.ts';
import { openPty } from '../../../src/bench/pty.ts';
import { systemClock } from '../../../src/io/clock.ts';

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL('./pulses/', import.meta.url));

let copy = '';
let main = '';

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'holdfast-driver-'));
  for (const name of ['src', 'package.json', 'hw']) cpSync(name, join(copy, name), { recursive: true });
  symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
  main = join(copy, 'src/main.ts');
  const folder = join(copy, 'src/driver/pulses');
  cpSync(FOLDER, folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    writeFileSync(
      path,
      readFileSync(path, 'utf8')
        .replaceAll(/'(?:\.\.\/)+src\/driver\//g, "'../")
        .replaceAll(/'(?:\.\.\/)+src\//g, "'../../"),
    );
  }
  const registry = join(copy, 'src/driver/drivers.ts');
  const text = readFileSync(registry, 'utf8');
  const registered = text
    .replace('[MQTTSN, MODBUS, LINES]', '[MQTTSN, MODBUS, LINES, PULSES]')
    .replace(
      'import type { LinkDriver }',
      "import { PULSES } from './pulses/definition.ts';\nimport type { LinkDriver }",
    );
  expect(registered.split('\n')).toHaveLength(text.split('\n').length + 1);
  writeFileSync(registry, registered);
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

function holdfast(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [main, ...args], { cwd: copy }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
}

it('a new driver appears in the reference and in the checks of the configuration', async () => {
  const reference = await holdfast('config', 'reference');
  expect(reference.stdout).toContain('`"pulses"`'.replaceAll('`', ''));
  expect(reference.stdout).toContain('Litres of one pulse.');
  const path = join(copy, 'slip.toml');
  writeFileSync(
    path,
    '[gateway]\nname = "g"\n[hub]\nprofile = "generic"\nhost = "h"\n[[link]]\nname = "l"\npath = "/dev/l"\ndriver = "pulses"\nsubdevices = ["s"]\n[[subdevice]]\nid = "s"\n',
  );
  const { stdout, stderr } = await holdfast('config', 'check', path);
  expect(stdout + stderr).toContain('link[0].pulses is missing, and driver "pulses" needs it');
});

it('a new driver carries messages from a line to the hub, and is recorded', async () => {
  const hub = await startBenchHub({ port: 0, rules: RULES, clock: systemClock() });
  const pty = await openPty();
  const socketPath = join(copy, 'control.sock');
  const configPath = join(copy, 'holdfast.toml');
  const gateway = `[gateway]\nname = "g"\nstate_dir = "${copy}/state"\nallow_volatile_store = true\ncontrol_socket = "${socketPath}"\n`;
  const rest = `[hub]\nprofile = "generic"\nhost = "127.0.0.1"\nport = ${hub.port}\n[[link]]\nname = "water"\npath = "${pty.path}"\ndriver = "pulses"\nsubdevices = ["s"]\n[link.pulses]\nlitres = 10\n[[subdevice]]\nid = "s"\n`;
  writeFileSync(configPath, gateway + rest);
  const process = new GatewayProcess({ configPath, socketPath, program: main });
  try {
    const arrived = new Promise((resolve) =>
      hub.onArrived(({ topic, payload }) => resolve([topic, Buffer.from(payload).toString()])),
    );
    await process.start();
    // A device retries, since bytes sent before the gateway has opened the port are lost.
    let repetition: NodeJS.Timeout | undefined;
    const answer = new Promise((resolve) => {
      const end = pty.open({
        opened: () => {
          repetition = setInterval(() => end.write(Uint8Array.of(7)), 100);
        },
        bytes: (bytes) => resolve(bytes[0]),
        closed: () => undefined,
      });
    });
    expect(await arrived).toEqual(['g/s/litres', '70']);
    expect(await answer).toBe(0x06);
    clearInterval(repetition);
    const { stdout: links } = await holdfast('links', '--config', configPath);
    expect(links).toContain('water');
    const recording = join(copy, 'water.recording');
    await holdfast('record', 'water', '--out', recording, '--config', configPath);
    const { stdout: rerun } = await holdfast('replay', recording);
    expect(rerun).toMatch(/^same decisions: (\d+) of \1$/m);
  } finally {
    await process.signal('SIGKILL');
    await pty.hangUp();
    await hub.stop();
  }
});
