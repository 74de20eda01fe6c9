/** Planted bugs of the drivers for lines and Modbus: on the line, in the configuration, in the machine. */

import type { Gateway } from '../../src/app/gateway.ts';
import type { GatewayParts } from '../../src/app/gateway-parts.ts';
import { appendCheck } from '../../src/codec/line-check.ts';
import { appendCrc } from '../../src/codec/modbus-rtu.ts';
import type { LinkConfig } from '../../src/config/schema.ts';
import type { LinesOptions } from '../../src/driver/lines/options.ts';
import { createModbusLink, type ModbusLinkOptions } from '../../src/driver/modbus/link.ts';
import type { ModbusOptions } from '../../src/driver/modbus/options.ts';
import type { OpenChannel } from '../../src/ports.ts';
import { ANSWER_MS_MAX, POINTS } from './line-protocols.ts';
import { ASK_RETRY_MS } from './polled-protocols.ts';
import type { PlantedBug } from './sabotage.ts';

/** Every Nth delivery is repeated, and polls are N times as rare. */
const EVERY = 10;
const STX = '\u0002';
const ETX = '\u0003';
const CHECK = { kind: 'crc32', separator: new TextEncoder().encode('*') } as const;

/** Changes the configuration of the links of one driver. */
export function reconfigured(driver: LinkConfig['driver'], change: (link: LinkConfig) => Partial<LinkConfig>) {
  return (parts: GatewayParts): GatewayParts => {
    const links = parts.config.links.map((link) => (link.driver === driver ? { ...link, ...change(link) } : link));
    return { ...parts, config: { ...parts.config, links } };
  };
}

/** Changes the lines of the links of one driver. */
export function rewired(driver: LinkConfig['driver'], wrap: (open: OpenChannel) => OpenChannel) {
  return (parts: GatewayParts): GatewayParts => ({
    ...parts,
    openLink: (link) => (link.driver === driver ? wrap(parts.openLink(link)) : parts.openLink(link)),
  });
}

