/** `holdfast config apply` on a real gateway: unchanged links continue, nothing is lost, and a bad change returns. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FieldSubdevice } from '../../src/bench/subdevices/field-subdevice.ts';
import { applyRemoval, config, edit, onLinkOf, report, wrongPort } from './config-edits.ts';
import { runProgram } from './program.ts';
import { openStrictHubTestbed } from './strict-hub-testbed.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

/** Counts the connections of a subdevice that begin or end from now on. */
function countChanges(subdevice: FieldSubdevice): { readonly changes: string[] } {
  const changes: string[] = [];
  subdevice.onReport(({ kind }) => {
    if (kind === 'connected' || kind === 'disconnected') changes.push(kind);
  });
  return { changes };
}

const connects = ({ events }: Testbed): number => events.filter(({ kind }) => kind === 'connected').length;

/** Largest number of undelivered commands of one subdevice: less than its inbox and the hub hold, on a slow machine too. */
const COMMANDS_MAX = 50;

/** Publishes and commands without a pause while `act` runs. */
async function duringTraffic<Result>(testbed: Testbed, act: () => Promise<Result>): Promise<Result> {
  const traffic = setInterval(() => {
    testbed.publish(1);
    for (const subdevice of testbed.subdevices)
      if (subdevice.downlinks.sent - subdevice.downlinks.delivered < COMMANDS_MAX) testbed.command(subdevice);
  }, 20);
  try {
    return await act();
  } finally {
    clearInterval(traffic);
  }
}

