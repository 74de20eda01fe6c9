/**
 * Firmware updates in whole worlds: every image arrives unchanged while data goes on, and a power cut at any moment costs at
 * most what was not confirmed.
 */
import { describe, expect, it } from 'vitest';
import type { FirmwareRecord } from '../../src/base/firmware.ts';
import { encodeFrame, FrameReader } from '../../src/codec/mqttsn-cobs.ts';
import { decodePacket } from '../../src/codec/mqttsn-decode.ts';
import type { OpenChannel } from '../../src/ports.ts';
import { FirmwareWorld, PLAN } from './firmware-world.ts';
import { onDisk } from './sabotage-firmware.ts';
import type { Sabotage } from './world.ts';

const SUBDEVICES = ['s1', 's2', 's3'];
/** One subdevice, so that each chunk is one of its image. */
const ALONE = [{ id: 's1', clean: false }];
const CHUNKS = 16;
const SMALL = CHUNKS * PLAN.chunkBytes;
/** Time in which a chunk of the plan arrives at 115200 baud, ms. */
const CHUNK_MS = 16;
/** Longer than the shortest time between two CONNECTs to the hub. */
const BOOT_MS = 6000;
const WINDOW_BYTES = PLAN.window * PLAN.chunkBytes;

describe('firmware of several subdevices', () => {
  it('is updated while data goes on: the image is downloaded once, and the hub gets the end of each update', async () => {
    const one = await FirmwareWorld.open();
    const image = await one.update('v1', 20_000);
    for (const id of SUBDEVICES) {
      expect(one.firmware.flashOf(id).installed.map((installed) => Buffer.compare(installed, image))).toEqual([0]);
      expect(one.firmware.finalStateAtHub(id, 'v1')).toBe('done');
    }
    expect(one.firmware.disk.servedBytes).toBe(image.length);
    expect(one.octets).toBe(SUBDEVICES.length * image.length);
    await one.end();
  });
});

describe('a power cut of the gateway', () => {
  it('at each step of a download costs no octet that is on the disk', async () => {
    const one = await FirmwareWorld.open({ subdevices: ALONE });
    const { disk } = one.firmware;
    let [servedBytes, cuts] = [0, 0];
    one.onStep = () => {
      if (disk.servedBytes === servedBytes) return;
      servedBytes = disk.servedBytes;
      cuts += 1;
      one.world.cutPower(BOOT_MS);
    };
    await one.update('v1', SMALL);
    expect(cuts).toBeGreaterThan(3);
    expect(disk.servedBytes).toBe(SMALL);
    expect(one.firmware.finalStateAtHub('s1', 'v1')).toBe('done');
    await one.end();
  });

  it('after every chunk costs no chunk: the transfer goes on from the last one that arrived', async () => {
    const one = await FirmwareWorld.open({ subdevices: ALONE });
    let cuts = 0;
    one.onChunk = () => {
      cuts += 1;
      one.world.time.after(CHUNK_MS, () => one.world.cutPower(BOOT_MS));
    };
    await one.update('v1', SMALL);
    expect(cuts).toBe(CHUNKS);
    expect(one.octets).toBe(SMALL);
    expect(one.firmware.finalStateAtHub('s1', 'v1')).toBe('done');
    await one.end();
  });

  it('at any one chunk, also at the moment of its sending, costs at most a window', async () => {
    const one = await FirmwareWorld.open({ subdevices: ALONE });
    for (let cutAt = 1; cutAt <= CHUNKS; cutAt += 1) {
      const before = one.chunks.length;
      one.onChunk = () => {
        if (one.chunks.length - before === cutAt) one.world.time.after(0, () => one.world.cutPower(BOOT_MS));
      };
      const octetsBefore = one.octets;
      await one.update(`v${cutAt}`, SMALL);
      expect(one.octets - octetsBefore).toBeLessThanOrEqual(SMALL + WINDOW_BYTES);
      expect(one.firmware.finalStateAtHub('s1', `v${cutAt}`), `power cut at chunk ${cutAt}`).toBe('done');
    }
    expect(one.firmware.installations).toBe(CHUNKS);
    await one.end();
  });
});

describe('a power cut of the subdevice', () => {
  it('at any one chunk costs at most a page of its flash and a window', async () => {
    const one = await FirmwareWorld.open({ subdevices: ALONE });
    for (let cutAt = 1; cutAt < CHUNKS; cutAt += 1) {
      const before = one.chunks.length;
      one.onChunk = () => {
        if (one.chunks.length - before === cutAt)
          one.world.time.after(CHUNK_MS, () => one.world.subdeviceAt(0).reset());
      };
      const octetsBefore = one.octets;
      await one.update(`v${cutAt}`, SMALL);
      expect(one.octets - octetsBefore).toBeLessThanOrEqual(SMALL + PLAN.pageBytes + WINDOW_BYTES);
      expect(one.firmware.finalStateAtHub('s1', `v${cutAt}`), `power cut at chunk ${cutAt}`).toBe('done');
    }
    expect(one.firmware.installations).toBe(CHUNKS - 1);
    await one.end();
  });

  it('after the last chunk ends the update either way: with the new version, or as not updated', async () => {
    const one = await FirmwareWorld.open({ subdevices: ALONE });
    const ends = new Set<string | undefined>();
    for (let afterMs = CHUNK_MS; afterMs <= 4 * CHUNK_MS; afterMs += 4) {
      const version = `v${afterMs}`;
      const before = one.chunks.length;
      one.onChunk = () => {
        if (one.chunks.length - before === CHUNKS)
          one.world.time.after(afterMs, () => one.world.subdeviceAt(0).reset());
      };
      await one.update(version, SMALL);
      const end = one.firmware.finalStateAtHub('s1', version);
      expect(one.firmware.flashOf('s1').version === version).toBe(end === 'done');
      ends.add(end);
    }
    expect(ends).toContain('done');
    await one.end();
  });
});

