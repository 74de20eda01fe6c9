/** Limit of journal lines: many events of one cause make a few lines and a count; a new cause is logged at once. */
import { describe, expect, it } from 'vitest';
import { JournalBudget, WINDOW_MS } from '../../../src/ops/journal-budget.ts';

class Page {
  nowMs = 0;
  lines: string[] = [];
  readonly budget = new JournalBudget({ nowMs: () => this.nowMs, write: (_, sentence) => this.lines.push(sentence) });

  shed(count: number, reason = 'no subscriber'): this {
    for (let index = 0; index < count; index += 1) this.budget.tell('downlinkShed', { topic: `t/${index}`, reason });
    return this;
  }

  pass(ms: number): this {
    this.nowMs += ms;
    this.budget.turn();
    return this;
  }

  read(): string[] {
    return this.lines.splice(0);
  }
}

describe('the lines of one cause', () => {
  it('are three, and the number of the others after the minute', () => {
    const page = new Page().shed(1000);
    expect(page.read()).toEqual([0, 1, 2].map((topic) => `downlink on t/${topic} shed: no subscriber`));
    expect(page.pass(WINDOW_MS - 1).read()).toEqual([]);
    expect(page.pass(1).read()).toEqual([
      '997 more events like this in the last minute: downlink on t/999 shed: no subscriber',
    ]);
  });

  it('are one per minute while it continues, and three again after a minute without events', () => {
    const page = new Page().shed(10).pass(WINDOW_MS);
    page.read();
    expect(page.shed(500).read()).toEqual([]);
    expect(page.pass(WINDOW_MS).read()).toEqual([expect.stringMatching(/^500 more events like this/)]);
    expect(page.pass(WINDOW_MS).shed(1).read()).toEqual(['downlink on t/0 shed: no subscriber']);
  });

  it('do not hide another reason, link or subdevice', () => {
    const page = new Page().shed(1000);
    page.read();
    page.shed(1, 'too large for the link');
    page.budget.tell('uplinkShed', { subdevice: 'a', topic: 't', reason: 'overflow drop-oldest' });
    page.budget.tell('uplinkShed', { subdevice: 'b', topic: 't', reason: 'overflow drop-oldest' });
    expect(page.read()).toHaveLength(3);
  });

  it('are all logged if there are three', () => {
    const page = new Page().shed(3).pass(WINDOW_MS);
    expect(page.read()).toHaveLength(3);
  });

  it('that were only counted are logged at the end', () => {
    const page = new Page().shed(5);
    page.read();
    page.budget.end();
    expect(page.read()).toEqual([expect.stringMatching(/^2 more events/)]);
  });
});

it.each(['subdevice', 'reason'] as const)('is bounded for events with random names, too (%s)', (what) => {
  const page = new Page();
  for (let minute = 0; minute < 3; minute += 1) {
    for (let index = 0; index < 10_000; index += 1) {
      const names = { subdevice: 'a', reason: 'refused', [what]: `${what}-${index}` };
      page.budget.tell('uplinkShed', { ...names, topic: 't' });
    }
    page.pass(WINDOW_MS);
    expect(page.read().length).toBeLessThanOrEqual(64 + 2);
  }
});

it('each of several configurations is named, and one that is applied again and again is one cause', () => {
  const page = new Page();
  for (let index = 0; index < 10; index += 1) {
    page.budget.tell('configApplied', { keys: [`link[${index}].baud_rate`], by: 'anna' });
    page.budget.tell('configConfirmed', { mark: `mark-${index}`, how: 'by command', by: 'anna' });
  }
  expect(page.read()).toHaveLength(20);
  for (let index = 0; index < 10; index += 1) page.budget.tell('configApplied', { keys: [], by: 'anna' });
  expect(page.read()).toHaveLength(3);
});

it('rejected client ids on one link are one cause', () => {
  const page = new Page();
  for (let index = 0; index < 1000; index += 1)
    page.budget.tell('subdeviceRefused', { subdevice: `x${index}`, link: 'a', reason: 'not configured' });
  expect(page.read()).toHaveLength(3);
});

describe('the level of a line', () => {
  it.each([
    ['storeFull', { isFull: true }, { isFull: false }, 'error'],
    ['tlsFilesJudged', { problem: 'none' }, { problem: undefined }, 'warn'],
    ['secretFileJudged', { problem: 'none' }, { problem: undefined }, 'warn'],
    ['deviceNotesJudged', { problem: 'none' }, { problem: undefined }, 'warn'],
    ['passwordJudged', { problem: 'none' }, { problem: undefined }, 'warn'],
  ] as const)('of %s is information for its end', (name, begins, ends, weight) => {
    const levels: string[] = [];
    const budget = new JournalBudget({ nowMs: () => 0, write: (level) => levels.push(level) });
    budget.tell(name, begins as never);
    budget.tell(name, ends as never);
    expect(levels).toEqual([weight, 'info']);
  });
});
