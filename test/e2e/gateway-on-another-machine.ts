/** The product's own `run` on a machine whose evidence is in the folders MACHINE/proc, MACHINE/sys and MACHINE/etc. */
import { join } from 'node:path';
import { runGateway } from '../../src/daemon.ts';

const folder = process.env.MACHINE ?? '/nowhere';
const machineRoots = { proc: join(folder, 'proc'), sys: join(folder, 'sys'), etc: join(folder, 'etc') };
process.exit(await runGateway({ configPath: process.argv.at(-1) ?? '', version: 'machine', machineRoots }));