/** Records a final state as reported before the outbox has the report. */
function reportedAtOnce(records: readonly FirmwareRecord[]): readonly FirmwareRecord[] {
  return records.map(({ update, ...rest }) => {
    const hasEnded = update?.state === 'done' || update?.state === 'failed';
    return { ...rest, update: update && { ...update, isReported: hasEnded || update.isReported } };
  });
}

/** Cuts the power of the gateway at several moments after an installation. @returns versions whose end the hub never gets */
async function unreportedAfterCuts(sabotage: Sabotage = {}): Promise<string[]> {
  const one = await FirmwareWorld.open({ subdevices: ALONE }, sabotage);
  const versions: string[] = [];
  for (let afterMs = 0; afterMs <= 300; afterMs += 20) {
    const version = `v${afterMs + 1}`;
    const before = one.firmware.installations;
    let isCut = false;
    one.onStep = () => {
      if (isCut || one.firmware.installations === before) return;
      isCut = true;
      one.world.time.after(afterMs, () => one.world.cutPower(BOOT_MS));
    };
    one.firmware.offer(version, PLAN.chunkBytes);
    await one.pass(120_000);
    expect(one.firmware.flashOf('s1').version).toBe(version);
    versions.push(version);
  }
  return versions.filter((version) => one.firmware.finalStateAtHub('s1', version) !== 'done');
}

describe('the end of an update', () => {
  it('reaches the hub, whenever the power of the gateway is cut', async () => {
    expect(await unreportedAfterCuts()).toEqual([]);
  });

  it('negative control: it is lost by a gateway that marks the report too early', async () => {
    const sabotage = {
      alter: onDisk(({ keep }) => ({ keep: (records, done) => keep(reportedAtOnce(records), done) })),
    };
    expect((await unreportedAfterCuts(sabotage)).length).toBeGreaterThan(0);
  });
});

/** Sends every third chunk twice, and exchanges every fourth with the next one. */
function unreliableChunks(open: OpenChannel): OpenChannel {
  let chunks = 0;
  return (listener) => {
    const channel = open(listener);
    const reader = new FrameReader(1024);
    let late: Uint8Array | undefined;
    const write = (bare: Uint8Array): void => {
      const packet = decodePacket(bare);
      const frame = encodeFrame(bare);
      const isChunk = packet.ok && packet.value.kind === 'publish' && packet.value.payload[0] === 0x82;
      if (isChunk) chunks += 1;
      if (isChunk && chunks % 4 === 0 && late === undefined) {
        late = frame;
        return;
      }
      channel.write(frame);
      if (isChunk && chunks % 3 === 0) channel.write(frame);
      if (late !== undefined) channel.write(late);
      late = undefined;
    };
    return {
      write: (bytes) => {
        for (const bare of reader.push(bytes)) write(bare);
      },
      get queuedBytes() {
        return channel.queuedBytes;
      },
      close: (reason) => channel.close(reason),
    };
  };
}

describe('a line that', () => {
  it('damages and loses packets delays the image, and changes nothing else', async () => {
    const one = await FirmwareWorld.open();
    for (const draw of [0, 0.4, 0.8]) one.world.cabling.lineAt(draw).disturb(0.1);
    const image = await one.update('v1', 20_000);
    expect(one.octets).toBeGreaterThan(SUBDEVICES.length * image.length);
    for (const id of SUBDEVICES) expect(one.firmware.finalStateAtHub(id, 'v1')).toBe('done');
    await one.end();
  });

  it('repeats and reorders chunks changes no image', async () => {
    const one = await FirmwareWorld.open(
      {},
      { alter: (parts) => ({ ...parts, openLink: (link) => unreliableChunks(parts.openLink(link)) }) },
    );
    await one.update('v1', 20_000);
    for (const id of SUBDEVICES) expect(one.firmware.finalStateAtHub(id, 'v1')).toBe('done');
    await one.end();
  });
});

describe('an outage of the hub', () => {
  it('in the middle of a transfer does not stop the transfer, and the hub gets its end later', async () => {
    const one = await FirmwareWorld.open();
    const awayAt = 20;
    const isInstalled = (): boolean => one.firmware.installations === SUBDEVICES.length;
    one.onChunk = () => {
      if (one.chunks.length === awayAt) one.world.hub.leave();
    };
    one.firmware.offer('v1', 20_000);
    await one.pass(60_000, isInstalled);
    expect(isInstalled()).toBe(true);
    expect(SUBDEVICES.map((id) => one.firmware.finalStateAtHub(id, 'v1'))).toEqual([undefined, undefined, undefined]);
    one.world.hub.comeBack();
    await one.end();
    expect(SUBDEVICES.map((id) => one.firmware.finalStateAtHub(id, 'v1'))).toEqual(['done', 'done', 'done']);
  });
});
