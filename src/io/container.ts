/**
 * Container around this process, and what it hides: device files of the host, udev, systemd, and a state directory that
 * ends with it.
 *
 * Sources: systemd, "The Container Interface" (variable `container`); podman-run(1) for /run/.containerenv; docker for
 * /.dockerenv; proc_pid_mountinfo(5) for the folder of a volume on its host.
 */
import { existsSync } from 'node:fs';
import { mountUnder } from './volatile-storage.ts';

/** Facts from which a container is recognised. Replaced in tests. */
export interface ContainerSigns {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exists: (path: string) => boolean;
  /** Text of /proc/self/mountinfo; default: that of this process. */
  readonly mountinfo?: string;
}

const HERE: ContainerSigns = { env: process.env, exists: existsSync };
/** Volume that got its name from docker or podman, because the command named none. */
const UNNAMED_VOLUME = /\/volumes\/[0-9a-f]{64}\/_data$/;

/**
 * True in a container. /.dockerenv alone proves nothing: a machine whose root file system was made from an image has it
 * too. docker also mounts /etc/hosts.
 */
export function isInContainer({ env, exists, mountinfo }: ContainerSigns = HERE): boolean {
  if ((env.container ?? '') !== '' || exists('/run/.containerenv')) return true;
  return exists('/.dockerenv') && mountOn('/etc/hosts', mountinfo)?.point === '/etc/hosts';
}

function mountOn(path: string, mountinfo: string | undefined): ReturnType<typeof mountUnder> {
  return mountUnder(path, mountinfo === undefined ? undefined : { mountinfo });
}

/** Reason why the messages in a directory may end with the container, and the remedy. */
export interface ContainerLoss {
  readonly what: string;
  readonly hint: string;
}

/** @returns `undefined`: not in a container, or a volume with a name, or a folder of the host */
export function containerLossOf(stateDir: string, signs: ContainerSigns = HERE): ContainerLoss | undefined {
  if (!isInContainer(signs)) return undefined;
  const mount = mountOn(stateDir, signs.mountinfo);
  const hint = `Start the container with a volume that has a name: --volume holdfast-state:${stateDir}`;
  if (mount?.point === '/')
    return { what: `${stateDir} is in the container itself: removing the container deletes every message in it`, hint };
  if (mount !== undefined && UNNAMED_VOLUME.test(mount.root))
    return {
      what: `${stateDir} is in a volume without a name: the next container gets another one, and does not find the messages`,
      hint,
    };
  return undefined;
}

/**
 * True if device files that appear on the host after the start of the container appear here too.
 * @param dev folder of the device files
 */
export function seesNewDevices(dev: string, { mountinfo }: Pick<ContainerSigns, 'mountinfo'> = HERE): boolean {
  return mountOn(dev, mountinfo)?.type === 'devtmpfs';
}
