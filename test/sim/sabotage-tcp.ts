/** Planted bugs of Modbus TCP: frames that the gateway receives or sends are changed on their way. */
import type { OpenChannel } from '../../src/ports.ts';
import { framesIn, transactionOf, unitOctets } from './mbap-tap.ts';
import type { PlantedBug } from './sabotage.ts';
import { rewired } from './sabotage-drivers.ts';

/** Every Nth answer is changed. */
const EVERY = 10;

type Change = (frame: Uint8Array, request: Uint8Array) => Uint8Array;

/** Changes whole frames in both directions. @param change called with each answer and the newest request */
function reframed(change: Change, changeRequest: (frame: Uint8Array) => Uint8Array = (frame) => frame) {
  const wrap =
    (open: OpenChannel): OpenChannel =>
    (listener) => {
      let received: Uint8Array = new Uint8Array();
      let request: Uint8Array = new Uint8Array();
      const channel = open({
        ...listener,
        bytes: (bytes) => {
          const { frames, rest } = framesIn(Uint8Array.from([...received, ...bytes]));
          received = rest;
          for (const frame of frames) listener.bytes(change(frame, request));
        },
      });
      return {
        write: (bytes) => {
          request = bytes.slice();
          channel.write(changeRequest(request));
        },
        queuedBytes: 0,
        close: (reason) => channel.close(reason),
      };
    };
  return rewired('modbus', wrap);
}

const withIdOf: Change = (frame, request) => Uint8Array.from([...request.subarray(0, 2), ...frame.subarray(2)]);
/** Octets up to the length of the data of an answer with registers. */
const HEAD_BYTES = 9;

/** Returns a change that puts the data of the last answer of the same length into every tenth answer. */
function newReuse(): Change {
  const last = new Map<number, Uint8Array>();
  let answers = 0;
  return (frame) => {
    const before = last.get(frame.length);
    last.set(frame.length, frame);
    answers += 1;
    if (before === undefined || frame.length <= HEAD_BYTES || answers % EVERY !== 0) return frame;
    return Uint8Array.from([...frame.subarray(0, HEAD_BYTES), ...before.subarray(HEAD_BYTES)]);
  };
}

/** Turns exceptions 0x0A and 0x0B into 2, which refuses a register. */
const asRefusal: Change = (frame) => {
  const [, code = 0, exception = 0] = unitOctets(frame);
  const isSilence = code > 0x80 && (exception === 0x0a || exception === 0x0b);
  return isSilence ? Uint8Array.from([...frame.subarray(0, -1), 2]) : frame;
};

export const PLANTED_IN_TCP: readonly PlantedBug[] = [
  {
    name: 'transaction id of an answer ignored',
    driverMix: 'modbus-tcp',
    complaint: /unit \d+ may still answer another|the unit never sent that|unit s\d went from frame/,
    alter: reframed(withIdOf),
  },
  {
    name: 'values of the answer before used again',
    driverMix: 'modbus-tcp',
    complaint: /of unit s\d says \w is \d+: the unit never sent that|unit s\d went from frame/,
    alter: (parts) => reframed(newReuse())(parts),
  },
  {
    name: 'silent unit behind a gateway taken for a refused register',
    driverMix: 'modbus-tcp',
    complaint: /of unit s\d says \w is null: the unit never sent that/,
    alter: reframed(asRefusal),
  },
  {
    name: 'same transaction id for all requests',
    driverMix: 'modbus-tcp',
    complaint: /with the transaction id \d+ of another one/,
    alter: reframed(
      (frame, request) => (transactionOf(frame) === 1 ? withIdOf(frame, request) : frame),
      (frame) => Uint8Array.from([0, 1, ...frame.subarray(2)]),
    ),
  },
];
