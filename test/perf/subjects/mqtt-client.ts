/**
 * Yardstick: a client of mqtt-packet that publishes with QoS 1 as fast as a window allows, and nothing else. Command line:
 * port, window, seconds. Prints messages and CPU µs of the measured time.
 */
import { connect } from 'node:net';
import mqtt from 'mqtt-packet';
import { payloadOf } from '../load/frames.ts';
import { IDS } from '../load/link-memory.ts';

const [port, window, seconds] = process.argv.slice(2).map(Number);
const WARM_UP = 3000;
const socket = connect({ port: port ?? 0, host: '127.0.0.1', noDelay: true });
const parser = mqtt.parser();
let sent = 0;
let acknowledged = 0;
let startedMs = 0;
let cpuAtStart = process.cpuUsage();

function publishMore(): void {
  socket.cork();
  while (sent - acknowledged < (window ?? 1)) {
    const messageId = (sent % IDS) + 1;
    const payload = Buffer.from(payloadOf(messageId));
    socket.write(
      mqtt.generate({ cmd: 'publish', topic: 'gw/s0/t', payload, qos: 1, dup: false, retain: false, messageId }),
    );
    sent += 1;
  }
  socket.uncork();
}

parser.on('packet', ({ cmd }) => {
  if (cmd === 'puback') acknowledged += 1;
});
socket.on('connect', () =>
  socket.write(mqtt.generate({ cmd: 'connect', clientId: 'client', clean: true, keepalive: 0, protocolId: 'MQTT' })),
);
socket.on('data', (bytes) => {
  parser.parse(bytes);
  if (startedMs === 0 && acknowledged >= WARM_UP) {
    startedMs = performance.now();
    cpuAtStart = process.cpuUsage();
  }
  const tookS = (performance.now() - startedMs) / 1000;
  if (startedMs > 0 && tookS >= (seconds ?? 1)) {
    const { user, system } = process.cpuUsage(cpuAtStart);
    const messages = acknowledged - WARM_UP;
    process.stdout.write(`${JSON.stringify({ perS: messages / tookS, cpuUs: (user + system) / messages })}\n`);
    process.exit();
  }
  publishMore();
});
