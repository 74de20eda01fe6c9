/**
 * Yardstick: the least that does the same on this platform. Lines of text from PTYs, one SQLite transaction for each turn
 * of the event loop while the hub is away, mqtt-packet towards the hub. Acknowledges after the commit or the hub's PUBACK.
 * No MQTT-SN, no recorder, no limits, no recovery: not a gateway. Command line: hub's port, database, paths of PTYs.
 */
import { constants, openSync, writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { ReadStream } from 'node:tty';
import Sqlite from 'better-sqlite3';
import mqtt from 'mqtt-packet';

const [port, databasePath = '', ...paths] = process.argv.slice(2);
const IN_FLIGHT_MAX = 32;
const PAGE_ROWS = 1000;
const NUMBER_BYTES = 8;
const database = new Sqlite(databasePath);
database.pragma('page_size = 1024');
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec('CREATE TABLE IF NOT EXISTS outbox (seq INTEGER PRIMARY KEY, link INTEGER, number INTEGER, line BLOB)');
const insert = database.prepare('INSERT INTO outbox (link, number, line) VALUES (?, ?, ?)');
const page = database.prepare(`SELECT * FROM outbox WHERE seq > ? ORDER BY seq LIMIT ${PAGE_ROWS}`);
const removeTo = database.prepare('DELETE FROM outbox WHERE seq <= ?');

interface Message {
  readonly seq: number;
  readonly link: number;
  readonly number: number;
  readonly line: Buffer;
}

const fds: number[] = [];
const links: ReadStream[] = [];
let turn: Message[] = [];
/** Messages for the hub in their order; `seq` 0 is in RAM only. */
let queue: Message[] = [];
let inFlight: Message[] = [];
let backlog = 0;
let readTo = 0;
let lastId = 0;
let hub: Socket | undefined;
const answers = new Map<number, string[]>();

function answer({ link, number }: Message): void {
  const lines = answers.get(link);
  if (lines === undefined) answers.set(link, [`OK ${number}\n`]);
  else lines.push(`OK ${number}\n`);
}

/** The end of a turn of the event loop. */
function flush(): void {
  if (hub !== undefined && backlog === 0) queue.push(...turn);
  else if (turn.length > 0) store(turn);
  turn = [];
  if (hub !== undefined) send(hub);
  for (const [link, lines] of answers) writeSync(fds[link] ?? -1, lines.join(''));
  answers.clear();
}

const store = database.transaction((messages: readonly Message[]) => {
  for (const message of messages) {
    insert.run(message.link, message.number, message.line);
    answer(message);
  }
  backlog += messages.length;
});

function send(socket: Socket): void {
  if (queue.length === 0 && backlog > 0) {
    queue = page.all(readTo) as Message[];
    readTo = queue.at(-1)?.seq ?? readTo;
  }
  const burst = queue.splice(0, IN_FLIGHT_MAX - inFlight.length);
  if (burst.length === 0) return;
  socket.cork();
  for (const message of burst) {
    lastId = (lastId % 0xffff) + 1;
    const payload = Buffer.from(message.line);
    payload.fill(0, 0, NUMBER_BYTES);
    payload.writeUInt32BE(message.number, NUMBER_BYTES - 4);
    const topic = `gw/s${message.link}/t`;
    socket.write(
      mqtt.generate({ cmd: 'publish', topic, payload, qos: 1, dup: false, retain: false, messageId: lastId }),
    );
    inFlight.push(message);
  }
  socket.uncork();
}

/** PUBACKs come in the order of the messages. */
function acknowledged(): void {
  const message = inFlight.shift();
  if (message === undefined) return;
  if (message.seq === 0) return answer(message);
  backlog -= 1;
  if (inFlight.length === 0 || backlog === 0) removeTo.run(message.seq);
}

function connectToHub(): void {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
  const parser = mqtt.parser();
  parser.on('packet', ({ cmd }) => {
    if (cmd === 'connack') hub = socket;
    if (cmd === 'puback') acknowledged();
  });
  socket.on('connect', () =>
    socket.write(mqtt.generate({ cmd: 'connect', clientId: 'bare', clean: false, keepalive: 0, protocolId: 'MQTT' })),
  );
  socket.on('data', (bytes) => {
    parser.parse(bytes);
    setImmediate(flush);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    hub = undefined;
    const unsent = [...inFlight, ...queue].filter(({ seq }) => seq === 0);
    inFlight = [];
    queue = [];
    readTo = 0;
    if (unsent.length > 0) store(unsent);
    setImmediate(flush);
    setTimeout(connectToHub, 100);
  });
  setImmediate(flush);
}

for (const [link, path] of paths.entries()) {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const stream = new ReadStream(fd);
  let held = Buffer.alloc(0);
  fds.push(fd);
  links.push(stream);
  stream.on('data', (bytes: Buffer) => {
    const all = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    let from = 0;
    for (let to = all.indexOf(0x0a); to !== -1; to = all.indexOf(0x0a, from)) {
      const line = all.subarray(from, to);
      turn.push({ seq: 0, link, number: Number.parseInt(line.toString('latin1', 0, 6), 10), line });
      from = to + 1;
    }
    held = Buffer.from(all.subarray(from));
    if (turn.length > 0) setImmediate(flush);
  });
}
connectToHub();
process.stdout.write('ready\n');
