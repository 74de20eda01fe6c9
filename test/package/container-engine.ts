/**
 * podman as root with a storage of its own, for one test file. Works on a machine without a registry, systemd and cgroups
 * of version 2: the base image is a Debian from packages, under the name that the Containerfile has.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
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
  remove(): Promise<void>;
}

/** Folder on a disk, because a store in a volume must not be in RAM. */
const PARENT = '/var/tmp';
const BYTES_MIN = 3e9;
const BASE_MS_MAX = 300_000;
/** Files that the image on the registry does not have either. */
const LEFT_OUT = ['doc', 'man', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
/**
 * Mounts of the engine, which all its commands share: those of the storage, and cgroups of version 2 only, because crun
 * rejects machines with both versions. /dev/null is one of their own, because crun gives the input of a container to its
 * user, and would change the owner of that of the machine. The process that holds them deletes everything when its
 * standard input ends, which is also the end of this process by a signal.
 */
const HOLD = `mount --make-rprivate / && { umount -R /sys/fs/cgroup || true; } 2>/dev/null && mount -t cgroup2 none /sys/fs/cgroup &&
  mkdir "$0/.dev" && mount -t tmpfs -o mode=0755 none "$0/.dev" && mknod -m 666 "$0/.dev/null" c 1 3 &&
  mount --bind "$0/.dev/null" /dev/null || exit 125
echo ready
read _
for storage in "$0"/*/; do
  podman --root "$storage/root" --runroot "$storage/run" --storage-driver "$(basename "$storage")" rm --force --all --time 0 >/dev/null 2>&1
done
for round in 1 2 3; do umount -R "$0"/*/root/* 2>/dev/null || break; done
umount /dev/null; umount "$0/.dev"
rm -rf --one-file-system "$0"`;
/** Ways to store images: fast, and one that works on each file system. */
const DRIVERS = ['overlay', 'vfs'] as const;

/** @returns the engine, or the reason why there is none */
export async function makeContainerEngine(): Promise<ContainerEngine | string> {
  if (process.getuid?.() !== 0) return 'podman is tested as root only';
  for (const program of ['podman', 'mmdebstrap'])
    if (spawnSync(program, ['--version']).status !== 0) return `${program} is not installed`;
  const { bavail, bsize } = statfsSync(PARENT);
  if (bavail * bsize < BYTES_MIN) return `less than 3 GB free in ${PARENT}`;
  const folder = mkdtempSync(join(PARENT, 'holdfast-podman-'));
  // a group of its own: a signal to the group of the tests must not end the process that cleans up
  const holder = spawn('unshare', ['--mount', 'sh', '-c', HOLD, folder], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const ended = once(holder, 'exit');
  const remove = async (): Promise<void> => {
    holder.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  let why = await Promise.race([
    once(holder.stdout, 'data').then(() => undefined),
    ended.then(() => 'no mounts of its own are allowed here'),
  ]);
  const tarball = join(folder, 'base.tar');
  why ??= makeBase(tarball);
  for (const driver of why === undefined ? DRIVERS : []) {
    const place = (name: string): string => join(folder, driver, name);
    const storage = ['--root', place('root'), '--runroot', place('run'), '--storage-driver', driver];
    const settings = ['--cgroup-manager', 'cgroupfs', '--events-backend', 'none'];
    const command = ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`, 'podman', ...storage, ...settings];
    const run = (...words: readonly string[]): EngineOutput => {
      const { status, stdout, stderr } = spawnSync('nsenter', [...command.slice(1), ...words], { encoding: 'utf8' });
      return { status, stdout, text: `${stdout}${stderr}` };
    };
    why = trialOf(run, tarball);
    if (why === undefined) return { command, run, remove };
  }
  await remove();
  return why ?? 'podman was not tried';
}

/** Name of the base image in the Containerfile. */
const BASE_IMAGE = 'docker.io/library/debian:12-slim';
/** Options of `podman run` for a machine without cgroups and without the right to raise limits. */
export const RUN_OPTIONS: readonly string[] = [
  '--cgroups=disabled',
  '--network=host',
  '--ulimit=nofile=1024:1024',
  '--ulimit=nproc=1024:1024',
];

/** @returns the reason why there is no base image */
function makeBase(tarball: string): string | undefined {
  const words = ['--quiet', '--variant=apt', '--include=passwd', '--dpkgopt=force-unsafe-io', ...LEFT_OUT];
  const made = spawnSync('mmdebstrap', [...words, 'bookworm', tarball], { encoding: 'utf8', timeout: BASE_MS_MAX });
  return made.status === 0 ? undefined : `Debian 12 could not be installed: ${made.stderr.trim().split('\n').at(-1)}`;
}

/** @returns the reason why no container runs here */
function trialOf(run: ContainerEngine['run'], tarball: string): string | undefined {
  const imported = run('import', tarball, BASE_IMAGE);
  if (imported.status !== 0) return `podman import failed: ${imported.text.trim().split('\n').at(-1)}`;
  const trial = run('run', '--rm', '--pull=never', ...RUN_OPTIONS, BASE_IMAGE, 'true');
  return trial.status === 0 ? undefined : `podman cannot run a container here: ${trial.text.trim().split('\n').at(-1)}`;
}
