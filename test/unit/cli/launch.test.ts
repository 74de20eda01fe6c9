/** Search for Node: the launcher uses the path of the installed package, not links of npm or the Node of the machine. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const HOME = fileURLToPath(new URL('../../..', import.meta.url));

/** Checkout without links in `node_modules/.bin`, and a folder for the only `node` on the PATH. */
let checkout: string;
let machine: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'holdfast-launch-'));
  machine = join(checkout, 'machine');
  mkdirSync(machine);
  mkdirSync(join(checkout, 'src'));
  cpSync(join(HOME, 'bin'), join(checkout, 'bin'), { recursive: true });
  writeFileSync(join(checkout, 'src/main.ts'), 'const node: string = process.execPath;\nconsole.log(node);\n');
});

afterEach(() => {
  rmSync(checkout, { recursive: true });
});

/** Creates a `node` of the machine that only prints its version. */
function machineNode(version: string): void {
  const file = join(machine, 'node');
  writeFileSync(file, `#!/bin/sh\necho ${version}\n`);
  chmodSync(file, 0o755);
}

function pinnedNode(): string {
  const folder = join(checkout, `node_modules/node-linux-${arch()}/bin`);
  mkdirSync(folder, { recursive: true });
  symlinkSync(process.execPath, join(folder, 'node'));
  return process.execPath;
}

function launch(name: string, words: readonly string[] = []): { status: number | null; out: string; err: string } {
  for (const tool of ['sh', 'readlink', 'dirname', 'uname', 'mkdir'])
    if (!existsSync(join(machine, tool))) symlinkSync(`/usr/bin/${tool}`, join(machine, tool));
  const { status, stdout, stderr } = spawnSync(join(checkout, 'bin', name), [...words], {
    env: { PATH: machine, HOME: checkout },
    encoding: 'utf8',
  });
  return { status, out: stdout.trim(), err: stderr };
}

describe('the launcher', () => {
  it.each(['v18.20.4', 'v20.20.2', 'v24.0.0'])('uses the pinned Node if the machine has %s', (version) => {
    machineNode(version);
    const pinned = pinnedNode();
    expect(launch('holdfast')).toEqual({ status: 0, out: pinned, err: '' });
    expect(launch('node', ['-p', 'process.execPath'])).toEqual({ status: 0, out: pinned, err: '' });
  });

  it('uses the pinned Node if the machine has none, through a symbolic link', () => {
    const pinned = pinnedNode();
    symlinkSync('../bin/holdfast', join(machine, 'elsewhere'));
    expect(launch('../machine/elsewhere').out).toBe(pinned);
  });

  it.each(['v22.18.0', 'v24.3.1', 'v30.0.0'])(
    'uses a recent Node of the machine if there is no pinned one: %s',
    (version) => {
      machineNode(version);
      expect(launch('node')).toMatchObject({ status: 0, out: version });
    },
  );

  it.each([
    ['v18.20.4', ', and the Node of this machine is v18.20.4, older than 22.18'],
    ['v22.17.9', ', and the Node of this machine is v22.17.9, older than 22.18'],
    [undefined, ''],
  ])('does not start with %s alone, and shows which command to run', (version, found) => {
    if (version !== undefined) machineNode(version);
    const { status, err } = launch('holdfast');
    expect(status).toBe(78);
    expect(err).toBe(
      `holdfast: ${checkout}/node_modules holds no node-linux-${arch()}${found}\n` +
        `  -> Run in ${checkout}: npm ci. It brings its own Node; any npm from 9 on will do.\n`,
    );
  });

  it('suggests to install the package again if the folder is no checkout', () => {
    rmSync(join(checkout, 'src'), { recursive: true });
    expect(launch('holdfast').err).toContain('Install the package for this machine again');
  });

  it('suggests npm ci with options if npm ci has run without the package', () => {
    mkdirSync(join(checkout, 'node_modules'));
    expect(launch('holdfast').err).toContain('npm ci --include=optional');
  });
});

describe('each start of Node', () => {
  it.each(
    Object.entries(JSON.parse(readFileSync(join(HOME, 'package.json'), 'utf8')).scripts as Record<string, string>),
  )('npm run %s uses the launcher, and the files it names exist', (_, script) => {
    for (const command of script.split(' && ')) {
      const [program = '', entry = ''] = command.split(' ');
      if (program === 'npm') continue;
      expect(program).toBe('bin/node');
      expect(existsSync(join(HOME, entry)), entry).toBe(true);
    }
  });

  it('uses the command of the Debian package in the systemd unit', () => {
    const unit = readFileSync(join(HOME, 'systemd/holdfast.service'), 'utf8');
    const [, program, words] = /^ExecStart=(\S+) (.*)$/m.exec(unit) ?? [];
    expect(program).toBe('/usr/bin/holdfast');
    expect(words).toBe('run --config /etc/holdfast/holdfast.toml');
  });
});

describe('an optional package', () => {
  // npm skips an optional package whose engines exclude the Node that runs npm. That Node runs only npm.
  it('has no engines in the lockfile, so that npm installs it with an older Node of the machine', () => {
    const { packages } = JSON.parse(readFileSync(join(HOME, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { optional?: boolean; engines?: object }>;
    };
    const choosy = Object.entries(packages).filter(([, { optional, engines }]) => optional && engines !== undefined);
    expect(choosy.map(([name]) => name)).toEqual([]);
  });
});
