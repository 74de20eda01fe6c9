/** `holdfast bundle`: writes a support archive without secrets and payloads, and lists what was left out. */

import { EXIT } from '../base/fault.ts';
import { readDoctorInput } from '../doctor/doctor-input.ts';
import { bytesWords, countOf } from '../ops/words.ts';
import { makeArchive } from '../support/archive.ts';
import { collectorsFor, knownSecrets } from '../support/collectors.ts';
import { type CommandContext, printJson, readConfigText } from './context.ts';
import { claimNewFile } from './new-file.ts';
import { Progress } from './progress.ts';
import { hang } from './terminal.ts';
import { VERSION } from './version.ts';

export interface BundleOptions {
  /** Path of the archive. */
  readonly out?: string;
}

/** @throws Fault `usage` if the file exists or cannot be written */
export async function makeBundle(context: CommandContext, { out }: BundleOptions): Promise<number> {
  const { configPath, socketPath, terminal, asJson } = context;
  const path = out ?? `holdfast-support-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}.zip`;
  const file = claimNewFile(path, '--out');
  const input = await readDoctorInput({ configPath, socketPath, readConfig: readConfigText, version: VERSION });
  const text = input.reading.kind === 'unreadable' ? undefined : readConfigText(configPath);
  const collectors = collectorsFor(input, text);
  const progress = asJson
    ? undefined
    : new Progress(
        'collecting',
        collectors.map(({ file }) => file),
        process.stderr,
      );
  const { bytes, parts } = await makeArchive(collectors, knownSecrets(input), (file) => progress?.finished(file));
  progress?.clear();
  file.write(bytes);
  if (asJson) {
    printJson(context, 'bundle', { path, bytes: bytes.length, parts });
    return EXIT.ok;
  }
  const present = parts.filter(({ leftOut }) => leftOut === null);
  terminal.print(`Wrote ${path}: ${countOf(present.length, 'file')}, ${bytesWords(bytes.length)}.`);
  terminal.print('Secrets, payloads and samples of messages are removed. Topics and names of subdevices are not.');
  for (const { file, leftOut, cut } of parts) {
    if (leftOut !== null)
      for (const line of hang('  left out  ', `${file}: ${leftOut}`, terminal.width)) terminal.print(line);
    if (cut > 0) terminal.print(`  shortened ${file} by ${countOf(cut, 'character')}`);
  }
  return EXIT.ok;
}
