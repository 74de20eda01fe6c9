/** A Debian of its own in a folder, without network, in which packages are installed and removed as root. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeOnce } from './shared-folder.ts';

export interface DebianRoot {
  readonly folder: string;
  /** Runs a script of the shell in it. @param network `none` also has no loopback; `own` is that of this machine */
  run(script: string, network: 'none' | 'own'): { readonly status: number | null; readonly text: string };
  remove(): void;
}

/** Version of Debian → name of its release. */
export const RELEASES = { 12: 'bookworm', 13: 'trixie' } as const;
const SOURCES = '/etc/apt/sources.list.d/debian.sources';
const BYTES_MIN = 3e9;
const INSTALL_MS_MAX = 300_000;
/** The root mounts /proc and /dev for programs that start processes and open terminals. */
const ENTER = `mount --make-rprivate / && mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" || exit 125
exec chroot "$1" sh -c "$2"`;

/** @returns words of mmdebstrap: the sources of apt of this machine if it has that release; none for the public mirror */
export function mirrorsOf(release: string): readonly string[] {
  const isOwn = existsSync(SOURCES) && readFileSync('/etc/os-release', 'utf8').includes(`VERSION_CODENAME=${release}`);
  return isOwn ? [SOURCES] : [];
}

/** @returns the root, or the reason why there is none */
export async function makeDebianRoot(release: string): Promise<DebianRoot | string> {
  if (process.getuid?.() !== 0) return 'a root directory can only be made by root';
  if (spawnSync('mmdebstrap', ['--version']).status !== 0) return 'mmdebstrap is not installed';
  if (spawnSync('unshare', ['--mount', '--net', 'true']).status !== 0) return 'no mounts of its own are allowed here';
  const { bavail, bsize } = statfsSync(tmpdir());
  if (bavail * bsize < BYTES_MIN) return `less than 3 GB free in ${tmpdir()}`;
  let fresh: string;
  try {
    fresh = await makeOnce(`debian-${release}`, (made) => install(release, made));
  } catch (error) {
    return `Debian ${release} could not be installed: ${error instanceof Error ? error.message : String(error)}`;
  }
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-debian-'));
  const folder = join(parent, 'root');
  const remove = (): void => void execFileSync('rm', ['-rf', '--one-file-system', parent], { encoding: 'utf8' });
  execFileSync('cp', ['-a', fresh, folder], { stdio: 'pipe' });
  const run: DebianRoot['run'] = (script, network) => {
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['--mount', ...(network === 'none' ? ['--net'] : []), 'sh', '-c', ENTER, 'sh', folder, script],
      {
        encoding: 'utf8',
        env: { HOME: '/root', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      },
    );
    return { status, text: `${stdout}${stderr}` };
  };
  return { folder, run, remove };
}

/** @throws if the machine cannot install that release */
function install(release: string, folder: string): void {
  const words = ['--quiet', '--variant=apt', '--include=systemd,libstdc++6,passwd', '--dpkgopt=force-unsafe-io'];
  const { status, stderr } = spawnSync('mmdebstrap', [...words, release, folder, ...mirrorsOf(release)], {
    encoding: 'utf8',
    timeout: INSTALL_MS_MAX,
  });
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1));
}
