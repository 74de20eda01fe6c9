/**
 * Shared topics of a gateway, and the names of its subdevices in documents. A downlink on a shared topic goes to the
 * subdevice that its payload names, and to no other one:
 *
 *     {"device":"NAME","data":{…}}  ─▶  subdevice NAME gets {…}
 *     {"device":"NAME",…}           ─▶  subdevice NAME gets the whole document
 *
 * The content is passed on with its bytes unchanged.
 */
import { membersOf, NESTING_MAX } from '../base/json-members.ts';
import type { Message } from '../base/message.ts';
import { CONTENT_MEMBER, DEVICE_MEMBER, type SharedTopic } from '../base/shared-topic.ts';
import { filterMatches } from '../base/topic.ts';

/** Downlink on a shared topic. */
export type OpenedDocument =
  /** `message` has the content as its payload. */
  | { readonly kind: 'named'; readonly subdevice: string; readonly message: Message }
  | { readonly kind: 'names no subdevice' | 'invalid document'; readonly why: string };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class SharedTopics {
  readonly #topics: readonly SharedTopic[];
  readonly #nameById: ReadonlyMap<string, string>;
  readonly #idByName: ReadonlyMap<string, string>;

  /** @param names names in documents by id, of subdevices whose name is not their id */
  constructor(topics: readonly SharedTopic[], names: ReadonlyMap<string, string>) {
    this.#topics = topics;
    this.#nameById = names;
    this.#idByName = new Map([...names].map(([id, name]) => [name, id]));
  }

  nameOf(id: string): string {
    return this.#nameById.get(id) ?? id;
  }

  /** Returns the topic at the hub for an uplink. `undefined`: the topic of the subdevice belongs to no shared topic. */
  uplinkTopic(own: string): string | undefined {
    return this.#topics.find(({ uplinks }) => uplinks.some((filter) => filterMatches(filter, own)))?.topic;
  }

  hasUplinks(topic: string): boolean {
    return this.#topics.some((one) => one.topic === topic && one.uplinks.length > 0);
  }

  /** Returns the filter at the hub for a filter of a subdevice. */
  downlinkFilter(own: string): string | undefined {
    return this.#topics.find(({ downlink }) => downlink === own)?.topic;
  }

  /** Returns the own topic on which subdevices receive. `undefined`: the topic is not shared. */
  ownTopicOf(topic: string): string | undefined {
    return this.#topics.find((one) => one.topic === topic)?.downlink;
  }

  /**
   * Finds the subdevice that a downlink names. @param isKnown returns whether a subdevice has the id
   * @returns `undefined`: its topic is not shared
   */
  open(message: Message, isKnown: (id: string) => boolean): OpenedDocument | undefined {
    if (this.ownTopicOf(message.topic) === undefined) return undefined;
    const members = membersIn(message.payload);
    if (members === undefined)
      return { kind: 'invalid document', why: `not a JSON object of at most ${NESTING_MAX} levels` };
    const name: unknown = JSON.parse(members.get(DEVICE_MEMBER) ?? 'null');
    if (typeof name !== 'string') return { kind: 'invalid document', why: `no text in the member "${DEVICE_MEMBER}"` };
    const subdevice = this.#idOf(name);
    if (subdevice === undefined || !isKnown(subdevice))
      return { kind: 'names no subdevice', why: `"${name}" is no name of a subdevice` };
    const content = members.get(CONTENT_MEMBER);
    const payload = content === undefined ? message.payload : encoder.encode(content);
    return { kind: 'named', subdevice, message: { ...message, payload } };
  }

  /** @returns `undefined` for the id of a subdevice that has another name */
  #idOf(name: string): string | undefined {
    return this.#idByName.get(name) ?? (this.#nameById.has(name) ? undefined : name);
  }
}

/** Configuration without shared topics. */
export const NO_SHARED_TOPICS = new SharedTopics([], new Map());

function membersIn(payload: Uint8Array): Map<string, string> | undefined {
  try {
    return membersOf(decoder.decode(payload));
  } catch {
    return undefined; // not UTF-8
  }
}
