import { defineConfig, mergeConfig } from 'vitest/config';
import { EVERY_RUN } from './vitest.config.ts';

/** `npm run test:long`: what takes minutes, and in full what `npm test` tries in a sample. */
export default mergeConfig(
  EVERY_RUN,
  defineConfig({
    test: {
      include: [
        'test/**/*.long.test.ts',
        'test/e2e/{lines,sn-raw}.test.ts',
        'test/sim/{days,sabotage,sent-again}.test.ts',
        'test/unit/driver/snapshots.test.ts',
        'test/unit/driver/{lines/lines,modbus/modbus}-snapshot.test.ts',
        'test/unit/store/repair/{corruption,store-recovery}.test.ts',
      ],
      provide: { isLongRun: true },
      globalSetup: 'test/package/shared-folder.ts',
      testTimeout: 3_600_000,
    },
  }),
);
