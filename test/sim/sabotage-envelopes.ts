/** Planted bugs of the envelopes: a wrong time, a wrong age, a wrong number, a message that claims to be live. */
import type { Gateway } from '../../src/app/gateway.ts';
import type { Row } from '../../src/custody/row.ts';
import type { PlantedBug } from './sabotage.ts';

/** Changes the members of each envelope. */
export function altered(
  { stations: { outbox } }: Gateway,
  change: (row: Row) => Readonly<Record<string, unknown>>,
): void {
  const { payloads } = outbox;
  const seal = payloads.of.bind(payloads);
  payloads.of = (row) => {
    const sealed = seal(row);
    if (sealed === row.payload) return sealed;
    // the members of the measurement come after the payload, so the last occurrence of each is the right one
    let text = new TextDecoder().decode(sealed);
    for (const [name, value] of Object.entries(change(row))) {
      const at = text.lastIndexOf(`"${name}":`) + name.length + 3;
      text = `${text.slice(0, at)}${JSON.stringify(value)}${text.slice(at).replace(/^("[^"]*"|[^,}]*)/, '')}`;
    }
    return new TextEncoder().encode(text);
  };
}

/** Dates each message by the clock of the machine on its arrival, trusted or not. */
export function dateAtArrival(gateway: Gateway): void {
  const { uplinks } = gateway.stations;
  const arrivedAt = new Map<number, number>();
  const accept = uplinks.accept.bind(uplinks);
  uplinks.accept = (...of) => {
    const entry = accept(...of);
    arrivedAt.set(entry.row.seq, gateway.parts.clock.wallMs());
    return entry;
  };
  altered(gateway, ({ seq }) => {
    const atMs = arrivedAt.get(seq);
    if (atMs === undefined) return {};
    return { measured_at: new Date(atMs).toISOString(), time_quality: 'exact' };
  });
}

export const PLANTED_IN_ENVELOPES: readonly PlantedBug[] = [
  {
    name: 'dated at arrival by an untrusted clock',
    complaint: /its time \(exact\) is wrong by/,
    patch: dateAtArrival,
  },
  {
    name: 'dated when it is sent',
    complaint: /its time \(exact\) is wrong by/,
    patch: (gateway) =>
      altered(gateway, () => {
        const wallMs = gateway.parts.clock.wallMs();
        return { measured_at: new Date(wallMs).toISOString(), time_quality: 'exact' };
      }),
  },
  {
    name: 'lower bounds of ages reported as exact',
    complaint: /exact age \d+ ms instead of/,
    patch: (gateway) => altered(gateway, () => ({ age_quality: 'exact' })),
  },
  {
    name: 'every message reported as live',
    complaint: /replayed is false/,
    patch: (gateway) => altered(gateway, () => ({ replayed: false })),
  },
  {
    name: 'numbers that begin again with each process',
    complaint: /another message had this number|it was never accepted/,
    patch: (gateway) => {
      const first = gateway.stations.uplinks.lastSeq;
      altered(gateway, ({ seq }) => ({ seq: Math.abs(seq - first) }));
    },
  },
];
