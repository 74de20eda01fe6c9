/** Configurations of the hub on a manual clock: check, trial, rollback, the record for the next start, and the reports. */
import { describe, expect, it } from 'vitest';
import { RETURN_MS_MAX } from '../../../src/app/apply-terms.ts';
import { readSavedConfig } from '../../../src/io/saved-config.ts';
import { complaintsAbout } from '../../json-complaints.ts';
import { otherPort, TrialBench } from './trial-bench.ts';

const REMOTE = `[remote]
config = ["outbox", "link", "subdevice", "telemetry"]
config_topic = "c"
config_report_topic = "r"
`;
const bench = (): TrialBench => new TrialBench('mqttsn', REMOTE);
const saved = ({ folder }: TrialBench) => readSavedConfig(folder).saved;

describe('a configuration of the hub', () => {
  it('that restarts nothing is confirmed at once, and the next start has it', async () => {
    const trial = bench();
    const report = await trial.send({ version: '7', config: { outbox: { hold_ms: 50 } } });
    expect(complaintsAbout(JSON.stringify(report))).toEqual([]);
    expect(report).toMatchObject({
      ...{ version: '7', result: 'confirmed', inEffect: '7', closed: [], problems: [] },
      changes: [{ key: 'outbox.hold_ms', change: 'changed', restarts: 'nothing' }],
    });
    expect(trial.changer.running.config.outbox.holdMs).toBe(50);
    expect(trial.changer.ofHub).toEqual({ version: '7', keys: ['outbox.hold_ms'] });
    expect(saved(trial)).toMatchObject({
      trial: null,
      hub: { patch: { version: '7' }, last: { result: 'confirmed' } },
    });
    expect(trial.told.join()).toContain('"by":"hub"');
    expect(trial.changer.state.state).toBe('confirmed');
  });

  it('replaces the one before as a whole, and an empty one removes it', async () => {
    const trial = bench();
    await trial.send({ version: '1', config: { outbox: { hold_ms: 50 } } });
    await trial.send({ version: '2', config: { outbox: { messages_max: 5 } } });
    expect(trial.changer.running.config.outbox).toMatchObject({ holdMs: 200, messagesMax: 5 });
    await trial.send({ version: '3', config: {} });
    expect(trial.changer.running.config.outbox.messagesMax).not.toBe(5);
    expect(trial.changer.ofHub).toBeNull();
  });

  it('is rolled back if a link that it changes does not work again, and the file is not rejected for it', async () => {
    const trial = bench();
    await trial.send({ version: '1', config: { outbox: { hold_ms: 50 } } });
    trial.afterChange = () => void Object.assign(trial.link, { state: 'opening', framesIn: 0, bytesIn: 0 });
    expect(await trial.send({ version: '2', config: { link: { meters: { baud_rate: 19_200 } } } })).toMatchObject({
      ...{ version: '2', result: 'on-trial', inEffect: '2' },
      changes: [{ key: 'outbox.hold_ms' }, { key: 'link[meters].baud_rate' }],
    });
    expect(saved(trial)).toMatchObject({ trial: { hub: { version: '2' } }, hub: { patch: { version: '1' } } });
    await trial.pass(RETURN_MS_MAX + 1000);
    expect(trial.reports.at(-1)).toMatchObject({
      ...{ version: '2', result: 'rolled-back', inEffect: '1' },
      reason: expect.stringContaining('link meters does not work again'),
    });
    expect(saved(trial)).toMatchObject({
      trial: null,
      hub: { patch: { version: '1' }, last: { result: 'rolled-back' } },
    });
    expect(trial.changer.running.config.outbox.holdMs).toBe(50);
    expect(trial.changer.state.state, 'the gateway runs with its file').toBe('confirmed');
  });

  it.each([
    ['has problems', { outbox: { hold_ms: -1, nonsense: 1 } }, /it has 2 problems: outbox/],
    ['sets a key that the hub cannot change', { link: { meters: { a_file: '/x' } } }, /cannot be changed by the hub/],
    ['sets a section that the file has not opened', { inbox: { messages_max: 1 } }, /not opened to the hub/],
    ['needs a restart', { telemetry: { topic: 't' } }, /needs a restart; nothing was changed.*"restart": true/],
    [
      'removes a link that works',
      { link: { meters: null, other: { path: '/dev/ttyX1' } } },
      /removes link meters.*confirm_s/,
    ],
  ])('that %s is rejected with its reason, and nothing changes', async (_, config, reason) => {
    const trial = bench();
    const report = await trial.send({ version: '1', config });
    expect(report).toMatchObject({ result: 'rejected', inEffect: null, reason: expect.stringMatching(reason) });
    expect(trial.used).toEqual([]);
    expect(saved(trial)?.hub).toMatchObject({ patch: null, last: { version: '1', result: 'rejected' } });
  });

  it('that needs a restart is on trial after the restart', async () => {
    const trial = bench();
    const report = await trial.send({ version: '1', config: { telemetry: { topic: 't' } }, restart: true });
    expect(report).toMatchObject({ result: 'restarting' });
    expect(trial.restarts).toEqual(['the configuration changes']);
    expect(saved(trial)).toMatchObject({ trial: { phase: 'restart', hub: { version: '1' } }, hub: { patch: null } });
  });

  it('with a time for the confirmation is confirmed by command, and rolled back without', async () => {
    const trial = bench();
    const document = { config: { link: { meters: null, other: { path: '/dev/ttyX1' } } }, confirmMs: 90_000 };
    await trial.send({ ...document, version: '1' });
    await trial.pass(91_000);
    expect(trial.reports.map(({ result }) => result)).toEqual(['on-trial', 'rolled-back']);
    await trial.send({ ...document, version: '2' });
    await trial.changer.confirm('hub');
    expect(trial.reports.at(-1)).toMatchObject({ version: '2', result: 'confirmed', inEffect: '2' });
  });

  it('waits while another one is on trial; the newest is applied then', async () => {
    const trial = bench();
    trial.afterChange = () => void Object.assign(trial.link, { framesIn: 0, bytesIn: 0 });
    await trial.send({ version: '1', config: { link: { meters: { baud_rate: 19_200 } } } });
    await trial.send({ version: '2', config: { outbox: { hold_ms: 20 } } });
    await trial.send({ version: '3', config: { outbox: { hold_ms: 30 } } });
    expect(trial.reports.map(({ version, result }) => `${version} ${result}`)).toEqual([
      '1 on-trial',
      '2 waiting',
      '3 waiting',
    ]);
    trial.afterChange = () => void Object.assign(trial.link, { framesIn: 3, bytesIn: 30 });
    await trial.pass(RETURN_MS_MAX + 1000);
    expect(trial.reports.slice(3).map(({ version, result }) => `${version} ${result}`)).toEqual([
      '1 confirmed',
      '3 confirmed',
    ]);
  });

  it('is rejected while the file has an edit that is not applied, which the document would apply', async () => {
    const trial = bench();
    trial.edit(otherPort);
    const reason = /does not run with its file, which has changes \(link\[meters\]\.baud_rate\); nothing was changed/;
    const document = { config: { outbox: { hold_ms: 50 } } };
    expect(await trial.send({ ...document, version: '1' })).toMatchObject({
      ...{ result: 'rejected', reason: expect.stringMatching(reason) },
    });
    trial.edit(() => '[broken');
    expect(await trial.send({ ...document, version: '2' })).toMatchObject({
      ...{ result: 'rejected', problems: [], reason: expect.stringContaining('which is invalid') },
    });
    expect(trial.used).toEqual([]);
    trial.edit((text) => `# a comment\n${text}`);
    expect(await trial.send({ ...document, version: '3' }), 'no value differs').toMatchObject({ result: 'confirmed' });
  });

  it('that is rolled back does not reject a file that was edited meanwhile', async () => {
    const trial = bench();
    trial.afterChange = () => void Object.assign(trial.link, { framesIn: 0, bytesIn: 0 });
    await trial.send({ version: '1', config: { link: { meters: { baud_rate: 19_200 } } } });
    trial.edit(otherPort);
    await trial.changer.rollBack('anna');
    expect(trial.changer.state).toMatchObject({ state: 'confirmed', reason: null });
    expect(saved(trial)).toMatchObject({ rejected: null, hub: { last: { result: 'rolled-back' } } });
  });

  it('does not bring back a file that was rolled back on site', async () => {
    const trial = bench();
    await trial.edit(otherPort).apply(60_000);
    await trial.changer.rollBack('anna');
    expect(await trial.send({ version: '1', config: { outbox: { hold_ms: 50 } } })).toMatchObject({
      ...{ result: 'rejected', reason: expect.stringContaining('does not run with its file') },
    });
    expect(trial.changer.running.config.links[0]?.baudRate).not.toBe(9600);
    await trial.apply();
    expect(await trial.send({ version: '2', config: { outbox: { hold_ms: 50 } } })).toMatchObject({
      result: 'confirmed',
    });
  });

  it('waits above the limit of a minute, and the newest is applied then', async () => {
    const trial = bench();
    for (let count = 1; count <= 13; count += 1)
      await trial.send({ version: String(count), config: { outbox: { hold_ms: count } } });
    expect(trial.reports.map(({ version }) => version).at(-1)).toBe('10');
    await trial.pass(60_000);
    expect(trial.reports.map(({ version, result }) => `${version} ${result}`).slice(10)).toEqual(['13 confirmed']);
    expect(trial.changer.running.config.outbox.holdMs).toBe(13);
  });

  it('waits while the process ends for another one', async () => {
    const trial = bench();
    await trial.send({ version: '1', config: { telemetry: { topic: 't' } }, restart: true });
    expect(await trial.send({ version: '2', config: {} })).toMatchObject({ version: '2', result: 'waiting' });
    expect(saved(trial)).toMatchObject({ trial: { phase: 'restart', hub: { version: '1' } } });
  });

  it('waits while the process ends because the one before is rolled back', async () => {
    const hub = { version: '1', mark: 'm', config: {} };
    const worked = { hub: true, links: [] };
    const trial = new TrialBench('mqttsn', REMOTE, {
      ...{ mark: 'm', phase: 'running', forMs: 60_000, confirmation: 'operator', worked, hub },
    });
    await trial.send({ version: '2', config: {} });
    await trial.changer.rollBack('anna');
    await trial.pass(0);
    expect(trial.restarts).toEqual(['the configuration is rolled back']);
    expect(trial.reports.map(({ version, result }) => `${version} ${result}`)).toEqual([
      ...['2 waiting', '1 rolled-back'],
    ]);
  });

  it('on which the program fails is stored as rejected before the process ends', async () => {
    const trial = bench();
    const config = Object.defineProperty({}, 'outbox', {
      enumerable: true,
      get: () => {
        throw new TypeError('planned');
      },
    });
    await trial.send({ version: '1', mark: 'm', config });
    expect(trial.failures.map(String)).toEqual(['TypeError: planned']);
    expect(saved(trial)?.hub?.last).toMatchObject({ version: '1', mark: 'm', result: 'rejected' });
  });

  it('stays in effect when the file is applied, and ends when the file closes its section', async () => {
    const trial = bench();
    await trial.send({ version: '1', config: { outbox: { hold_ms: 50 } } });
    await trial.edit(otherPort).apply();
    expect(trial.changer.running.config.links[0]?.baudRate).toBe(9600);
    expect(trial.changer.running.config.outbox.holdMs).toBe(50);
    await trial.edit((text) => text.replace('"outbox", ', '')).apply(undefined, true);
    expect(trial.restarts, 'a change of [remote] needs a restart').toHaveLength(1);
  });

  it('that makes an edited file invalid is named by the refusal of the file', async () => {
    const trial = bench();
    await trial.send({ version: 'v9', config: { link: { more: { path: '/dev/ttyMORE1' } } } });
    const apply = trial.edit((text) => text.replace('/dev/ttyUSB0', '/dev/ttyMORE1')).apply();
    await expect(apply).rejects.toThrow(
      /with version v9 of the configuration of the hub has 1 problem \(link\[1\]\.path/,
    );
  });
});
