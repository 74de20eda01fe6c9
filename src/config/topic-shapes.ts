/**
 * Topics that each subdevice of the file has at the hub. The template is that of the `[[subdevice]]`, else of the link
 * that serves the subdevice, else of the hub section or its profile.
 */
import { parseTemplate } from '../base/template.ts';
import { OWN_TOPIC_PLACES, reachesTopic, shapeOf, type TopicShape } from '../base/topic-template.ts';
import { PROFILE_DEFAULTS } from './hub/profiles.ts';
import { placed } from './kinds/placed.ts';
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

/** Shapes of all subdevices that the file names. */
export function shapesOf(direction: TopicDirection, sections: Sections): OwnedShape[] {
  const { gateway, links, subdevices } = sections;
  const bySubdevice = new Map(placed('subdevice', subdevices).map((one) => [one.section.id, one]));
  const byLink = new Map(
    placed('link', links).flatMap((link) =>
      (allowedOn(link.section, subdevices, gateway.accept_unknown_subdevices) ?? []).map((id) => [id, link] as const),
    ),
  );
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

/** Returns the subdevice whose topics in either direction include `topic`, in words. */
export function ownerOf(topic: string, sections: Sections): string | undefined {
  for (const direction of TOPIC_DIRECTIONS) {
    const owner = shapesOf(direction, sections).find(({ shape }) => reachesTopic(shape, topic));
    if (owner !== undefined) return `the subdevice "${owner.id}"`;
    if (sections.gateway.accept_unknown_subdevices && isOfUnknown(hubTemplate(direction, sections), topic, sections))
      return 'an unknown subdevice';
  }
  return undefined;
}

/** True if a subdevice that the file does not name can have this topic. */
function isOfUnknown({ template }: WrittenTemplate, topic: string, { gateway }: Sections): boolean {
  const parts = parseTemplate(template).map((part) => {
    if (part.kind === 'text') return RegExp.escape(part.text);
    if (part.name === 'gateway') return RegExp.escape(gateway.name);
    return OWN_TOPIC_PLACES.some((place) => place === part.name) ? '.+' : '[^/]+';
  });
  return new RegExp(`^${parts.join('')}$`, 'su').test(topic);
}
