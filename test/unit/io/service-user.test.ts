/** User of the service, and files that this user may not read although root may. Needs root, as the case itself does. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isDeniedTo, serviceUserOf } from '../../../src/io/service-user.ts';

const UID = 64_000;
const GID = 64_001;
const user = { name: 'holdfast', uid: UID, gid: GID };

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-service-user-'));
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe.skipIf(process.geteuid?.() !== 0)('the user of the service', () => {
  it('is the owner of the state directory', () => {
    const stateDir = newFolder();
    expect(serviceUserOf(stateDir)).toBeUndefined();
    chownSync(stateDir, UID, GID);
    expect(serviceUserOf(stateDir)).toMatchObject({ uid: UID, gid: GID });
  });

  it('is the user holdfast before the state directory exists', () => {
    const folder = newFolder();
    const files = { users: join(folder, 'passwd'), groups: join(folder, 'group') };
    writeFileSync(files.users, `root:x:0:0::/root:/bin/sh\nholdfast:x:${UID}:${GID}::/:/bin/false\n`);
    expect(serviceUserOf(join(folder, 'none'), files)).toEqual(user);
    writeFileSync(files.users, 'root:x:0:0::/root:/bin/sh\n');
    expect(serviceUserOf(join(folder, 'none'), files)).toBeUndefined();
  });

  it('may read its own secret, and not one of root or one in a closed folder', () => {
    const folder = newFolder();
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'x', { mode: 0o600 });
    expect(isDeniedTo(user, secret)).toBe(true);
    chownSync(secret, UID, GID);
    expect(isDeniedTo(user, secret)).toBe(false);
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const inside = join(closed, 'secret');
    writeFileSync(inside, 'x', { mode: 0o644 });
    expect(isDeniedTo(user, inside)).toBe(true);
  });
});
