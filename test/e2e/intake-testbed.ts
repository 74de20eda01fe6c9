/**
 * A gateway with a movable clock and links on PTYs: its reports of messages that end before custody, and the end of
 * the reports.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFailed, onTestFinished } from 'vitest';
import { openPty } from '../../src/bench/pty.ts';
import type { Condition, StatusReport } from '../../src/ops/reports/report.ts';
import { Recorder } from './recorder.ts';
import { openTestbed, type Testbed } from './testbed.ts';
import { until } from './until.ts';

const PROGRAM = fileURLToPath(new URL('./gateway-with-moved-clock.ts', import.meta.url));

/** Expected condition of the named link. */
export interface Trouble extends Pick<Condition, 'code' | 'losing'> {
  readonly link: string;
  readonly sentence: RegExp;
  readonly hint: RegExp;
}

export class IntakeTestbed {
  readonly testbed: Testbed;
  /** Links and conditions, for the text of a failed test. */
  #lastSeen: readonly string[] = [];
  readonly #devices: ReadonlyMap<string, (bytes: Uint8Array | string) => void>;

  constructor(testbed: Testbed, devices: ReadonlyMap<string, (bytes: Uint8Array | string) => void>) {
    this.testbed = testbed;
    this.#devices = devices;
    onTestFailed(() => console.log(this.#lastSeen));
  }

  /** Waits for a status. */
  async untilStatus(isSo: (status: StatusReport) => boolean): Promise<StatusReport> {
    const { gateway } = this.testbed;
    let status = await gateway.status();
    await until(async () => {
      status = await gateway.status();
      const links = status.links.map(({ name, state, lastProblem }) => `${name} ${state} ${lastProblem}`);
      this.#lastSeen = [...links, ...status.conditions.map(({ losing, sentence }) => `${losing}: ${sentence}`)];
      return isSo(status);
    });
    return status;
  }

  /** Bytes from the device of a link; text is Latin-1. */
  send(link: string, ...pieces: readonly (Uint8Array | string)[]): void {
    for (const piece of pieces) this.#devices.get(link)?.(piece);
  }

  /** Moves the clock of the gateway forward. */
  async pass(ms: number): Promise<void> {
    const { testbed } = this;
    const before = (await testbed.gateway.status()).process.uptimeMs;
    writeFileSync(join(testbed.folder, 'advance'), String(ms));
    process.kill(testbed.gateway.pid ?? 0, 'SIGUSR2');
    await this.untilStatus((status) => status.process.uptimeMs >= before + ms);
  }

  /** Waits for a condition of the link, then compares all of it. */
  async expectTrouble({ link, code, ...words }: Trouble): Promise<void> {
    const found = (status: StatusReport) => ofLink(status, link).find((condition) => condition.code === code);
    const isSo = (condition: Condition | undefined): boolean =>
      condition?.losing === words.losing && words.sentence.test(condition.sentence);
    const status = await this.untilStatus((one) => isSo(found(one)));
    expect(found(status)).toMatchObject({ losing: words.losing, hint: expect.stringMatching(words.hint) });
    expect(RANK.indexOf(status.losing)).toBeGreaterThanOrEqual(RANK.indexOf(words.losing));
  }

  /**
   * Waits until only silence is reported for the link, and the rest is history. @param reason reason that was
   * reported
   */
  async expectOver(link: string, reason: string): Promise<void> {
    const { discarded } = await this.untilStatus((status) =>
      ofLink(status, link).every(({ code }) => code === 'subdevice-silent'),
    );
    const history = discarded.filter((each) => each.link === link && each.reason === reason);
    expect(history).toMatchObject([{ count: expect.any(Number), sample: expect.stringMatching(/./) }]);
  }

  /** Waits until `count` messages have reached the hub from the subdevice. */
  async untilArrived(subdevice: string, count: number): Promise<void> {
    const { arrivals } = this.testbed;
    await until(() => arrivals.filter(({ topic }) => topic.split('/')[1] === subdevice).length >= count);
  }
}

const RANK = ['no', 'at risk', 'unknown', 'yes'];

function ofLink({ conditions }: StatusReport, link: string): Condition[] {
  return conditions.filter(({ sentence }) => new RegExp(`\\blink ${link}\\b`, 'i').test(sentence));
}

/**
 * @param links name → the rest of its configuration; each has one subdevice of its name; @param more other
 * configuration @param overlooks check that the gateway lacks, for the negative control
 */
export async function openIntake(
  links: Readonly<Record<string, string>>,
  more = '',
  overlooks: '' | 'intake' = '',
): Promise<IntakeTestbed> {
  const devices = new Map<string, (bytes: Uint8Array | string) => void>();
  const texts: string[] = [more];
  for (const [name, text] of Object.entries(links)) {
    const pty = await openPty();
    onTestFinished(() => pty.hangUp());
    const listener = new Recorder();
    const line = pty.open(listener);
    await listener.untilOpen();
    devices.set(name, (bytes) => line.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes));
    const head = `[[link]]\nname = "${name}"\npath = "${pty.path}"\nsubdevices = ["${name}"]\n`;
    texts.push(`${head}${text}\n[[subdevice]]\nid = "${name}"\n`);
  }
  const envFor = ({ folder }: { readonly folder: string }) => ({
    ADVANCE_FILE: join(folder, 'advance'),
    OVERLOOKS: overlooks,
  });
  const testbed = await openTestbed({ subdevices: {}, program: PROGRAM, envFor, more: texts.join('') });
  await testbed.gateway.start();
  const intake = new IntakeTestbed(testbed, devices);
  await intake.untilStatus((status) => status.links.every(({ state }) => state === 'open'));
  return intake;
}
