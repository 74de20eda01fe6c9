/**
 * The Debian package in a clean Debian without network, npm and compiler: install, run, upgrade, remove, purge. A stand-in of
 * systemctl records what the maintainer scripts ask of systemd.
 */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bootDebian } from './booted-debian.ts';
import { type DebianRoot, makeDebianRoot, RELEASES } from './debian-root.ts';
import { buildLater, buildPackages, VERSION } from './packages.ts';

let deb = '';
/** The same program with another version number. */
let later = '';

const CONFIG = '/etc/holdfast/holdfast.toml';
const WANTED = '/etc/systemd/system/multi-user.target.wants/holdfast.service';
/** Everything but the records of dpkg, apt and the tools for users. */
const LIST = `find / -xdev -not -path '/var/lib/dpkg/*' -not -path '/var/log/*' -not -path '/var/cache/*' -not -path '/tmp/*' \
  -not -path '/etc/*-' -not -path /etc/.pwd.lock -not -path '/root/.cache*' | sort
cut -d: -f1,3 /etc/passwd; cat /etc/group`;
/** Prints its words into a file. The file /tmp/active has the state of a service that is not stopped. */
const SYSTEMCTL = `#!/bin/sh
echo "$*" >> /tmp/calls
case "$*" in
  *is-active*) if [ -e /tmp/active ]; then cat /tmp/active; else echo inactive; exit 3; fi ;;
  *is-enabled*) if [ -e ${WANTED} ]; then echo enabled; else echo disabled; exit 1; fi ;;
esac
`;

beforeAll(async () => {
  deb = (await buildPackages()).deb;
  later = await buildLater();
});

