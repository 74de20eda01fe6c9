/** Starts a gateway as the tests do, prints its process id, and waits to be killed. */
import { GatewayProcess } from '../../src/bench/gateway-process.ts';

const [configPath = '', socketPath = ''] = process.argv.slice(2);
const gateway = new GatewayProcess({ configPath, socketPath });
await gateway.start();
console.log(gateway.pid);
setInterval(() => undefined, 3_600_000);