/** Answers each line when it arrives. */
function answerAtOnce(open: OpenChannel): OpenChannel {
  return (listener) => {
    const channel = open({
      ...listener,
      bytes: (bytes) => {
        const number = /^(?:n=|\{"n":)(\d+)/.exec(Buffer.from(bytes).toString('latin1'))?.[1];
        listener.bytes(bytes);
        if (number === undefined) return;
        const line = appendCheck(new TextEncoder().encode(`OK ${number}`), CHECK);
        channel.write(Uint8Array.from([...line, 0x0a]));
      },
    });
    return channel;
  };
}

/** Gives each telegram the check of the text that has arrived, damaged or not. */
function correctChecks(open: OpenChannel): OpenChannel {
  return (listener) =>
    open({
      ...listener,
      bytes: (bytes) => {
        const [, text] = /^(\/[^!]*)!.{4}\r\n$/s.exec(Buffer.from(bytes).toString('latin1')) ?? [];
        if (text === undefined) return listener.bytes(bytes);
        const checked = appendCheck(Buffer.from(text, 'latin1'), { kind: 'dsmr', separator: Buffer.from('!') });
        listener.bytes(Uint8Array.from([...checked, 0x0d, 0x0a]));
      },
    });
}

/** Gives each data block the BCC of the data that have arrived, damaged or not. */
function correctBlocks(open: OpenChannel): OpenChannel {
  return (listener) => {
    let block = '';
    return open({
      ...listener,
      bytes: (bytes) => {
        const text = Buffer.from(bytes.map((octet) => octet & 0x7f)).toString('latin1');
        block = text.includes(STX) ? text.slice(text.indexOf(STX)) : block + text;
        const isEnd = block.at(-2) === ETX && block.startsWith(STX);
        if (!isEnd) return listener.bytes(bytes);
        const bcc = [...block.slice(1, -1)].reduce((sum, character) => sum ^ character.charCodeAt(0), 0);
        listener.bytes(Uint8Array.from([...bytes.subarray(0, -1), bcc]));
      },
    });
  };
}

/** Answers the read after a write with the written values, without asking the unit. */
function believeWrites(open: OpenChannel): OpenChannel {
  return (listener) => {
    let written: readonly number[] | undefined;
    const channel = open(listener);
    return {
      write: (bytes) => {
        const [unit = 0, code, high = 0, low = 0, , registers = 0] = bytes;
        const isOfN = high * 256 + low === POINTS.n.address;
        if (code === 16 && isOfN) written = [...bytes.subarray(7, -2)];
        if (code !== 3 || !isOfN || written?.length !== registers * 2) return channel.write(bytes);
        listener.bytes(appendCrc([unit, code, written.length, ...written]));
        written = undefined;
      },
      queuedBytes: 0,
      close: (reason) => channel.close(reason),
    };
  };
}

/** Treats `n` alone as rejected after a unit has rejected a block that contains `n`. */
function emptyNeighbours(open: OpenChannel): OpenChannel {
  return (listener) => {
    const units = new Set<number>();
    let asked: readonly number[] = [];
    const channel = open({
      ...listener,
      bytes: (bytes) => {
        const [unit = 0, code, exception] = bytes;
        if (code === 0x83 && (exception === 2 || exception === 3) && isOfN(asked)) units.add(unit);
        listener.bytes(bytes);
      },
    });
    return {
      write: (bytes) => {
        asked = [...bytes];
        const [unit = 0, code = 0] = bytes;
        if (code === 3 && isOfN(asked) && units.has(unit)) listener.bytes(appendCrc([unit, code | 0x80, 2]));
        else channel.write(bytes);
      },
      queuedBytes: 0,
      close: (reason) => channel.close(reason),
    };
  };
}

function isOfN([, , high = 0, low = 0]: readonly number[]): boolean {
  return high * 256 + low === POINTS.n.address;
}

/** Disables the wait for late answers. */
function forgetLateAnswers({ links }: Gateway): void {
  for (const { plan } of links.states()) {
    if (plan.driver !== 'modbus') continue;
    const options = plan.recorder.subject.options as Omit<ModbusLinkOptions, 'random'>;
    const other = createModbusLink({ ...options, lateMsMax: -ANSWER_MS_MAX, random: plan.recorder.random });
    const { machine } = plan;
    machine.handle = other.handle.bind(other);
    machine.wakeAtMs = other.wakeAtMs.bind(other);
    machine.attachedSubdevices = other.attachedSubdevices.bind(other);
  }
}

/** Keeps units connected that do not answer. */
function keepSilentUnits({ links }: Gateway): void {
  for (const { plan } of links.states()) {
    const { machine } = plan;
    const handle = machine.handle.bind(machine);
    if (plan.driver === 'modbus')
      machine.handle = (input, nowMs) => handle(input, nowMs).filter(({ kind }) => kind !== 'detach');
  }
}

function pollSeldom(options: ModbusOptions): ModbusOptions {
  const points = (unit: ModbusOptions['units'][number]) =>
    unit.points.map((point) => ({ ...point, pollMs: EVERY * point.pollMs }));
  return { ...options, units: options.units.map((unit) => ({ ...unit, points: points(unit) })) };
}

function withoutPauses(options: ModbusOptions): ModbusOptions {
  return { ...options, units: options.units.map((unit) => ({ ...unit, pauseMs: 0, pauseAfterWriteMs: 0 })) };
}

function giveUpAtOnce(options: ModbusOptions): ModbusOptions {
  return { ...options, units: options.units.map((unit) => ({ ...unit, busyMs: 0 })) };
}

function forgetSequence(options: LinesOptions): LinesOptions {
  return options.answers === undefined ? options : { ...options, answers: { ...options.answers, sequence: undefined } };
}

function deliverTwice({ stations: { inbox } }: Gateway): void {
  const delivered = inbox.delivered.bind(inbox);
  let count = 0;
  inbox.delivered = (delivery) => {
    count += 1;
    if (count % EVERY === 0) inbox.undelivered(delivery, 'lost');
    else delivered(delivery);
  };
}

export const PLANTED_IN_DRIVERS: readonly PlantedBug[] = [
  {
    name: 'line answered before it is safe',
    driverMix: 'lines',
    complaint: /neither on the disk nor with the next hop/,
    alter: rewired('lines', answerAtOnce),
  },
  {
    name: 'number of a line forgotten',
    driverMix: 'lines',
    complaint: /arrived twice without/,
    alter: reconfigured('lines', ({ options }) => ({ options: forgetSequence(options as LinesOptions) })),
  },
  {
    name: 'unanswered lines kept in RAM',
    driverMix: 'lines',
    complaint: /line of s\d: acknowledged and not on the disk/,
    alter: reconfigured('lines', () => ({ holdMs: 600_000 })),
  },
  {
    name: 'downlink written again after it was confirmed',
    driverMix: 'lines',
    complaint: /downlink to s\d \d+ arrived twice without/,
    patch: deliverTwice,
  },
  {
    name: 'late answer taken for that of the next device',
    driverMix: 'asked',
    complaint: /a text of s\d was never sent by it/,
    alter: reconfigured('lines', () => ({ retryMs: ASK_RETRY_MS / 3 })),
  },
  {
    name: 'check of data blocks ignored',
    driverMix: 'meters',
    complaint: /a text of s\d was never sent by it/,
    alter: rewired('lines', correctBlocks),
  },
  {
    name: 'check of telegrams ignored',
    driverMix: 'telegrams',
    complaint: /a telegram of s\d was never sent/,
    alter: rewired('lines', correctChecks),
  },
  {
    name: 'result reported before the value is read back',
    driverMix: 'modbus',
    complaint: /a result of unit s\d says n is \d+: the unit never sent that/,
    alter: rewired('modbus', believeWrites),
  },
  {
    name: 'late answer used for the next request',
    driverMix: 'modbus',
    complaint: /the unit never sent that|back to/,
    patch: forgetLateAnswers,
  },
  {
    name: 'request sent before the deadline of the last one',
    driverMix: 'modbus',
    complaint: /may still answer another/,
    alter: reconfigured('modbus', () => ({ retryMs: ANSWER_MS_MAX / 4 })),
  },
  {
    name: 'silent unit not detected',
    driverMix: 'modbus',
    complaint: /was away, but the gateway did not detect it/,
    patch: keepSilentUnits,
  },
  {
    name: 'units polled too rarely',
    driverMix: 'modbus',
    complaint: /was not polled for/,
    alter: reconfigured('modbus', ({ options }) => ({ options: pollSeldom(options as ModbusOptions) })),
  },
  {
    name: 'request sent within the pause of a unit',
    driverMix: 'modbus',
    complaint: /a request to unit s\d within its pause/,
    alter: reconfigured('modbus', ({ options }) => ({ options: withoutPauses(options as ModbusOptions) })),
  },
  {
    name: 'values lost after a rejected block',
    driverMix: 'modbus',
    complaint: /a (state|result) of unit s\d says n is null: the unit never sent that/,
    alter: rewired('modbus', emptyNeighbours),
  },
  {
    name: 'command to a busy unit dropped',
    driverMix: 'modbus',
    complaint: /command to s\d \d+ was abandoned, but the unit was busy for/,
    alter: reconfigured('modbus', ({ options }) => ({ options: giveUpAtOnce(options as ModbusOptions) })),
  },
  {
    name: 'command executed twice',
    driverMix: 'modbus',
    complaint: /command to s\d \d+ arrived twice without|a result of unit s\d without a completed command/,
    patch: deliverTwice,
  },
];
