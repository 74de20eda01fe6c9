/** `holdfast record`: writes the contents of the flight recorder to files and prints their paths. */
import { EXIT, Fault } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import type { Frozen } from '../ops/recordings.ts';
import { countOf } from '../ops/words.ts';
import { encodeCapture } from '../recorder/capture.ts';
import { encodeRecording } from '../recorder/recording-file.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';
import { readRecording, writeOut } from './recording-files.ts';

export interface RecordOptions {
  readonly out?: string;
  readonly pcapng?: true;
}

/** @param name name of a link, or `hub`; `undefined`: all. @throws Fault `command-rejected`, `usage` */
export async function record(
  context: CommandContext,
  name: string | undefined,
  options: RecordOptions,
): Promise<number> {
  const { out, pcapng } = options;
  if (out !== undefined && name === undefined)
    throw new Fault('usage', '--out names one file, and there are several recordings', {
      hint: 'Name one link, or hub: holdfast record hub --out FILE.',
    });
  const { controlSocket } = await locateGateway(context);
  const body = name === undefined ? {} : { of: name };
  const { frozen } = (await give(controlSocket, 'recorder.freeze', body)) as { readonly frozen: readonly Frozen[] };
  for (const { of, path, steps, bytes } of frozen) {
    const written = [path];
    if (out !== undefined || pcapng) {
      const recording = await readRecording(path);
      if (out !== undefined) await writeOut(out, encodeRecording(recording.header, recording.steps));
      if (out !== undefined) written.push(out);
      const capture = `${out ?? path}.pcapng`;
      if (pcapng) await writeOut(capture, encodeCapture(recording));
      if (pcapng) written.push(capture);
    }
    if (context.asJson) printJson(context, 'record', { of, steps, bytes, files: written });
    else context.terminal.print(`${of}: ${countOf(steps, 'step')}, ${bytes} bytes\n  ${written.join('\n  ')}`);
  }
  return EXIT.ok;
}
