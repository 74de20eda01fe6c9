/** Restores a backup, and kills its own process before the n-th step of the replacement. */
import { restoreStore } from '../../src/store/backup/restore-store.ts';

const [stateDir = '', file = '', stopBefore = ''] = process.argv.slice(2);
let step = 0;
await restoreStore({
  stateDir,
  file,
  by: 'anna',
  dropsDownlinks: false,
  verified: () => undefined,
  before: (what) => {
    step += 1;
    console.log(what);
    if (step === Number(stopBefore)) process.kill(process.pid, 'SIGKILL');
  },
});
