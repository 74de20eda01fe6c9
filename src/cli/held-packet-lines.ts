/** Evidence against a packet that is held back, and the command that releases it. */
import { evidenceWords, type HeldPacketReport } from '../ops/conditions/hub-packet-words.ts';
import { durationWords, printable } from '../ops/words.ts';
import { hintLines, type Terminal, wrap } from './terminal.ts';

export function heldPacketLines(packet: HeldPacketReport, terminal: Terminal): string[] {
  const { width } = terminal;
  const what = `The hub closed the connection on ${evidenceWords(packet)}, with nothing else unanswered.`;
  if (packet.state === 'suspect') return wrap(`${printable(what)} It is sent alone, after all other packets.`, width);
  const again = packet.triedAgainInMs === null ? '' : ` Next attempt in ${durationWords(packet.triedAgainInMs)}.`;
  return [
    ...wrap(`${printable(what)} It is set aside.${again}`, width),
    ...hintLines('  ', `holdfast hub subscriptions release '${packet.name}'`, terminal),
  ];
}
