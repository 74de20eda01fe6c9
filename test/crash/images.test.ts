/** Every power cut of a day of the real gateway: no image of the medium lacks what was acknowledged. */
import { describe, expect, it } from 'vitest';
import { enumerate } from './enumeration.ts';
import { DAY, isUnrecordable, liveADay, openRecordedHouse, scratchFolder } from './recording.ts';

const SEED = 20_260_701;

describe.skipIf(isUnrecordable())('a power cut at any operation on the files', () => {
  it('finds everything that was acknowledged, in books that balance', { timeout: 240_000 }, async () => {
    const { house, trace } = await openRecordedHouse(DAY);
    await liveADay(house, 30);
    await house.expectNothingLost();
    await house.gateway.signal('SIGTERM');
    const begunMs = performance.now();
    const events = trace();
    const result = enumerate(events, { folder: scratchFolder(), seed: SEED });
    const perMinute = Math.round((result.images / (performance.now() - begunMs)) * 60_000);
    console.log(JSON.stringify({ ...result, events: events.length, imagesPerMinute: perMinute }));
    expect(result).toMatchObject({ lossy: 0, corrupt: 0, wrong: 0 });
    expect(result.images).toBeGreaterThan(2000);
  });
});
