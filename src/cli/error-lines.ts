/** Error message and hint, wrapped at the width of the terminal; in a file each is one line. */
import { printable } from '../ops/words.ts';
import { columnsOf, hang, plainTextOf } from './terminal.ts';

/** Properties of standard error that this file uses. */
interface ErrorStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const WIDTH_MIN = 20;
const CONTINUATION = '  ';

/** @param message text that may contain several lines, each with its indentation */
export function errorLines(
  message: string,
  hint: string,
  stream: ErrorStream,
  environment: NodeJS.ProcessEnv,
): string[] {
  const [first = '', ...further] = message.split('\n').map(printable);
  const columns = stream.isTTY === true ? columnsOf(stream, environment) : undefined;
  const width = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(WIDTH_MIN, columns);
  const below = further.flatMap((line) => {
    const indent = /^ */.exec(line)?.[0] ?? '';
    const [head = '', ...tail] = hang(indent, line.slice(indent.length), width - CONTINUATION.length);
    return [head, ...tail.map((each) => `${CONTINUATION}${each}`)]; // the beginning of each line stays in sight
  });
  const lines = [...hang('holdfast: ', first, width), ...below, ...hang('  -> ', printable(hint), width)];
  return lines.map(plainTextOf(environment));
}
