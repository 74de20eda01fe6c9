/** Messages on which the process ended: how they are known again, and what becomes of a file that is no good. */
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

describe('the message under way', () => {
  it('is the innermost when something is thrown, and none before and behind it', () => {
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

  it('is set aside when it is marked, and counted; any other is handled', () => {
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

  it('is told of in few words, however long it is', () => {
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
  it('holds the latest 64, for one version of the program, and is nobody else’s to read', () => {
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

  it('keeps words of any kind in one short line', () => {
    const path = markFile();
    addFaultMark(path, '1', { ...keyed(1), what: `a\n\u001b[2J${'b'.repeat(70_000)}`, why: '\ud800' });
    const { marks, problem } = readFaultMarks(path, '1');
    expect(problem).toBeUndefined();
    expect(marks[0]?.what).toMatch(/^a\?\?\[2Jb{100,400}$/);
  });

  it('is not there: no mark, no word', () => {
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
    'larger than it may be': good.replace('"w"', `"${'w'.repeat(100_000)}"`),
    'of bytes': '\u0000\u00ff'.repeat(100),
  };
  it.each(Object.entries(bad))('is ignored, and said, when it is %s; the next mark begins it anew', (_, text) => {
    const path = markFile();
    writeFileSync(path, text);
    expect(readFaultMarks(path, '1')).toEqual({ marks: [], problem: expect.stringContaining('it') });
    addFaultMark(path, '1', keyed(2));
    expect(readFaultMarks(path, '1').marks).toEqual([keyed(2)]);
    expect(readFileSync(path, 'utf8').length).toBeLessThan(200);
  });

  it('is ignored in the form of a folder or of a pipe that nobody writes to', () => {
    const folder = markFile();
    mkdirSync(folder);
    expect(readFaultMarks(folder, '1').problem).toBeDefined();
    const pipe = markFile();
    execFileSync('/usr/bin/mkfifo', [pipe]);
    expect(readFaultMarks(pipe, '1').marks).toEqual([]);
  });
});

describe('a listener of facts that throws', () => {
  it('ends nothing, keeps no other listener from its fact, and is told of once', () => {
    const facts = newFacts();
    const heard: unknown[] = [];
    facts.on('storeFull', () => throwing());
    facts.on('storeFull', (fact) => heard.push(fact));
    facts.on('listenerFailed', (fact) => heard.push(fact));
    facts.emit('storeFull', { isFull: true });
    facts.emit('storeFull', { isFull: false });
    expect(heard).toEqual([{ fact: 'storeFull', why: 'no' }, { isFull: true }, { isFull: false }]);
  });

  it('ends nothing where it is the one that tells of such listeners', () => {
    const facts = newFacts();
    facts.on('listenerFailed', () => throwing());
    facts.on('storeFull', () => throwing());
    facts.emit('storeFull', { isFull: true });
    facts.emit('listenerFailed', { fact: 'x', why: 'y' });
  });
});
