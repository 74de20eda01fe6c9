/** Data blocks of a read-out that are damaged, cut, too long or without the configured values. */
import { describe, expect, it } from 'vitest';
import { atData, block, discards, IDENTIFICATION, NAK, speedSet, wrong } from './readout-rig.ts';

describe('a damaged data block', () => {
  it('is wanted again with NAK, counted, and not published', () => {
    const one = atData();
    one.receive(wrong());
    one.pass(219);
    expect(one.takeWritten()).toBe('');
    one.pass(1);
    expect(one.takeWritten()).toBe(NAK);
    one.receive(block());
    expect(one.uplinks).toEqual([['state', '{"energy":123.4,"unit":"kWh"}']]);
    expect(one.link.counters).toMatchObject({ crcErrors: 1, retries: 1, framesIn: 1 });
    expect(discards(one)).toEqual([expect.stringMatching(/^line check: wrong BCC of a data block of \d+ bytes: "1-0/)]);
  });

  it('that stays damaged ends the read-out, which is repeated after a quiet line, and then given up with its reason', () => {
    const one = atData();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      for (let count = 0; count < 3; count += 1) {
        one.receive(wrong());
        one.pass(220);
      }
      expect(one.takeWritten()).toBe(`${NAK}${NAK}<300>`);
      speedSet(one, 300);
      one.pass(attempt < 2 ? 2000 : 3500);
      expect(one.takeWritten()).toBe('/?!\r\n');
      if (attempt === 2) break;
      one.receive(IDENTIFICATION);
      one.pass(430);
      speedSet(one, 9600);
      one.takeWritten();
    }
    expect(one.uplinks).toEqual([]);
    expect(discards(one).at(-1)).toBe('unit silent: read-out grid: wrong BCC 3 times');
    expect(one.link.counters.crcErrors).toBe(9);
  });

  it('that is cut is reported, and the port goes back to 300 baud', () => {
    const one = atData();
    one.receive(block().slice(0, 20));
    one.pass(1999);
    expect(one.takeWritten()).toBe('');
    one.pass(1);
    expect(one.takeWritten()).toBe('<300>');
    expect(discards(one)).toEqual(['line cut: a data block that ended after 19 bytes: "1-0:1.8.0*255(00012"']);
  });

  it('that is too long is reported with the key', () => {
    const one = atData({}, { line_bytes_max: 64 });
    one.receive(block('1.8.0(1)\r\n'.repeat(10)));
    expect(one.takeWritten()).toBe('<300>');
    expect(discards(one)).toEqual(['line too long: a data block of more than 64 bytes']);
    expect(one.link.counters.oversizeFrames).toBe(1);
  });

  it('that never begins ends the read-out', () => {
    const one = atData({}, { line_bytes_max: 64 });
    one.receive('x'.repeat(128));
    expect(one.takeWritten()).toBe('');
    one.receive('x');
    expect(one.takeWritten()).toBe('<300>');
  });

  it('with a wrong content is discarded once, and read again after the period', () => {
    const one = atData();
    one.receive(block('1.7.0(1)\r\n'));
    speedSet(one, 300);
    expect(discards(one)).toEqual([expect.stringMatching(/^line field: energy is missing/)]);
    one.takeWritten();
    one.pass(57_000);
    expect(one.takeWritten()).toBe('');
    expect(one.link.unanswered().size).toBe(0);
  });
});
