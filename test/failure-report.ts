/**
 * A reporter of vitest for `.ci/run`: writes the counts of a run and every failure to the file of `--outputFile`. The
 * first line is "N passed, N failed". A failure has its place, its name, its message with the difference, and its stack.
 */
import { writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import type { Reporter, SerializedError, TestModule, TestSuite, Vitest } from 'vitest/node';

/** Lines of a message or a difference: two objects fit, the whole log of a gateway does not. */
const MAX_LINES = 30;
/** Calls of a stack, without those of packages. */
const MAX_CALLS = 8;

// vitest finds a reporter by the default export of its file
export default class FailureReport implements Reporter {
  private file = '';

  onInit({ config }: Vitest): void {
    if (typeof config.outputFile !== 'string') throw new Error('this reporter needs --outputFile=FILE');
    this.file = config.outputFile;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const passed = tests.filter((test) => test.result().state === 'passed').length;
    const failures = [
      ...modules.flatMap(failuresIn),
      ...unhandled.map((error) => failureText(`outside of the tests${placeOf(error)}`, [error])),
    ];
    writeFileSync(this.file, [`${passed} passed, ${failures.length} failed`, ...failures, ''].join('\n'));
  }
}

/** The failed tests of a file, its failed hooks, and the file itself if the process did not load or end it. */
function failuresIn(module: TestModule): string[] {
  const file = module.relativeModuleId;
  const failures: string[] = [];
  const addErrorsOf = (name: string, { errors }: Pick<TestSuite, 'errors'>): void => {
    if (errors().length > 0) failures.push(failureText(name, errors()));
  };
  addErrorsOf(file, { errors: () => module.errors() });
  for (const suite of module.children.allSuites())
    addErrorsOf(`${file} > ${suite.fullName}`, { errors: () => suite.errors() });
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === 'failed') failures.push(failureText(`${file} > ${test.fullName}`, result.errors));
  }
  const isUnfinished = module.state() === 'pending' || module.state() === 'queued';
  if (isUnfinished) failures.push(failureText(file, [{ message: 'the file did not run to its end' }]));
  return failures;
}

function placeOf({ VITEST_TEST_PATH: path }: SerializedError): string {
  return typeof path === 'string' ? `, while ${path} ran` : '';
}

function failureText(name: string, errors: readonly SerializedError[]): string {
  const lines = errors.flatMap(({ name = 'Error', message, diff = '', stack = '' }) => [
    ...firstLines(`${name}: ${message}`),
    ...firstLines(String(diff)),
    ...callsIn(stack),
  ]);
  return ['', `FAILED ${name}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

function firstLines(text: string): string[] {
  if (text === '') return [];
  const lines = stripVTControlCharacters(text).split('\n');
  const left = lines.length - MAX_LINES;
  return left > 0 ? [...lines.slice(0, MAX_LINES), `(${left} more lines)`] : lines;
}

function callsIn(stack: string): string[] {
  const calls = stack.split('\n').filter((line) => /^\s+at .*:\d+:\d+/.test(line) && !line.includes('/node_modules/'));
  return calls.slice(0, MAX_CALLS);
}
