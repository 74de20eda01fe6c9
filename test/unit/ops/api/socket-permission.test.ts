/** Hints of a socket that a user may not use: no hint recommends the group of root. */
import { expect, it } from 'vitest';
import { groupWords } from '../../../../src/ops/api/socket-permission.ts';

/** Group of no user and no process. */
const OTHER_GID = 4_000_000;
const SOCKET = { socketPath: '/run/holdfast/admin.sock', membership: 'none' } as const;

it('names no membership in the group of root as a remedy', () => {
  const [what, { hint }] = groupWords({ ...SOCKET, gid: 0 }, 'lea', undefined);
  expect(what).toBe('/run/holdfast/admin.sock is open to root and group root only, not to user lea');
  expect(hint).not.toContain('usermod');
  expect(hint).toMatch(/control_group .* admin_group/);
});

it('names the membership in another group as the remedy', () => {
  const [, { hint }] = groupWords({ ...SOCKET, gid: OTHER_GID }, 'lea', undefined);
  expect(hint).toContain(`sudo usermod -aG number ${OTHER_GID} lea`);
});
