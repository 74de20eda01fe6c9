/** Messages on which the process ended: how they are recognised, and how an invalid file is handled. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { newFacts } from '../../../src/base/events.ts';
import type { MessageMark } from '../../../src/base/message-mark.ts';
import { SetAside } from '../../../src/flow/set-aside.ts';
import { type MessageOnItsWay, UnderWay } from '../../../src/flow/under-way.ts';
import { addFaultMark, readFaultMarks } from '../../../src/io/fault-marks.ts';

const UPLINK: MessageOnItsWay = { way: 'uplink', whose: 3, topic: 'gw/a/t', payload: Buffer.from('21.5') };
const INNER: MessageOnItsWay = { way: 'report uplink', whose: 'b', topic: 'u', payload: Buffer.from('0') };

function newUnderWay(marks: readonly MessageMark[] = []) {
  const setAside = new SetAside(newFacts());
  return { underWay: new UnderWay(setAside, marks), setAside };
}

function throwing(): never {
  throw new Error('no');
}

function markOf(...messages: readonly MessageOnItsWay[]): MessageMark {
  const { underWay } = newUnderWay();
  const act = messages
    .toReversed()
    .reduce((inner, message) => () => underWay.handle(message, inner), throwing as () => void);
  expect(act).toThrow('no');
  return underWay.mark(new Error('no')) as MessageMark;
}

describe('the message in progress', () => {
  it('is the innermost one when an exception is thrown, and there is none before and after it', () => {
    const { underWay } = newUnderWay();
    expect(underWay.mark('no')).toBeUndefined();
    underWay.handle(UPLINK, () => underWay.handle(INNER, () => undefined));
    expect(underWay.mark('no')).toBeUndefined();
    expect(markOf(UPLINK, INNER)).toEqual(markOf(INNER));
    expect(markOf(UPLINK)).toMatchObject({ what: 'uplink on gw/a/t, 4 bytes', why: 'no' });
  });

  it('is the outer one again once the inner one is handled', () => {
    const { underWay } = newUnderWay();
    const act = (): void => {
      underWay.handle(INNER, () => undefined);
      throwing();
    };
    expect(() => underWay.handle(UPLINK, act)).toThrow();
    expect(underWay.mark('no')?.key).toBe(markOf(UPLINK).key);
  });

  it('is set aside and counted if it is marked; any other message is handled', () => {
    const { underWay, setAside } = newUnderWay([markOf(UPLINK)]);
    const done: string[] = [];
    const handle = (message: MessageOnItsWay): void =>
      underWay.handle(
        message,
        () => done.push('handled'),
        (why) => done.push(why),
      );
    handle(UPLINK);
    for (const other of [
      { ...UPLINK, payload: Buffer.from('21.6') },
      { ...UPLINK, topic: 'gw/a/u' },
      { ...UPLINK, whose: 4 },
      { ...UPLINK, way: 'downlink' } as const,
    ])
      handle(other);
    handle({ ...UPLINK });
    expect(done).toEqual(['no', 'handled', 'handled', 'handled', 'handled', 'no']);
    expect(setAside.report).toMatchObject({ times: 2, last: { what: 'uplink on gw/a/t, 4 bytes', why: 'no' } });
  });

  it('is reported in a short text, for any length of the message', () => {
    const { what } = markOf({ way: 'report subscribe', whose: 's'.repeat(70_000), topic: 'f'.repeat(70_000) });
    expect(what.length).toBeLessThan(250);
  });
});

function markFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'fault-marks');
}

const keyed = (number: number): MessageMark => ({ key: number.toString(16).padStart(32, '0'), what: 'w', why: 'y' });

describe('the file of marks', () => {
  it('contains the latest 64 marks, for one version of the program, and only its owner can read it', () => {
    const path = markFile();
    for (let number = 0; number < 70; number += 1) addFaultMark(path, '1', keyed(number));
    addFaultMark(path, '1', keyed(69));
    const { marks } = readFaultMarks(path, '1');
    expect([marks.length, marks[0], marks.at(-1)]).toEqual([64, keyed(6), keyed(69)]);
    expect(readFaultMarks(path, '2')).toEqual({ marks: [], problem: undefined });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    addFaultMark(path, '2', keyed(1));
    expect(readFaultMarks(path, '2').marks).toEqual([keyed(1)]);
  });

  it('keeps texts of any kind in one short line', () => {
    const path = markFile();
    addFaultMark(path, '1', { ...keyed(1), what: `a\n\u001b[2J${'b'.repeat(70_000)}`, why: '\ud800' });
    const { marks, problem } = readFaultMarks(path, '1');
    expect(problem).toBeUndefined();
    expect(marks[0]?.what).toMatch(/^a\?\?\[2Jb{100,400}$/);
  });

  it('is missing: no mark, no report', () => {
    expect(readFaultMarks(markFile(), '1')).toEqual({ marks: [], problem: undefined });
  });

  const good = JSON.stringify({ version: '1', marks: [keyed(1)] });
  const bad: Readonly<Record<string, string>> = {
    empty: '',
    torn: good.slice(0, 40),
    'another thing': '[]',
    null: 'null',
    'without marks': '{"version":"1"}',
    'with marks of another shape': '{"version":"1","marks":[null]}',
    'with a key too short': good.replace('0000', ''),
    'with words that steer a terminal': good.replace('"w"', '"\\u001b[2J"'),
    'with prototype keys': '{"version":"1","marks":[{"__proto__":{"key":"0"}}]}',
    'nested without end': '['.repeat(60_000),
    'larger than allowed': good.replace('"w"', `"${'w'.repeat(100_000)}"`),
    'of random bytes': '\u0000\u00ff'.repeat(100),
  };
  it.each(Object.entries(bad))('is ignored and reported if it is %s; the next mark replaces it', (_, text) => {
    const path = markFile();
    writeFileSync(path, text);
    expect(readFaultMarks(path, '1')).toEqual({ marks: [], problem: expect.stringContaining('it') });
    addFaultMark(path, '1', keyed(2));
    expect(readFaultMarks(path, '1').marks).toEqual([keyed(2)]);
    expect(readFileSync(path, 'utf8').length).toBeLessThan(200);
  });

  it('is ignored if it is a folder or a pipe without a writer', () => {
    const folder = markFile();
    mkdirSync(folder);
    expect(readFaultMarks(folder, '1').problem).toBeDefined();
    const pipe = markFile();
    execFileSync('/usr/bin/mkfifo', [pipe]);
    expect(readFaultMarks(pipe, '1').marks).toEqual([]);
  });
});

describe('a fact listener that throws', () => {
  it('does not end the process, keeps no fact from another listener, and is reported once', () => {
    const facts = newFacts();
    const received: unknown[] = [];
    facts.on('storeFull', () => throwing());
    facts.on('storeFull', (fact) => received.push(fact));
    facts.on('listenerFailed', (fact) => received.push(fact));
    facts.emit('storeFull', { isFull: true });
    facts.emit('storeFull', { isFull: false });
    expect(received).toEqual([{ fact: 'storeFull', why: 'no' }, { isFull: true }, { isFull: false }]);
  });

  it('does not end the process if it is the one that reports such listeners', () => {
    const facts = newFacts();
    facts.on('listenerFailed', () => throwing());
    facts.on('storeFull', () => throwing());
    facts.emit('storeFull', { isFull: true });
    facts.emit('listenerFailed', { fact: 'x', why: 'y' });
  });
});
