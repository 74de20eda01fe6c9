/**
 * Access to the sockets, with real users: the gateway, a reader, an administrator and an outsider are processes with
 * identities of their own. The kernel decides, so each case has its contrary beside it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { groupNumberOf, userNameOf } from '../../src/io/accounts.ts';
import { complaintsAbout } from '../json-complaints.ts';
import { MAIN } from './program.ts';
import { until } from './until.ts';

interface Identity {
  readonly uid: number;
  readonly gids: readonly number[];
}

/** Users and groups that every Debian has (base-passwd); none of them runs anything. */
const GAMES = { uid: 5, gid: 60 };
const AUDIO = 'audio';
const AUDIO_GID = groupNumberOf(AUDIO) ?? -1;
const SERVICE: Identity = { uid: GAMES.uid, gids: [GAMES.gid, AUDIO_GID] };
const READER: Identity = { uid: 7, gids: [7, GAMES.gid] };
const ADMINISTRATOR: Identity = { uid: 8, gids: [8, GAMES.gid, AUDIO_GID] };
const OUTSIDER: Identity = { uid: 9, gids: [9] };

/** True if every user may enter the folders above the program: access(2) ignores the capability of `as`. */
function isOpenToOthers(path: string): boolean {
  const folder = dirname(path);
  return (statSync(folder).mode & 0o001) !== 0 && (folder === path || isOpenToOthers(folder));
}

const canBeOthers =
  process.getuid?.() === 0 &&
  isOpenToOthers(MAIN) &&
  spawnSync('setpriv', ['--version']).status === 0 &&
  userNameOf(GAMES.uid) === 'games' &&
  AUDIO_GID > 0;

/**
 * Command line that runs the program as another user. The capability lets it read a checkout in a private folder; it
 * gives no permission to write, which a connection to a socket needs.
 */
