/** How text looks on a given stream: colours only on a terminal that wants them, symbols only where UTF-8 is spoken. */
import { styleText } from 'node:util';

/** What a piece of text is, not how it looks. */
export type PaintTone = 'good' | 'warning' | 'bad' | 'quiet' | 'strong';
export type Paint = (tone: PaintTone, text: string) => string;

const FORMAT = { good: 'green', warning: 'yellow', bad: 'red', quiet: 'dim', strong: 'bold' } as const;

export function paintFor(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): Paint {
  // https://no-color.org: any value that is not empty.
  const isStyled = stream.isTTY === true && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb';
  return (tone, text) => (isStyled ? styleText(FORMAT[tone], text, { validateStream: false }) : text);
}

/** One column each, as the originals. */
const STAND_INS: Readonly<Record<string, string>> = { '█': '#', '░': '.', '✓': '+', '▸': '>', '·': '-' };

/** Writes symbols in ASCII where the locale is not UTF-8 (locale(7): the first that is set counts). */
export function symbolsFor(environment: NodeJS.ProcessEnv): (text: string) => string {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  if (/utf-?8/i.test(locale)) return (text) => text;
  return (text) => text.replaceAll(/[█░✓▸·]/g, (symbol) => STAND_INS[symbol] ?? symbol);
}
