/** Groups of sockets: no moment with wider rights, and a socket that cannot get its group stays closed. */
import { chmodSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { groupNumberOf, membershipIn } from '../../../src/io/accounts.ts';
import { keepOpening, OWNER_ONLY_MASK, openToGroup } from '../../../src/io/socket-access.ts';
import { startAdministration } from '../../../src/ops/api/administration.ts';
import { adminSocketOf } from '../../../src/ops/api/control-socket.ts';

const isRoot = process.getuid?.() === 0;
/** A group that this process may assign: root may assign any. */
const OTHER_GID = isRoot ? 1 : (process.getegid?.() ?? 0);

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-group-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function closedSocket(): Promise<string> {
  const path = join(folder(), 'control.sock');
  const server = createServer();
  const before = process.umask(OWNER_ONLY_MASK);
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
    process.umask(before);
  });
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return path;
}

const modeOf = (path: string): number => lstatSync(path).mode & 0o777;

it('a socket is closed until it has its group', async () => {
  const path = await closedSocket();
  let before = 0;
  const problem = openToGroup(path, 'readers', () => {
    before = modeOf(path);
    return OTHER_GID;
  });
  expect({ problem, before }).toEqual({ problem: undefined, before: 0o600 });
  expect([modeOf(path), lstatSync(path).gid]).toEqual([0o660, OTHER_GID]);
});

it('a socket without a configured group keeps the group of the process', async () => {
  const path = await closedSocket();
  const { gid } = lstatSync(path);
  expect(openToGroup(path, undefined)).toBeUndefined();
  expect([modeOf(path), lstatSync(path).gid]).toEqual([0o660, gid]);
});

it('a socket whose group does not exist stays closed, and the problem names the group', async () => {
  const path = await closedSocket();
  expect(openToGroup(path, 'no-such-group')).toMatchObject({
    what: 'group no-such-group does not exist on this machine',
    hint: expect.stringContaining('sudo groupadd --system no-such-group'),
  });
  expect(modeOf(path)).toBe(0o600);
});

it('a file in place of the socket is not opened to the group', () => {
  const path = join(folder(), 'file');
  writeFileSync(path, 'x');
  chmodSync(path, 0o600);
  expect(openToGroup(path, 'readers', () => OTHER_GID)).toMatchObject({
    what: expect.stringContaining('does not keep'),
  });
  expect(modeOf(path)).toBe(0o600);
});

it('the administrative socket is never open to a group before it has the right one', async () => {
  const controlSocket = join(folder(), 'control.sock');
  const seen = new Set<string>();
  let isStarted = false;
  const problems: string[] = [];
  const stayedClosed = ({ what }: { what: string }): void => void problems.push(what);
  const access = { group: 'no-such-group', stayedClosed, opened: () => undefined };
  const starting = startAdministration({ controlSocket, access, commands: {} }).finally(() => {
    isStarted = true;
  });
  while (!isStarted) {
    const found = lstatSync(adminSocketOf(controlSocket), { throwIfNoEntry: false });
    if (found !== undefined) seen.add((found.mode & 0o777).toString(8));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const administration = await starting;
  seen.add(modeOf(adminSocketOf(controlSocket)).toString(8));
  await administration.close();
  expect([...seen]).toEqual(['600']);
  expect(problems).toEqual(['group no-such-group does not exist on this machine']);
});

it('a socket that stayed closed is opened to its group when that works', async () => {
  const path = await closedSocket();
  const told: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  let attempts = 0;
  const access = {
    group: 'readers',
    stayedClosed: ({ what }: { what: string }) => void told.push(what),
    opened: () => {
      told.push('opened');
      resolve();
    },
  };
  const number = (): number | undefined => {
    attempts += 1;
    return attempts < 3 ? undefined : OTHER_GID;
  };
  keepOpening(path, access, { againMs: 1, groupNumber: number });
  await promise;
  expect(told).toEqual([...Array(2).fill('group readers does not exist on this machine'), 'opened']);
  expect([modeOf(path), lstatSync(path).gid]).toEqual([0o660, OTHER_GID]);
});

it('membership is that of the session, of the account, or none', () => {
  const path = folder();
  const files = { users: join(path, 'passwd'), groups: join(path, 'group') };
  writeFileSync(files.users, 'anna:x:1000:1000::/home/anna:/bin/sh\nben:x:1001:900::/:/bin/sh\n');
  writeFileSync(files.groups, 'root:x:0:\nbroken\nholdfast-admin:x:900:anna,carl\n');
  const of = (user: string, gids: readonly number[]) => membershipIn(900, { user, gids }, files);
  expect(of('anna', [1000, 900])).toBe('session');
  expect(of('anna', [1000])).toBe('account');
  expect(of('ben', [1001])).toBe('account'); // by its own group
  expect(of('ann', [1000])).toBe('none');
  const hidden = (user: string) => membershipIn(900, { user, gids: [1000, 65534], hasHiddenGroups: true }, files);
  expect([hidden('anna'), hidden('ann')]).toEqual(['session', 'none']);
  expect(groupNumberOf('holdfast-admin', files)).toBe(900);
  expect(groupNumberOf('broken', files)).toBeUndefined();
});
