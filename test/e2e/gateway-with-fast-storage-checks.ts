/**
 * The product's own `run` with many checks of failing storage per second, so that a test does not wait for a minute.
 */
import { runGateway } from '../../src/daemon.ts';

process.exit(await runGateway({ configPath: process.argv.at(-1) ?? '', version: 'impatient', storageTryMs: 50 }));
