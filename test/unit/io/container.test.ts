/** Container around the process: its signs, and a state directory that ends with it. */
import { expect, it } from 'vitest';
import { containerLossOf, isInContainer, seesNewDevices } from '../../../src/io/container.ts';

const none = { env: {}, exists: () => false };
const inside = { env: { container: 'oci' }, exists: () => false };
const LAYER = '20 1 0:1 / / rw - overlay overlay rw,upperdir=/var/lib/docker/overlay2/1/diff';
const volume = (name: string): string =>
  `21 20 8:1 /var/lib/docker/volumes/${name}/_data /nowhere/state rw - ext4 /dev/sda1 rw`;

it('is recognised by the variable, by the file of podman, and by the file and the mount of docker', () => {
  expect(isInContainer(none)).toBe(false);
  expect(isInContainer(inside)).toBe(true);
  const has = (file: string, mounts: readonly string[]) => ({
    env: {},
    exists: (path: string) => path === file,
    mountinfo: mounts.join('\n'),
  });
  expect(isInContainer(has('/run/.containerenv', [LAYER]))).toBe(true);
  const hosts = '22 20 8:1 /var/lib/docker/containers/1/hosts /etc/hosts rw - ext4 /dev/sda1 rw';
  expect(isInContainer(has('/.dockerenv', [LAYER, hosts]))).toBe(true);
  // a machine that was installed from an image of docker
  expect(isInContainer(has('/.dockerenv', [LAYER]))).toBe(false);
});

it.each([
  ['in the container itself', [LAYER], /is in the container itself: removing the container deletes/],
  ['in a volume without a name', [LAYER, volume('0a'.repeat(32))], /is in a volume without a name/],
  ['in a volume with a name', [LAYER, volume('holdfast-state')], undefined],
  ['in a folder of the host', [LAYER, '21 20 8:1 /srv/state /nowhere/state rw - ext4 /dev/sda1 rw'], undefined],
])('a state directory %s', (_where, mounts, what) => {
  const mountinfo = mounts.join('\n');
  const loss = containerLossOf('/nowhere/state', { ...inside, mountinfo });
  expect(loss).toEqual(
    what === undefined ? undefined : { what: expect.stringMatching(what), hint: expect.any(String) },
  );
  expect(containerLossOf('/nowhere/state', { ...none, mountinfo })).toBeUndefined();
});

it('shows new devices of the host only if it shares /dev with it', () => {
  expect(seesNewDevices('/dev', { mountinfo: `${LAYER}\n70 20 0:42 / /dev rw - tmpfs tmpfs rw` })).toBe(false);
  expect(seesNewDevices('/dev', { mountinfo: `${LAYER}\n70 20 0:6 / /dev rw - devtmpfs devtmpfs rw` })).toBe(true);
});
