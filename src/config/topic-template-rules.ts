/**
 * Rules of the templates of topics in the hub section, in links and in subdevices. A subdevice reaches only its own
 * topics: no topic may belong to two subdevices, except one that all of them publish to and cannot choose.
 */
import { topicProblem } from '../base/topic.ts';
import { canMeet } from '../base/topic-meeting.ts';
import {
  fieldsIn,
  OWN_TOPIC_PLACES,
  parseTopicTemplate,
  placeIn,
  type TopicTemplatePart,
  topicAtHub,
} from '../base/topic-template.ts';
import { NAME_PLACEHOLDERS, PROFILE_DEFAULTS } from './hub/profiles.ts';
import { applyRules, whereKnown } from './kinds/known.ts';
import { placed } from './kinds/placed.ts';
import type { Problem } from './kinds/problem.ts';
import type { Sections } from './sections.ts';
import { allowedOn } from './served-subdevices.ts';
import { fieldProblem } from './topic-field-rules.ts';
import {
  hubTemplate,
  type OwnedShape,
  type OwnTemplates,
  shapesOf,
  subdeviceWords,
  TOPIC_DIRECTIONS,
  type TopicDirection,
  unknownShapes,
  type WrittenTemplate,
} from './topic-shapes.ts';

/** Prefixes under which a hub delivers messages of other topics, so their topics would not match the template. */
const SHARED_PREFIXES = ['$share/', '$queue/'];

/** Placeholders that differ between subdevices. */
const IDENTIFYING = ['subdevice', 'device_name'];

/** Characters of names: a template must separate a name from `{topic}` by another character. */
const NAME_CHARACTER = /[A-Za-z0-9:_-]/;

export function topicTemplateProblems(sections: Sections): Problem[] {
  const texts = applyRules([hubProblemsOf, linkProblemsOf, subdeviceProblemsOf, idleTemplateProblems], sections);
  return texts.length > 0 ? texts : applyRules([ambiguousLinkProblems, meetingProblems, limitProblems], sections);
}

function hubProblemsOf(sections: Sections): Problem[] {
  const { hub } = sections;
  const templates = TOPIC_DIRECTIONS.flatMap((direction) => whereKnown(() => [hubTemplate(direction, sections)]));
  const [uplink, downlink] = templates;
  const isOne = uplink?.path === downlink?.path;
  return templates.flatMap((written, index) => {
    if (isOne && index > 0) return [];
    const problems = textProblems(written, sections, isOne || index === 1 ? 'downlink' : 'uplink');
    if (problems.length > 0) return problems;
    const parts = parseTopicTemplate(written.template);
    if (!parts.some(isChosen) || isSeparate(parts)) return [];
    return [{ path: written.path, ...identityProblem(written.template, hub.profile === 'generic') }];
  });
}

/** Reports a template that others replace in both directions. */
function idleTemplateProblems({ hub }: Sections): Problem[] {
  if (hub.topic_template === undefined || hub.uplink_topic === undefined || hub.downlink_topic === undefined) return [];
  const what = 'has no effect: uplink_topic and downlink_topic are set';
  return [{ path: 'hub.topic_template', what, hint: 'Remove this key, or one of the others.' }];
}

function linkProblemsOf(sections: Sections): Problem[] {
  return placed('link', sections.links).flatMap(({ path, section }) => ownProblems(path, section, sections));
}

function subdeviceProblemsOf(sections: Sections): Problem[] {
  return placed('subdevice', sections.subdevices).flatMap(({ path, section }) => ownProblems(path, section, sections));
}

function ownProblems(path: string, section: OwnTemplates, sections: Sections): readonly Problem[] {
  return TOPIC_DIRECTIONS.flatMap((direction) =>
    whereKnown(() => {
      const template = section[`${direction}_topic`];
      return template === undefined
        ? []
        : textProblems({ path: `${path}.${direction}_topic`, template }, sections, direction);
    }),
  );
}

