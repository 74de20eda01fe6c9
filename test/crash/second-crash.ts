/**
 * Power cuts while the store is being opened after a power cut: recorded from a sample of images, enumerated again.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { enumerate, type Specimen } from './enumeration.ts';
import { layOut } from './inspection.ts';
import { buildRecorder, recorderEnvironment, scratchFolder } from './recording.ts';
import { readTrace, type TraceEvent } from './trace.ts';

const RECOVERY = fileURLToPath(new URL('./recovery.ts', import.meta.url));

/** Takes one image of this number. */
export class Sample {
  readonly specimens: Specimen[] = [];
  readonly #every: number;
  #seen = 0;

  constructor(every: number) {
    this.#every = every;
  }

  offer(specimen: Specimen): void {
    this.#seen += 1;
    if (this.#seen % this.#every === 0) this.specimens.push(specimen);
  }
}

export interface SecondCrashes {
  readonly recoveries: number;
  readonly images: number;
  readonly lossy: number;
  readonly corrupt: number;
  readonly wrong: number;
  readonly stories: readonly string[];
}

export function crashAgain({ specimens }: Sample, seed: number): SecondCrashes {
  const scratch = scratchFolder();
  const root = join(scratch, 'recovering');
  mkdirSync(root);
  for (const [index, { image }] of specimens.entries()) layOut(image, join(root, String(index)));
  const tracePath = join(scratch, 'trace');
  const env = recorderEnvironment({ library: buildRecorder(scratch), tracePath, stateDir: root });
  const ended = spawnSync(process.execPath, [RECOVERY, root], { env: { ...process.env, ...env }, encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(`a recovery failed:\n${ended.stderr}`);
  const traces = divide(readTrace(tracePath));
  const sum = { images: 0, lossy: 0, corrupt: 0, wrong: 0 };
  const stories: string[] = [];
  for (const [index, from] of specimens.entries()) {
    const trace = traces.get(String(index)) ?? [];
    const result = enumerate(trace, { folder: scratch, seed: seed + index, from });
    for (const key of ['images', 'lossy', 'corrupt', 'wrong'] as const) sum[key] += result[key];
    stories.push(...result.stories.map((story) => `recovery ${index}, ${story}`));
  }
  return { recoveries: traces.size, ...sum, stories };
}

/** Records by their folder. */
function divide(trace: readonly TraceEvent[]): Map<string, TraceEvent[]> {
  const traces = new Map<string, TraceEvent[]>();
  const folderOf = new Map<number, string>();
  for (const event of trace) {
    const folder = folderOfEvent(event, folderOf);
    if (folder === undefined) continue;
    traces.set(folder, [...(traces.get(folder) ?? []), event]);
  }
  return traces;
}

/** @returns `undefined` for a record without a folder */
function folderOfEvent(event: TraceEvent, folderOf: Map<number, string>): string | undefined {
  switch (event.kind) {
    case 'start':
    case 'in':
    case 'out':
      return undefined;
    case 'unlink':
    case 'mkdir':
    case 'rename':
      return basename(dirname(event.path));
    case 'opened':
    case 'folder':
      folderOf.set(event.file, basename(event.kind === 'folder' ? event.path : dirname(event.path)));
      return folderOf.get(event.file);
    default:
      return folderOf.get(event.file);
  }
}
