/**
 * Topics that each subdevice of the file has at the hub. The template is that of the `[[subdevice]]`, else of the link
 * that serves the subdevice, else of the hub section or its profile.
 */
import { parseTopicTemplate, reachesTopic, shapeOf, type TopicShape } from '../base/topic-template.ts';
import { PROFILE_DEFAULTS } from './hub/profiles.ts';
import type { LinkSection } from './keys.ts';
import { type Placed, placed } from './kinds/placed.ts';
import type { Sections } from './sections.ts';
import { allowedOn } from './served-subdevices.ts';

export type TopicDirection = 'uplink' | 'downlink';
export const TOPIC_DIRECTIONS: readonly TopicDirection[] = ['uplink', 'downlink'];

/** Template that the file or a default sets, with the path of its key. */
export interface WrittenTemplate {
  readonly path: string;
  readonly template: string;
}

/** Subdevice and the shape of its topics in one direction. */
export interface OwnedShape {
  readonly id: string;
  readonly written: WrittenTemplate;
  readonly shape: TopicShape;
}

/** Templates of a link or of a subdevice. */
export type OwnTemplates = Readonly<Partial<Record<`${TopicDirection}_topic`, string | undefined>>>;

/** Shapes that were found, because several rules read them and a file may have 10,000 subdevices. */
const found: Readonly<Record<TopicDirection, WeakMap<Sections, readonly OwnedShape[]>>> = {
  uplink: new WeakMap(),
  downlink: new WeakMap(),
};

/** Shapes of all subdevices that the file names. */
export function shapesOf(direction: TopicDirection, sections: Sections): readonly OwnedShape[] {
  const known = found[direction].get(sections);
  if (known !== undefined) return known;
  const shapes = findShapes(direction, sections);
  found[direction].set(sections, shapes);
  return shapes;
}

function findShapes(direction: TopicDirection, sections: Sections): OwnedShape[] {
  const { gateway, subdevices } = sections;
  const bySubdevice = new Map(placed('subdevice', subdevices).map((one) => [one.section.id, one]));
  const byLink = servingLinks(sections);
  return [...new Set([...bySubdevice.keys(), ...byLink.keys()])].map((id) => {
    const [own, link] = [bySubdevice.get(id), byLink.get(id)];
    const written =
      templateIn(own?.path, own?.section, direction) ??
      templateIn(link?.path, link?.section, direction) ??
      hubTemplate(direction, sections);
    const values = new Map([
      ['gateway', gateway.name],
      ['subdevice', id],
      ['product_id', own?.section.product_id],
      ['device_name', own?.section.device_name],
    ]);
    return { id, written, shape: shapeOf(written.template, (name) => values.get(name)) };
  });
}

/** Ids that stand for unknown subdevices. They are longer than each valid id. */
const UNKNOWN_IDS = ['x'.repeat(65), 'y'.repeat(65)];

/** Shapes of two subdevices that the file does not name. Empty: the gateway serves no such subdevices. */
export function unknownShapes(direction: TopicDirection, sections: Sections): OwnedShape[] {
  if (!sections.gateway.accept_unknown_subdevices) return [];
  const written = hubTemplate(direction, sections);
  return UNKNOWN_IDS.map((id) => {
    const values = new Map([
      ['gateway', sections.gateway.name],
      ['subdevice', id],
    ]);
    return { id, written, shape: shapeOf(written.template, (name) => values.get(name)) };
  });
}

/** Words for a subdevice in a problem. */
export function subdeviceWords(id: string): string {
  return UNKNOWN_IDS.includes(id) ? 'an unknown subdevice' : `subdevice "${id}"`;
}

/** Ids of the subdevices that the file names. */
export function namedSubdevices(sections: Sections): string[] {
  return [...new Set([...sections.subdevices.map(({ id }) => id), ...servingLinks(sections).keys()])];
}

/** Link of each subdevice that a link serves. */
function servingLinks({ gateway, links, subdevices }: Sections): Map<string, Placed<LinkSection>> {
  return new Map(
    placed('link', links).flatMap((link) =>
      (allowedOn(link.section, subdevices, gateway.accept_unknown_subdevices) ?? []).map((id) => [id, link] as const),
    ),
  );
}

function templateIn(
  path: string | undefined,
  section: OwnTemplates | undefined,
  direction: TopicDirection,
): WrittenTemplate | undefined {
  const template = section?.[`${direction}_topic`];
  return template === undefined ? undefined : { path: `${path}.${direction}_topic`, template };
}

/** Returns the template of the hub section or of its profile. */
export function hubTemplate(direction: TopicDirection, { hub }: Sections): WrittenTemplate {
  const own = templateIn('hub', hub, direction);
  const template = hub.topic_template ?? PROFILE_DEFAULTS[hub.profile].topic_template;
  return own ?? { path: 'hub.topic_template', template };
}

/** Returns a function that finds the subdevice whose topics in either direction include a topic, in words. */
export function ownerFinder(sections: Sections): (topic: string) => string | undefined {
  const directions = TOPIC_DIRECTIONS.map((direction) => {
    const shapes = shapesOf(direction, sections);
    return {
      byBefore: Map.groupBy(shapes, ({ shape }) => shape.before),
      unknown: sections.gateway.accept_unknown_subdevices
        ? unknownForm(hubTemplate(direction, sections), sections)
        : undefined,
    };
  });
  return (topic) => {
    for (const { byBefore, unknown } of directions) {
      // the text before the own topic is a beginning of the topic
      for (let length = 0; length <= topic.length; length += 1) {
        const owner = byBefore.get(topic.slice(0, length))?.find(({ shape }) => reachesTopic(shape, topic));
        if (owner !== undefined) return `the subdevice "${owner.id}"`;
      }
      if (unknown?.test(topic) === true) return 'an unknown subdevice';
    }
    return undefined;
  };
}

/** Returns the form of the topics that a subdevice can have which the file does not name. */
function unknownForm({ template }: WrittenTemplate, { gateway }: Sections): RegExp {
  const parts = parseTopicTemplate(template).map((part) => {
    if (part.kind === 'text') return RegExp.escape(part.text);
    if (part.kind === 'name' && part.name === 'gateway') return RegExp.escape(gateway.name);
    return part.kind === 'topic' ? '.+' : '[^/]+';
  });
  return new RegExp(`^${parts.join('')}$`, 'su');
}
