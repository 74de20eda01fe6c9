/**
 * Costs of a process so far, as the kernel counts them: CPU time of each thread, memory, calls and bytes, device bytes,
 * context switches. Source: proc(5). `schedstat` counts in ns; `stat` only in ticks of 10 ms.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

export interface ProcessCost {
  /** CPU time in µs by thread: the main thread, Node's worker threads (in the gateway: the store), and all others. */
  readonly mainUs: number;
  readonly workersUs: number;
  readonly othersUs: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  /** Calls of the read and write families. */
  readonly reads: number;
  readonly writes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Bytes that the process has caused to be sent to storage. */
  readonly deviceBytes: number;
  /** Times that a thread has waited for something, which is a wake-up each. */
  readonly wakeUps: number;
}

/** Names that Node gives to its worker threads. */
const WORKER = /^(WorkerThread|node-worker|\[worker)/i;

export function readCost(pid: number | 'self'): ProcessCost {
  const folder = `/proc/${pid}`;
  const cpu = { mainUs: 0, workersUs: 0, othersUs: 0 };
  let wakeUps = 0;
  const mainId = numberIn(readFileSync(`${folder}/status`, 'utf8'), 'Tgid');
  for (const thread of readdirSync(`${folder}/task`)) {
    const task = readThread(`${folder}/task/${thread}`);
    if (task === undefined) continue;
    const part = Number(thread) === mainId ? 'mainUs' : WORKER.test(task.name) ? 'workersUs' : 'othersUs';
    cpu[part] += task.cpuUs;
    wakeUps += task.wakeUps;
  }
  const status = readFileSync(`${folder}/status`, 'utf8');
  const io = readFileSync(`${folder}/io`, 'utf8');
  return {
    ...cpu,
    wakeUps,
    rssBytes: numberIn(status, 'VmRSS') * 1024,
    peakRssBytes: numberIn(status, 'VmHWM') * 1024,
    reads: numberIn(io, 'syscr'),
    writes: numberIn(io, 'syscw'),
    readBytes: numberIn(io, 'rchar'),
    writtenBytes: numberIn(io, 'wchar'),
    deviceBytes: numberIn(io, 'write_bytes'),
  };
}

/** Makes the kernel forget the largest memory so far. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** Differences of the counters; memory as it is in `after`. */
export function costSince(before: ProcessCost, after: ProcessCost): ProcessCost {
  return {
    mainUs: after.mainUs - before.mainUs,
    workersUs: Math.max(0, after.workersUs - before.workersUs), // a thread may have ended meanwhile
    othersUs: Math.max(0, after.othersUs - before.othersUs), // a thread may have ended meanwhile
    rssBytes: after.rssBytes,
    peakRssBytes: after.peakRssBytes,
    reads: after.reads - before.reads,
    writes: after.writes - before.writes,
    readBytes: after.readBytes - before.readBytes,
    writtenBytes: after.writtenBytes - before.writtenBytes,
    deviceBytes: after.deviceBytes - before.deviceBytes,
    wakeUps: after.wakeUps - before.wakeUps,
  };
}

export function cpuUs({ mainUs, workersUs, othersUs }: ProcessCost): number {
  return mainUs + workersUs + othersUs;
}

/** `undefined`: the thread has ended meanwhile. */
function readThread(folder: string) {
  try {
    return {
      name: readFileSync(`${folder}/comm`, 'utf8').trim(),
      cpuUs: Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / 1000,
      wakeUps: numberIn(readFileSync(`${folder}/status`, 'utf8'), 'voluntary_ctxt_switches'),
    };
  } catch {
    return undefined;
  }
}

function numberIn(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text);
  return found === null ? Number.NaN : Number(found[1]);
}
