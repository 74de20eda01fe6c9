/** Trial of a configuration on a manual clock: confirmed when the changed parts work, rolled back when they do not. */
import { describe, expect, it } from 'vitest';
import { RETURN_MS_MAX } from '../../../src/app/apply-terms.ts';
import { readSavedConfig } from '../../../src/io/saved-config.ts';
import { otherHub, otherPort, TrialBench } from './trial-bench.ts';

describe('a configuration on trial', () => {
  it('is confirmed automatically when the hub is connected again', async () => {
    const bench = new TrialBench().edit(otherHub);
    bench.afterChange = () => {
      bench.hubState = 'waiting';
    };
    expect(await bench.apply()).toMatchObject({ outcome: 'unconfirmed', confirmWithinMs: RETURN_MS_MAX });
    expect(bench.told).toEqual(['configApplied {"keys":["hub.host"],"by":"anna"}']); // no value
    await bench.pass(20_000);
    expect(bench.changer.state).toMatchObject({ state: 'unconfirmed', confirmation: 'automatic' });
    bench.hubState = 'online';
    await bench.pass(500);
    expect(bench.changer.state.state).toBe('confirmed');
    expect(bench.told.at(-1)).toContain('configConfirmed');
    expect(readSavedConfig(bench.folder).saved).toMatchObject({
      confirmed: expect.stringContaining('other.example.net'),
      trial: null,
      isRunning: true,
    });
  });

  it('is rolled back if the hub does not return within the time, not earlier', async () => {
    const bench = new TrialBench().edit(otherHub);
    bench.afterChange = () => {
      bench.hubState = 'waiting';
    };
    await bench.apply();
    await bench.pass(RETURN_MS_MAX - 500);
    expect(bench.changer.state.state).toBe('unconfirmed');
    await bench.pass(1000);
    expect(bench.changer.state).toMatchObject({
      state: 'rolled back',
      reason: 'the hub is not connected again (refused)',
    });
    expect(bench.changer.running.config.hub.host).toBe('hub.example.net');
    expect(bench.used).toHaveLength(2);
    expect(readSavedConfig(bench.folder).saved?.rejected?.reason).toContain('the hub is not connected');
  });

  it('does not depend on a hub that was away before', async () => {
    const bench = new TrialBench().edit(otherHub);
    bench.hubState = 'waiting';
    expect(await bench.apply()).toMatchObject({ outcome: 'confirmed' });
  });

  it('is confirmed at once if the link has a valid frame, and late if it is silent', async () => {
    for (const { framesIn, waitMs } of [
      { framesIn: 1, waitMs: 0 },
      { framesIn: 0, waitMs: RETURN_MS_MAX },
    ]) {
      const bench = new TrialBench().edit(otherPort);
      bench.afterChange = () => void Object.assign(bench.link, { framesIn, bytesIn: framesIn * 10 });
      await bench.apply();
      if (waitMs > 0) {
        await bench.pass(waitMs - 500);
        expect(bench.changer.state.state).toBe('unconfirmed');
        await bench.pass(1000);
      }
      expect(bench.changer.state.state).toBe('confirmed');
    }
  });

  it.each([
    ['bytes without a valid frame', 'mqttsn', { framesIn: 0, bytesIn: 300 }],
    ['a port that does not open', 'mqttsn', { state: 'opening' as const, framesIn: 0, bytesIn: 0 }],
    ['a polled line without an answer', 'modbus', { framesIn: 0, bytesIn: 0 }],
  ])('is rolled back on %s', async (_, driver, after) => {
    const bench = new TrialBench(driver).edit(otherPort);
    bench.afterChange = () => void Object.assign(bench.link, after);
    await bench.apply();
    await bench.pass(RETURN_MS_MAX + 500);
    expect(bench.changer.state).toMatchObject({
      state: 'rolled back',
      reason: 'link meters does not work again (no such device)',
    });
  });

  it('with a long time for the confirmation is rolled back early if a part does not return', async () => {
    const bench = new TrialBench().edit(otherHub);
    bench.afterChange = () => {
      bench.hubState = 'waiting';
    };
    await bench.apply(3_600_000);
    await bench.pass(RETURN_MS_MAX + 500);
    expect(bench.changer.state.state).toBe('rolled back');
  });

  it('is rolled back without a confirmation, and stays after one', async () => {
    for (const isConfirmed of [false, true]) {
      const bench = new TrialBench().edit(otherPort);
      await bench.apply(90_000);
      await bench.pass(80_000);
      if (isConfirmed) await bench.changer.confirm('anna');
      await bench.pass(20_000);
      expect(bench.changer.state).toMatchObject(
        isConfirmed ? { state: 'confirmed' } : { state: 'rolled back', reason: 'it was not confirmed within 90 s' },
      );
      expect(bench.changer.running.config.links[0]?.baudRate).toBe(isConfirmed ? 9600 : 115_200);
    }
  });

  it('admits no second change', async () => {
    const bench = new TrialBench().edit(otherPort);
    await bench.apply(60_000);
    await expect(bench.apply()).rejects.toThrow('not confirmed yet');
  });
});

describe('a change that needs a restart', () => {
  const otherName = (text: string): string => text.replace('shed-3', 'shed-4');

  it('is refused as a whole, and leaves no record', async () => {
    const bench = new TrialBench().edit((text) => otherName(otherPort(text)));
    await expect(bench.apply()).rejects.toThrow('gateway.name needs a restart; nothing was changed');
    expect([bench.used, bench.told, readSavedConfig(bench.folder).saved]).toEqual([[], [], undefined]);
  });

  it('is stored for the next process if it is allowed, except another state directory', async () => {
    const bench = new TrialBench().edit(otherName);
    expect(await bench.apply(undefined, true)).toMatchObject({ outcome: 'restarting' });
    expect(bench.restarts).toEqual(['the configuration changes']);
    expect(readSavedConfig(bench.folder).saved?.trial).toMatchObject({
      phase: 'restart',
      worked: { hub: true, links: ['meters'] },
    });
    await expect(bench.apply(), 'until the process has ended').rejects.toThrow('Another change');
    const other = new TrialBench();
    other.edit((text) => text.replace(other.folder, '/elsewhere'));
    await expect(other.apply(undefined, true)).rejects.toThrow('state_dir cannot be rolled back');
  });
});
