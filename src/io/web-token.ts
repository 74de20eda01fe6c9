/** Token for the login to the web page, from its secret file. */
import { Fault } from '../base/fault.ts';
import { readSecretFile } from './secret-file.ts';

/** Shortest token. Random characters of this number cannot be guessed, however many attempts are made. */
const LENGTH_MIN = 16;
/** Longest token: it must fit into a header and a form. */
const LENGTH_MAX = 512;

/** @throws Fault `secret-unreadable` */
export function readWebToken(path: string): string {
  const token = readSecretFile(path);
  const shape = new RegExp(`^[\\x21-\\x7e]{${LENGTH_MIN},${LENGTH_MAX}}$`);
  if (shape.test(token)) return token;
  throw new Fault(
    'secret-unreadable',
    `secret ${path} is not a token of ${LENGTH_MIN} to ${LENGTH_MAX} printable characters without spaces`,
    { hint: `create one: (umask 077; openssl rand -hex 16 > ${path})` },
  );
}
