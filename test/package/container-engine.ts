/**
 * podman as root with a storage of its own, for one test file. Works on a machine without a registry, systemd and cgroups
 * of version 2: the base image is a Debian from packages, under the name that the Containerfile has.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

interface EngineOutput {
  readonly status: number | null;
  readonly stdout: string;
  readonly text: string;
}

export interface ContainerEngine {
  /** Words of a command that runs podman with further words. */
  readonly command: readonly string[];
  run(...words: readonly string[]): EngineOutput;
  /** Ends all containers, and deletes the storage. */
  remove(): void;
}

/** Folder on a disk, because a store in a volume must not be in RAM. */
const PARENT = '/var/tmp';
const BYTES_MIN = 3e9;
const BASE_MS_MAX = 300_000;
/** Files that the image on the registry does not have either. */
const LEFT_OUT = ['doc', 'man', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
/**
 * crun rejects machines with both versions of cgroups, so podman has mounts of its own with version 2 only. The storage has
 * no mounts (driver vfs), so each command may have its own.
 */
const PODMAN = `mount --make-rprivate / && { umount -R /sys/fs/cgroup || true; } 2>/dev/null && mount -t cgroup2 none /sys/fs/cgroup || exit 125
storage=$1; shift
exec podman --root "$storage/root" --runroot "$storage/run" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"`;
/** Runs when standard input ends, which is also the end of this process by a signal. */
const REMOVE = `read _; "$@" rm --force --all --time 0 >/dev/null 2>&1; rm -rf "$0"`;

/** @returns the engine, or the reason why there is none */
export function makeContainerEngine(): ContainerEngine | string {
  if (process.getuid?.() !== 0) return 'podman is tested as root only';
  for (const program of ['podman', 'mmdebstrap'])
    if (spawnSync(program, ['--version']).status !== 0) return `${program} is not installed`;
  const { bavail, bsize } = statfsSync(PARENT);
  if (bavail * bsize < BYTES_MIN) return `less than 3 GB free in ${PARENT}`;
  const storage = mkdtempSync(join(PARENT, 'holdfast-podman-'));
  const command = ['unshare', '--mount', 'sh', '-c', PODMAN, 'podman', storage];
  const [program = '', ...before] = command;
  const run = (...words: readonly string[]): EngineOutput => {
    const { status, stdout, stderr } = spawnSync(program, [...before, ...words], { encoding: 'utf8' });
    return { status, stdout, text: `${stdout}${stderr}` };
  };
  const guard = spawn('sh', ['-c', REMOVE, storage, ...command], { stdio: ['pipe', 'ignore', 'ignore'] });
  guard.unref();
  const remove = (): void => {
    run('rm', '--force', '--all', '--time', '0');
    spawnSync('rm', ['-rf', storage]);
    guard.kill('SIGKILL');
  };
  const why = importBase(storage, run) ?? trialOf(run);
  if (why === undefined) return { command, run, remove };
  remove();
  return why;
}

/** Name of the base image in the Containerfile. */
export const BASE_IMAGE = 'docker.io/library/debian:12-slim';
/** Options of `podman run` for a machine without cgroups and without the right to raise limits. */
export const RUN_OPTIONS: readonly string[] = [
  '--cgroups=disabled',
  '--network=host',
  '--ulimit=nofile=1024:1024',
  '--ulimit=nproc=1024:1024',
];

/** @returns the reason why there is no base image */
function importBase(storage: string, run: ContainerEngine['run']): string | undefined {
  const tarball = join(storage, 'base.tar');
  const words = ['--quiet', '--variant=apt', '--include=passwd', '--dpkgopt=force-unsafe-io', ...LEFT_OUT];
  const made = spawnSync('mmdebstrap', [...words, 'bookworm', tarball], { encoding: 'utf8', timeout: BASE_MS_MAX });
  if (made.status !== 0) return `Debian 12 could not be installed: ${made.stderr.trim().split('\n').at(-1)}`;
  const imported = run('import', tarball, BASE_IMAGE);
  return imported.status === 0 ? undefined : `podman import failed: ${imported.text.trim()}`;
}

/** @returns the reason why no container runs here */
function trialOf(run: ContainerEngine['run']): string | undefined {
  const trial = run('run', '--rm', '--pull=never', ...RUN_OPTIONS, BASE_IMAGE, 'true');
  return trial.status === 0 ? undefined : `podman cannot run a container here: ${trial.text.trim().split('\n').at(-1)}`;
}