/** Problems of one template by itself. */
function textProblems({ path, template }: WrittenTemplate, { hub }: Sections, direction: TopicDirection): Problem[] {
  const problem = (what: string, hint: string): Problem[] => [{ path, what, hint }];
  const known = [...NAME_PLACEHOLDERS[hub.profile], ...OWN_TOPIC_PLACES];
  const allowed = `Allowed placeholders: ${known.map((name) => `{${name}}`).join(', ')}.`;
  const parts = parseTopicTemplate(template);
  for (const part of parts) {
    if (part.kind === 'name' && !known.includes(part.name))
      return problem(`has {${part.name}}, which is not a placeholder of profile "${hub.profile}"`, allowed);
    if (part.kind === 'text' && /[{}]/.test(part.text))
      return problem('has a brace that does not belong to a placeholder', allowed);
  }
  const places = parts.filter(({ kind }) => kind === 'topic').length;
  if (places > 1) return problem('has more than one place for the topic', 'Write {topic} or {topic_encoded} once.');
  const field = fieldProblem(parts, direction, hub.profile);
  if (field !== undefined) return problem(field.what, field.hint);
  if (places === 0 && direction === 'downlink')
    return problem('does not contain {topic}', 'Add {topic}, or {topic_encoded}, in the place of the topic.');
  const text = parts.map((part) => (part.kind === 'text' ? part.text : 'x')).join('');
  const unusable = topicProblem(text)?.problem;
  if (unusable !== undefined)
    return problem(`is not a valid topic: ${unusable}`, 'Use placeholders and other text, without +, # and NUL.');
  const reserved = reservedProblem(template, hub.profile === 'generic');
  return reserved === undefined ? [] : problem(`is reserved: ${reserved}`, 'Begin the template with another level.');
}

function reservedProblem(template: string, isGeneric: boolean): string | undefined {
  if (!template.startsWith('$')) return undefined;
  if (!isGeneric) return 'it begins with $';
  if (SHARED_PREFIXES.some((prefix) => template.startsWith(prefix)))
    return 'it is the beginning of a shared subscription, whose messages have other topics';
  return /^\$SYS(\/|$)/.test(template) ? 'it begins with $SYS, the topics of the broker itself' : undefined;
}

/** Problem of a template whose topics may belong to two subdevices. */
function identityProblem(template: string, isGeneric: boolean): Omit<Problem, 'path'> {
  const own = parseTopicTemplate(template)
    .flatMap((part) => (part.kind === 'name' ? [part.name] : []))
    .find((name) => IDENTIFYING.includes(name));
  if (own !== undefined) {
    const what = `does not separate {${own}} from its neighbour: topics of two subdevices could be equal`;
    return { what, hint: `Put a character beside {${own}} that no name has, such as /: {${own}}/{topic}.` };
  }
  const hint = `Add ${isGeneric ? '{subdevice}' : '{device_name}'} as a level. A [[subdevice]] may have a template of its own without it.`;
  return { what: 'does not identify the subdevice', hint };
}

/**
 * True if the subdevice is named, and a character that no name has stands between the name and `{topic}`. Without
 * `{topic}`, such a character or the end follows the name.
 */
function isSeparate(parts: readonly TopicTemplatePart[]): boolean {
  const place = parts.findIndex(({ kind }) => kind === 'topic');
  const at = place < 0 ? parts.length : place;
  return parts.some((part, index) => {
    if (part.kind !== 'name' || !IDENTIFYING.includes(part.name)) return false;
    const beside = parts[index < at ? index + 1 : index - 1];
    if (beside === undefined) return true;
    const character = beside.kind === 'text' ? (index < at ? beside.text[0] : beside.text.at(-1)) : undefined;
    return character !== undefined && !NAME_CHARACTER.test(character);
  });
}

/** True for a part of the topic that the subdevice chooses. */
function isChosen({ kind }: TopicTemplatePart): boolean {
  return kind === 'topic' || kind === 'field';
}

/** Reports templates of links that cannot be applied to each subdevice of the link without doubt. */
function ambiguousLinkProblems(sections: Sections): Problem[] {
  return TOPIC_DIRECTIONS.flatMap((direction) => {
    const key = `${direction}_topic` as const;
    const { gateway, links, subdevices } = sections;
    const own = new Set(subdevices.filter((subdevice) => subdevice[key] !== undefined).map(({ id }) => id));
    const templateOf = new Map<string, string | undefined>();
    return placed('link', links).flatMap(({ path, section }) => {
      const template = section[key];
      const allowed = allowedOn(section, subdevices, gateway.accept_unknown_subdevices);
      if (allowed === undefined) return template === undefined ? [] : [unnamedProblem(`${path}.${key}`)];
      const doubtful = allowed.find((id) => !own.has(id) && templateOf.has(id) && templateOf.get(id) !== template);
      for (const id of allowed) if (!templateOf.has(id)) templateOf.set(id, template);
      return doubtful === undefined ? [] : [doubtfulProblem(`${path}.${key}`, template, doubtful)];
    });
  });
}

function unnamedProblem(path: string): Problem {
  return {
    path,
    what: 'has no effect: the link serves subdevices that the file does not name',
    hint: 'Write the template in [hub], or list the ids of the link in its key subdevices.',
  };
}

