import { describe, expect, it } from 'vitest';
import { Company } from '../../../src/commit/batch-wait.ts';

describe('waiting for company', () => {
  it('is over at once when the only subdevice there is waits', () => {
    const company = new Company();
    company.join('uplink 1', 0);
    expect(company.isComplete(0)).toBe(true);
  });

  it('goes on while a subdevice that was active lately has not come', () => {
    const company = new Company();
    company.join('uplink 1', 0);
    company.join('uplink 2', 10);
    company.leave();
    company.join('uplink 1', 20);
    expect(company.isComplete(20)).toBe(false);
    company.join('uplink 2', 30);
    expect(company.isComplete(30)).toBe(true);
  });

  it('no longer waits for one that has been silent for a second', () => {
    const company = new Company();
    company.join('uplink 2', 0);
    company.leave();
    company.join('uplink 1', 1200);
    expect(company.isComplete(1200)).toBe(true);
  });

  it('remembers no more than those of the last second', () => {
    const company = new Company();
    for (let index = 0; index < 100; index += 1) {
      company.join(`uplink ${index}`, index * 1000);
      company.leave();
    }
    company.join('uplink 5000', 200_000);
    expect(company.isComplete(200_000)).toBe(true);
  });
});
