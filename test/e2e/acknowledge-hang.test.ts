/** A loss that a hang may have caused: shown until an operator handles it, also over restarts, and not a second time. */
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openPty } from '../../src/bench/pty.ts';
import { systemClock } from '../../src/io/clock.ts';
import { HANGS_FILE, noteHang } from '../../src/io/hang-log.ts';
import type { EventsReport } from '../../src/ops/reports/events-report.ts';
import { runProgram } from './program.ts';
import { openTestbed, type Testbed } from './testbed.ts';

const HANG = {
  ...{
    source: 'store-thread',
    subject: '',
    forMs: 35_000,
    what: 'the store thread did not finish a commit',
    where: '',
  },
  ...{ hasRecordings: false, isReported: false, isHandled: false },
};

/** Gateway with a link of lines without acknowledgements. */
async function openLossyTestbed(): Promise<Testbed> {
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  const link = `[[link]]\nname = "meters"\npath = "${pty.path}"\nsubdevices = ["meter"]\ndriver = "lines"\n`;
  return await openTestbed({ more: `${link}[link.lines]\nsubdevice = "meter"\n[[subdevice]]\nid = "meter"\n` });
}

const hangIn = ({ socketPath }: Testbed): void =>
  noteHang(join(dirname(socketPath), HANGS_FILE), { ...HANG, upMs: Math.floor(systemClock().nowMs()) });

async function hangCondition(testbed: Testbed) {
  const { conditions } = await testbed.gateway.status();
  return conditions.find(({ code }) => code === 'restarted-after-hang');
}

const acknowledge = ({ configPath }: Testbed) => runProgram('--config', configPath, 'acknowledge-loss');

it('is handled by acknowledge-loss, and stays so after kill -9', async () => {
  const testbed = await openLossyTestbed();
  hangIn(testbed);
  await testbed.start();
  expect(await hangCondition(testbed)).toMatchObject({
    losing: 'unknown',
    hint: expect.stringContaining('acknowledge-loss'),
  });
  expect(await acknowledge(testbed)).toMatchObject({ code: 0, stderr: '' });
  expect(await hangCondition(testbed)).toMatchObject({ losing: 'no', sentence: expect.not.stringContaining('lost') });
  expect(await acknowledge(testbed)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no loss to acknowledge'),
  });
  await testbed.gateway.signal('SIGKILL');
  await testbed.gateway.start();
  expect(await hangCondition(testbed)).toMatchObject({ losing: 'no' });
  const { events }: EventsReport = JSON.parse(
    (await runProgram('--json', '--config', testbed.configPath, 'events')).stdout,
  );
  const acted = events.filter(({ name, detail }) => name === 'operatorActed' && detail === 'acknowledge-loss');
  expect(acted).toMatchObject([{ sentence: expect.stringContaining('possible loss by a hang') }]);
  hangIn(testbed);
  expect(await hangCondition(testbed)).toMatchObject({ losing: 'unknown' });
});

it('negative control: is shown after a restart if no operator has handled it', async () => {
  const testbed = await openLossyTestbed();
  hangIn(testbed);
  await testbed.start();
  await testbed.gateway.signal('SIGKILL');
  await testbed.gateway.start();
  expect(await hangCondition(testbed)).toMatchObject({ losing: 'unknown' });
});
