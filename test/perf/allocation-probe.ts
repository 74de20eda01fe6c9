/**
 * Preloaded into a gateway (`--import`): counts the bytes that its main thread allocates on the heap. SIGUSR2 begins and
 * ends a count; the end writes it to the file in `ALLOCATIONS_TO`. Between two collections the heap only grows, so the sum
 * of the growth is the number of allocated bytes.
 */
import { writeFileSync } from 'node:fs';
import { GCProfiler } from 'node:v8';
import { isMainThread } from 'node:worker_threads';

let profiler: GCProfiler | undefined;
let heapBytes = 0;

function toggle(): void {
  if (profiler === undefined) {
    profiler = new GCProfiler();
    profiler.start();
    heapBytes = process.memoryUsage().heapUsed;
    return;
  }
  const { statistics } = profiler.stop();
  profiler = undefined;
  let allocated = 0;
  for (const { beforeGC, afterGC } of statistics) {
    allocated += beforeGC.heapStatistics.usedHeapSize - heapBytes;
    heapBytes = afterGC.heapStatistics.usedHeapSize;
  }
  allocated += process.memoryUsage().heapUsed - heapBytes;
  writeFileSync(process.env.ALLOCATIONS_TO ?? '', String(allocated));
}

if (isMainThread) process.on('SIGUSR2', toggle);
