/**
 * The Debian package on a booted machine, from the installation to the purge: one machine, one store, one account of the
 * messages of a subdevice over all steps.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../e2e/until.ts';
import { BootedTestbed } from './booted-testbed.ts';
import { type DebianRoot, makeDebianRoot, RELEASES } from './debian-root.ts';
import { buildLater, buildPackages, LATER } from './packages.ts';

const BACKLOG = 10_000;
const STATE = '/var/lib/holdfast';
/** Every file of the state with its digest. */
const DIGESTS = `cd ${STATE} && find . -type f | sort | xargs sha256sum`;
/** Schema of a store that no program has yet, written into the header of the file (SQLite file format §1.3). */
const AGE_THE_PROGRAM = `printf '\\0\\0\\0\\143' | dd of=${STATE}/holdfast.db bs=1 seek=60 conv=notrunc status=none`;

let root: DebianRoot | string = '';
let opened: BootedTestbed | string = '';
const tookMs = new Map<string, number>();

beforeAll(async () => {
  root = await makeDebianRoot(RELEASES[12]);
  if (typeof root === 'string') return console.log(`skipped: ${root}`);
  const { deb } = await buildPackages();
  const later = await buildLater();
  opened = await BootedTestbed.open(root);
  if (typeof opened === 'string') return console.log(`skipped: ${opened}`);
  opened.bring(deb, 'holdfast.deb');
  opened.bring(later, 'next.deb');
});
afterAll(async () => {
  if (typeof opened !== 'string') await opened.close();
  if (typeof root !== 'string') root.remove();
  console.log('times, ms:', Object.fromEntries([...tookMs].map(([what, ms]) => [what, Math.round(ms)])));
});

function step(name: string, act: (testbed: BootedTestbed) => Promise<void>): void {
  it(name, async (context) => {
    const testbed = opened;
    if (typeof testbed === 'string') return context.skip(testbed || 'there is no machine');
    await act(testbed);
  });
}

async function timed(what: string, act: () => Promise<unknown>): Promise<void> {
  const startedMs = performance.now();
  await act();
  tookMs.set(what, performance.now() - startedMs);
}

describe('a booted machine', () => {
  step('installs the package, and starts nothing without a configuration', async (testbed) => {
    await timed('install', () => testbed.sh('dpkg -i /root/holdfast.deb'));
    expect(await testbed.property('ActiveState')).toBe('inactive');
    await testbed.addDropIn();
  });

  step('serves a subdevice in both directions once the service is enabled', async (testbed) => {
    testbed.writeConfig();
    await timed('start of the service', () => testbed.sh('systemctl enable --now holdfast'));
    expect(await testbed.property('ActiveState')).toBe('active');
    await testbed.enter();
    testbed.publish(100);
    testbed.command(20);
    await testbed.expectAllDelivered();
    await until(async () => /^Losing data\? No/.test(await testbed.property('StatusText')));
  });

  step('exposes little: at most 1.5 of 10', async (testbed) => {
    const overall = (await testbed.try('systemd-analyze security holdfast --no-pager')).text;
    const exposure = Number(/exposure level for holdfast\.service: ([\d.]+)/.exec(overall)?.[1]);
    expect(exposure).toBeGreaterThan(0);
    // the terminals of the drop-in count
    expect(exposure).toBeLessThanOrEqual(1.5);
  });

  step('restarts a killed gateway, and loses nothing', async (testbed) => {
    for (let kill = 1; kill <= 3; kill += 1) {
      testbed.publish(200);
      testbed.command(5);
      await until(() => testbed.subdevice.queued < 100);
      await testbed.sh('systemctl kill --signal=KILL --kill-who=main holdfast');
      await until(async () => Number(await testbed.property('NRestarts')) >= kill);
    }
    await testbed.expectAllDelivered();
  });

  step('restarts a gateway whose event loop hangs, with a recording, and loses nothing', async (testbed) => {
    const before = Number(await testbed.property('NRestarts'));
    testbed.publish(50);
    await testbed.sh('systemctl kill --signal=USR2 --kill-who=main holdfast');
    testbed.publish(50);
    await timed('detection of a hung loop and restart', () =>
      until(async () => Number(await testbed.property('NRestarts')) > before),
    );
    await testbed.expectAllDelivered();
    expect(await testbed.sh(`ls ${STATE}/recordings`)).not.toBe('');
    expect(await testbed.sh('journalctl --unit=holdfast --no-pager --output=cat')).toMatch(/event loop/);
    expect(await testbed.sh('holdfast conditions || true')).toMatch(/Restarted by the watchdog .* event loop/);
  });

  step('loses nothing when all processes of the machine end at once and it boots again', async (testbed) => {
    testbed.publish(500);
    testbed.command(5);
    await until(() => testbed.subdevice.queued < 250);
    await testbed.powerOff();
    const delivered = testbed.subdevice.uplinks.delivered;
    await timed('boot to the first message', async () => {
      expect(await testbed.boot()).toBeUndefined();
      await until(() => testbed.subdevice.uplinks.delivered > delivered);
    });
    tookMs.set('boot of systemd', testbed.bootMs);
    await testbed.expectAllDelivered();
    expect(await testbed.property('ActiveState')).toBe('active');
  });

  step('keeps a backlog of 10,000 messages and the session of the subdevice over an upgrade', async (testbed) => {
    const { subdevice } = testbed;
    testbed.dropHub();
    testbed.publish(BACKLOG);
    await until(() => subdevice.queued === 0);
    expect(subdevice.uplinks.sent - subdevice.uplinks.delivered).toBeGreaterThanOrEqual(BACKLOG - 100);
    const pid = await testbed.property('MainPID');
    await timed('upgrade with 10,000 waiting messages', () => testbed.sh('dpkg -i /root/next.deb'));
    expect(await testbed.property('ActiveState')).toBe('active');
    expect(await testbed.property('MainPID')).not.toBe(pid);
    testbed.restoreHub();
    testbed.command(10);
    await testbed.expectAllDelivered();
    expect(await testbed.sh('dpkg-query --status holdfast')).toContain(`
Version: ${LATER}
`);
  });

  step('refuses a store of a later version after a downgrade, and touches no file', async (testbed) => {
    await testbed.sh(`systemctl stop holdfast && ${AGE_THE_PROGRAM}`);
    const before = await testbed.sh(DIGESTS);
    const { text } = await testbed.try('dpkg -i /root/holdfast.deb; systemctl start holdfast');
    expect(text).toMatch(/downgrading/);
    await until(async () => /schema 99/.test(await testbed.sh('journalctl --unit=holdfast --no-pager --output=cat')));
    await testbed.sh('systemctl stop holdfast');
    expect(await testbed.sh(DIGESTS)).toBe(before);
    const journal = await testbed.sh('journalctl --unit=holdfast --no-pager --output=cat');
    expect(journal).toMatch(/holdfast\.db has schema 99; this program knows schema \d+/);
    expect(journal).toMatch(/install the newer program again/);
  });

  step('leaves nothing after a purge', async (testbed) => {
    await testbed.sh('rm -r /etc/systemd/system/holdfast.service.d && dpkg -P holdfast && systemctl daemon-reload');
    const left = await testbed.sh(
      `find / -xdev -name '*holdfast*' -not -path '/proc/*' -not -path '/root/*' -not -path '/var/log/*' -not -path '/sys/*' -not -path '/var/lib/dpkg/*'`,
    );
    expect(left).toBe('');
    expect((await testbed.try('id holdfast')).text).toContain('no such user');
    expect(await testbed.sh('systemctl --failed --no-legend')).toBe('');
  });
});
