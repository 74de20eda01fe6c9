/** Serial ports for a first configuration: from options, or by numbers of a list, or by their paths. */
import { realpathSync } from 'node:fs';
import { Fault } from '../../base/fault.ts';
import { findPort, networkPortOf, portNameOf, type SerialPort, stableNameOf } from '../../base/serial-port.ts';
import { countOf } from '../../ops/words.ts';
import { answerProblem } from './init-answers.ts';
import type { KeyQuestions } from './key-questions.ts';

/** @returns stable names, or paths that are not in the list */
export async function choosePorts(
  given: readonly string[],
  ports: readonly SerialPort[],
  questions: KeyQuestions,
): Promise<readonly string[]> {
  const { interview } = questions;
  if (given.length > 0) return namesIn(given.join(','), ports, given);
  if (interview === undefined)
    throw new Fault('usage', 'No port was named, and there is no terminal to ask on', {
      hint: 'Name one or more: holdfast init --port NAME. holdfast ports lists them.',
    });
  if (ports.length === 0) {
    interview.say('No serial port was found: no adapter is plugged in, and no port of the board is enabled.');
    return [await questions.key({ key: 'link.path', text: 'Path of the serial port' })];
  }
  interview.say(`${countOf(ports.length, 'serial port')}:`);
  for (const [index, port] of ports.entries())
    interview.say(`  ${index + 1}  ${port.device}  ${stableNameOf(port, ports)}  ${port.usb?.words ?? ''}`.trimEnd());
  const answer = await interview.ask({
    text: 'Ports to use (numbers of the list or paths, separated by commas)',
    fallback: ports.map((_, index) => index + 1).join(','),
    problem: (text) =>
      wordsOf(text)
        .map((word) => portProblem(word, ports.length))
        .find((problem) => problem !== undefined),
  });
  return [...new Set(namesIn(answer, ports))];
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[,\s]+/).filter((word) => word !== '');
}

function portProblem(word: string, count: number): string | undefined {
  const isNumber = /^\d+$/.test(word);
  if (isNumber && Number(word) >= 1 && Number(word) <= count) return undefined;
  if (!isNumber && answerProblem('link.path', word) === undefined) return undefined;
  return `${word}: write a number from 1 to ${count}, or the path or stable name of a port, such as /dev/ttyUSB0.`;
}

/** @param words names of ports; without, those in `text`, where a number is a place in the list */
function namesIn(text: string, ports: readonly SerialPort[], words?: readonly string[]): readonly string[] {
  return (words ?? wordsOf(text)).map((word) => {
    const port =
      words === undefined && /^\d+$/.test(word) ? ports[Number(word) - 1] : ports.find(({ device }) => device === word);
    return port === undefined ? word : stableNameOf(port, ports);
  });
}

/** Device of a port, and why it is not there now. */
export interface PortPlace {
  readonly device: string | undefined;
  /** `undefined`: it is there. */
  readonly why: string | undefined;
}

export function placeOf(path: string, ports: readonly SerialPort[]): PortPlace {
  if (networkPortOf(path) !== undefined) return { device: undefined, why: undefined };
  const finding = findPort(portNameOf(path), ports, (name) => {
    try {
      return realpathSync(name);
    } catch {
      return undefined;
    }
  });
  return finding.kind === 'found'
    ? { device: finding.device, why: undefined }
    : { device: undefined, why: finding.why };
}
