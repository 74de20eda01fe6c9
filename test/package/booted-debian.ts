/** systemd as the first process of a Debian in a folder, in namespaces of its own: the service runs as on a machine. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface BootedDebian {
  /** Runs a script of the shell in it. */
  run(script: string): Promise<{ readonly status: number | null; readonly text: string }>;
  /** Time from its first process to the end of the boot, ms. */
  readonly bootMs: number;
  /** Ends all its processes. */
  stop(): Promise<void>;
}

/** Resources of this machine that the booted machine uses. */
export interface Sharing {
  /** Network, and the terminals of this machine as `/dev/outside/N`. Otherwise it has a loopback only. */
  readonly isConnected: boolean;
}

/**
 * The machine has a control group of its own, so that machines do not meet. It ends with this process: the kernel ends
 * `unshare`, and `unshare` the first process of the machine (prctl(2), PR_SET_PDEATHSIG). What is left of it is an empty
 * control group, named after the process of `unshare`; the next machine removes it.
 */
const START = `set -e
parent=$(findmnt -rn -t cgroup2 -o TARGET | head -n 1)
for left in "$parent"/holdfast-*; do
  [ -e "/proc/\${left##*-}" ] || find "$left" -depth -type d -exec rmdir {} + 2>/dev/null || true
done
groups=$parent/holdfast-$$
mkdir "$groups"
echo $$ > "$groups/cgroup.procs"
exec setpriv --pdeathsig KILL unshare --cgroup --pid --fork --kill-child --mount --uts --ipc "$@"`;
/** Not chroot: systemd can give a service no user namespace then. Source: user_namespaces(7), EPERM of unshare(2). */
const BOOT = `set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
for name in run tmp dev; do mount -t tmpfs tmpfs $name; done
for name in null zero full random urandom tty; do mknod -m 666 dev/$name c $(stat -c '%Hr %Lr' /dev/$name); done
mkdir dev/pts dev/shm dev/outside
if [ "$2" = connected ]; then mount --bind /dev/pts dev/outside; fi
mount -t devpts devpts dev/pts -o newinstance,ptmxmode=666
ln -s pts/ptmx dev/ptmx
mkdir -p mnt/outside
pivot_root . mnt/outside
umount -l /mnt/outside
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=no systemd.unit=multi-user.target`;
/** All namespaces, the root and the working directory of the first process. */
const NAMESPACES = ['-p', '-m', '-u', '-i', '-n', '-C', '-r', '-w'];
const ENVIRONMENT = ['HOME=/root', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
/** The groups are free once the kernel has ended all processes of the machine. */
const REMOVE_GROUPS = `groups=$(findmnt -rn -t cgroup2 -o TARGET | head -n 1)/holdfast-$1
for attempt in $(seq 50); do
  find "$groups" -depth -type d -exec rmdir {} + 2>/dev/null && exit
  sleep 0.1
done`;
const BOOT_MS_MAX = 120_000;
const POLL_MS = 200;

/** @returns the running system, or the reason why it does not run */
export async function bootDebian(folder: string, { isConnected }: Sharing): Promise<BootedDebian | string> {
  const network = isConnected ? [] : ['--net'];
  const boot = ['sh', '-c', BOOT, 'sh', folder, isConnected ? 'connected' : 'alone'];
  const startedMs = performance.now();
  const outside = spawn('sh', ['-c', START, 'sh', ...network, ...boot], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  outside.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = new Promise<void>((resolve) => outside.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    outside.kill('SIGKILL');
    await ended;
    spawnSync('sh', ['-c', REMOVE_GROUPS, 'sh', String(outside.pid)]);
  };
  const run: BootedDebian['run'] = async (script) => {
    const children = `/proc/${outside.pid}/task/${outside.pid}/children`;
    const first = existsSync(children) ? readFileSync(children, 'utf8').trim() : '';
    if (first === '') return { status: null, text: 'there is no first process' };
    const inside = spawn('nsenter', ['-t', first, ...NAMESPACES, 'env', '-i', ...ENVIRONMENT, 'sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [inside.stdout, inside.stderr])
      stream.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
    await once(inside, 'close');
    return { status: inside.exitCode, text };
  };
  const deadline = Date.now() + BOOT_MS_MAX;
  while (outside.exitCode === null && Date.now() < deadline) {
    // "degraded": a unit for hardware failed, such as the loading of kernel modules
    if (/^(running|degraded)/.test((await run('systemctl is-system-running --wait')).text))
      return { run, stop, bootMs: performance.now() - startedMs };
    await sleep(POLL_MS);
  }
  const state = (await run('systemctl is-system-running; systemctl --failed --no-legend')).text;
  await stop();
  return `systemd does not run in a folder here: ${complaint.trim() || state.trim()}`;
}
