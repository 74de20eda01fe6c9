/** Recovery steps for a line that is open and does not work, and the end of the attempts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LineRecoveryStep, type LineView, Recovery } from '../../../src/driver/line-recovery.ts';

const ALL = ['reopen', 'toggle', 'reauthorise'] as const;

/** Line that is looked at once a second. */
class Line {
  readonly recovery: Recovery;
  readonly tried: LineRecoveryStep[] = [];
  view: LineView = { isOpen: true, framesIn: 0, broken: 0, unexpected: 0, lost: 0, attached: 1 };
  #nowMs = 0;

  constructor(steps: ConstructorParameters<typeof Recovery>[0] = ALL) {
    this.recovery = new Recovery(steps);
    this.look();
  }

  look(change: Partial<LineView> = {}): void {
    this.view = { ...this.view, ...change };
    this.#nowMs += 1000;
    const recoveryStep = this.recovery.look(this.view, this.#nowMs);
    if (recoveryStep !== undefined) this.tried.push(recoveryStep);
  }

  pass(seconds: number): void {
    for (let second = 0; second < seconds; second += 1) this.look();
  }

  /** Adds this number of good and damaged frames in each second. */
  hear(seconds: number, [good, broken]: readonly [number, number]): void {
    for (let second = 0; second < seconds; second += 1)
      this.look({ framesIn: this.view.framesIn + good, broken: this.view.broken + broken });
  }

  fallSilent(): void {
    this.look({ lost: this.view.lost + 1, attached: 0 });
  }
}

describe('undamaged frames that do not match the configuration', () => {
  /** Ten such frames in a second. */
  const babble = (line: Line, seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) line.look({ unexpected: line.view.unexpected + 10 });
  };

  it('are not noise', () => {
    const line = new Line();
    babble(line, 60);
    expect([line.tried, line.recovery.failure]).toEqual([[], undefined]);
    line.hear(5, [0, 10]);
    expect(line.tried).toEqual(['resync']);
  });

  it('are no silence, even if their subdevice counts as lost without a matching frame', () => {
    const line = new Line();
    babble(line, 1);
    line.pass(60);
    line.fallSilent();
    expect(line.tried).toEqual([]);
    line.hear(1, [1, 0]);
    line.fallSilent();
    expect(line.tried).toEqual(['resync']);
  });

  it('end the recovery steps for a silence', () => {
    const line = new Line();
    line.fallSilent();
    babble(line, 1);
    line.pass(3600);
    expect([line.tried, line.recovery.failure]).toEqual([['resync'], undefined]);
  });
});

describe('a subdevice that becomes silent', () => {
  it('has every step run, each after its time, then the failure, and no further step', () => {
    const line = new Line();
    line.fallSilent();
    expect(line.tried).toEqual(['resync']);
    line.pass(5);
    expect(line.tried).toEqual(['resync', 'reopen']);
    line.pass(10);
    line.pass(10);
    expect(line.tried).toEqual(['resync', ...ALL]);
    expect(line.recovery.failure).toBeUndefined();
    line.pass(15);
    expect(line.recovery.failure?.trouble).toBe('silence');
    line.pass(3600);
    line.fallSilent();
    expect(line.recovery.counts).toEqual({ resync: 1, reopen: 1, toggle: 1, reauthorise: 1, failed: 1 });
  });

  it('ends the recovery with its first good frame, and the next trouble begins with the first step', () => {
    const line = new Line();
    line.fallSilent();
    line.pass(5);
    line.hear(1, [1, 0]);
    line.pass(100);
    expect(line.tried).toEqual(['resync', 'reopen']);
    line.fallSilent();
    expect(line.tried).toEqual(['resync', 'reopen', 'resync']);
  });

  it('ends the failure with its first good frame', () => {
    const line = new Line([]);
    line.fallSilent();
    line.pass(5);
    expect(line.recovery.failure).toBeDefined();
    line.hear(1, [1, 0]);
    expect(line.recovery.failure).toBeUndefined();
  });

  it('does not disturb a line that other subdevices use', () => {
    const line = new Line();
    line.look({ lost: 1, attached: 3 });
    line.pass(100);
    expect(line.tried).toEqual([]);
  });

  it('has no step run while the port is closed, and the steps continue when it is open', () => {
    const line = new Line();
    line.fallSilent();
    line.look({ isOpen: false });
    line.pass(100);
    expect(line.tried).toEqual(['resync']);
    line.look({ isOpen: true });
    expect(line.tried).toEqual(['resync', 'reopen']);
  });

  it('has only the configured steps run', () => {
    const line = new Line(['toggle']);
    line.fallSilent();
    line.pass(100);
    expect(line.tried).toEqual(['resync', 'toggle']);
  });
});

describe('damaged frames', () => {
  it('are noise if they outnumber the good ones for five seconds', () => {
    const line = new Line();
    line.hear(4, [10, 11]);
    expect(line.tried).toEqual([]);
    line.hear(1, [10, 11]);
    expect(line.tried).toEqual(['resync']);
    line.hear(60, [10, 11]);
    expect(line.recovery.failure?.trouble).toBe('noise');
    line.hear(1, [10, 3]);
    expect(line.recovery.failure).toBeUndefined();
  });

  it('that have ended are no trouble any more, even without a good frame', () => {
    const line = new Line();
    line.hear(5, [0, 100]);
    line.pass(60);
    expect(line.tried).toEqual(['resync']);
    line.hear(60, [0, 100]);
    expect(line.recovery.failure?.trouble).toBe('noise');
    line.pass(5);
    expect(line.recovery.failure).toBeUndefined();
  });

  it.each([
    ['few', [0, 4]],
    ['fewer than the good ones', [100, 50]],
  ] as const)('are left to the framing when they are %s', (_, frames) => {
    const line = new Line();
    line.hear(100, frames);
    expect(line.tried).toEqual([]);
  });
});

it('every recovery begins with the first step and skips none, for any observations', () => {
  const look = fc.record({
    ...{ good: fc.nat(3), broken: fc.nat(20), lost: fc.nat(1), attached: fc.nat(1), isOpen: fc.boolean() },
  });
  fc.assert(
    fc.property(fc.array(look, { maxLength: 300 }), (looks) => {
      const line = new Line();
      for (const { good, broken, lost, attached, isOpen } of looks) {
        const { view } = line;
        const framesIn = view.framesIn + good;
        line.look({ framesIn, broken: view.broken + broken, lost: view.lost + lost, attached, isOpen });
      }
      const climbs = line.tried
        .join(' ')
        .split(/ ?resync ?/)
        .slice(1);
      for (const runStep of climbs) expect(ALL.join(' ').startsWith(runStep.trim())).toBe(true);
    }),
  );
});
