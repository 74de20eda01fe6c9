/** Files that are made from the program itself: manual page, completion, example of a configuration. */
import { join } from 'node:path';
import { exampleConfiguration } from './example-configuration.ts';
import { ROOT } from './program.ts';
import { outputOf } from './subprocess.ts';

export interface Pages {
  readonly manual: string;
  readonly completion: { readonly bash: string; readonly zsh: string; readonly fish: string };
  readonly example: string;
}

export function pagesOf(): Pages {
  const print = (...words: string[]): string => outputOf(process.execPath, [join(ROOT, 'src/main.ts'), ...words]);
  const [bash = '', zsh = '', fish = ''] = ['bash', 'zsh', 'fish'].map((shell) => print('completion', shell));
  return { manual: print('manual'), completion: { bash, zsh, fish }, example: exampleConfiguration() };
}