function as({ uid, gids }: Identity, words: readonly string[]): [string, string[]] {
  const capability = '+dac_read_search';
  const identity = [`--reuid=${uid}`, `--regid=${gids[0]}`, `--groups=${gids.join(',')}`];
  const rights = [`--inh-caps=-all,${capability}`, `--ambient-caps=${capability}`];
  return ['setpriv', [...identity, ...rights, process.execPath, MAIN, ...words]];
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(who: Identity, words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(...as(who, words), { stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.once('close', (code) => resolve({ code, out, err }));
  });
}

interface Service {
  readonly socketPath: string;
  readonly adminPath: string;
  readonly journal: () => string;
  readonly options: readonly string[];
}

/** @param keys further keys of `[gateway]` */
async function startService(keys: string, who: Identity = SERVICE): Promise<Service> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-access-'));
  chmodSync(folder, 0o755);
  const run = join(folder, 'run');
  const state = join(folder, 'state');
  for (const path of [run, state]) {
    mkdirSync(path);
    chownSync(path, who.uid, who.gids[0] ?? 0);
  }
  chmodSync(state, 0o700);
  const socketPath = join(run, 'control.sock');
  const config = join(folder, 'holdfast.toml');
  writeFileSync(
    config,
    `[gateway]\nname = "gw"\nstate_dir = "${state}"\nallow_volatile_store = true\ncontrol_socket = "${socketPath}"\n${keys}
[hub]\nprofile = "generic"\nhost = "127.0.0.1"\nport = 1
[[link]]\nname = "l"\npath = "/dev/ttyUSB99"\nsubdevices = ["a"]\n[[subdevice]]\nid = "a"\n`,
  );
  chmodSync(config, 0o644);
  let journal = '';
  const child: ChildProcess = spawn(...as(who, ['run', '--config', config]), { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      journal += text;
    });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await new Promise((resolve) =>
      child.exitCode === null && child.signalCode === null ? child.once('close', resolve) : resolve(0),
    );
    rmSync(folder, { recursive: true, force: true });
  });
  const adminPath = join(run, 'control-admin.sock');
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the gateway ended: ${journal}`);
    return /gateway started/.test(journal);
  });
  return { socketPath, adminPath, journal: () => journal, options: ['--config', config] };
}

const READ = ['status'];
/** The gateway refuses this command because there is no gap, but only a caller who may administer learns that. */
const ADMINISTER = ['acknowledge-gap'];

const modeOf = (path: string): string => {
  const { mode, gid } = lstatSync(path);
  return `${(mode & 0o777).toString(8)} ${gid}`;
};

describe.skipIf(!canBeOthers)('with gateway.admin_group', () => {
  it('members of the read group read, members of both administer, others do neither', async () => {
    const service = await startService(`admin_group = "${AUDIO}"`);
    const { options, socketPath, adminPath } = service;
    expect([modeOf(socketPath), modeOf(adminPath)]).toEqual([`660 ${GAMES.gid}`, `660 ${AUDIO_GID}`]);
    const [readerReads, readerActs, adminReads, adminActs, outsiderReads] = await Promise.all([
      run(READER, [...READ, ...options]),
      run(READER, [...ADMINISTER, ...options]),
      run(ADMINISTRATOR, [...READ, ...options]),
      run(ADMINISTRATOR, [...ADMINISTER, ...options]),
      run(OUTSIDER, [...READ, ...options]),
    ]);
    expect(readerReads).toMatchObject({ code: 0, out: expect.stringMatching(/^Losing data\?/) });
    expect(adminReads).toMatchObject({ code: 0 });
    expect(readerActs).toMatchObject({ code: 77, out: '' });
    expect(readerActs.err).toContain(`User lp is not in group ${AUDIO}, which may use ${adminPath}`);
    expect(readerActs.err).toContain(`sudo usermod -aG ${AUDIO} lp, then log in again`);
    expect(adminActs).toMatchObject({ code: 1, err: expect.stringContaining('There is no gap to acknowledge') });
    expect(outsiderReads).toMatchObject({ code: 77, out: '' });
    expect(outsiderReads.err).toContain(`User news is not in group games, which may use ${socketPath}`);
  });

  it('a socket that anyone may write lets the outsider in (negative control)', async () => {
    const { options, socketPath, adminPath } = await startService(`admin_group = "${AUDIO}"`);
    for (const path of [socketPath, adminPath]) chmodSync(path, 0o666);
    expect(await run(OUTSIDER, [...READ, ...options])).toMatchObject({ code: 0 });
    expect(await run(OUTSIDER, [...ADMINISTER, ...options])).toMatchObject({ code: 1 });
  });

  it('the error with --json has the code not-permitted', async () => {
    const { options } = await startService(`admin_group = "${AUDIO}"`);
    const { code, err } = await run(READER, ['--json', ...ADMINISTER, ...options]);
    expect(code).toBe(77);
    expect(complaintsAbout(err.trim())).toEqual([]);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'not-permitted', retryable: false } });
  });

  it('the journal names the user who changed something', async () => {
    const { options, journal } = await startService(`admin_group = "${AUDIO}"`);
    const { code } = await run(ADMINISTRATOR, ['dead-letters', 'retry', '--all', ...options]);
    expect(code).toBe(0);
    await until(() => /operator mail: dead-letters retry/.test(journal()));
  });
});

describe.skipIf(!canBeOthers)('without keys for groups', () => {
  it('members of the group of the process read and administer, as before', async () => {
    const { options, socketPath, adminPath } = await startService('');
    expect([modeOf(socketPath), modeOf(adminPath)]).toEqual([`660 ${GAMES.gid}`, `660 ${GAMES.gid}`]);
    expect(await run(READER, [...READ, ...options])).toMatchObject({ code: 0 });
    expect(await run(READER, [...ADMINISTER, ...options])).toMatchObject({ code: 1 });
    expect(await run(OUTSIDER, [...ADMINISTER, ...options])).toMatchObject({ code: 77 });
  });
});

describe.skipIf(!canBeOthers)('a group that cannot be set', () => {
  it.each([
    ['does not exist', 'no-such-group', /admin_group: group no-such-group does not exist .*administrative socket/],
    ['is not a group of the service', 'video', /user games, which runs the gateway, is not in group video/],
  ])('because it %s leaves the socket closed, with a warning', async (_, group, warning) => {
    const { options, adminPath, socketPath, journal } = await startService(`admin_group = "${group}"`);
    expect(modeOf(adminPath)).toBe(`600 ${GAMES.gid}`);
    expect(modeOf(socketPath)).toBe(`660 ${GAMES.gid}`);
    expect(journal().replaceAll(/\s+/g, ' ')).toMatch(warning);
    const member: Identity = { ...ADMINISTRATOR, gids: [...ADMINISTRATOR.gids, groupNumberOf('video') ?? 44] };
    const acts = await run(member, [...ADMINISTER, ...options]);
    expect(acts).toMatchObject({ code: 77, err: expect.stringContaining('is open to its owner and root only') });
    expect(await run(SERVICE, [...ADMINISTER, ...options])).toMatchObject({ code: 1 });
    expect(await run(member, [...READ, ...options])).toMatchObject({ code: 0 });
    const { out } = await run(member, ['conditions', ...options]);
    expect(out.replaceAll(/\s+/g, ' ')).toContain(
      'dministrative socket is open to root and to the user of the gateway only. For ',
    );
  });
});
