/** Programs that print a new token at each run, and count their runs. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TokenService {
  /** Path of the program. */
  readonly program: string;
  /** Number of tokens that were printed. */
  readonly printed: number;
}

/** Number of packets without an answer at the renewals in a journal. On a very busy machine the waits may end first. */
export function unsettledIn(journal: string): number {
  return [...journal.matchAll(/(\d+) packets? had no answer before/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

/**
 * Writes a shell script that prints `token-1`, `token-2` and so on.
 * @param steps further lines, after `token` is set and before it is printed
 */
export function writeTokenService(folder: string, steps: readonly string[] = []): TokenService {
  const program = join(folder, 'print-token');
  const counter = join(folder, 'tokens');
  const lines = [
    '#!/bin/sh',
    'set -e',
    `count=$(($(cat ${counter} 2>/dev/null || echo 0) + 1))`,
    'token="token-$count"',
    ...steps,
    `echo $count > ${counter}`,
    'echo "$token"',
  ];
  writeFileSync(program, `${lines.join('\n')}\n`);
  chmodSync(program, 0o755);
  return {
    program,
    get printed() {
      return existsSync(counter) ? Number(readFileSync(counter, 'utf8')) : 0;
    },
  };
}
