/** systemd as the first process of a Debian in a folder, in namespaces of its own: the service runs as on a machine. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface BootedDebian {
  /** Runs a script of the shell in it. */
  run(script: string): { readonly status: number | null; readonly text: string };
  /** Ends all its processes. */
  stop(): Promise<void>;
}

/** Not chroot: systemd can give a service no user namespace then. Source: user_namespaces(7), EPERM of unshare(2). */
const BOOT = `set -e
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for name in run tmp dev; do mount -t tmpfs tmpfs $name; done
for name in null zero full random urandom tty; do mknod -m 666 dev/$name c $(stat -c '%Hr %Lr' /dev/$name); done
mkdir dev/pts dev/shm
mount -t devpts devpts dev/pts -o newinstance,ptmxmode=666
ln -s pts/ptmx dev/ptmx
mkdir -p mnt/outside
pivot_root . mnt/outside
umount -l /mnt/outside
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=no systemd.unit=multi-user.target`;
const ENVIRONMENT = ['HOME=/root', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
const BOOT_MS_MAX = 120_000;
const POLL_MS = 200;

/** @returns the running system, or the reason why it does not run */
export async function bootDebian(folder: string): Promise<BootedDebian | string> {
  const namespaces = ['--pid', '--fork', '--kill-child', '--mount', '--uts', '--ipc', '--net'];
  const outside = spawn('unshare', [...namespaces, 'sh', '-c', BOOT, 'sh', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complaint = '';
  outside.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = new Promise<void>((resolve) => outside.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    outside.kill('SIGKILL');
    await ended;
  };
  const run: BootedDebian['run'] = (script) => {
    const children = `/proc/${outside.pid}/task/${outside.pid}/children`;
    const first = existsSync(children) ? readFileSync(children, 'utf8').trim() : '';
    if (first === '') return { status: null, text: 'there is no first process' };
    const words = [
      '-t',
      first,
      '-p',
      '-m',
      '-u',
      '-i',
      '-n',
      '-r',
      '-w',
      'env',
      '-i',
      ...ENVIRONMENT,
      'sh',
      '-c',
      script,
    ];
    const { status, stdout, stderr } = spawnSync('nsenter', words, { encoding: 'utf8' });
    return { status, text: `${stdout}${stderr}` };
  };
  const deadline = Date.now() + BOOT_MS_MAX;
  while (outside.exitCode === null && Date.now() < deadline) {
    // "degraded": a unit for hardware failed, such as the loading of kernel modules
    if (/^(running|degraded)/.test(run('systemctl is-system-running --wait').text)) return { run, stop };
    await sleep(POLL_MS);
  }
  const state = run('systemctl is-system-running; systemctl --failed --no-legend').text;
  await stop();
  return `systemd does not run in a folder here: ${complaint.trim() || state.trim()}`;
}
