/** Notes about devices over restarts: times, writes, and files that are damaged or from elsewhere. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DeviceNotes } from '../../../src/app/device-notes.ts';
import type { DeviceNote } from '../../../src/base/device-note.ts';
import type { Age, Stamp } from '../../../src/base/time.ts';
import type { LinkMachine } from '../../../src/driver/driver.ts';
import { noteFileAt } from '../../../src/io/note-file.ts';
import type { NoteFile, SavedNotes } from '../../../src/ports.ts';

const MINUTE_MS = 60_000;

class FakeFile implements NoteFile {
  saved: SavedNotes | undefined;
  writes = 0;
  problem: string | undefined;

  read(): SavedNotes | undefined {
    return this.saved;
  }

  async write(notes: SavedNotes): Promise<void> {
    this.writes += 1;
    if (this.problem !== undefined) throw new Error(this.problem);
    this.saved = structuredClone(notes);
  }
}

class FakeClock {
  now: Stamp = { epoch: 1, upMs: 1_000_000 };
  /** Time between boots. */
  offMs = 0;

  stamp(): Stamp {
    return this.now;
  }

  age({ epoch, upMs }: Stamp): Age {
    if (epoch === this.now.epoch) return { ms: this.now.upMs - upMs, quality: 'exact' };
    return { ms: this.offMs + this.now.upMs, quality: 'exact' };
  }
}

function noteAt(atMs: number, name = 'p'): DeviceNote {
  return {
    ...{ basis: 'b', apart: ['q'], identity: { vendor: 'V', product: 'P', revision: '1.0' } },
    refused: [{ name, place: 'holding 3', code: 2, words: 'illegal data address', times: 4, atMs }],
  };
}

const unexpected = (problem: string | undefined): void => {
  throw new Error(problem ?? 'the notes are saved again');
};

const linksWith = (note: DeviceNote | undefined) => {
  const deviceNotes = (): ReadonlyMap<string, DeviceNote> => new Map(note === undefined ? [] : [['unit', note]]);
  return [{ plan: { name: 'bus', machine: { deviceNotes } as LinkMachine } }];
};

describe('notes about devices', () => {
  it('survive a restart, with the times in the clock of the new boot', () => {
    const [file, clock] = [new FakeFile(), new FakeClock()];
    const notes = new DeviceNotes(file, clock, unexpected);
    notes.look(linksWith(noteAt(400_000)));
    expect(file.writes).toBe(1);
    clock.now = { epoch: 1, upMs: 1_500_000 };
    expect(new DeviceNotes(file, clock, unexpected).of('bus').get('unit')?.refused[0]?.atMs).toBe(400_000);
    clock.now = { epoch: 2, upMs: 30_000 };
    clock.offMs = 5000;
    // 600 s before the write, which was 35 s ago
    expect(new DeviceNotes(file, clock, unexpected).of('bus').get('unit')?.refused[0]?.atMs).toBe(
      30_000 - 35_000 - 600_000,
    );
    expect(new DeviceNotes(file, clock, unexpected).of('other').size).toBe(0);
  });

  it('are written when they change, at most every ten minutes, and at the end', async () => {
    const [file, clock] = [new FakeFile(), new FakeClock()];
    const notes = new DeviceNotes(file, clock, unexpected);
    const pass = (minutes: number) => {
      clock.now = { ...clock.now, upMs: clock.now.upMs + minutes * MINUTE_MS };
    };
    notes.look(linksWith(undefined));
    expect(file.writes).toBe(0);
    notes.look(linksWith(noteAt(0)));
    pass(1);
    notes.look(linksWith(noteAt(1)));
    notes.look(linksWith(noteAt(1, 'other')));
    expect(file.writes).toBe(1);
    pass(10);
    notes.look(linksWith(noteAt(1, 'other')));
    expect(file.writes).toBe(2);
    await notes.close(linksWith(noteAt(2, 'other')));
    expect(file.writes).toBe(2);
    await notes.close(linksWith(noteAt(2)));
    expect(file.writes).toBe(3);
  });

  it('that cannot be written are reported once for each reason, and tried again without a change', async () => {
    const [file, clock] = [new FakeFile(), new FakeClock()];
    const judged: (string | undefined)[] = [];
    const notes = new DeviceNotes(file, clock, (problem) => judged.push(problem));
    const closeWith = async (problem: string | undefined): Promise<void> => {
      file.problem = problem;
      await notes.close(linksWith(noteAt(0)));
    };
    for (const problem of ['permission denied', 'permission denied', 'no space', undefined, undefined])
      await closeWith(problem);
    expect(judged).toEqual(['permission denied', 'no space', undefined]);
    expect(file.writes).toBe(4);
    expect(file.saved?.notes).toHaveLength(1);
  });

  it('of another store, or none, are ignored', () => {
    const [file, clock] = [new FakeFile(), new FakeClock()];
    expect(new DeviceNotes(undefined, clock, unexpected).of('bus').size).toBe(0);
    file.saved = { at: { epoch: 7, upMs: 0 }, notes: [{ link: 'bus', subdevice: 'unit', note: noteAt(0) }] };
    expect(new DeviceNotes(file, clock, unexpected).of('bus').size).toBe(0);
  });
});

describe('the file of the notes', () => {
  function openFile(): { readonly path: string; readonly folder: string; readonly file: NoteFile } {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-notes-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'device-notes');
    return { path, folder, file: noteFileAt(path) };
  }

  const SAVED: SavedNotes = {
    at: { epoch: 1, upMs: 5.5 },
    notes: [{ link: 'bus', subdevice: 'unit', note: noteAt(-7) }],
  };

  it('returns what was written, and leaves no other file', async () => {
    const { file, folder } = openFile();
    expect(file.read()).toBeUndefined();
    await file.write(SAVED);
    await file.write(SAVED);
    expect(file.read()).toEqual(SAVED);
    expect(readdirSync(folder)).toEqual(['device-notes']);
  });

  it('rejects if it cannot be written', async () => {
    const { file, path, folder } = openFile();
    await expect(noteFileAt(join(path, 'device-notes')).write(SAVED)).rejects.toThrow(/ENOENT/);
    const note = { ...noteAt(0), apart: Array.from({ length: 20_000 }, () => 'x'.repeat(250)) };
    await expect(file.write({ ...SAVED, notes: [{ link: 'bus', subdevice: 'unit', note }] })).rejects.toThrow(/larger/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['empty', ''],
    ['torn', JSON.stringify({ version: 1, ...SAVED }).slice(0, 90)],
    ['of another version', JSON.stringify({ version: 2, ...SAVED })],
    ['a list', '[]'],
    ['null', 'null'],
    ['without a time', JSON.stringify({ version: 1, notes: SAVED.notes })],
    ['without notes', JSON.stringify({ version: 1, at: SAVED.at, notes: {} })],
  ])('that is %s is ignored', (_, text) => {
    const { file, path } = openFile();
    writeFileSync(path, text);
    expect(file.read()).toBeUndefined();
  });

  it.each([
    ['a name with control characters', { ...noteAt(0), apart: ['a\u001b[2J'] }],
    ['a time that is a text', { ...noteAt(0), refused: [{ ...noteAt(0).refused[0], atMs: '0' }] }],
    ['no list', { basis: 'b', refused: [] }],
  ])('loses a note with %s, and no other', (_, note) => {
    const { file, path } = openFile();
    const notes = [{ link: 'bus', subdevice: 'bad', note }, ...SAVED.notes];
    writeFileSync(path, JSON.stringify({ version: 1, at: SAVED.at, notes }));
    expect(file.read()).toEqual(SAVED);
  });
});
