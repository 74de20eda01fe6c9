/** The product in a memory cgroup: the process enters the cgroup before it loads anything. */
import { writeFileSync } from 'node:fs';

const cage = process.env.HOLDFAST_TEST_CAGE;
if (cage !== undefined) writeFileSync(cage, `${process.pid}`);
await import('../../src/main.ts');
