/**
 * Division of the bundled code into files. Each file costs a start about a third of a millisecond, so modules are grouped by
 * who loads them, and not by each of the many commands:
 *
 *     code of `holdfast run` ─▶ one file for each set of other users: earlier steps, each thread, commands by what they load
 *     all other code         ─▶ divided by the bundler
 *
 * A module imports only modules that have all its users. So the files never import each other in a circle, and no thread and
 * no short command loads the gateway.
 */
import { join } from 'node:path';

interface ModuleImports {
  readonly importedIds: readonly string[];
  readonly dynamicallyImportedIds: readonly string[];
}

/** Imports of the bundled modules. @returns null for a module that is not bundled */
export type ImportGraph = (id: string) => ModuleImports | null;

/**
 * Code that takes long to load, the least first. Commands with the same last one are one user: `status` loads the drivers with
 * their keys, `config check` the configuration too, `doctor` also a client of the hub.
 */
const HEAVY = ['/node_modules/zod/', '/src/config/keys.ts', '/node_modules/mqtt-packet/'];

/** Modules by which the division is made, as paths. */
export interface Starts {
  /**
   * Modules that `holdfast run` loads one after the other. The first one is that of the process; it keeps a file of its own,
   * because it waits for the other ones while it is evaluated.
   */
  readonly steps: readonly string[];
  /** First modules of the threads. */
  readonly threads: readonly string[];
}

/** @returns name of the file of each module that `holdfast run` loads at its start */
export function gatewayChunks(graph: ImportGraph, root: string, starts: Starts): ReadonlyMap<string, string> {
  const steps = starts.steps.map((path) => join(root, path));
  const threads = starts.threads.map((path) => join(root, path));
  const commands = loadedLater(graph, [...steps, ...threads]).filter((id) => !steps.includes(id));
  const heaviestOf = (id: string): number => {
    const loaded = [...loadedBy(graph, id)];
    return HEAVY.findLastIndex((part) => loaded.some((one) => one.includes(part)));
  };
  const users = [...steps.slice(0, -1), ...threads].map((id) => loadedBy(graph, id));
  for (const alike of Map.groupBy(commands, heaviestOf).values()) users.push(loadedBy(graph, ...alike));
  const modules = [...loadedBy(graph, ...steps)].filter((id) => id !== steps[0]);
  return new Map(modules.map((id) => [id, `gateway-${users.map((loaded) => (loaded.has(id) ? 1 : 0)).join('')}`]));
}

/** Modules that are loaded with `starts`. */
function loadedBy(graph: ImportGraph, ...starts: readonly string[]): ReadonlySet<string> {
  return reached(starts, (id) => graph(id)?.importedIds);
}

/** Modules that a dynamic import loads, in any module that can be loaded from `starts`. */
function loadedLater(graph: ImportGraph, starts: readonly string[]): readonly string[] {
  const all = reached(starts, (id) => {
    const found = graph(id);
    return found === null ? undefined : [...found.importedIds, ...found.dynamicallyImportedIds];
  });
  return [...new Set([...all].flatMap((id) => graph(id)?.dynamicallyImportedIds ?? []))];
}

/** @param next `undefined`: the module is not bundled */
function reached(starts: readonly string[], next: (id: string) => readonly string[] | undefined): ReadonlySet<string> {
  const found = new Set<string>();
  const waiting = [...starts];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const imported = found.has(id) ? undefined : next(id);
    if (imported === undefined) continue;
    found.add(id);
    waiting.push(...imported);
  }
  return found;
}