describe('config apply', () => {
  it('restarts the changed link only: the other subdevice and the hub stay connected', async () => {
    const testbed = await openTestbed({ config: { inbox: { replay_interval_ms: 0 } } });
    await testbed.start();
    const [a, b] = [countChanges(testbed.subdevice('a')), countChanges(testbed.subdevice('b'))];
    const before = connects(testbed);
    edit(testbed, onLinkOf('b', 'retries_max = 7'));
    const { code, stdout } = await duringTraffic(testbed, () => config(testbed, 'apply'));
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      code: 0,
      outcome: 'confirmed',
      changes: [{ key: 'link[link-b].retries_max', restarts: 'link', links: ['link-b'] }],
    });
    await until(() => b.changes.length >= 2); // negative control: the link that changed has disconnected its subdevice
    await testbed.expectNothingLost();
    expect(a.changes).toEqual([]);
    expect(connects(testbed)).toBe(before);
    expect(testbed.gateway.journal).toContain('was confirmed automatically');
  });

  it('connects to the hub again with the session, and keeps the links', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const both = testbed.subdevices.map(countChanges);
    edit(testbed, (text) => text.replace('[hub]', '[hub]\nkeep_alive_s = 30'));
    const { stdout } = await duringTraffic(testbed, () => config(testbed, 'apply'));
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'confirmed', changes: [{ key: 'hub.keep_alive_s' }] });
    await testbed.expectNothingLost();
    expect(both.flatMap(({ changes }) => changes)).toEqual([]);
    expect((await testbed.gateway.status()).hub).toMatchObject({ sessionPresent: true, sessionsLost: 0 });
  });

  it('adds and removes a link while the others continue', async () => {
    const testbed = await openTestbed({ subdevices: { a: {}, b: {}, c: {} } });
    const whole = readFileSync(testbed.configPath, 'utf8');
    const withoutC = whole
      .replace(/\[\[link\]\]\nname = "link-c"[^[]*(?:\[[^[\]]*\]\n)?/, '')
      .replace(/\[\[subdevice\]\]\nid = "c"\n/, '');
    expect(withoutC).not.toContain('"c"');
    writeFileSync(testbed.configPath, withoutC);
    await testbed.gateway.start();
    const [a, b, c] = ['a', 'b', 'c'].map((id) => testbed.subdevice(id));
    for (const subdevice of testbed.subdevices) testbed.enter(subdevice);
    await until(() => a?.isSubscribed === true && b?.isSubscribed === true);
    const counts = [a, b].map((one) => countChanges(one as FieldSubdevice));
    expect(c?.isConnected).toBe(false);
    writeFileSync(testbed.configPath, whole);
    expect((await config(testbed, 'apply')).code).toBe(0);
    await until(() => c?.isSubscribed === true);
    testbed.publish(3);
    await testbed.untilIdle();
    writeFileSync(testbed.configPath, withoutC);
    await applyRemoval(testbed);
    expect((await testbed.gateway.status()).links.map(({ name }) => name)).toEqual(['link-a', 'link-b']);
    expect(counts.flatMap(({ changes }) => changes)).toEqual([]);
    await testbed.expectNothingLost();
  });

  it('disconnects a subdevice that is removed, and admits it again, without a restart of any link', async () => {
    const testbed = await openTestbed({ subdevices: { a: {}, b: {}, c: {} } });
    edit(testbed, (text) => text.replaceAll(/subdevices = .*\n/g, '')); // every link serves every subdevice
    const whole = readFileSync(testbed.configPath, 'utf8');
    await testbed.start();
    const [a, b] = [countChanges(testbed.subdevice('a')), countChanges(testbed.subdevice('b'))];
    edit(testbed, (text) => text.replace('[[subdevice]]\nid = "b"\n', ''));
    const changes = await applyRemoval(testbed);
    expect(changes).toMatchObject([{ key: 'subdevice[b]', change: 'removed', restarts: 'nothing', links: [] }]);
    await until(() => b.changes.includes('disconnected'));
    testbed.subdevice('a').publish('t');
    writeFileSync(testbed.configPath, whole);
    await config(testbed, 'apply');
    testbed.subdevice('b').command({ kind: 'connect' });
    await until(() => testbed.subdevice('b').isConnected);
    testbed.publish(2);
    await testbed.expectNothingLost();
    expect(a.changes).toEqual([]);
    expect((await testbed.gateway.status()).links.map(({ counters }) => counters.openings)).toEqual([1, 1, 1]);
  });

  it('serves a new subdevice of an IoT hub, and takes it offline when it is removed', async () => {
    const testbed = await openStrictHubTestbed({}, ['a', 'b']);
    const whole = readFileSync(testbed.configPath, 'utf8');
    edit(testbed, (text) =>
      text.slice(0, text.lastIndexOf('[[subdevice]]')).replace(/\[\[link\]\]\nname = "link-b"[^[]*\[[^[]*/, ''),
    );
    await testbed.gateway.start();
    const a = testbed.subdevice('a');
    for (const subdevice of testbed.subdevices) subdevice.start();
    const online = () => testbed.session?.subdevicesOnline.length ?? 0;
    await until(() => a.isConnected && online() === 1);
    const counted = countChanges(a);
    const connected = connects(testbed);
    writeFileSync(testbed.configPath, whole);
    expect((await config(testbed, 'apply')).code).toBe(0);
    await until(() => online() === 2);
    testbed.publish(2);
    await until(() => testbed.uplinks.delivered === testbed.uplinks.sent);
    edit(testbed, (text) =>
      text.slice(0, text.lastIndexOf('[[subdevice]]')).replace(/\[\[link\]\]\nname = "link-b"[^[]*\[[^[]*/, ''),
    );
    await applyRemoval(testbed);
    await until(() => online() === 1);
    expect([counted.changes, connects(testbed)]).toEqual([[], connected]);
  });

  it('changes nothing if the file is invalid, or if a change needs a restart', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const valid = readFileSync(testbed.configPath, 'utf8');
    edit(testbed, (text) => onLinkOf('a', 'baud_rate = 1')(text.replace('[hub]', '[hub]\nkeep_alive = 5')));
    const invalid = await config(testbed, 'apply');
    expect(invalid.code).toBe(78);
    expect(JSON.parse(invalid.stdout).problems).toHaveLength(2);
    writeFileSync(testbed.configPath, onLinkOf('a', 'retries_max = 7')(valid.replace('[hub]', '[hub]\nretain = true')));
    const refused = await config(testbed, 'apply');
    expect({ code: refused.code, ...JSON.parse(refused.stderr).error }).toMatchObject({
      code: 'command-rejected',
      message: expect.stringContaining('hub.retain needs a restart'),
    });
    expect(await report(testbed)).toMatchObject({ state: 'confirmed', changes: [{}, {}] });
    expect(testbed.gateway.journal).not.toContain('was applied');
  });

  it('applies the file on SIGHUP', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    edit(testbed, (text) => text.replace('[inbox]', '[inbox]\nmessages_max = 77'));
    process.kill(testbed.gateway.pid ?? 0, 'SIGHUP');
    await until(async () => (await testbed.gateway.status()).inbox.messagesMax === 77);
    await until(async () => (await report(testbed)).state === 'confirmed');
  });
});

describe('a removal of a link that works, by SIGHUP', () => {
  const withoutLinkB = (text: string): string =>
    text.slice(0, text.lastIndexOf('[[subdevice]]')).replace(/\[\[link\]\]\nname = "link-b"[^[]*\[[^[]*/, '');

  it('is refused as by config apply: nothing changes, and the journal says why', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const both = testbed.subdevices.map(countChanges);
    const whole = readFileSync(testbed.configPath, 'utf8');
    edit(testbed, withoutLinkB);
    process.kill(testbed.gateway.pid ?? 0, 'SIGHUP');
    await until(() =>
      testbed.gateway.journal.includes('SIGHUP: the file was not applied. The file removes link link-b'),
    );
    expect(testbed.gateway.journal).toMatch(/The file removes .*hint=.*config apply --confirm 5m/);
    expect((await testbed.gateway.status()).links.map(({ name }) => name)).toEqual(['link-a', 'link-b']);
    expect(await report(testbed)).toMatchObject({ state: 'confirmed' });
    writeFileSync(testbed.configPath, whole);
    expect(both.flatMap(({ changes }) => changes)).toEqual([]);
    await testbed.expectNothingLost();
  });

  it('negative control: of a link that does not work is applied', async () => {
    const testbed = await openTestbed();
    edit(testbed, (text) => text.replace(testbed.subdevice('b').pty.path, '/dev/serial/by-id/unplugged'));
    await testbed.gateway.start();
    testbed.subdevice('a').start();
    await until(() => testbed.subdevice('a').isConnected);
    edit(testbed, withoutLinkB);
    process.kill(testbed.gateway.pid ?? 0, 'SIGHUP');
    await until(async () => (await testbed.gateway.status()).links.length === 1);
    await until(async () => (await report(testbed)).state === 'confirmed');
  });
});

describe('a change outside of the flows', () => {
  it('opens and closes the metrics on TCP and changes the level of the journal, and restarts nothing else', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const both = testbed.subdevices.map(countChanges);
    const port = await freePort();
    const plain = readFileSync(testbed.configPath, 'utf8');
    edit(testbed, (text) =>
      text.replace('[gateway]', `[metrics]\nlisten = "127.0.0.1:${port}"\n[gateway]\nlog_level = "error"`),
    );
    expect(JSON.parse((await config(testbed, 'apply')).stdout)).toMatchObject({ outcome: 'confirmed' });
    const scrape = () => fetch(`http://127.0.0.1:${port}/metrics`).then(({ status }) => status);
    await until(async () => (await scrape().catch(() => 0)) === 200);
    const length = testbed.gateway.journal.length;
    writeFileSync(testbed.configPath, plain);
    expect((await config(testbed, 'apply')).code).toBe(0);
    await until(async () => (await scrape().catch(() => 'refused')) === 'refused');
    await until(() => testbed.gateway.journal.slice(length).includes('was confirmed automatically'));
    expect(testbed.gateway.journal.slice(length)).not.toContain('was applied'); // at the level error
    expect(both.flatMap(({ changes }) => changes)).toEqual([]);
    await testbed.expectNothingLost();
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Number of rollbacks among the events. */
async function rolledBack({ configPath }: Testbed): Promise<number> {
  const { stdout } = await runProgram('--json', '--config', configPath, 'events', '--kind', 'configuration');
  const { events } = JSON.parse(stdout) as { events: readonly { name: string }[] };
  return events.filter(({ name }) => name === 'configRolledBack').length;
}

describe('a configuration on trial', () => {
  it('is rolled back by itself if the hub does not return, and the next start does not use it', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const good = readFileSync(testbed.configPath, 'utf8');
    edit(testbed, wrongPort);
    const bad = readFileSync(testbed.configPath, 'utf8');
    await duringTraffic(testbed, async () => {
      expect(JSON.parse((await config(testbed, 'apply', '--confirm', '1s')).stdout)).toMatchObject({
        outcome: 'unconfirmed',
        confirmWithinMs: 1000,
      });
      await until(async () => (await report(testbed)).state === 'rolled back');
    });
    await testbed.untilStatus(
      ({ hub, conditions }) => hub.state === 'connected' && conditions.some(({ code }) => code === 'config-rejected'),
    );
    await testbed.expectNothingLost();
    expect(readFileSync(join(testbed.stateDir, 'configuration/rejected.toml'), 'utf8')).toBe(bad);
    await testbed.gateway.signal('SIGTERM');
    await testbed.gateway.start();
    await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    expect(await report(testbed)).toMatchObject({
      state: 'rolled back',
      reason: expect.stringMatching(/, before this start$/),
      changes: [{ key: 'hub.port' }],
    });
    writeFileSync(testbed.configPath, good);
    expect((await config(testbed, 'apply')).code).toBe(0);
    expect(await report(testbed)).toMatchObject({ state: 'confirmed', changes: [] });
  });

  it('is rolled back by itself if a link that worked does not return', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    const a = countChanges(testbed.subdevice('a'));
    edit(testbed, (text) => text.replace(testbed.subdevice('b').pty.path, '/dev/serial/by-id/unplugged'));
    expect((await config(testbed, 'apply', '--confirm', '1s')).code).toBe(0);
    await until(async () => (await report(testbed)).state === 'rolled back');
    expect((await report(testbed)).reason).toMatch(/^link link-b does not work again/);
    testbed.publish(3);
    await testbed.expectNothingLost();
    expect(a.changes).toEqual([]);
  });

  it('is not used by the start after kill -9, which says so', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    edit(testbed, wrongPort);
    expect((await config(testbed, 'apply', '--confirm', '1h')).code).toBe(0);
    testbed.publish(5);
    await testbed.untilAcknowledged();
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    const { conditions } = await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    expect(conditions.find(({ code }) => code === 'config-rejected')?.sentence).toContain(
      'ended before the configuration was confirmed',
    );
    await until(async () => (await rolledBack(testbed)) === 1);
    await testbed.expectNothingLost();
  });

  it('negative control: is used by the start after kill -9 if it was confirmed', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    edit(testbed, wrongPort);
    expect((await config(testbed, 'apply', '--confirm', '1h')).code).toBe(0);
    expect((await config(testbed, 'confirm')).code).toBe(0);
    await testbed.gateway.signal('SIGKILL');
    await testbed.gateway.start();
    const { hub } = await testbed.untilStatus(({ hub: { lastProblem } }) => lastProblem !== null);
    expect(hub.port).toBe(1);
    expect(await report(testbed)).toMatchObject({ state: 'confirmed', changes: [] });
  });

  it('is confirmed with a note about what does not work and about an edit during the trial', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    edit(testbed, wrongPort);
    expect((await config(testbed, 'apply', '--confirm', '1h')).code).toBe(0);
    edit(testbed, onLinkOf('a', 'retries_max = 7'));
    const { stdout } = await runProgram('--config', testbed.configPath, 'config', 'confirm');
    const words = stdout.replaceAll(/\s+/g, ' ');
    expect(words).toContain('The configuration is confirmed, although the hub is not connected again');
    expect(words).toContain('was edited during the trial, and the edit is not in use');
    expect((await report(testbed)).changes.map(({ key }) => key)).toEqual(['link[link-a].retries_max']);

    edit(testbed, (text) => text.replace('[inbox]', '[inbox]\nmessages_max = 77'));
    expect((await config(testbed, 'apply', '--confirm', '1h')).code).toBe(0);
    const confirmed = await config(testbed, 'confirm');
    expect(JSON.parse(confirmed.stdout)).toMatchObject({ outcome: 'confirmed', missing: null, changesLeft: 0 });
  });

  it('returns at once by command', async () => {
    const testbed = await openTestbed();
    await testbed.start();
    edit(testbed, onLinkOf('a', 'retries_max = 7'));
    await config(testbed, 'apply', '--confirm');
    expect((await config(testbed, 'apply')).code).toBe(1);
    expect((await config(testbed, 'rollback')).code).toBe(0);
    expect(await report(testbed)).toMatchObject({ state: 'rolled back', reason: 'by command' });
    expect((await config(testbed, 'confirm')).code).toBe(1);
    await testbed.expectNothingLost();
    // the links keep the order of the file, although link-a was started again
    expect((await testbed.gateway.status()).links.map(({ name }) => name)).toEqual(['link-a', 'link-b']);
  });

  it('that needs a restart ends the process twice: for the trial and for the return', async () => {
    const testbed = await openTestbed({ env: { INVOCATION_ID: '1' } });
    await testbed.start();
    edit(testbed, (text) => wrongPort(text.replace('[hub]', '[hub]\nretain = true')));
    const { stdout } = await config(testbed, 'apply', '--restart', '--confirm', '2s');
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'restarting' });
    expect(await testbed.gateway.ended()).toBe(0);
    testbed.gateway.spawn(); // as the service manager does
    expect(await testbed.gateway.ended()).toBe(0);
    expect(testbed.gateway.journal).toContain('was rolled back: the hub is not connected again');
    await testbed.gateway.start();
    await testbed.untilStatus(({ hub }) => hub.state === 'connected');
    expect(await report(testbed)).toMatchObject({
      state: 'rolled back',
      changes: [{ key: 'hub.port' }, { key: 'hub.retain' }],
    });
    await testbed.expectNothingLost();
  });
});
