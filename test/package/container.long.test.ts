/**
 * The image of the Containerfile under podman: its user, read-only root, health, stop and volume; and custody over the end
 * of containers, with the bench hub and subdevices on PTYs.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { openTestbed, type Testbed } from '../e2e/testbed.ts';
import { until } from '../e2e/until.ts';
import { type ContainerEngine, makeContainerEngine, RUN_OPTIONS } from './container-engine.ts';
import { buildPackages } from './packages.ts';

const ROOT = join(import.meta.dirname, '../..');
const IMAGE = 'holdfast';
/** User of the image. */
const USER = 10_001;
const STATE = '/var/lib/holdfast';
const debian = process.arch === 'arm64' ? 'arm64' : 'amd64';
const context = mkdtempSync(join(tmpdir(), 'holdfast-image-'));

let engine: ContainerEngine | string = 'not made yet';
beforeAll(async () => {
  engine = await makeContainerEngine();
  if (typeof engine === 'string') return;
  const { deb } = await buildPackages(debian);
  mkdirSync(join(context, 'dist'));
  copyFileSync(deb, join(context, 'dist', basename(deb)));
  for (const name of ['Containerfile', '.dockerignore']) copyFileSync(join(ROOT, name), join(context, name));
  const options = ['--format=docker', '--isolation=chroot', '--pull=never', '--network=host', '--layers=false'];
  const built = engine.run('build', ...options, `--build-arg=TARGETARCH=${debian}`, '--tag', IMAGE, context);
  if (built.status !== 0) throw new Error(built.text);
});
afterAll(async () => {
  if (typeof engine !== 'string') await engine.remove();
  rmSync(context, { recursive: true, force: true });
});

function podmanOr(test: TestContext): ContainerEngine {
  if (typeof engine === 'string') return test.skip(engine);
  return engine;
}

/** One container of a gateway, on the hub and the subdevices of a testbed. */
class ContainerUnderTest {
  readonly name: string;
  readonly #podman: ContainerEngine;
  readonly #child: ChildProcess;
  journal = '';

