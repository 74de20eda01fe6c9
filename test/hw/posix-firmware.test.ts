/** The POSIX port with a folder as flash, on a PTY: it takes an image, and ends at every few chunks as if the power failed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openPty } from '../../src/bench/pty.ts';
import { encodeFrame, FrameReader } from '../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../src/codec/mqttsn-decode.ts';
import { encodePacket } from '../../src/codec/mqttsn-encode.ts';
import { Recorder } from '../e2e/recorder.ts';
import { until } from '../e2e/until.ts';
import { ImageGateway } from '../unit/bench/subdevices/image-gateway.ts';
import { build, CLIENT, isWithoutCompiler, type Program, ROOT, TRANSFER } from './toolchain.ts';

const IMAGE = Uint8Array.from({ length: 40_000 }, (_, at) => (at * at) & 0xff);
const PORT = `${ROOT}/hw/ports/posix`;
const POWER_FAILURE = 75;
/** Page of the port, after which octets are durable. */
const PAGE_BYTES = 4096;

describe.skipIf(isWithoutCompiler())('the POSIX port', () => {
  let program: Program;
  beforeAll(() => {
    program = build([`${PORT}/main.c`, `${PORT}/file_flash.c`, TRANSFER, CLIENT]);
  });
  afterAll(() => program.remove());

  it('installs an image in spite of power failures, and reports the new version', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-flash-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { gateway, path } = await openGateway();
    for (let failures = 0; !gateway.isOver; failures += 1) {
      const child = start(program, [path, 's1', '1', '1000', '60', '0', folder, '40']);
      await until(() => child.exitCode !== null || gateway.isOver);
      if (!gateway.isOver) expect(child.exitCode).toBe(POWER_FAILURE);
      expect(failures).toBeLessThan(10);
      child.kill('SIGKILL');
      if (child.exitCode === null) await once(child, 'exit');
    }
    expect(new Set(gateway.states.map(({ state }) => state))).toEqual(new Set(['received']));
    expect(gateway.begins.filter((offset) => offset % PAGE_BYTES !== 0)).toEqual([]);
    expect(new Set(gateway.begins).size).toBeGreaterThanOrEqual(4);
    expect(gateway.begins.toSorted((one, other) => one - other)).toEqual(gateway.begins);
    expect(readFileSync(join(folder, 'running'))).toEqual(Buffer.from(IMAGE));
    expect(readFileSync(join(folder, 'version'), 'utf8')).toBe('2.0');
  });
});

function start(program: Program, words: readonly string[]): ChildProcess {
  const child = spawn(program.path, words, { stdio: ['pipe', 'ignore', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Opens a PTY with a gateway that has an image. */
async function openGateway(): Promise<{ readonly gateway: ImageGateway; readonly path: string }> {
  const pty = await openPty();
  onTestFinished(() => pty.hangUp());
  const gateway = new ImageGateway(IMAGE, '2.0');
  const reader = new FrameReader(1024);
  const end = new Recorder();
  const channel = pty.open({
    opened: () => end.opened(),
    closed: (reason) => end.closed(reason),
    bytes: (bytes) => {
      const packets = reader.push(bytes).map(decodePacket);
      const answers = gateway.step(
        packets.flatMap((packet) => (packet.ok ? [packet.value] : [])),
        performance.now(),
      );
      for (const answer of answers) channel.write(encodeFrame(encodePacket(answer)));
    },
  });
  await end.untilOpen();
  return { gateway, path: pty.path };
}
