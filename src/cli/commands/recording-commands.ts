/** Commands for the flight recorder. */
import type { RecordOptions } from '../record.ts';
import type { Add } from './add-command.ts';

export function addRecorder(add: Add): void {
  add<RecordOptions>(
    'record [name]',
    'Write the recent traffic of a link, of the hub connection (hub), or of all, to files',
    async ({ context, options, words }) => (await import('../record.ts')).record(context, words[0], options),
  )
    .option('--out <file>', 'also copy the recording to this file (with one name only)')
    .option('--pcapng', 'also write a capture for Wireshark beside it');
  add<{ pcapng: string }>(
    'export <file>',
    'Convert a recording into a capture for Wireshark',
    async ({ context, options, words }) =>
      (await import('../export.ts')).exportRecording(context, words[0] ?? '', options.pcapng),
  ).requiredOption('--pcapng <out>', 'capture file to write');
  add(
    'replay <file>',
    'Replay a recording through the protocol code and compare its decisions',
    async ({ context, words }) => (await import('../replay.ts')).replay(context, words[0] ?? ''),
  );
}
