/** The product's own `run` with a watchdog that is fed by a timer: no source of progress ever stalls. */
import { runGateway } from '../../src/daemon.ts';
import { WorkProgress } from '../../src/ops/watchdog/work-progress.ts';

WorkProgress.prototype.look = () => [];

process.exit(await runGateway({ configPath: process.argv.at(-1) ?? '', version: 'timer' }));
