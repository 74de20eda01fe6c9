/** The product's own `run`, but it looks at failing storage many times a second, so that no test has to sit out a minute. */
import { runGateway } from '../../src/daemon.ts';

process.exit(await runGateway({ configPath: process.argv.at(-1) ?? '', version: 'impatient', storageTryMs: 50 }));
