/** `holdfast --version`: what exactly runs, for a report of a defect. */
import { fileURLToPath } from 'node:url';
import { EXIT } from '../base/fault.ts';
import { runProgram } from '../io/program-output.ts';
import { sqliteVersion } from '../store/database.ts';
import type { Terminal } from './terminal.ts';
import { BUILT_FROM, VERSION } from './version.ts';

const GIT_MS_MAX = 2000;

export async function showVersion(terminal: Terminal): Promise<number> {
  terminal.print(`holdfast ${VERSION} (commit ${BUILT_FROM ?? (await commitOfCheckout())})`);
  terminal.print(`Node ${process.versions.node}, SQLite ${sqliteVersion()}, ${process.platform} ${process.arch}`);
  return EXIT.ok;
}

async function commitOfCheckout(): Promise<string> {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const words = ['-c', 'safe.directory=*', '-C', folder, 'rev-parse', '--short=12', 'HEAD'];
  const commit = await runProgram('git', words, AbortSignal.timeout(GIT_MS_MAX));
  return commit.ok ? `${commit.text.trim()}, a checkout` : 'unknown, a checkout';
}