function doubtfulProblem(path: string, template: string | undefined, id: string): Problem {
  const differs = template === undefined ? 'is missing, unlike the key' : 'differs from the key';
  return {
    path,
    what: `${differs} of another link that serves the subdevice "${id}"`,
    hint: 'Write link = "NAME" in the [[subdevice]], or write the template there.',
  };
}

/** Shape with its direction. */
type DirectedShape = OwnedShape & { readonly direction: TopicDirection };

/**
 * Reports templates by which two subdevices have the same topics, each template once. Uplinks with fields are compared
 * with downlinks too: a value could be the name of a subdevice.
 */
function meetingProblems(sections: Sections): Problem[] {
  const directed = TOPIC_DIRECTIONS.flatMap((direction) =>
    [...shapesOf(direction, sections), ...unknownShapes(direction, sections)].map((owned) => ({ ...owned, direction })),
  );
  const isSafe = safetyCheck();
  const problems = new Map<string, Problem>();
  /** Shapes whose text before the topic begins the text of the present one. */
  let open: DirectedShape[] = [];
  for (const one of directed.toSorted((a, b) => (a.shape.before < b.shape.before ? -1 : 1))) {
    open = open.filter(({ shape }) => one.shape.before.startsWith(shape.before));
    const other = open.find(
      (earlier) => areApart(earlier, one) && !isSafe(earlier, one) && canMeet(earlier.shape, one.shape),
    );
    if (other !== undefined) {
      const problem = meetingProblem(one, other);
      problems.set(problem.path, problem);
    }
    open.push(one);
  }
  return [...problems.values()];
}

/** True if no topic may have both shapes. */
function areApart(one: DirectedShape, other: DirectedShape): boolean {
  if (one.direction === other.direction) return true;
  if (one.id === other.id) return false;
  const { shape } = one.direction === 'uplink' ? one : other;
  return fieldsIn(shape).length > 0;
}

/** Reports templates by which even a topic with the fallbacks is beyond a limit of the hub, each once. */
function limitProblems(sections: Sections): Problem[] {
  const { hub } = sections;
  const limits = PROFILE_DEFAULTS[hub.profile];
  const bytesMax = hub.topic_bytes_max ?? limits.topic_bytes_max;
  const slashesMax = hub.topic_slashes_max ?? limits.topic_slashes_max;
  const problems = new Map<string, Problem>();
  for (const { id, written, shape } of TOPIC_DIRECTIONS.flatMap((direction) => shapesOf(direction, sections))) {
    const shortest = topicAtHub(shape, placeIn(shape) === undefined ? '' : 'x');
    const bytes = Buffer.byteLength(shortest);
    const slashes = shortest.split('/').length - 1;
    const excess =
      bytes > bytesMax
        ? `at least ${bytes} bytes; hub.topic_bytes_max is ${bytesMax}`
        : slashesMax > 0 && slashes > slashesMax
          ? `at least ${slashes} slashes; hub.topic_slashes_max is ${slashesMax}`
          : undefined;
    if (excess === undefined || problems.has(written.path)) continue;
    const what = `gives subdevice "${id}" topics with ${excess}`;
    problems.set(written.path, { path: written.path, what, hint: 'Shorten the template, or correct the limit.' });
  }
  return [...problems.values()];
}

/** Returns a check whether both shapes come from one template that names the subdevice. */
function safetyCheck(): (one: OwnedShape, other: OwnedShape) => boolean {
  const isSafe = new Map<string, boolean>();
  return ({ written: { template } }, { written }) => {
    if (template !== written.template) return false;
    const known = isSafe.get(template) ?? isSeparate(parseTopicTemplate(template));
    isSafe.set(template, known);
    return known;
  };
}

function meetingProblem(one: DirectedShape, other: DirectedShape): Problem {
  if (one.direction !== other.direction) {
    const [uplink, downlink] = one.direction === 'uplink' ? [one, other] : [other, one];
    return {
      path: uplink.written.path,
      what: `gives ${subdeviceWords(uplink.id)} topics for uplinks on which ${subdeviceWords(downlink.id)} gets downlinks`,
      hint: 'Let uplink_topic and downlink_topic begin with different levels, such as up/ and down/.',
    };
  }
  const isHub = one.written.path.startsWith('hub.');
  const [path, first, second] = isHub ? [other.written.path, other, one] : [one.written.path, one, other];
  return {
    path,
    what: `gives ${subdeviceWords(first.id)} topics that ${subdeviceWords(second.id)} also has`,
    hint: 'Add {subdevice} as a level, or write templates that begin or end differently.',
  };
}
