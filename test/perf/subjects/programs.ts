/** The two forms of the product: the checkout, and the package for users. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPackage } from '../../built-package.ts';
import type { RunSettings } from '../cases/bench-case.ts';
import type { Figure } from '../report/figure.ts';

export interface Program {
  readonly name: 'checkout' | 'package';
  /** File that Node runs. */
  readonly main: string;
  /** Script for users. */
  readonly script: string;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CHECKOUT: Program = { name: 'checkout', main: join(ROOT, 'src/main.ts'), script: join(ROOT, 'bin/holdfast') };

/** Measures both programs, one after the other. The figures begin with the name of the program. */
export async function ofEachProgram(
  { stateRoot, remark }: RunSettings,
  measure: (program: Program) => Promise<readonly Figure[]>,
): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(stateRoot, 'holdfast-bench-package-'));
  try {
    const figures: Figure[] = [];
    for (const program of [CHECKOUT, ...packageIn(folder, remark)]) {
      const found = await measure(program);
      figures.push(...found.map((figure) => renamed(figure, `${program.name}, ${figure.name}`)));
    }
    return figures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function renamed(figure: Figure, name: string): Figure {
  return { ...figure, name };
}

/** @returns no program if it cannot be built, e.g. because the bundler is not installed */
function packageIn(folder: string, remark: RunSettings['remark']): readonly Program[] {
  try {
    return [{ name: 'package', main: buildPackage(folder), script: join(folder, 'bin/holdfast') }];
  } catch (error) {
    remark(`the package is not measured: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    return [];
  }
}