  constructor(podman: ContainerEngine, name: string, options: readonly string[]) {
    const [program = '', ...words] = podman.command;
    this.name = name;
    this.#podman = podman;
    const all = [...words, 'run', '--rm', '--name', name, '--pull=never', ...RUN_OPTIONS, ...options, IMAGE];
    this.#child = spawn(program, all, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (text: Buffer) => {
        this.journal += text.toString();
      });
    onTestFinished(() => void podman.run('rm', '--force', '--time', '0', name));
  }

  /** Waits until the gateway answers. */
  async ready({ gateway }: Testbed): Promise<void> {
    await until(() => {
      if (this.#child.exitCode !== null) throw new Error(`the container ended:\n${this.journal}`);
      return gateway.status().then(
        () => true,
        () => false,
      );
    });
  }

  exec(...words: readonly string[]): ReturnType<ContainerEngine['run']> {
    return this.#podman.run('exec', this.name, ...words);
  }

  /** @returns the exit code of the container */
  async end(signal: 'TERM' | 'KILL'): Promise<number | null> {
    const ended = once(this.#child, 'exit');
    this.#podman.run('kill', '--signal', signal, this.name);
    await ended;
    return this.#child.exitCode;
  }
}

interface ContainerTestbed {
  readonly testbed: Testbed;
  /** Starts a container on the volume. */
  start(name: string, volume: string): ContainerUnderTest;
}

async function openContainers(podman: ContainerEngine): Promise<ContainerTestbed> {
  const places = { state_dir: STATE, control_socket: '/run/holdfast/control.sock', allow_volatile_store: false };
  const testbed = await openTestbed({ config: { gateway: places } });
  const { folder, configPath, socketPath, subdevices } = testbed;
  const [etc, run] = [join(folder, 'etc'), join(folder, 'run')];
  for (const one of [etc, run]) mkdirSync(one);
  chownSync(run, USER, USER);
  symlinkSync(join(run, 'control.sock'), socketPath);
  let text = readFileSync(configPath, 'utf8');
  for (const { id, pty } of subdevices) {
    text = text.replace(`"${pty.path}"`, `"/dev/tty-${id}"`);
    chmodSync(pty.path, 0o666);
  }
  writeFileSync(join(etc, 'holdfast.toml'), text, { mode: 0o644 });
  chmodSync(etc, 0o755);
  const mounts = [`${etc}:/etc/holdfast:ro`, `${run}:/run/holdfast`];
  // a PTY has no device file outside of its file system, so the file is mounted and not passed by --device
  const lines = subdevices.map(({ id, pty }) => `${pty.path}:/dev/tty-${id}`);
  const options = ['--read-only', '--cap-drop=all', ...[...mounts, ...lines].map((one) => `--volume=${one}`)];
  return {
    testbed,
    start: (name, volume) => new ContainerUnderTest(podman, name, [...options, `--volume=${volume}${STATE}`]),
  };
}

describe('the image', () => {
  it('has its user, volume, health check and signal', (test) => {
    const podman = podmanOr(test);
    const [image] = JSON.parse(podman.run('inspect', '--type=image', IMAGE).stdout);
    expect(image).toMatchObject({
      User: 'holdfast',
      Architecture: debian,
      Healthcheck: { Test: ['CMD', '/bin/sh', '-c', 'holdfast status --check || [ $? -eq 1 ]'] },
      Config: { Volumes: { [STATE]: {} }, StopSignal: 'SIGTERM', Entrypoint: ['/usr/bin/holdfast'], Cmd: ['run'] },
      Labels: { 'org.opencontainers.image.title': 'holdfast' },
    });
    console.log(`image ${Math.round(image.Size / 1e6)} MB`);
    const shown = podman.run('run', '--rm', ...RUN_OPTIONS, '--entrypoint=ls', IMAGE, '/etc/machine-id');
    expect(shown.text).toContain('No such file');
  });
});

describe('a container', () => {
  it('is healthy, stops at SIGTERM, and the next one on its volume has every message', async (test) => {
    const { testbed, start } = await openContainers(podmanOr(test));
    const beganMs = performance.now();
    const first = start('first', 'kept:');
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    testbed.publish(1);
    await testbed.untilAcknowledged();
    console.log(`start of podman to the first PUBACKs ${Math.round(performance.now() - beganMs)} ms`);
    await first.ready(testbed);
    testbed.publish(20);
    for (const subdevice of testbed.subdevices) testbed.command(subdevice);
    await testbed.expectNothingLost();
    expect(first.exec('holdfast', 'status', '--check')).toMatchObject({ status: 0, text: expect.stringMatching(/OK/) });
    expect(first.exec('sh', '-c', 'holdfast status --check || [ $? -eq 1 ]').status).toBe(0);
    expect(first.exec('id').text).toMatch(/^uid=10001\(holdfast\) gid=10001\(holdfast\) groups=.*\(dialout\)/);
    expect(first.exec('touch', '/usr/x').text).toContain('Read-only file system');
    expect(first.exec('sh', '-c', 'cat /proc/[0-9]*/status').text).not.toMatch(/^State:\s+Z/m);
    const ports = first.exec('holdfast', 'ports').text.replaceAll(/\s+/g, ' ');
    expect(ports).toContain('This container has no udev');
    expect(ports).toContain('This container has the device files with which it was started');
    const doctor = JSON.parse(first.exec('holdfast', 'doctor', '--json').stdout);
    const found = new Map<string, { verdict: string; facts: string[] }>(
      doctor.findings.map((one: { id: string }) => [one.id, one]),
    );
    expect(found.get('storage.place')).toMatchObject({ verdict: 'ok' });
    for (const id of ['service.unit', 'service.drift', 'service.watchdog'])
      expect(found.get(id)).toMatchObject({
        verdict: 'skipped',
        facts: [expect.stringMatching(/^This is a container:/)],
      });
    testbed.dropHub();
    testbed.publish(20);
    await testbed.untilAcknowledged();
    expect(await first.end('TERM')).toBe(0);
    expect(first.journal).toContain('every message in custody is on disk');
    expect(first.journal).not.toMatch(/^<\d>/m);
    expect(first.exec('true').status).not.toBe(0);
    const second = start('second', 'kept:');
    await second.ready(testbed);
    testbed.restoreHub();
    await testbed.expectNothingLost();
    expect((await testbed.gateway.status()).conditions.map(({ code }) => code)).not.toContain('cloned-store');
    expect(second.journal).toMatch(/gateway started; [1-9]\d* messages recovered from the previous run/);
  });

  it('that is killed loses nothing that it has acknowledged', async (test) => {
    const { testbed, start } = await openContainers(podmanOr(test));
    await killWithBacklog(testbed, start, ['killed:', 'killed:']);
    await testbed.expectNothingLost();
  });

  it('negative control: without a named volume the messages end with the container, and the start warns', async (test) => {
    const { testbed, start } = await openContainers(podmanOr(test));
    const first = await killWithBacklog(testbed, start, ['', '']);
    await testbed.untilIdle();
    expect(testbed.uplinks.missing).toBeGreaterThan(0);
    expect(first.journal).toContain(`${STATE} is in a volume without a name`);
  });
});

/** @param volumes of the container that is killed with uplinks in its store, and of the next one */
async function killWithBacklog(
  testbed: Testbed,
  start: ContainerTestbed['start'],
  [before, after]: readonly [string, string],
): Promise<ContainerUnderTest> {
  testbed.dropHub();
  const first = start('killed', before);
  await first.ready(testbed);
  for (const subdevice of testbed.subdevices) subdevice.start();
  testbed.publish(20);
  await testbed.untilAcknowledged();
  expect(await first.end('KILL')).toBe(137);
  const second = start('next', after);
  await second.ready(testbed);
  testbed.restoreHub();
  await until(() => testbed.session !== undefined);
  return first;
}
