/**
 * Interface of a driver to the rest of the program. The folder of a driver exports one `LinkDriver`, and `drivers.ts`
 * lists it. Configuration, composition root, recorder, reports and command line take all facts about a driver from
 * here.
 */
import type { z } from 'zod';
import type { BackoffLimits } from '../base/backoff.ts';
import type { DeviceNote } from '../base/device-note.ts';
import type { FrameSource } from '../base/recorded-frame.ts';
import type { Problem } from '../config/kinds/problem.ts';
import type { LinkMachine } from './driver.ts';
import type { Reading } from './reading.ts';

/** Keys of a `[[link]]` that are common to all drivers and that drivers read. */
export interface LinkKeys {
  /** Name of the port. */
  readonly path: string;
  readonly driver: string;
  readonly baud_rate: number;
  readonly data_bits: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly subdevices: readonly string[];
  readonly overflow?: string | undefined;
}

/** Settings of a link that every driver has; `config/schema.ts` has the other ones. */
export interface LinkTerms {
  readonly name: string;
  /** Bits per second. */
  readonly baudRate: number;
  /** Pause before an unanswered packet is sent again, ms. */
  readonly retryMs: number;
  readonly retriesMax: number;
  /** Ids of the subdevices served here; `undefined`: any. */
  readonly allowedSubdevices: readonly string[] | undefined;
}

/** A subdevice that a link may serve. */
export interface ServedSubdevice {
  readonly id: string;
  /** Driver keys of its `[[subdevice]]`, as the file has them. */
  readonly keys: Readonly<Record<string, unknown>>;
}

/** Facts that the composition root adds to the configuration of a link. */
export interface LinkSurroundings {
  /** Largest number of uplinks of one subdevice that wait for their acknowledgement. */
  readonly uplinksMax: number;
  /** Pauses between openings of the channel. */
  readonly reopen: BackoffLimits;
  /** A subdevice was seen on this link before this start. */
  readonly wasInUse: boolean;
  readonly served: readonly ServedSubdevice[];
  /** Notes of an earlier machine of the link, by subdevice. */
  readonly notes: ReadonlyMap<string, DeviceNote>;
}

/** An id that the keys of a link name, with its place in the file. */
export interface ListedSubdevice {
  readonly path: string;
  readonly id: string;
}

/** Framing of packets on a line, and a test that recognises its bytes on a line with another setting. */
export interface LineProtocol {
  /** E.g. `sn-cobs`; unique among all drivers. */
  readonly name: string;
  /** E.g. `Modbus RTU frames`. */
  readonly words: string;
  /**
   * Place in the order in which protocols are tried. The most certain one is first: a checksum, then printable text,
   * then headers alone.
   */
  readonly order: number;
  /** True if the devices speak it over a network, without a serial line: no wires, no speed, no parity. */
  readonly isOnNetwork?: true;
  isIn(bytes: Uint8Array): boolean;
}

/** Form of the packets of a recording for Wireshark: datagrams of a UDP port, or the name of a dissector. */
export type CaptureFormat =
  | { readonly kind: 'udp'; readonly port: number }
  | { readonly kind: 'dissector'; readonly name: string };

/**
 * List of a link whose entries may name a device profile: a file with keys of the entry and of a list within it, for all
 * devices of one type. The keys have the schemas of `lists`.
 */
export interface ProfiledList {
  /** Key of the list in the link: `unit` for `[[link.unit]]`. */
  readonly list: string;
  /** Key of the list within an entry. Its entries have a `name`, by which those of the file change those of the profile. */
  readonly inner: string;
  /** Key of an entry with the id of its profile. */
  readonly idKey: string;
  /** Key of an entry with the names of the inner entries that are taken from the profile; not set: all. */
  readonly chosenKey: string;
  /** Other keys of an entry that belong to one device, so that a profile cannot have them, with values for an example. */
  readonly ownKeys: Readonly<Record<string, unknown>>;
  /** Returns the problems of an entry that has all keys of a profile, and the values of `ownKeys`. */
  problems(entry: object, path: string): Problem[];
}

type MachineClass = abstract new (...args: never[]) => object;

