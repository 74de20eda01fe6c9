/**
 * Rules of the bench hub from the command line: `--set name=value`. The value is JSON, or plain text if it is not JSON.
 *
 * Source: the table of `bench-rules.ts`, which also gives the meanings.
 */
import { z } from 'zod';
import { type HubRules, PROFILES, RULES } from './bench-rules.ts';

/** Rules that may be changed: all except the profile, which another option selects. */
const CHANGES = RULES.omit({ profile: true }).exactPartial();

export type RuleChange =
  | { readonly kind: 'change'; readonly rules: Partial<HubRules> }
  | { readonly kind: 'problem'; readonly problem: string };

/** @param setting `name=value` */
export function readRuleChange(setting: string): RuleChange {
  const at = setting.indexOf('=');
  if (at === -1) return { kind: 'problem', problem: `${setting}: expected name=value` };
  const name = setting.slice(0, at);
  if (!Object.hasOwn(CHANGES.shape, name)) {
    return { kind: 'problem', problem: `${name}: unknown rule; --list-rules shows the rules` };
  }
  const parsed = CHANGES.safeParse({ [name]: readValue(setting.slice(at + 1)) });
  if (!parsed.success) {
    return { kind: 'problem', problem: `${name}: ${parsed.error.issues.map(({ message }) => message).join('; ')}` };
  }
  return { kind: 'change', rules: parsed.data };
}

/** Each rule with its value in a profile and its meaning. */
export function listRules(profile: HubRules['profile']): { name: string; value: string; meaning: string }[] {
  return Object.entries(CHANGES.shape).map(([name]) => ({
    name,
    value: JSON.stringify(Object.entries(PROFILES[profile]).find(([rule]) => rule === name)?.[1]) ?? 'none',
    meaning: meaningOf(name),
  }));
}

function meaningOf(name: string): string {
  const row: unknown = Object.entries(RULES.shape).find(([rule]) => rule === name)?.[1];
  return row instanceof z.ZodType ? (row.description ?? '') : '';
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
