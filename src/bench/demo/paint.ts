/** Appearance of text on a stream: colours only on a terminal that supports them, symbols only with UTF-8. */
import { styleText } from 'node:util';

/** Meaning of a piece of text, not its appearance. */
export type PaintTone = 'good' | 'warning' | 'bad' | 'quiet' | 'strong';
export type Paint = (tone: PaintTone, text: string) => string;

const FORMAT = { good: 'green', warning: 'yellow', bad: 'red', quiet: 'dim', strong: 'bold' } as const;

export function paintFor(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): Paint {
  // https://no-color.org: any value that is not empty.
  const isStyled = stream.isTTY === true && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb';
  return (tone, text) => (isStyled ? styleText(FORMAT[tone], text, { validateStream: false }) : text);
}

/** One column each, like the originals. */
const STAND_INS: Readonly<Record<string, string>> = { '█': '#', '░': '.', '✓': '+', '▸': '>', '·': '-' };

/** Replaces symbols by ASCII if the locale is not UTF-8 (locale(7): the first variable that is set counts). */
export function symbolsFor(environment: NodeJS.ProcessEnv): (text: string) => string {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '';
  if (/utf-?8/i.test(locale)) return (text) => text;
  return (text) => text.replaceAll(/[█░✓▸·]/g, (symbol) => STAND_INS[symbol] ?? symbol);
}