describe.each(Object.entries(RELEASES))('on Debian %s', (_, release) => {
  let root: DebianRoot | string = '';
  let before = '';
  beforeAll(async () => {
    root = await makeDebianRoot(release);
    if (typeof root === 'string') return console.log(`skipped: ${root}`);
    copyFileSync(deb, join(root.folder, 'tmp/holdfast.deb'));
    copyFileSync(later, join(root.folder, 'tmp/next.deb'));
    before = sh(LIST);
  });
  afterAll(() => {
    if (typeof root !== 'string') root.remove();
  });
  /** Runs a script that must succeed. */
  function sh(script: string, network: 'none' | 'own' = 'none'): string {
    if (typeof root === 'string') throw new Error(root);
    const { status, text } = root.run(`set -e; ${script}`, network);
    expect({ status, text }).toEqual({ status: 0, text: expect.any(String) });
    return text;
  }
  function step(name: string, act: () => void): void {
    it(name, (context) => (typeof root === 'string' ? context.skip(root) : act()));
  }

  step('installs by dpkg alone, starts nothing, and prints the next step in two lines', () => {
    const text = sh('dpkg -i /tmp/holdfast.deb');
    expect(text.match(/^holdfast: .*\n {2}-> .*$/gm)).toEqual([
      expect.stringMatching(
        /not started: there is no \S+holdfast.toml yet.*\n.*config check.*systemctl enable --now holdfast$/,
      ),
    ]);
    expect(sh(`ls ${WANTED} 2>&1 || true`)).toContain('No such file');
    expect(sh('id holdfast')).toMatch(/dialout.*holdfast-admin|holdfast-admin.*dialout/);
    expect(sh('stat -c "%a %U" /var/lib/holdfast')).toBe('700 holdfast\n');
    expect(sh('dpkg --verify holdfast')).toBe('');
  });

  step('runs: version, pages, configuration with a pattern, and the demonstration', () => {
    expect(sh('holdfast --version')).toMatch(
      new RegExp(`^holdfast ${VERSION.replaceAll('.', '\\.')} \\(commit [0-9a-f]{12}`),
    );
    expect(sh('ldd /usr/lib/holdfast/node_modules/*/bin/node')).not.toContain('not found');
    sh('bash -n /usr/share/bash-completion/completions/holdfast && gzip -t /usr/share/man/man1/holdfast.1.gz');
    sh(`cp ${CONFIG}.example ${CONFIG}`);
    sh(
      String.raw`printf 'driver = "lines"\n[link.lines]\nsubdevice = "meter-1"\npattern = "^v=[0-9]+$"\n' > /tmp/lines`,
    );
    sh(`sed '/^baud_rate/r /tmp/lines' ${CONFIG}.example > /tmp/lines.toml`);
    expect(sh('holdfast config check /tmp/lines.toml')).toContain('is valid');
    expect(sh('holdfast config check')).toContain('is valid');
    const demo = sh('holdfast demo --seconds 10 --json; rm -rf /var/tmp/holdfast-demo-*', 'own');
    expect(JSON.parse(demo.split('\n').find((line) => line.startsWith('{')) ?? '')).toMatchObject({
      ok: true,
      lost: 0,
    });
  });

  step('an upgrade keeps edited files, and restarts only a running service with a valid configuration', () => {
    if (typeof root === 'string') return;
    writeFileSync(join(root.folder, 'usr/local/bin/systemctl'), SYSTEMCTL, { mode: 0o755 });
    sh(`mkdir -p /run/systemd/system; echo '# mine' >> ${CONFIG}.example; echo kept > /var/lib/holdfast/store`);
    const upgrade = (): string => sh('rm -f /tmp/calls; dpkg -i /tmp/next.deb; cat /tmp/calls');
    const stopped = upgrade();
    expect(stopped).not.toMatch(/^restart|^--\S+ .*(re)?start/m);
    expect(stopped).toContain(
      'because it is not enabled.\n  -> To start it now and at each boot: sudo systemctl enable',
    );
    for (const state of ['activating', 'active']) {
      sh(`echo ${state} > /tmp/active`);
      expect(upgrade()).toMatch(/restart holdfast\.service$/m);
    }
    sh(`cp ${CONFIG} /tmp/good; echo nonsense >> ${CONFIG}`);
    const refused = upgrade();
    expect(refused).not.toMatch(/restart holdfast\.service$/m);
    expect(refused).toMatch(/previous version is still running.*\n.*systemctl restart holdfast/);
    expect(sh(`tail -1 ${CONFIG}.example; cat /var/lib/holdfast/store; ls ${WANTED} 2>&1 || true`)).toMatch(
      /^# mine\nkept\n.*No such file/,
    );
    sh(`cp /tmp/good ${CONFIG}`);
  });

  step('remove stops the service and keeps state and configuration', () => {
    expect(sh('rm -f /tmp/calls; dpkg -r holdfast; cat /tmp/calls')).toMatch(/stop holdfast\.service$/m);
    expect(sh(`cat /var/lib/holdfast/store; ls ${CONFIG}; ls /usr/lib/holdfast 2>&1 || true`)).toMatch(
      /kept\n.*holdfast\.toml\n.*No such file/s,
    );
  });

  step(
    'an installation after a removal starts an enabled service with a valid configuration, or says what is missing',
    () => {
      sh('echo inactive > /tmp/active');
      const disabled = sh('rm -f /tmp/calls; dpkg -i /tmp/holdfast.deb; cat /tmp/calls');
      expect(disabled).toContain(
        'because it is not enabled.\n  -> To start it now and at each boot: sudo systemctl enable',
      );
      expect(disabled).not.toMatch(/(^| )start holdfast\.service$/m);
      sh(`mkdir -p $(dirname ${WANTED}); ln -s /usr/lib/systemd/system/holdfast.service ${WANTED}`); // systemctl enable
      const enabled = sh('dpkg -r holdfast; rm -f /tmp/calls; dpkg -i /tmp/holdfast.deb; cat /tmp/calls');
      expect(enabled).toMatch(/(^| )start holdfast\.service$/m);
      expect(enabled).not.toContain('holdfast: ');
      // negative control: an upgrade
      expect(sh('dpkg -i /tmp/holdfast.deb')).toContain(
        'stays stopped.\n  -> To start it: sudo systemctl start holdfast\n',
      );
    },
  );

  step('purge leaves nothing', () => {
    sh('dpkg -P holdfast; rm -r /tmp/active /run/systemd /usr/local/bin/systemctl');
    expect(sh(LIST)).toBe(before);
  });

  step('a valid configuration in place enables the service, an invalid one does not', () => {
    const install = (text: string): string =>
      sh(
        `mkdir -p /etc/holdfast; ${text} > ${CONFIG}; dpkg -i /tmp/holdfast.deb; ls ${WANTED} 2>&1 || true; dpkg -P holdfast 2>&1`,
      );
    expect(install('echo nonsense')).toMatch(/not started: \S+ is not valid[\s\S]*No such file/);
    expect(install('cat /tmp/good')).not.toMatch(/not started|No such file/);
  });

  step('installs into another root directory without starting a program there', () => {
    const option = '--root=/srv/other --force-script-chrootless --force-depends';
    sh(`mkdir -p /srv/other/var/lib/dpkg /srv/other/etc; touch /srv/other/var/lib/dpkg/status`);
    expect(sh(`dpkg ${option} -i /tmp/holdfast.deb; cat /srv/other/etc/passwd`)).toMatch(/^holdfast:/m);
    expect(sh('cat /etc/passwd')).not.toMatch(/^holdfast:/m);
    sh(`dpkg ${option} -P holdfast`);
    expect(sh(`find /srv/other -name '*holdfast*' -not -path '*/dpkg/*'; cat /srv/other/etc/passwd`)).not.toContain(
      'holdfast',
    );
  });

  it('the service starts, is restarted by an upgrade and ended by a removal, under systemd', async (context) => {
    if (typeof root === 'string') return context.skip(root);
    for (const name of ['holdfast.deb', 'next.deb', 'good'])
      copyFileSync(join(root.folder, 'tmp', name), join(root.folder, 'root', name));
    const booted = await bootDebian(root.folder, { isConnected: false });
    if (typeof booted === 'string') return context.skip(booted);
    onTestFinished(() => booted.stop());
    const run = async (script: string): Promise<string> => (await booted.run(script)).text.trim();
    const state = async (): Promise<string> =>
      (await run('systemctl show holdfast -p ActiveState,MainPID,NRestarts --value')).replaceAll('\n', ' ');
    await run('dpkg -i /root/holdfast.deb');
    expect(await state()).toContain('inactive');
    await run(`cp /root/good ${CONFIG}`);
    expect(await run('systemctl enable --now holdfast && holdfast status')).toContain('Losing data?');
    const first = await state();
    expect(first).toContain('active');
    await run('dpkg -i /root/next.deb');
    const second = await state();
    expect(second).toContain('active');
    expect(second).not.toBe(first);
    expect(await run(`echo nonsense >> ${CONFIG}; dpkg -i /root/holdfast.deb`)).toContain(
      'previous version is still running',
    );
    expect(await state()).toBe(second);
    await run('dpkg -r holdfast');
    expect(await run('systemctl is-active holdfast; ls /var/lib/holdfast')).toMatch(/^inactive\n[\s\S]*holdfast\.db/);
    await run(
      `cp /root/good ${CONFIG}; dpkg -P holdfast; mkdir /etc/holdfast; cp /root/good ${CONFIG}; dpkg -i /root/holdfast.deb`,
    );
    expect(await run('systemctl is-enabled holdfast; systemctl is-active holdfast')).toBe('enabled\nactive');
    expect(await run('dpkg -P holdfast; systemctl --failed --no-legend; id holdfast')).toMatch(/no such user$/);
  });
});
