/** `holdfast --version`: what exactly runs, for a report of a defect. */
import { fileURLToPath } from 'node:url';
import { EXIT } from '../base/fault.ts';
import { runProgram } from '../io/program-output.ts';
import { sqliteVersion } from '../store/database.ts';
import { jsonLine } from './json-outputs.ts';
import { openTerminal } from './terminal.ts';
import { BUILT_FROM, VERSION } from './version.ts';

const GIT_MS_MAX = 2000;

export async function showVersion(asJson: boolean): Promise<number> {
  const isCheckout = BUILT_FROM === undefined;
  const commit = BUILT_FROM ?? (await commitOfCheckout()) ?? null;
  const { platform, arch: architecture, versions } = process;
  const sqlite = sqliteVersion();
  if (asJson) {
    const report = { version: VERSION, commit, isCheckout, node: versions.node, sqlite, platform, architecture };
    process.stdout.write(`${jsonLine('version', report)}\n`);
    return EXIT.ok;
  }
  const terminal = openTerminal(process.stdout, process.env);
  terminal.print(`holdfast ${VERSION} (commit ${commit ?? 'unknown'}${isCheckout ? ', a checkout' : ''})`);
  terminal.print(`Node ${versions.node}, SQLite ${sqlite}, ${platform} ${architecture}`);
  return EXIT.ok;
}

/** @returns `undefined`: git is not installed, or the folder has no history */
async function commitOfCheckout(): Promise<string | undefined> {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const words = ['-c', 'safe.directory=*', '-C', folder, 'rev-parse', '--short=12', 'HEAD'];
  const commit = await runProgram('git', words, AbortSignal.timeout(GIT_MS_MAX));
  return commit.ok ? commit.text.trim() : undefined;
}