/** @template Section driver keys of a `[[link]]`; @template Options of the driver's part of a link's configuration */
interface DriverSpec<Shape extends z.ZodRawShape, Options extends object, MachineOptions extends object> {
  /** Value of the key `driver`. */
  readonly name: string;
  /** Name of the protocol in sentences. */
  readonly protocol: string;
  readonly protocols: readonly LineProtocol[];
  /**
   * Keys of a `[[link]]` for this driver alone. Every key is optional, because a key that is set on the link of another
   * driver is an error.
   */
  readonly keys: Shape;
  /** Schemas of `[[link.…]]` and `[link.…]` among the keys, for the reference. */
  readonly lists: Readonly<Record<string, z.ZodType>>;
  readonly tables: Readonly<Record<string, z.ZodType>>;
  /** Keys of a `[[subdevice]]` for this driver alone. */
  readonly subdeviceKeys: z.ZodRawShape;
  /** `undefined`: the driver has no device profiles. */
  readonly profiled: ProfiledList | undefined;
  /** Defaults of `retry_ms` and `retries_max`. @param link absent: a link without keys of the driver */
  retry(link?: LinkKeys & z.output<z.ZodObject<Shape>>): { readonly retryMs: number; readonly retriesMax: number };
  /** Returns the problems in the keys of a link. @param path path of the link */
  problems(link: LinkKeys & z.output<z.ZodObject<Shape>>, path: string): Problem[];
  /** Valid settings of a link that are likely to cause trouble. @param path path of the link; @param port name of its port */
  warnings(options: Options, path: string, port: string): Problem[];
  /** Lines of TOML after the keys of a first `[[link]]` with this subdevice; empty: the link needs none. */
  starter(subdevice: string): readonly string[];
  /** Subdevices that the link names. @param path path of the link */
  listed(link: LinkKeys & z.output<z.ZodObject<Shape>>, path: string): readonly ListedSubdevice[];
  /** True if a link that lists no subdevice serves every `[[subdevice]]` that is not tied to another link. */
  readonly servesUnlisted: boolean;
  /** Clause of a hint: the change by which a link serves one more subdevice. Without a full stop. */
  readonly toServe: string;
  /** True if senders learn the outcome of their message, so that they can be asked to send again. */
  acknowledges(link: LinkKeys & z.output<z.ZodObject<Shape>>): boolean;
  /** Converts the keys of a link into options. @param link keys without any problem */
  decode(link: LinkKeys & z.output<z.ZodObject<Shape>>): Options;
  /** Name of the `LineProtocol` that the link is read as. */
  protocolOf(options: Options): string;
  /**
   * Filters on the subdevice's own topics that the gateway subscribes for it. `undefined`: the subdevice subscribes
   * itself.
   */
  filtersFor(options: Options, subdevice: string): readonly string[] | undefined;
  /** Topics of the subdevice's own uplinks that the keys of the link name. Topics that a device chooses are not known. */
  topicsFor(options: Options, subdevice: string): readonly string[];
  /** Id of the device profile of a subdevice; `undefined`: none. */
  profileOf(options: Options, subdevice: string): string | undefined;
  /** Values in the subdevice's own uplinks that the keys of the link describe. */
  readingsFor(options: Options, subdevice: string): readonly Reading[];
  /** True if the subdevice cannot answer. */
  isMute(options: Options, subdevice: string): boolean;
  /** All options of the machine except the random numbers. With them a recording can be run again. */
  plan(link: LinkTerms, options: Options, surroundings: LinkSurroundings): MachineOptions;
  create(options: MachineOptions & { readonly random: () => number }): LinkMachine;
  /** Classes whose objects the machine may create only after its construction. Needed for snapshots. */
  readonly laterClasses: readonly MachineClass[];
  /** Options as `plan` returns them, from the header of a recording. @throws if the header was changed */
  recall(recorded: object): MachineOptions;
  /** Finds frames in recorded bytes. @param options from the header of a recording, unchecked */
  newFrameSource(options: object): FrameSource;
  /** Form of the packets in a capture. @param options from the header of a recording, unchecked */
  capture(options: object): CaptureFormat;
  /** True if 7 bits can carry each byte of the line. */
  readonly isText: boolean;
  /** True if a subdevice may be attached before its first byte. */
  readonly attachesUnheard: boolean;
  /**
   * True if a frame above the limit counts as damaged. False: a frame above the limit was read to its end and is not
   * damaged.
   */
  readonly oversizeIsDamage: boolean;
  /** Reason why devices of this driver are never probed. `undefined`: they are probed. */
  readonly unprobedBecause: string | undefined;
  /** True if a device may leave a probe unanswered although its line works. */
  readonly mayIgnoreProbes: boolean;
}

/** A driver without its own types: the rest of the program passes its options on without reading them. */
export type LinkDriver = DriverSpec<z.ZodRawShape, object, object>;

/** Checks the driver against its own types and drops these types. */
export function defineDriver<Shape extends z.ZodRawShape, Options extends object, MachineOptions extends object>(
  driver: DriverSpec<Shape, Options, MachineOptions>,
): LinkDriver {
  return driver as unknown as LinkDriver;
}
